//! The workers that have found nothing to do.

use std::sync::OnceLock;
use std::task::Waker;

use crate::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// One is woken at a time: until it has found work, or none, it will see whatever else is queued.
pub(super) struct Sleepers {
    /// A bit for each seat whose worker sleeps: to lie down changes one word, and so does being woken.
    asleep: Box<[AtomicU64]>,
    /// What wakes the worker in each seat, kept when it lies down for the first time.
    wakers: Box<[OnceLock<Waker>]>,
    /// How many were woken and have not found anything yet.
    searching: AtomicUsize,
}

impl Sleepers {
    pub(super) fn new(seats: usize) -> Self {
        Self {
            asleep: (0..seats.div_ceil(64)).map(|_| AtomicU64::new(0)).collect(),
            wakers: (0..seats).map(|_| OnceLock::new()).collect(),
            searching: AtomicUsize::new(0),
        }
    }

    /// Says that the worker in this seat sleeps, to be woken by `waker`. `false`, and it does not, if that is another than before.
    pub(super) fn add(&self, seat: usize, waker: &Waker) -> bool {
        let known = self.wakers[seat].get_or_init(|| waker.clone());
        let is_same = known.will_wake(waker);
        if is_same {
            let (word, bit) = self.place(seat);
            word.fetch_or(bit, Ordering::SeqCst);
        }
        is_same
    }

    /// Says that it does not after all. `false` if it was woken meanwhile.
    pub(super) fn remove(&self, seat: usize) -> bool {
        let (word, bit) = self.place(seat);
        word.fetch_and(!bit, Ordering::SeqCst) & bit != 0
    }

    /// Whether it still sleeps.
    pub(super) fn still_holds(&self, seat: usize) -> bool {
        let (word, bit) = self.place(seat);
        word.load(Ordering::SeqCst) & bit != 0
    }

    /// Wakes one, unless one is searching already. Returns whether it did.
    #[inline]
    pub(super) fn wake_one(&self) -> bool {
        self.anybody() && self.searching.load(Ordering::SeqCst) == 0 && self.wake_one_more()
    }

    /// Whether anybody sleeps.
    #[inline]
    pub(super) fn anybody(&self) -> bool {
        self.asleep.iter().any(|word| word.load(Ordering::SeqCst) != 0)
    }

    /// Wakes one, though another be searching. Returns whether there was one.
    #[inline(never)]
    pub(super) fn wake_one_more(&self) -> bool {
        if !self.anybody() {
            return false;
        }
        // First, as one that finds itself woken takes that for said. Who sees it meanwhile, and wakes nobody, is right also
        // where nobody is found: then all are awake, and look at everything before they sleep.
        self.searching.fetch_add(1, Ordering::SeqCst);
        let woken = self.asleep.iter().enumerate().find_map(|(index, word)| {
            let seat = index * 64 + take_one(word)? as usize;
            self.wakers[seat].get()
        });
        match woken {
            Some(waker) => waker.wake_by_ref(),
            None => self.end_search(),
        }
        woken.is_some()
    }

    /// Says that one who was woken searches no more.
    pub(super) fn end_search(&self) {
        self.searching.fetch_sub(1, Ordering::SeqCst);
    }

    /// How many sleep.
    #[cfg(not(shuttle))]
    pub(super) fn count(&self) -> usize {
        let count = |word: &AtomicU64| word.load(Ordering::SeqCst).count_ones() as usize;
        self.asleep.iter().map(count).sum()
    }

    fn place(&self, seat: usize) -> (&AtomicU64, u64) {
        (&self.asleep[seat / 64], 1 << (seat % 64))
    }
}

/// Clears one of the bits, and returns which.
fn take_one(word: &AtomicU64) -> Option<u32> {
    loop {
        let seen = word.load(Ordering::SeqCst);
        if seen == 0 {
            return None;
        }
        let first = seen.trailing_zeros();
        if word.fetch_and(!(1 << first), Ordering::SeqCst) & (1 << first) != 0 {
            return Some(first);
        }
    }
}

#[cfg(all(test, not(shuttle)))]
mod tests {
    use std::sync::Arc;
    use std::task::Wake;

    use super::*;

    struct Worker;
    impl Wake for Worker {
        fn wake(self: Arc<Self>) {}
    }

    #[test]
    fn each_is_woken_once_and_as_many_as_sleep() {
        let sleepers = Sleepers::new(130);
        // Of those that are made by cloning, two of one task are known to be the same.
        let waker = Waker::from(Arc::new(Worker)).clone();
        for seat in [3, 64, 129] {
            assert!(sleepers.add(seat, &waker));
        }
        assert_eq!(sleepers.count(), 3);
        assert!(sleepers.wake_one() && !sleepers.wake_one(), "one searches");
        assert!(!sleepers.still_holds(3) && sleepers.still_holds(64));
        assert!(sleepers.wake_one_more());
        assert!(!sleepers.remove(64) && sleepers.remove(129));
        assert!(!sleepers.wake_one_more(), "nobody sleeps");
        sleepers.end_search();
        sleepers.end_search();
        assert_eq!(sleepers.searching.load(Ordering::SeqCst), 0);
    }
}
