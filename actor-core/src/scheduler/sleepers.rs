//! The workers that have found nothing to do.

use std::task::Waker;

use crate::sync::Mutex;
use crate::sync::atomic::{AtomicUsize, Ordering};

/// One is woken at a time: until it has found work, or none, it will see whatever else is queued.
#[derive(Default)]
pub(super) struct Sleepers {
    asleep: Mutex<Vec<(usize, Waker)>>,
    /// How many are in that list: a look at it costs no lock.
    count: AtomicUsize,
    /// How many were woken and have not found anything yet.
    searching: AtomicUsize,
}

impl Sleepers {
    /// Says that the worker in this seat sleeps, to be woken by `waker`.
    pub(super) fn add(&self, seat: usize, waker: &Waker) {
        let mut asleep = self.asleep.lock();
        asleep.push((seat, waker.clone()));
        self.count.store(asleep.len(), Ordering::SeqCst);
    }

    /// Says that it does not after all. `false` if it was woken meanwhile.
    pub(super) fn remove(&self, seat: usize) -> bool {
        let mut asleep = self.asleep.lock();
        let found = asleep.iter().position(|(sleeper, _)| *sleeper == seat);
        let removed = found.map(|index| asleep.swap_remove(index));
        self.count.store(asleep.len(), Ordering::SeqCst);
        drop(asleep);
        removed.is_some()
    }

    /// Whether it still sleeps; if so, it is woken by `waker` from now on.
    pub(super) fn still_holds(&self, seat: usize, waker: &Waker) -> bool {
        let mut asleep = self.asleep.lock();
        let sleeper = asleep.iter_mut().find(|(sleeper, _)| *sleeper == seat);
        let stale = sleeper.map(|(_, known)| std::mem::replace(known, waker.clone()));
        drop(asleep);
        stale.is_some()
    }

    /// Wakes the one who has slept the shortest, unless one is searching already. Returns whether it did.
    pub(super) fn wake_one(&self) -> bool {
        if self.count.load(Ordering::SeqCst) == 0 || self.searching.load(Ordering::SeqCst) > 0 {
            return false;
        }
        self.wake_if(|searching| searching == 0)
    }

    /// Wakes one, though another be searching: that one is held up.
    #[cfg(not(shuttle))]
    pub(super) fn wake_one_more(&self) -> bool {
        self.wake_if(|_| true)
    }

    fn wake_if(&self, wanted: impl FnOnce(usize) -> bool) -> bool {
        let mut asleep = self.asleep.lock();
        if !wanted(self.searching.load(Ordering::SeqCst)) {
            return false;
        }
        let sleeper = asleep.pop();
        self.count.store(asleep.len(), Ordering::SeqCst);
        if sleeper.is_some() {
            self.searching.fetch_add(1, Ordering::SeqCst);
        }
        drop(asleep);
        sleeper.map(|(_, waker)| waker.wake()).is_some()
    }

    /// Says that one who was woken searches no more.
    pub(super) fn end_search(&self) {
        self.searching.fetch_sub(1, Ordering::SeqCst);
    }

    /// How many sleep.
    pub(super) fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }
}
