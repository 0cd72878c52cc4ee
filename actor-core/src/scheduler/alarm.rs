//! One timer of the runtime for the deadlines of all questions: most are answered long before, and should cost next to
//! nothing.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Waker};

use tokio::time::{Instant, Sleep, sleep_until};

use crate::clock;
use crate::sync::Mutex;

use super::Scheduler;
use super::deadlines::{Deadlines, Key};

pub(crate) struct Alarm {
    set: Mutex<Set>,
    /// Wakes the task that waits for the first deadline.
    task: OnceLock<Waker>,
}

struct Set {
    deadlines: Deadlines<Instant, Waker>,
    /// When that task looks next. It may be before the first deadline, where those before that were taken out.
    next_look: Option<Instant>,
}

/// A deadline that was set.
pub(crate) type Deadline = Key<Instant>;

impl Alarm {
    pub(super) fn new() -> Self {
        let set = Set {
            deadlines: Deadlines::new(),
            next_look: None,
        };
        Self {
            set: Mutex::new(set),
            task: OnceLock::new(),
        }
    }

    /// Has `waker` woken at that time.
    pub(crate) fn set(&self, at: Instant, waker: &Waker) -> Deadline {
        let mut set = self.set.lock();
        let deadline = set.deadlines.insert(at, waker.clone());
        let is_first = set.next_look.is_none_or(|look| at < look);
        if is_first {
            set.next_look = Some(at);
        }
        drop(set);
        if is_first {
            self.wake();
        }
        deadline
    }

    /// Has another woken, if one who polls has come with another waker.
    pub(crate) fn renew(&self, deadline: Deadline, waker: &Waker) {
        let mut set = self.set.lock();
        let known = set.deadlines.get_mut(deadline).filter(|known| !known.will_wake(waker));
        let stale = known.map(|known| std::mem::replace(known, waker.clone()));
        drop(set);
        drop(stale);
    }

    /// Has nobody woken.
    pub(crate) fn clear(&self, deadline: Deadline) {
        let waker = self.set.lock().deadlines.remove(deadline);
        drop(waker);
    }

    /// Has its task look, though there may be nothing to see.
    pub(super) fn wake(&self) {
        if let Some(task) = self.task.get() {
            task.wake_by_ref();
        }
    }
}

/// Wakes those whose deadline has come, as long as the runtime lives.
pub(super) struct Ringing {
    scheduler: Arc<Scheduler>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Ringing {
    pub(super) fn new(scheduler: Arc<Scheduler>) -> Self {
        Self { scheduler, timer: None }
    }
}

impl Future for Ringing {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self { scheduler, timer } = &mut *self;
        let alarm = &scheduler.alarm;
        alarm.task.get_or_init(|| cx.waker().clone());
        loop {
            let mut set = alarm.set.lock();
            let due = set.deadlines.due(clock::now());
            let first = set.deadlines.first();
            set.next_look = first;
            drop(set);
            due.into_iter().for_each(Waker::wake);
            let Some(first) = first else { return Poll::Pending };
            let timer = timer.get_or_insert_with(|| Box::pin(sleep_until(first)));
            if timer.deadline() != first {
                timer.as_mut().reset(first);
            }
            if timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }
}
