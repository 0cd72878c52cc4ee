//! What is noted of the polls of actors while somebody looks at them, and only then.
//!
//! Who looks says so, for a while. A worker learns of it by the load that tells it whether the scheduler has ended, so that nobody who
//! is not looked at pays for it; while somebody looks, it reads the clock around each poll.

use std::sync::Arc;
use std::time::Duration;

use std::sync::atomic::{AtomicU32, AtomicU64};

use tokio::time::Instant;

use crate::clock;
use crate::sync::atomic::{AtomicU8, Ordering};

use super::task::Entry;

/// For so long after a look the polls are noted, so that the next look knows what has been since.
pub(crate) const ATTENTION: Duration = Duration::from_secs(10);

/// What an actor was busy counts for its share by so much less for each time that this has passed since.
const FORGETTING_MS: f32 = 4000.0;

const ENDED: u8 = 1;
const LOOKED_AT: u8 = 2;

/// Whether somebody looks, and since when.
pub(super) struct Attention {
    flags: AtomicU8,
    born: Instant,
    since_ms: AtomicU64,
    until_ms: AtomicU64,
}

/// What is noted of one actor. Written by the worker that polls it, and by nobody else.
#[derive(Default)]
pub(crate) struct Noted {
    /// When its last poll began, in ms of its scheduler's life.
    began_ms: AtomicU32,
    /// Which part of the last seconds it was polled for, as the bits of an `f32`.
    share: AtomicU32,
}

/// When somebody looked, in ms of the scheduler's life.
#[derive(Clone, Copy)]
pub(crate) struct Look {
    now_ms: u64,
    since_ms: u64,
}

/// Whose turn a worker has found it to be, by the flags that it has read.
pub(super) enum Heed {
    Nobody,
    Looked,
    Ended,
}

impl Attention {
    pub(super) fn new() -> Self {
        Self {
            flags: AtomicU8::new(0),
            born: clock::now(),
            since_ms: AtomicU64::new(0),
            until_ms: AtomicU64::new(0),
        }
    }

    /// Notes that the scheduler has ended: workers learn of both by one load.
    pub(super) fn ended(&self) {
        self.flags.fetch_or(ENDED, Ordering::AcqRel);
    }

    #[inline]
    pub(super) fn heed(&self) -> Heed {
        match self.flags.load(Ordering::Acquire) {
            0 => Heed::Nobody,
            LOOKED_AT => Heed::Looked,
            _ => Heed::Ended,
        }
    }

    /// Looks: from now on, and for a while, polls are noted.
    pub(super) fn look(&self) -> Look {
        let now_ms = self.ms(clock::now());
        let until_ms = now_ms + ATTENTION.as_millis() as u64;
        let lapsed = self.until_ms.swap(until_ms, Ordering::AcqRel) < now_ms;
        if self.flags.fetch_or(LOOKED_AT, Ordering::AcqRel) & LOOKED_AT == 0 || lapsed {
            self.since_ms.store(now_ms, Ordering::Release);
        }
        Look {
            now_ms,
            since_ms: self.since_ms.load(Ordering::Acquire),
        }
    }

    /// Runs one, and notes when that was and how long it took.
    #[inline(never)]
    pub(super) fn run(&self, entry: Arc<dyn Entry>) -> Option<u8> {
        let began = clock::now();
        let began_ms = self.ms(began);
        if began_ms > self.until_ms.load(Ordering::Acquire) {
            self.flags.fetch_and(!LOOKED_AT, Ordering::AcqRel);
        }
        let polled = entry.clone();
        polled.noted().begin(began_ms, self.since_ms.load(Ordering::Relaxed));
        let again = entry.run();
        polled.noted().end(clock::now() - began);
        again
    }

    fn ms(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.born).as_millis() as u64
    }
}

impl Noted {
    fn begin(&self, now_ms: u64, since_ms: u64) {
        let before_ms = self.began_ms(now_ms);
        self.began_ms.store(now_ms as u32, Ordering::Relaxed);
        let share = if before_ms < since_ms {
            0.0
        } else {
            faded(self.share(), now_ms - before_ms)
        };
        self.share.store(share.to_bits(), Ordering::Relaxed);
    }

    fn end(&self, took: Duration) {
        let share = (self.share() + took.as_secs_f32() * 1000.0 / FORGETTING_MS).min(1.0);
        self.share.store(share.to_bits(), Ordering::Relaxed);
    }

    /// When its last poll began. It is kept in 32 bits, which begin again after 49 days: what is more than half of that ago is taken
    /// for what has begun since the look, and so for nothing that lasts.
    fn began_ms(&self, now_ms: u64) -> u64 {
        let ago_ms = (now_ms as u32).wrapping_sub(self.began_ms.load(Ordering::Relaxed)) as i32;
        now_ms.saturating_sub(ago_ms.max(0) as u64)
    }

    fn share(&self) -> f32 {
        f32::from_bits(self.share.load(Ordering::Relaxed))
    }

    /// For how long, at least, nothing has begun at this actor.
    pub(super) fn lasts(&self, look: Look) -> Duration {
        let began_ms = self.began_ms(look.now_ms).max(look.since_ms);
        Duration::from_millis(look.now_ms.saturating_sub(began_ms))
    }

    /// Which part of the last seconds it was polled for, from 0 to 1.
    pub(super) fn busy(&self, look: Look, is_polled: bool) -> f32 {
        let lasts_ms = self.lasts(look).as_millis() as u64;
        let before = if self.began_ms(look.now_ms) < look.since_ms {
            0.0
        } else {
            faded(self.share(), lasts_ms)
        };
        let now = if is_polled {
            lasts_ms as f32 / FORGETTING_MS
        } else {
            0.0
        };
        (before + now).min(1.0)
    }
}

fn faded(share: f32, passed_ms: u64) -> f32 {
    if share == 0.0 || passed_ms == 0 {
        share
    } else {
        share * (-(passed_ms as f32) / FORGETTING_MS).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_busy_all_the_time_has_the_whole_and_forgets_it_when_it_rests() {
        let noted = Noted::default();
        for ms in (1..=20_000).step_by(10) {
            noted.begin(ms, 0);
            noted.end(Duration::from_millis(10));
        }
        let at = |now_ms| Look { now_ms, since_ms: 0 };
        assert!(noted.busy(at(20_001), false) > 0.95);
        assert!(noted.busy(at(40_000), false) < 0.02);
    }

    #[test]
    fn what_has_begun_since_the_look_has_lasted_for_no_time() {
        let noted = Noted::default();
        noted.begin(5_003, 0);
        let look = Look {
            now_ms: 5_000,
            since_ms: 0,
        };
        assert_eq!(noted.lasts(look), Duration::ZERO);
    }

    #[test]
    fn what_was_noted_before_somebody_looked_again_says_nothing() {
        let noted = Noted::default();
        noted.begin(100, 0);
        noted.end(Duration::from_millis(900));
        let look = Look {
            now_ms: 60_500,
            since_ms: 60_000,
        };
        assert_eq!(noted.lasts(look), Duration::from_millis(500));
        assert_eq!(noted.busy(look, false), 0.0);
    }
}
