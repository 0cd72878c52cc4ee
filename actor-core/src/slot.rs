//! One value handed over once, to one who waits for it.

use std::mem;
use std::task::{Context, Poll, Waker};

use tokio::time::Instant;

use crate::deadlock::Owed;
use crate::question::Wait;
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, Ordering};

/// The place where a value is left for its taker.
pub(crate) struct Slot<T> {
    /// Whether the value has come, or the taker has gone: seen without the lock, under which it changes.
    is_over: AtomicBool,
    state: Mutex<State<T>>,
}

enum State<T> {
    Empty(Taker),
    Full(T),
    /// The value was taken, or the taker has gone.
    Closed,
}

/// What is known of the one who waits.
struct Taker {
    waker: Option<Waker>,
    /// When it stops waiting.
    until: Option<Instant>,
}

impl<T> Slot<T> {
    pub(crate) const fn new() -> Self {
        let nobody = Taker {
            waker: None,
            until: None,
        };
        Self {
            is_over: AtomicBool::new(false),
            state: Mutex::new(State::Empty(nobody)),
        }
    }

    /// Begins the wait before the value can come: who leaves it wakes the taker. `false` if it is there already.
    pub(crate) fn await_until(&self, until: Option<Instant>, waker: &Waker) -> bool {
        let waker = Some(waker.clone());
        let mut state = self.state.lock();
        let State::Empty(taker) = &mut *state else { return false };
        let before = mem::replace(taker, Taker { waker, until });
        drop(state);
        drop(before);
        true
    }

    /// Leaves `value` for the taker; returns it if there was one before, or if the taker has gone.
    pub(crate) fn put(&self, value: T) -> Result<(), T> {
        let mut state = self.state.lock();
        if !matches!(*state, State::Empty(_)) {
            return Err(value);
        }
        let before = mem::replace(&mut *state, State::Full(value));
        self.is_over.store(true, Ordering::Release);
        drop(state);
        if let State::Empty(Taker { waker: Some(waker), .. }) = before {
            waker.wake();
        }
        Ok(())
    }

    /// Takes the value. Must not be called again after it has returned `Ready`.
    pub(crate) fn poll_take(&self, cx: &mut Context<'_>) -> Poll<T> {
        let mut state = self.state.lock();
        if let State::Empty(Taker { waker, .. }) = &mut *state {
            if waker.as_ref().is_some_and(|known| known.will_wake(cx.waker())) {
                return Poll::Pending;
            }
            let stale = waker.replace(cx.waker().clone());
            // A waker can own a task, and a task anything: it goes when the lock is free.
            drop(state);
            drop(stale);
            return Poll::Pending;
        }
        match mem::replace(&mut *state, State::Closed) {
            State::Full(value) => Poll::Ready(value),
            State::Empty(_) | State::Closed => Poll::Pending,
        }
    }

    /// Says that nobody will take the value; a value that is already there is returned.
    pub(crate) fn close(&self) -> Option<T> {
        let mut state = self.state.lock();
        let before = mem::replace(&mut *state, State::Closed);
        self.is_over.store(true, Ordering::Release);
        drop(state);
        match before {
            State::Full(value) => Some(value),
            _ => None,
        }
    }

    /// Whether somebody still waits for a value that has not come.
    #[inline]
    pub(crate) fn is_awaited(&self) -> bool {
        !self.is_over.load(Ordering::Acquire)
    }

    /// Whether somebody still waits, and how long.
    pub(crate) fn wait(&self) -> Wait {
        match &*self.state.lock() {
            State::Empty(taker) => Wait::Until(taker.until),
            State::Full(_) | State::Closed => Wait::Over,
        }
    }
}

impl<T: Send> Owed for Slot<T> {
    fn is_owed(&self) -> bool {
        self.is_awaited()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn poll<T>(slot: &Slot<T>) -> Poll<T> {
        slot.poll_take(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn the_first_value_is_the_one_taken() {
        let slot = Slot::new();
        assert!(poll(&slot).is_pending());
        assert_eq!(slot.put(1), Ok(()));
        assert_eq!(slot.put(2), Err(2));
        assert_eq!(poll(&slot), Poll::Ready(1));
        assert!(!slot.is_awaited());
    }

    #[test]
    fn a_value_for_a_taker_who_has_gone_comes_back() {
        let slot = Slot::new();
        assert_eq!(slot.close(), None);
        assert_eq!(slot.put(1), Err(1));
    }

    #[test]
    fn closing_returns_a_value_that_was_not_taken() {
        let slot = Slot::new();
        assert_eq!(slot.put(1), Ok(()));
        assert_eq!(slot.close(), Some(1));
    }
}
