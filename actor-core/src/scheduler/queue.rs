//! Actors that are to run, first come, first served: pure.

use std::collections::VecDeque;
use std::mem;

pub(super) struct Queue<T> {
    entries: VecDeque<T>,
}

impl<T> Queue<T> {
    pub(super) fn new() -> Self {
        Self {
            entries: VecDeque::new(),
        }
    }

    #[inline]
    pub(super) fn push(&mut self, entry: T) {
        self.entries.push_back(entry);
    }

    #[inline]
    pub(super) fn pop(&mut self) -> Option<T> {
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

    pub(super) fn take_all(&mut self) -> VecDeque<T> {
        mem::take(&mut self.entries)
    }

    /// Adds those that were taken elsewhere.
    pub(super) fn append(&mut self, entries: &mut VecDeque<T>) {
        self.entries.append(entries);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thief_takes_the_half_that_has_waited_longest() {
        let mut queue = Queue::new();
        (0..5).for_each(|entry| queue.push(entry));
        let mut rest = VecDeque::new();
        assert_eq!(queue.take_half(&mut rest), Some(0));
        assert_eq!(rest, [1, 2]);
        assert_eq!(queue.take_half(&mut rest), Some(3));
        assert!(!queue.is_empty());
        assert_eq!(queue.take_half(&mut rest), Some(4));
        assert_eq!(queue.take_half(&mut rest), None);
        assert_eq!(rest, [1, 2]);
        assert!(queue.is_empty());
    }

    #[test]
    fn a_share_is_not_more_than_what_is_there() {
        let mut queue = Queue::new();
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
