//! A queue that several workers reach, each of which sees without a lock whether it is worth one.

use std::ops::{Deref, DerefMut};

use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Mutex, MutexGuard};

use super::queue::Queue;

pub(super) struct Line<T> {
    queue: Mutex<Queue<T>>,
    has_work: AtomicBool,
    /// Whether there is another worker at all.
    is_shared: bool,
}

impl<T> Line<T> {
    pub(super) fn new(is_shared: bool) -> Self {
        Self {
            queue: Mutex::new(Queue::new()),
            has_work: AtomicBool::new(false),
            is_shared,
        }
    }

    pub(super) fn lock(&self) -> Locked<'_, T> {
        Locked {
            queue: self.queue.lock(),
            line: self,
        }
    }

    /// Adds one, unless nobody would find it there: that is what `is_closed` says, called under the lock. Then it is returned.
    #[inline]
    pub(super) fn push(&self, entry: T, is_closed: impl FnOnce() -> bool) -> Result<(), T> {
        let mut queue = self.lock();
        if is_closed() {
            return Err(entry);
        }
        queue.push(entry);
        Ok(())
    }

    pub(super) fn is_shared(&self) -> bool {
        self.is_shared
    }

    /// Whether another worker would find something to take. Who has said that it sleeps, and then sees nothing here, is
    /// seen by whoever adds something and looks for sleepers afterwards.
    #[inline]
    pub(super) fn has_work(&self) -> bool {
        self.has_work.load(Ordering::SeqCst)
    }
}

/// The queue, as long as nobody else has it.
pub(super) struct Locked<'a, T> {
    queue: MutexGuard<'a, Queue<T>>,
    line: &'a Line<T>,
}

impl<T> Deref for Locked<'_, T> {
    type Target = Queue<T>;

    fn deref(&self) -> &Queue<T> {
        &self.queue
    }
}

impl<T> DerefMut for Locked<'_, T> {
    fn deref_mut(&mut self) -> &mut Queue<T> {
        &mut self.queue
    }
}

impl<T> Drop for Locked<'_, T> {
    #[inline]
    fn drop(&mut self) {
        let seen = &self.line.has_work;
        let has_work = !self.queue.is_empty();
        if has_work && self.line.is_shared && !seen.load(Ordering::Relaxed) {
            // In the one order that all see, and so before the look for sleepers.
            seen.swap(true, Ordering::SeqCst);
        } else {
            seen.store(has_work, Ordering::Release);
        }
    }
}
