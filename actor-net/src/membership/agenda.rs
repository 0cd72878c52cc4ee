//! What is to be done later, in the order in which it is due.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

/// A queue by time; what is due at the same moment comes in the order in which it was put down.
#[derive(Debug)]
pub(super) struct Agenda<T> {
    heap: BinaryHeap<Reverse<Entry<T>>>,
    next: u64,
}

#[derive(Debug)]
struct Entry<T> {
    due: Instant,
    number: u64,
    what: T,
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl<T> Eq for Entry<T> {}

impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Entry<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.due, self.number).cmp(&(other.due, other.number))
    }
}

impl<T> Agenda<T> {
    pub(super) fn new() -> Self {
        Self {
            heap: BinaryHeap::new(),
            next: 0,
        }
    }

    pub(super) fn add(&mut self, due: Instant, what: T) {
        let number = self.next;
        self.next += 1;
        self.heap.push(Reverse(Entry { due, number, what }));
    }

    /// When the first is due.
    pub(super) fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse(entry)| entry.due)
    }

    /// The first that is due by now.
    pub(super) fn pop(&mut self, now: Instant) -> Option<T> {
        self.next()
            .filter(|due| *due <= now)
            .and_then(|_| self.heap.pop())
            .map(|Reverse(entry)| entry.what)
    }

    /// Puts everything off.
    pub(super) fn put_off(&mut self, by: Duration) {
        let all = std::mem::take(&mut self.heap).into_iter();
        let later = |Reverse(entry): Reverse<Entry<T>>| {
            let due = entry.due + by;
            Reverse(Entry { due, ..entry })
        };
        self.heap = all.map(later).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::disallowed_methods, reason = "any moment will do")]
    fn t0() -> Instant {
        Instant::now()
    }

    #[test]
    fn what_is_due_comes_in_order_and_nothing_before_its_time() {
        let (t0, second) = (t0(), Duration::from_secs(1));
        let mut agenda = Agenda::new();
        agenda.add(t0 + second, "late");
        agenda.add(t0, "first");
        agenda.add(t0, "second");
        assert_eq!(agenda.next(), Some(t0));
        assert_eq!(
            (agenda.pop(t0), agenda.pop(t0), agenda.pop(t0)),
            (Some("first"), Some("second"), None)
        );
        agenda.put_off(second);
        assert_eq!(agenda.pop(t0 + second), None);
        assert_eq!(agenda.pop(t0 + second * 2), Some("late"));
    }
}
