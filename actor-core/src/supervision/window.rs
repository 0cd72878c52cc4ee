//! How many restarts are too many.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Restarts of all children of one supervisor within a sliding window of time.
///
/// Source: restart intensity in Erlang/OTP's `supervisor`: more than `limit` restarts within `period` are too many.
#[derive(Clone, Debug)]
pub(crate) struct RestartWindow {
    limit: usize,
    period: Duration,
    recent: VecDeque<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Restart,
    GiveUp,
}

impl RestartWindow {
    pub(crate) fn new(limit: usize, period: Duration) -> Self {
        Self {
            limit,
            period,
            recent: VecDeque::new(),
        }
    }

    /// Records a restart at `now`, which must not run backwards.
    pub(crate) fn record(&mut self, now: Instant) -> Verdict {
        while self
            .recent
            .front()
            .is_some_and(|&at| now.duration_since(at) > self.period)
        {
            self.recent.pop_front();
        }
        if self.recent.len() >= self.limit {
            return Verdict::GiveUp;
        }
        self.recent.push_back(now);
        Verdict::Restart
    }

    /// How many restarts are left at `now`.
    pub(crate) fn left(&self, now: Instant) -> usize {
        let counted = |at: &&Instant| now.saturating_duration_since(**at) <= self.period;
        self.limit.saturating_sub(self.recent.iter().filter(counted).count())
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    pub(crate) fn period(&self) -> Duration {
        self.period
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    fn at_seconds(window: &mut RestartWindow, times: &[u64]) -> Vec<Verdict> {
        let t0 = clock::now().into_std();
        times
            .iter()
            .map(|&s| window.record(t0 + Duration::from_secs(s)))
            .collect()
    }

    #[test]
    fn the_fourth_restart_in_five_seconds_is_one_too_many() {
        let mut window = RestartWindow::new(3, Duration::from_secs(5));
        assert_eq!(
            at_seconds(&mut window, &[0, 1, 2, 5]),
            [Verdict::Restart, Verdict::Restart, Verdict::Restart, Verdict::GiveUp]
        );
    }

    #[test]
    fn the_window_slides_and_does_not_jump() {
        let mut window = RestartWindow::new(2, Duration::from_secs(5));
        assert_eq!(window.left(clock::now().into_std()), 2);
        assert_eq!(
            at_seconds(&mut window, &[0, 4, 6, 8]),
            [Verdict::Restart, Verdict::Restart, Verdict::Restart, Verdict::GiveUp]
        );
    }

    #[test]
    fn an_intensity_of_zero_gives_up_at_the_first_failure() {
        assert_eq!(
            at_seconds(&mut RestartWindow::new(0, Duration::from_secs(5)), &[0]),
            [Verdict::GiveUp]
        );
    }
}
