//! The lock that every room uses, so that one place decides what a lock is.

use std::sync::{self, PoisonError};

pub(crate) use std::sync::MutexGuard;

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
