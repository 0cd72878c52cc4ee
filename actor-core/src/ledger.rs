//! What became of every message: counted, so that nothing is lost silently.

#[cfg(feature = "metrics")]
mod asks;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::apart::{Share, Shares};
use crate::id::ActorPath;

#[cfg(feature = "metrics")]
pub(crate) use asks::Outcome;

/// Why an accepted message was not handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DeadReason {
    /// It waited in the mailbox of an actor that stopped.
    Stopped,
    /// It waited in the mailbox of an actor that was restarted because another had failed.
    Restarted,
    /// Its handler was killed, or the actor failed for its children, while it was in hand.
    Killed,
    /// It was a question whose asker had gone before it was begun.
    Abandoned,
    /// The mailbox was full, and its policy drops the newest message.
    DroppedNewest,
    /// The mailbox was full, and its policy dropped this message, the oldest.
    DroppedOldest,
    /// A later message took its place in a mailbox that keeps the latest.
    Replaced,
    /// It was on its way to another node through an adapter, which cannot hand it back, and could not be sent.
    Unsent,
}

impl DeadReason {
    const ALL: [DeadReason; 8] = [
        DeadReason::Stopped,
        DeadReason::Restarted,
        DeadReason::Killed,
        DeadReason::Abandoned,
        DeadReason::DroppedNewest,
        DeadReason::DroppedOldest,
        DeadReason::Replaced,
        DeadReason::Unsent,
    ];
}

impl fmt::Display for DeadReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DeadReason::Stopped => "stopped",
            DeadReason::Restarted => "restarted",
            DeadReason::Killed => "killed",
            DeadReason::Abandoned => "abandoned",
            DeadReason::DroppedNewest => "dropped newest",
            DeadReason::DroppedOldest => "dropped oldest",
            DeadReason::Replaced => "replaced",
            DeadReason::Unsent => "unsent",
        })
    }
}

/// The running totals of a system.
#[derive(Default)]
pub(crate) struct Ledger {
    /// Actors end on all threads at once, and would wait here for each other.
    settled: Shares<Settled>,
    dead: [AtomicU64; DeadReason::ALL.len()],
    #[cfg(feature = "metrics")]
    asks: asks::Asks,
}

/// The totals of the mailboxes whose actors have ended on one thread.
#[derive(Default)]
struct Settled {
    accepted: AtomicU64,
    handled: AtomicU64,
}

impl Ledger {
    /// Counts messages of type `M` that nobody will handle.
    pub(crate) fn bury<M>(&self, path: &ActorPath, reason: DeadReason, count: u64) {
        if count == 0 {
            return;
        }
        self.dead[reason as usize].fetch_add(count, Ordering::Relaxed);
        tracing::debug!(%path, message = std::any::type_name::<M>(), %reason, count, "dead letter");
    }

    /// Adds the totals of one mailbox when its actor has ended; they are kept there while it lives, so that a tell
    /// touches no counter that other actors touch.
    pub(crate) fn settle(&self, accepted: u64, handled: u64) {
        let settled = self.settled.of(Share::own());
        settled.accepted.fetch_add(accepted, Ordering::Relaxed);
        settled.handled.fetch_add(handled, Ordering::Relaxed);
    }

    /// Counts how a question to this actor has ended.
    #[cfg(feature = "metrics")]
    #[inline]
    pub(crate) fn asked(&self, outcome: Outcome) {
        self.asks.count(outcome);
    }

    /// How many questions have ended in which way, with its name.
    #[cfg(feature = "metrics")]
    pub(crate) fn asks(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.asks.read()
    }

    pub(crate) fn read(&self) -> DeadLetters {
        let of_all = |count: fn(&Settled) -> &AtomicU64| {
            let counts = self.settled.all().map(|settled| count(settled).load(Ordering::Relaxed));
            counts.sum()
        };
        let mut dead = DeadLetters {
            accepted: of_all(|settled| &settled.accepted),
            handled: of_all(|settled| &settled.handled),
            by_reason: [0; DeadReason::ALL.len()],
        };
        for (seen, count) in dead.by_reason.iter_mut().zip(&self.dead) {
            *seen = count.load(Ordering::Relaxed);
        }
        dead
    }
}

/// What became of the messages of a system, at the moment when it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeadLetters {
    accepted: u64,
    handled: u64,
    by_reason: [u64; DeadReason::ALL.len()],
}

impl DeadLetters {
    /// Messages that were accepted and not handled for this reason.
    pub fn count(&self, reason: DeadReason) -> u64 {
        self.by_reason[reason as usize]
    }

    /// Messages that were accepted and not handled.
    pub fn total(&self) -> u64 {
        self.by_reason.iter().sum()
    }

    /// Messages taken into the mailboxes of actors that have ended since.
    ///
    /// When all have ended this is [`handled`](Self::handled) and [`total`](Self::total) together. What `tell` handed
    /// back in an error was not accepted.
    pub fn accepted(&self) -> u64 {
        self.accepted
    }

    /// Messages that actors which have ended since had taken up; one on which its handler failed is among them.
    pub fn handled(&self) -> u64 {
        self.handled
    }

    /// The counts that are not zero, with their reasons.
    pub fn iter(&self) -> impl Iterator<Item = (DeadReason, u64)> {
        DeadReason::ALL
            .into_iter()
            .zip(self.by_reason)
            .filter(|&(_, count)| count > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_a_counter_of_its_own() {
        let ledger = Ledger::default();
        for (n, reason) in DeadReason::ALL.into_iter().enumerate() {
            ledger.bury::<()>(&ActorPath::root("demo"), reason, n as u64 + 1);
        }
        let read = ledger.read();
        for (n, reason) in DeadReason::ALL.into_iter().enumerate() {
            assert_eq!(read.count(reason), n as u64 + 1, "{reason}");
        }
        assert_eq!(read.total(), 36);
    }
}
