//! One timer of the runtime for the deadlines of all questions: most are answered long before, and should cost next to
//! nothing.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Waker};

use tokio::time::{Instant, Sleep, sleep_until};

use crate::apart::{Share, Shares};
use crate::clock;
use crate::contain::contain;
use crate::sync::Mutex;

use super::Scheduler;
use super::deadlines::{Deadlines, Key};

/// Shared by many who ask on several threads at once.
pub(crate) struct Alarm {
    sets: Shares<Mutex<Set>>,
    /// Wakes the task that waits for the first deadline.
    task: OnceLock<Waker>,
}

#[derive(Default)]
struct Set {
    deadlines: Deadlines<Instant, Waker>,
    /// When that task looks next. It may be before the first deadline, where those before that were taken out.
    next_look: Option<Instant>,
}

/// A deadline that was set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    key: Key<Instant>,
    share: Share,
}

impl Deadline {
    pub(crate) fn at(&self) -> Instant {
        self.key.at()
    }
}

impl Alarm {
    pub(super) fn new() -> Self {
        Self {
            sets: Shares::default(),
            task: OnceLock::new(),
        }
    }

    /// Has `waker` woken at that time.
    pub(crate) fn set(&self, at: Instant, waker: &Waker) -> Deadline {
        let share = Share::own();
        let mut set = self.sets.of(share).lock();
        let key = set.deadlines.insert(at, waker.clone());
        let is_first = set.next_look.is_none_or(|look| at < look);
        if is_first {
            set.next_look = Some(at);
        }
        drop(set);
        if is_first {
            self.wake();
        }
        Deadline { key, share }
    }

    /// Has another woken, if one who polls has come with another waker.
    pub(crate) fn renew(&self, deadline: Deadline, waker: &Waker) {
        let mut set = self.sets.of(deadline.share).lock();
        let known = set
            .deadlines
            .get_mut(deadline.key)
            .filter(|known| !known.will_wake(waker));
        let stale = known.map(|known| std::mem::replace(known, waker.clone()));
        drop(set);
        drop(stale);
    }

    /// Has nobody woken.
    pub(crate) fn clear(&self, deadline: Deadline) {
        let waker = self.sets.of(deadline.share).lock().deadlines.remove(deadline.key);
        drop(waker);
    }

    /// Wakes those whose deadline has come, and returns the next one that is to come.
    pub(super) fn ring(&self) -> Option<Instant> {
        self.sets.all().filter_map(ring_of).min()
    }

    /// Has its task look, though there may be nothing to see.
    pub(super) fn wake(&self) {
        if let Some(task) = self.task.get() {
            task.wake_by_ref();
        }
    }
}

/// The same for those who have set theirs on one of the threads.
fn ring_of(set: &Mutex<Set>) -> Option<Instant> {
    let mut set = set.lock();
    let due = set.deadlines.due(clock::now());
    let next = set.deadlines.first();
    set.next_look = next;
    drop(set);
    for waker in due {
        // It may be anybody's, and the others are to be woken all the same.
        if let Err(panic) = contain(|| waker.wake()) {
            tracing::error!(panic, "the waker of one who asks panicked");
        }
    }
    next
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
            let Some(next) = alarm.ring() else { return Poll::Pending };
            let timer = timer.get_or_insert_with(|| Box::pin(sleep_until(next)));
            if timer.deadline() != next {
                timer.as_mut().reset(next);
            }
            if timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }
}
