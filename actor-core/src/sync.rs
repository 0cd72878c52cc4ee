//! The lock that every room uses, beside what else threads share, so that one place decides what it is.
//!
//! A build with `--cfg shuttle` puts in its place what a model checker can interleave: see `model.rs`. Counters that
//! order nothing, such as those of the ids, are not worth a step of it, and stay those of the standard library.

#[cfg(not(shuttle))]
use parking_lot as locks;
#[cfg(shuttle)]
use shuttle::sync as locks;

#[cfg(shuttle)]
pub(crate) use shuttle::{sync::atomic, thread::yield_now as yield_thread, thread_local};
#[cfg(not(shuttle))]
pub(crate) use std::{sync::atomic, thread::yield_now as yield_thread, thread_local};

/// A lock for what one has nearly all the time and nobody waits for: it changes one word where a mutex changes one twice.
#[cfg(not(shuttle))]
pub(crate) use try_lock::TryLock;

pub(crate) use locks::MutexGuard;

/// A mutex whose holder runs no user code, but for the worker that polls an actor: so a panic cannot leave it half
/// changed, and there is no poison.
///
/// Drop user values and wake tasks after the guard is gone.
#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(locks::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(locks::Mutex::new(value))
    }

    #[cfg(not(shuttle))]
    #[inline]
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock()
    }

    #[cfg(shuttle)]
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(shuttle)]
#[derive(Debug, Default)]
pub(crate) struct TryLock<T>(locks::Mutex<T>);

#[cfg(shuttle)]
impl<T> TryLock<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(locks::Mutex::new(value))
    }

    pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        use std::sync::TryLockError;
        match self.0.try_lock() {
            Ok(guard) => Some(guard),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}
