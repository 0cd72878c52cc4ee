//! The lock that every room uses, beside what else threads share, so that one place decides what it is.
//!
//! A build with `--cfg shuttle` puts in its place what a model checker can interleave: see `model.rs`. Counters that
//! order nothing, such as those of the ids, are not worth a step of it, and stay those of the standard library.

#[cfg(shuttle)]
use shuttle::sync;
#[cfg(not(shuttle))]
use std::sync;
use std::sync::PoisonError;

#[cfg(shuttle)]
pub(crate) use shuttle::thread_local;
#[cfg(not(shuttle))]
pub(crate) use std::thread_local;

pub(crate) use sync::MutexGuard;
pub(crate) use sync::atomic;

/// A mutex whose holder never runs user code, so that a panic elsewhere cannot leave it half changed.
///
/// That rule is what makes ignoring the poison flag sound: drop user values and wake tasks after the guard is gone.
#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(sync::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
