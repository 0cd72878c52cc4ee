//! Figures over the last minutes, for charts.

use std::collections::VecDeque;

use serde::Serialize;

/// So many points are kept: two minutes of one a second.
const POINTS_MAX: usize = 120;

/// Counts at one moment, which only grow, but for the first two.
#[derive(Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) messages: usize,
    pub(crate) load: f32,
    pub(crate) finished: u64,
    pub(crate) restarted: u64,
    pub(crate) dead: u64,
}

/// What there was between two moments, a second.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Point {
    /// When, in ms since the first look.
    at_ms: u64,
    messages: usize,
    load: f32,
    /// Messages dealt with.
    handled: f64,
    /// How long a message waited in the mean, if there were any: what waits, by what is dealt with in a second (Little's law).
    wait_ms: Option<f64>,
    restarts: f64,
    drops: f64,
}

#[derive(Default)]
pub(crate) struct Series {
    points: VecDeque<Point>,
    before: Option<(u64, Counts)>,
}

impl Series {
    /// Adds what was counted at `at_ms`. The first says nothing of what was before it.
    pub(crate) fn add(&mut self, at_ms: u64, counts: Counts) {
        let before = self.before.replace((at_ms, counts));
        let Some((before_ms, before)) = before.filter(|&(before_ms, _)| before_ms < at_ms) else {
            return;
        };
        let seconds = (at_ms - before_ms) as f64 / 1000.0;
        let rate = |now: u64, before: u64| now.saturating_sub(before) as f64 / seconds;
        let handled = rate(counts.finished, before.finished);
        let waiting = (counts.messages + before.messages) as f64 / 2.0;
        if self.points.len() == POINTS_MAX {
            self.points.pop_front();
        }
        self.points.push_back(Point {
            at_ms,
            messages: counts.messages,
            load: counts.load,
            handled,
            wait_ms: (handled > 0.0).then(|| waiting / handled * 1000.0),
            restarts: rate(counts.restarted, before.restarted),
            drops: rate(counts.dead, before.dead),
        });
    }

    pub(crate) fn points(&self) -> impl Iterator<Item = &Point> {
        self.points.iter()
    }

    pub(crate) fn last(&self) -> Option<&Point> {
        self.points.back()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_what_there_was_a_second() {
        let mut series = Series::default();
        series.add(1_000, Counts::default());
        assert!(series.last().is_none());
        let counts = Counts {
            messages: 20,
            load: 0.5,
            finished: 100,
            restarted: 4,
            dead: 2,
        };
        series.add(3_000, counts);
        let point = *series.last().expect("a second look");
        assert_eq!((point.handled, point.restarts, point.drops), (50.0, 2.0, 1.0));
        assert_eq!(point.wait_ms, Some(200.0));
        series.add(4_000, counts);
        assert_eq!(series.last().expect("a third").wait_ms, None);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut series = Series::default();
        for at in 0..1000 {
            series.add(at, Counts::default());
        }
        assert_eq!(series.points().count(), POINTS_MAX);
    }
}
