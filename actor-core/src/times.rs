//! Where it is recorded how long messages of each kind wait, and are handled.

use std::any::type_name;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use metrics::{Histogram, histogram};

use crate::sync::Mutex;

/// From being queued to being taken up.
pub(crate) const WAIT: &str = "actor.mailbox.wait.duration";

/// From there to the end of the handler, with all that it awaited.
pub(crate) const HANDLING: &str = "actor.handler.duration";

/// Times are told apart by their bounds: the first is 1 us, each is twice the one before, and what is above the last but one, some 67 s,
/// is in the last.
const BOUNDS: usize = 28;

/// How many times were how long: every 64th message of an actor is among them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spread([u64; BOUNDS]);

impl Spread {
    /// How many times were below each bound, and not below the one before; the last has all that is longer.
    pub fn counts(&self) -> impl Iterator<Item = (Duration, u64)> + '_ {
        let bounds = (0..BOUNDS).map(|at| Duration::from_micros(1 << at));
        bounds.zip(self.0.iter().copied())
    }

    /// How many there are.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// The bound below which this part of them is, from 0 to 1; `None` if there are none.
    pub fn below(&self, part: f64) -> Option<Duration> {
        let wanted = ((self.total() as f64 * part).ceil() as u64).max(1);
        let mut sum = 0;
        self.counts().find_map(|(bound, count)| {
            sum += count;
            (sum >= wanted).then_some(bound)
        })
    }

    /// What has come since `earlier` was seen.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        Self(std::array::from_fn(|at| self.0[at].saturating_sub(earlier.0[at])))
    }

    /// Both together.
    pub fn add(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(count, more)| *count += more);
    }
}

/// How long messages of one kind took, of every 64th of an actor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct KindTimes {
    /// The name of the type of the messages.
    pub message_type: &'static str,
    /// From being queued to being taken up.
    pub wait: Spread,
    /// From being taken up to the end of the handler, with what it awaited.
    pub handling: Spread,
}

/// One sort of times of one kind: what is recorded by others, and counted here.
#[derive(Clone)]
pub(crate) struct Recorded {
    out: Histogram,
    counts: Arc<[AtomicU64; BOUNDS]>,
}

impl Recorded {
    fn new(out: Histogram) -> Self {
        let counts = Arc::new([const { AtomicU64::new(0) }; BOUNDS]);
        Self { out, counts }
    }

    pub(crate) fn record(&self, time: Duration) {
        self.out.record(time);
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let at = (u64::BITS - micros.leading_zeros()) as usize;
        self.counts[at.min(BOUNDS - 1)].fetch_add(1, Ordering::Relaxed);
    }

    fn read(&self) -> Spread {
        Spread(std::array::from_fn(|at| self.counts[at].load(Ordering::Relaxed)))
    }
}

/// Those of one kind.
#[derive(Clone)]
pub(crate) struct Histograms {
    pub(crate) wait: Recorded,
    pub(crate) handling: Recorded,
}

/// Those of all kinds, by the type of the messages: to have them of the recorder takes as long as several messages.
#[derive(Default)]
pub(crate) struct Times(Mutex<HashMap<&'static str, Histograms>>);

impl Times {
    pub(crate) fn of<M>(&self) -> Histograms {
        let kind = type_name::<M>();
        if let Some(known) = self.0.lock().get(kind) {
            return known.clone();
        }
        // The recorder is not ours, and is called without the lock.
        let made = Histograms {
            wait: Recorded::new(histogram!(WAIT, "kind" => kind)),
            handling: Recorded::new(histogram!(HANDLING, "kind" => kind)),
        };
        // Another may have been quicker, and has counted already.
        self.0.lock().entry(kind).or_insert(made).clone()
    }

    /// What was counted so far, in no order.
    pub(crate) fn read(&self) -> Vec<KindTimes> {
        let kinds = self.0.lock();
        let times = kinds.iter().map(|(&message_type, times)| KindTimes {
            message_type,
            wait: times.wait.read(),
            handling: times.handling.read(),
        });
        times.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_counted_below_the_next_bound_and_the_longest_in_the_last() {
        let recorded = Recorded::new(Histogram::noop());
        for micros in [0, 1, 3, 1_000, u64::MAX] {
            recorded.record(Duration::from_micros(micros));
        }
        let spread = recorded.read();
        let counted = spread.counts().filter(|&(_, count)| count > 0);
        let bounds: Vec<_> = counted.map(|(bound, _)| bound.as_micros()).collect();
        assert_eq!(bounds, [1, 2, 4, 1024, 1 << (BOUNDS - 1)]);
        let below = |part| spread.below(part).map(|bound| bound.as_micros());
        assert_eq!((below(0.2), below(0.5), below(0.8)), (Some(1), Some(4), Some(1024)));
        assert_eq!(Spread::default().below(0.5), None);
        assert_eq!(spread.since(&spread).total(), 0);
    }
}
