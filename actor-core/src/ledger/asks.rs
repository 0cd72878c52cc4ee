//! How the questions to the actors of a system ended, counted by those who asked.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::apart::{Share, Shares};

/// How a question ended for the one who asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Answered,
    Stopped,
    Full,
    Failed,
    NoReply,
    TimedOut,
    Deadlock,
    NodeDown,
    Unsendable,
    NotUnderstood,
    /// Nobody waited for the end of it.
    Dropped,
}

impl Outcome {
    const ALL: [(Outcome, &'static str); 11] = [
        (Outcome::Answered, "answered"),
        (Outcome::Stopped, "stopped"),
        (Outcome::Full, "full"),
        (Outcome::Failed, "failed"),
        (Outcome::NoReply, "no_reply"),
        (Outcome::TimedOut, "timed_out"),
        (Outcome::Deadlock, "deadlock"),
        (Outcome::NodeDown, "node_down"),
        (Outcome::Unsendable, "unsendable"),
        (Outcome::NotUnderstood, "not_understood"),
        (Outcome::Dropped, "dropped"),
    ];
}

/// Those who ask on several threads at the same time do not touch one counter.
#[derive(Default)]
pub(super) struct Asks(Shares<[AtomicU64; Outcome::ALL.len()]>);

impl Asks {
    #[inline]
    pub(super) fn count(&self, outcome: Outcome) {
        self.0.of(Share::own())[outcome as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn read(&self) -> impl Iterator<Item = (&'static str, u64)> {
        Outcome::ALL.into_iter().map(|(outcome, name)| {
            let counts = self
                .0
                .all()
                .map(|counts| counts[outcome as usize].load(Ordering::Relaxed));
            (name, counts.sum())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_outcome_has_a_counter_of_its_own_whoever_was_asked() {
        let asks = Asks::default();
        for (n, (outcome, _)) in Outcome::ALL.into_iter().enumerate() {
            for _ in 0..=n {
                asks.count(outcome);
            }
        }
        let read: Vec<_> = asks.read().collect();
        for (n, (_, name)) in Outcome::ALL.into_iter().enumerate() {
            assert_eq!(read[n], (name, n as u64 + 1));
        }
    }
}
