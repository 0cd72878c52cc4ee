//! What a worker shares with the others: the actors that are to run on it. It writes there all the time.

use std::collections::VecDeque;

use crate::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::How;
use super::line::Line;
use super::next::{Next, Put};

/// So often in a row the last one woken goes before all others.
const JUMPS_MAX: u8 = 16;

/// First come, first served, but for the one woken last, where there are several workers.
pub(super) struct Seat<T> {
    next: Next<T>,
    /// How often in a row that one has gone before the others. Of no concern to anybody but the worker.
    jumps: std::sync::atomic::AtomicU8,
    /// Whether something was put into the queue since its worker found nothing. Where there are several workers each puts it there for
    /// itself, and asks no lock for nothing.
    is_worth_a_look: AtomicBool,
    pub(super) queue: Line<T>,
    /// How often its worker has begun a slice or polled an actor: one who does not come on is held up.
    steps: AtomicU64,
}

impl<T> Seat<T> {
    /// An empty one; `is_shared` means that there are other workers.
    pub(super) fn new(is_shared: bool) -> Self {
        Self {
            next: Next::new(),
            jumps: std::sync::atomic::AtomicU8::new(0),
            is_worth_a_look: AtomicBool::new(true),
            queue: Line::new(is_shared),
            steps: AtomicU64::new(0),
        }
    }

    /// Adds one: one that was woken is next, and who was next goes to the end of the queue. Returns whether that has made work for
    /// another worker; or the entry, if `is_closed`.
    #[inline]
    pub(super) fn push(&self, entry: T, how: How, is_closed: impl Fn() -> bool) -> Result<bool, T> {
        let mut entry = entry;
        // Where there is one worker, all come in one order, wherever they come from.
        if matches!(how, How::Woken) && self.queue.is_shared() {
            match self.next.put(entry, &is_closed) {
                Put::Placed => return Ok(false),
                Put::Left(left) => entry = left,
            }
        }
        self.is_worth_a_look.store(true, Ordering::Relaxed);
        self.queue.push(entry, is_closed).map(|()| true)
    }

    /// Adds those that its worker has taken elsewhere.
    pub(super) fn append(&self, entries: &mut VecDeque<T>) {
        self.is_worth_a_look.store(true, Ordering::Relaxed);
        self.queue.lock().append(entries);
    }

    /// The next one for its worker.
    #[inline]
    pub(super) fn pop(&self) -> Option<T> {
        let next = self.next.take();
        let jumps = self.jumps.load(Ordering::Relaxed);
        if next.is_some() && jumps < JUMPS_MAX {
            self.jumps.store(jumps + 1, Ordering::Relaxed);
            return next;
        }
        self.jumps.store(0, Ordering::Relaxed);
        self.pop_queued(next)
    }

    /// The first of the queue, and behind it the one that has gone before all others too often.
    fn pop_queued(&self, late: Option<T>) -> Option<T> {
        if late.is_some() {
            self.is_worth_a_look.store(true, Ordering::Relaxed);
        } else if !self.is_worth_a_look.load(Ordering::Relaxed) {
            return None;
        }
        let mut queue = self.queue.lock();
        late.into_iter().for_each(|late| queue.push(late));
        let first = queue.pop();
        drop(queue);
        if first.is_none() && self.queue.is_shared() {
            self.is_worth_a_look.store(false, Ordering::Relaxed);
        }
        first
    }

    /// Whether its worker would find anything; for that one.
    pub(super) fn is_empty(&self) -> bool {
        !self.next.is_taken() && self.queue.lock().is_empty()
    }

    /// Takes everything, for another worker.
    pub(super) fn take_all(&self) -> VecDeque<T> {
        let mut all = self.queue.lock().take_all();
        all.extend(self.next.take_away());
        all
    }

    /// Says that its worker comes on.
    #[inline]
    pub(super) fn comes_on(&self) {
        self.steps.store(self.steps() + 1, Ordering::Relaxed);
    }

    pub(super) fn steps(&self) -> u64 {
        self.steps.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(seat: &Seat<u8>, entry: u8, how: How) -> bool {
        seat.push(entry, how, || false).expect("it is open")
    }

    fn pop_all(seat: &Seat<u8>) -> Vec<u8> {
        std::iter::from_fn(|| seat.pop()).collect()
    }

    #[test]
    fn where_there_is_one_worker_they_run_in_the_order_in_which_they_came() {
        let seat = Seat::new(false);
        for entry in 0..3 {
            assert!(push(&seat, entry, How::Woken));
        }
        assert_eq!(pop_all(&seat), [0, 1, 2]);
    }

    #[test]
    fn the_last_one_woken_is_next() {
        let seat = Seat::new(true);
        assert!(push(&seat, 0, How::Behind));
        assert!(!push(&seat, 1, How::Woken), "who wakes it will run it");
        assert!(push(&seat, 2, How::Woken));
        assert_eq!(pop_all(&seat), [2, 0, 1]);
        assert!(seat.is_empty());
    }

    #[test]
    fn two_who_wake_each_other_do_not_keep_the_rest_waiting() {
        let seat = Seat::new(true);
        push(&seat, 0, How::Behind);
        let turns = (1..)
            .take_while(|&woken| {
                push(&seat, woken, How::Woken);
                seat.pop() != Some(0)
            })
            .count();
        assert_eq!(turns, usize::from(JUMPS_MAX));
        assert_eq!(
            seat.pop(),
            Some(JUMPS_MAX + 1),
            "it is at the end of the queue, and not lost"
        );
    }

    #[test]
    fn a_thief_leaves_the_last_one_woken_where_it_is_warm_and_one_who_looks_after_the_worker_takes_it() {
        let seat = Seat::new(true);
        push(&seat, 0, How::Woken);
        assert!(!seat.queue.has_work() && !seat.is_empty());
        push(&seat, 1, How::Behind);
        assert_eq!(seat.take_all(), [1, 0]);
        assert_eq!(pop_all(&seat), []);
        assert!(seat.is_empty());
    }

    #[test]
    fn a_closed_one_takes_nobody() {
        let seat = Seat::new(true);
        for how in [How::Woken, How::Behind] {
            assert_eq!(seat.push(0, how, || true), Err(0));
        }
        assert!(seat.is_empty());
    }
}
