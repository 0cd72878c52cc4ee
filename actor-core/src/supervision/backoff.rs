//! How long to wait before the n-th restart in a row.

use std::time::{Duration, Instant};

/// No wait is longer than this, whatever was asked for: a year.
const WAIT_MAX: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Waits before restarts that double from one to the next, with jitter.
///
/// Source: Akka's `BackoffOpts` for the doubling and the reset. The wait before the n-th restart in a row is `min` ×
/// 2ⁿ⁻¹, at most `max`; jitter then takes away up to `jitter` of it, so that what failed together does not come back
/// together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff {
    min: Duration,
    max: Duration,
    jitter: f64,
    reset: Duration,
}

impl Backoff {
    /// Waits from `min` up to `max`, with a jitter of 0.2. A child that lives for `max` starts again from `min`.
    ///
    /// A `max` below `min` counts as `min`, and no wait is longer than a year.
    pub fn new(min: Duration, max: Duration) -> Self {
        let min = min.min(WAIT_MAX);
        let max = max.clamp(min, WAIT_MAX);
        Self {
            min,
            max,
            jitter: 0.2,
            reset: max,
        }
    }

    /// The largest part of a wait that jitter takes away, from 0 to 1; what is outside counts as the nearer end.
    pub fn jitter(mut self, jitter: f64) -> Self {
        self.jitter = if jitter.is_nan() { 0.0 } else { jitter.clamp(0.0, 1.0) };
        self
    }

    /// How long a child must live for its failures to be forgotten.
    pub fn reset_after(mut self, reset: Duration) -> Self {
        self.reset = reset;
        self
    }
}

/// Where a child stands in its back-off.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Attempts {
    in_a_row: u32,
    started: Option<Instant>,
}

impl Attempts {
    /// Notes that a life was up at `now`.
    pub(crate) fn started(&mut self, now: Instant) {
        self.started = Some(now);
    }

    /// How long to wait before the restart after a failure at `now`. `chance`, from 0 to 1, chooses the jitter.
    pub(crate) fn wait(&mut self, backoff: &Backoff, now: Instant, chance: f64) -> Duration {
        // A life that never was up does not count as a long one, however long its start took.
        if self
            .started
            .take()
            .is_some_and(|at| now.duration_since(at) >= backoff.reset)
        {
            self.in_a_row = 0;
        }
        let doubled = 1u32
            .checked_shl(self.in_a_row)
            .and_then(|factor| backoff.min.checked_mul(factor));
        self.in_a_row = self.in_a_row.saturating_add(1);
        let full = doubled.unwrap_or(backoff.max).min(backoff.max);
        full.mul_f64(1.0 - backoff.jitter * chance.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    #[test]
    fn the_wait_doubles_up_to_its_bound() {
        let backoff = Backoff::new(MS(100), MS(1000)).reset_after(MS(60_000));
        let mut attempts = Attempts::default();
        let t0 = clock::now().into_std();
        attempts.started(t0);
        let waits: Vec<_> = (0..6).map(|_| attempts.wait(&backoff, t0, 0.0)).collect();
        assert_eq!(waits, [MS(100), MS(200), MS(400), MS(800), MS(1000), MS(1000)]);
    }

    #[test]
    fn a_child_that_lived_long_enough_starts_from_the_shortest_wait() {
        let backoff = Backoff::new(MS(100), MS(1000)).reset_after(MS(5000));
        let mut attempts = Attempts::default();
        let t0 = clock::now().into_std();
        attempts.started(t0);
        attempts.wait(&backoff, t0, 0.0);
        attempts.started(t0 + MS(100));
        assert_eq!(attempts.wait(&backoff, t0 + MS(200), 0.0), MS(200));
        attempts.started(t0 + MS(400));
        assert_eq!(attempts.wait(&backoff, t0 + MS(5400), 0.0), MS(100));
    }

    #[test]
    fn jitter_only_shortens_a_wait() {
        let backoff = Backoff::new(MS(100), MS(100)).jitter(0.5);
        assert_eq!(Attempts::default().wait(&backoff, clock::now().into_std(), 1.0), MS(50));
        assert_eq!(
            Attempts::default().wait(&backoff, clock::now().into_std(), 0.0),
            MS(100)
        );
    }

    #[test]
    fn a_very_long_row_of_failures_does_not_overflow() {
        let backoff = Backoff::new(Duration::from_secs(1), Duration::MAX)
            .reset_after(Duration::MAX)
            .jitter(0.0);
        let mut attempts = Attempts::default();
        let t0 = clock::now().into_std();
        for _ in 0..100 {
            attempts.wait(&backoff, t0, 0.0);
        }
        let year = Duration::from_secs(31_536_000);
        assert_eq!(attempts.wait(&backoff, t0, 0.0), year);
    }
}
