//! A queue that several workers reach, each of which sees without a lock whether it is worth one.

use std::ops::{Deref, DerefMut};

use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Mutex, MutexGuard};

use super::queue::Queue;

pub(super) struct Line<T> {
    queue: Mutex<Queue<T>>,
    has_work: AtomicBool,
}

impl<T> Line<T> {
    pub(super) fn new(queue: Queue<T>) -> Self {
        Self {
            queue: Mutex::new(queue),
            has_work: AtomicBool::new(false),
        }
    }

    pub(super) fn lock(&self) -> Locked<'_, T> {
        Locked {
            queue: self.queue.lock(),
            has_work: &self.has_work,
        }
    }

    /// Whether another worker would have found something to take not long ago. One that is about to sleep looks
    /// under the lock.
    pub(super) fn seems_to_have_work(&self) -> bool {
        self.has_work.load(Ordering::Acquire)
    }
}

/// The queue, as long as nobody else has it.
pub(super) struct Locked<'a, T> {
    queue: MutexGuard<'a, Queue<T>>,
    has_work: &'a AtomicBool,
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
    fn drop(&mut self) {
        let has_work = self.queue.has_work_for_others();
        self.has_work.store(has_work, Ordering::Release);
    }
}
