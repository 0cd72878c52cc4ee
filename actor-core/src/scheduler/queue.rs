//! The actors that are to run on one worker: pure.

use std::collections::VecDeque;
use std::mem;

/// So often in a row the last one woken goes before all others.
const JUMPS_MAX: u8 = 16;

/// First come, first served, but for the one woken last.
///
/// Whoever wakes another most often waits for it next: the message is still warm, and two who speak with each other stay
/// on one thread.
pub(super) struct Queue<T> {
    entries: VecDeque<T>,
    last_woken: Option<T>,
    jumps: u8,
    /// Whether there is a place for the last one woken.
    jumps_max: u8,
}

impl<T> Queue<T> {
    /// An empty queue; `strict` means that nobody goes before others.
    pub(super) fn new(strict: bool) -> Self {
        Self {
            entries: VecDeque::new(),
            last_woken: None,
            jumps: 0,
            jumps_max: if strict { 0 } else { JUMPS_MAX },
        }
    }

    /// Adds one that was woken: it is next, and who was next goes to the end of the queue. Returns whether that has made
    /// work for another worker.
    #[inline]
    pub(super) fn push_woken(&mut self, entry: T) -> bool {
        if self.jumps_max == 0 {
            return self.push_behind(entry);
        }
        match self.last_woken.replace(entry) {
            Some(before) => self.push_behind(before),
            None => false,
        }
    }

    /// Adds one to the end of the queue. Returns whether there is work for another worker, as there is.
    #[inline]
    pub(super) fn push_behind(&mut self, entry: T) -> bool {
        self.entries.push_back(entry);
        true
    }

    pub(super) fn pop(&mut self) -> Option<T> {
        if self.jumps < self.jumps_max
            && let Some(entry) = self.last_woken.take()
        {
            self.jumps += 1;
            return Some(entry);
        }
        self.jumps = 0;
        if let Some(entry) = self.last_woken.take() {
            self.entries.push_back(entry);
        }
        self.entries.pop_front()
    }

    /// Takes half of those in the queue, those that have waited longest: returns the first, and moves the rest to `to`.
    pub(super) fn take_half(&mut self, to: &mut VecDeque<T>) -> Option<T> {
        self.take_first(self.entries.len().div_ceil(2), to)
    }

    /// The same with the share of one among so many takers, and not more than `max`.
    pub(super) fn take_share(&mut self, takers: usize, max: usize, to: &mut VecDeque<T>) -> Option<T> {
        self.take_first(self.entries.len().div_ceil(takers).min(max), to)
    }

    /// Most often it is one, for which nothing is moved.
    fn take_first(&mut self, number: usize, to: &mut VecDeque<T>) -> Option<T> {
        let first = self.entries.pop_front();
        if number > 1 {
            to.extend(self.entries.drain(..number - 1));
        }
        first
    }

    /// Takes everything, also the one that was woken last.
    pub(super) fn take_all(&mut self) -> VecDeque<T> {
        let mut all = mem::take(&mut self.entries);
        all.extend(self.last_woken.take());
        all
    }

    /// Adds those that were taken elsewhere.
    pub(super) fn append(&mut self, entries: &mut VecDeque<T>) {
        self.entries.append(entries);
    }

    /// Whether another worker would find something to take.
    pub(super) fn has_work_for_others(&self) -> bool {
        !self.entries.is_empty()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.last_woken.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_run_in_the_order_in_which_they_came() {
        let mut queue = Queue::new(true);
        for entry in 0..3 {
            assert!(queue.push_woken(entry));
        }
        assert_eq!(
            [queue.pop(), queue.pop(), queue.pop(), queue.pop()],
            [Some(0), Some(1), Some(2), None]
        );
    }

    #[test]
    fn the_last_one_woken_is_next() {
        let mut queue = Queue::new(false);
        queue.push_behind(0);
        assert!(!queue.push_woken(1), "who wakes it will run it");
        assert!(queue.push_woken(2));
        assert_eq!(
            [queue.pop(), queue.pop(), queue.pop(), queue.pop()],
            [Some(2), Some(0), Some(1), None]
        );
    }

    #[test]
    fn two_who_wake_each_other_do_not_keep_the_rest_waiting() {
        let mut queue = Queue::new(false);
        queue.push_behind(0);
        let turns = (1..)
            .take_while(|&woken| {
                queue.push_woken(woken);
                queue.pop() != Some(0)
            })
            .count();
        assert_eq!(turns, usize::from(JUMPS_MAX));
        assert_eq!(
            queue.pop(),
            Some(i32::from(JUMPS_MAX) + 1),
            "it is at the end of the queue, and not lost"
        );
    }

    #[test]
    fn a_thief_takes_the_half_that_has_waited_longest() {
        let mut queue = Queue::new(false);
        for entry in 0..5 {
            queue.push_behind(entry);
        }
        queue.push_woken(5);
        let mut rest = VecDeque::new();
        assert_eq!(queue.take_half(&mut rest), Some(0));
        assert_eq!(rest, [1, 2]);
        assert!(queue.has_work_for_others());
        assert_eq!(queue.take_half(&mut rest), Some(3));
        assert_eq!(queue.take_half(&mut rest), Some(4));
        assert!(!queue.has_work_for_others() && !queue.is_empty());
        assert_eq!(
            queue.take_half(&mut rest),
            None,
            "the last one woken stays where it is warm"
        );
        assert_eq!(rest, [1, 2]);
        assert_eq!(queue.take_all(), [5]);
        assert!(queue.is_empty());
    }

    #[test]
    fn a_share_is_not_more_than_what_is_there() {
        let mut queue = Queue::new(true);
        let mut rest = VecDeque::new();
        queue.append(&mut (0..10).collect());
        assert_eq!(queue.take_share(4, 8, &mut rest), Some(0));
        assert_eq!(rest, [1, 2]);
        assert_eq!(queue.take_share(1, 2, &mut rest), Some(3));
        assert_eq!(rest, [1, 2, 4]);
        assert_eq!(queue.take_share(1, 8, &mut rest), Some(5));
        assert_eq!(queue.take_share(1, 8, &mut rest), None);
        assert_eq!(rest, [1, 2, 4, 6, 7, 8, 9]);
    }
}
