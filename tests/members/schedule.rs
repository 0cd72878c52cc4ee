//! What happens when: a queue by time, in the order in which it was put down.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

pub(super) struct Schedule<T> {
    events: BinaryHeap<Reverse<Event<T>>>,
    next: u64,
}

struct Event<T> {
    when: Instant,
    number: u64,
    what: T,
}

impl<T> PartialEq for Event<T> {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl<T> Eq for Event<T> {}

impl<T> PartialOrd for Event<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Event<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.when, self.number).cmp(&(other.when, other.number))
    }
}

impl<T> Schedule<T> {
    pub(super) fn new() -> Self {
        Self {
            events: BinaryHeap::new(),
            next: 0,
        }
    }

    pub(super) fn add(&mut self, when: Instant, what: T) {
        let number = self.next;
        self.next += 1;
        self.events.push(Reverse(Event { when, number, what }));
    }

    /// The first, and when it is, if that is no later than `end`.
    pub(super) fn pop(&mut self, end: Instant) -> Option<(Instant, T)> {
        let Reverse(first) = self.events.peek()?;
        if first.when > end {
            return None;
        }
        let Reverse(first) = self.events.pop()?;
        Some((first.when, first.what))
    }
}
