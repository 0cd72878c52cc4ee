//! The room of messages that are dealt with, until it has gone back to the senders.

use std::sync::atomic::AtomicUsize;

use crate::sync::atomic::Ordering;

/// Earned by the actor on its own thread, without a lock; given back by whoever holds the lock of the mailbox.
///
/// Nothing is read by way of these counters, so they order nothing: what is seen late is given back later.
///
/// In this order, so that what the actor writes lies beside its orders.
#[derive(Default)]
#[repr(C)]
pub(super) struct Credit {
    given_back: AtomicUsize,
    earned: AtomicUsize,
}

impl Credit {
    #[cfg(test)]
    pub(super) const EARNED: usize = std::mem::offset_of!(Self, earned);

    /// Notes that the actor has dealt with a message.
    #[inline]
    pub(super) fn earn(&self) {
        let earned = self.earned.load(Ordering::Relaxed);
        self.earned.store(earned.wrapping_add(1), Ordering::Relaxed);
    }

    /// How many messages the actor has dealt with.
    pub(super) fn earned(&self) -> usize {
        self.earned.load(Ordering::Relaxed)
    }

    /// The room of how many messages is to go back. Only a hint without the lock: the two are not read at one moment.
    #[inline]
    pub(super) fn owed(&self) -> usize {
        let given_back = self.given_back.load(Ordering::Relaxed);
        self.earned.load(Ordering::Relaxed).wrapping_sub(given_back)
    }

    /// Takes what is owed, to be given back: under the lock.
    #[inline]
    pub(super) fn take(&self) -> usize {
        let owed = self.owed();
        let given_back = self.given_back.load(Ordering::Relaxed);
        self.given_back.store(given_back.wrapping_add(owed), Ordering::Relaxed);
        owed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_earned_is_taken_once_also_where_the_counters_begin_again() {
        let credit = Credit {
            earned: AtomicUsize::new(usize::MAX),
            given_back: AtomicUsize::new(usize::MAX),
        };
        credit.earn();
        credit.earn();
        assert_eq!((credit.owed(), credit.take(), credit.take()), (2, 2, 0));
    }
}
