//! The place for the one woken last: whoever wakes another most often waits for it next, and the message is still warm.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::sync::{TryLock, yield_thread};

/// A place for one, out of every queue. It is filled and emptied by its worker, and emptied by one who looks after workers
/// that are held up: so its lock is free but for that, and each of the two changes one word.
pub(super) struct Next<T> {
    place: TryLock<Option<T>>,
    /// Whether its worker has put one there and not taken it: known to nobody else.
    is_taken: AtomicBool,
}

/// What became of one that was to have the place.
pub(super) enum Put<T> {
    Placed,
    /// Of the two, this one has no place: that which was there before, or, where the place is closed, that which was to have it.
    Left(T),
}

impl<T> Next<T> {
    pub(super) fn new() -> Self {
        Self {
            place: TryLock::new(None),
            is_taken: AtomicBool::new(false),
        }
    }

    /// Gives the place to this one, unless nobody would find it there: that is what `is_closed` says, which is called when nobody
    /// can empty the place.
    #[inline]
    pub(super) fn put(&self, entry: T, is_closed: impl FnOnce() -> bool) -> Put<T> {
        let Some(mut place) = self.place.try_lock() else {
            return Put::Left(entry);
        };
        if is_closed() {
            return Put::Left(entry);
        }
        let before = place.replace(entry);
        drop(place);
        self.is_taken.store(true, Ordering::Relaxed);
        before.map_or(Put::Placed, Put::Left)
    }

    /// The one who has it, for its worker.
    #[inline]
    pub(super) fn take(&self) -> Option<T> {
        if !self.is_taken() {
            return None;
        }
        // Where another has the lock, it is taking what is there.
        let taken = self.place.try_lock()?.take();
        self.is_taken.store(false, Ordering::Relaxed);
        taken
    }

    /// Whether its worker has put one there; for that one.
    #[inline]
    pub(super) fn is_taken(&self) -> bool {
        self.is_taken.load(Ordering::Relaxed)
    }

    /// The one who has it, for another.
    pub(super) fn take_away(&self) -> Option<T> {
        loop {
            if let Some(mut place) = self.place.try_lock() {
                return place.take();
            }
            // Its worker holds it for a few instructions, unless the system has taken the thread from it in the middle of them.
            yield_thread();
        }
    }
}
