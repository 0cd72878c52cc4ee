//! An actor as the scheduler sees it: a future, and whether it waits, is queued, or is being polled.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use crate::contain::{contain, discard};
use crate::sync::TryLock;
use crate::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use super::attention::{Look, Noted};
use super::{How, Scheduler, worker};

/// It is in a queue, or a worker polls it, or it is not launched yet.
const SCHEDULED: u8 = 1;

/// It was woken while it was: it goes into a queue after its poll.
const WOKEN: u8 = 2;

/// It is polled no more.
const OVER: u8 = 4;

/// What stands in the queues.
pub(crate) trait Runnable: Wake + Send + Sync + 'static {
    fn task(&self) -> &Task;
}

/// A [`Runnable`] of any type.
pub(super) trait Entry: Send + Sync {
    /// Polls it once. If it is to be polled again at once, as it has more to do, this returns how many messages it has handled.
    fn run(self: Arc<Self>) -> Option<u8>;
    /// Lets it go, unpolled.
    fn end(&self);
    fn noted(&self) -> &Noted;
}

/// The part of a [`Runnable`] that is the scheduler's. It lies in the allocation of what it runs, which is its own waker.
///
/// In this order, so that what each poll needs lies beside the count of references, which each wake-up changes.
#[repr(C)]
#[derive(Default)]
pub(crate) struct Task {
    phase: AtomicU8,
    /// For those who look from outside.
    is_polled: AtomicBool,
    /// The messages and signals that it has handled in this poll. Of no concern to anybody but the worker that polls it, so that no model
    /// has to look at it.
    counted: std::sync::atomic::AtomicU8,
    /// Locked by the worker that polls it and by nobody else, until it is over.
    body: TryLock<Option<Body>>,
    /// `None`: it is never launched.
    scheduler: Option<Arc<Scheduler>>,
    noted: Noted,
}

/// What one sees of a task from outside.
#[derive(Default)]
pub(crate) struct Sight {
    /// A worker polls it at this moment.
    pub(crate) is_polled: bool,
    /// It waits for a worker.
    pub(crate) is_queued: bool,
    /// For how long, at least, no poll has begun.
    pub(crate) lasts: Duration,
    /// Which part of the last seconds it was polled for.
    pub(crate) busy: f32,
}

struct Body {
    future: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// Kept, as a poll needs one, and to make it anew would count its references up and down.
    waker: Waker,
}

impl Task {
    /// One to be launched, by `scheduler`.
    pub(crate) fn of(scheduler: Arc<Scheduler>) -> Self {
        Self {
            phase: AtomicU8::new(SCHEDULED),
            scheduler: Some(scheduler),
            ..Self::default()
        }
    }

    /// One more to be launched, by the same scheduler.
    pub(crate) fn another(&self) -> Self {
        self.scheduler.clone().map_or_else(Self::default, Self::of)
    }

    /// Has `runnable` run `future` from now on.
    pub(crate) fn launch<R: Runnable>(runnable: Arc<R>, future: impl Future<Output = ()> + Send + 'static) {
        let task = runnable.task();
        let body = Body {
            future: Box::pin(future),
            waker: Waker::from(runnable.clone()),
        };
        // Who has the lock is ending it.
        let Some(mut place) = task.body.try_lock() else {
            return discard(body);
        };
        let before = place.replace(body);
        drop(place);
        debug_assert!(before.is_none(), "it runs one future");
        Self::push(runnable, How::Behind);
    }

    /// Has `runnable` polled: what its waker does.
    pub(crate) fn wake<R: Runnable>(runnable: Arc<R>) {
        if runnable.task().is_to_be_queued() {
            Self::push(runnable, How::Woken);
        }
    }

    /// The same where the waker is kept.
    pub(crate) fn wake_by_ref<R: Runnable>(runnable: &Arc<R>) {
        if runnable.task().is_to_be_queued() {
            Self::push(runnable.clone(), How::Woken);
        }
    }

    fn is_to_be_queued(&self) -> bool {
        let phase = &self.phase;
        if phase.load(Ordering::Relaxed) == 0
            && phase
                .compare_exchange(0, SCHEDULED, Ordering::AcqRel, Ordering::Relaxed)
                .is_ok()
        {
            return true;
        }
        // Written also where it is woken already, so that the poll to come sees what was done before this.
        self.phase.fetch_or(SCHEDULED | WOKEN, Ordering::AcqRel) == 0
    }

    fn push<R: Runnable>(runnable: Arc<R>, how: How) {
        let Some(scheduler) = &runnable.task().scheduler else {
            return;
        };
        let scheduler = Arc::as_ptr(scheduler);
        let mut runnable = Some(runnable);
        worker::on_this_thread(scheduler, |scheduler, seat| {
            if let Some(runnable) = runnable.take() {
                scheduler.push(runnable, how, seat);
            }
        });
        if let Some(runnable) = runnable {
            let kept = runnable.clone();
            if let Some(scheduler) = &kept.task().scheduler {
                scheduler.push(runnable, how, None);
            }
        }
    }

    /// Forgets that it was woken during this poll: called by one who looks, after this and before it waits, at
    /// everything that it could have been woken for.
    #[inline]
    pub(crate) fn looks_for_itself(&self) {
        if self.phase.load(Ordering::Relaxed) & WOKEN != 0 {
            self.phase.fetch_and(!WOKEN, Ordering::AcqRel);
        }
    }

    /// Counts one more message or signal of this poll.
    #[inline]
    pub(crate) fn count(&self) {
        self.counted.store(self.counted().saturating_add(1), Ordering::Relaxed);
    }

    /// How many it has counted in this poll.
    #[inline]
    pub(crate) fn counted(&self) -> u8 {
        self.counted.load(Ordering::Relaxed)
    }

    /// Whether others are queued with the worker that polls it.
    pub(crate) fn others_wait(&self) -> bool {
        let Some(scheduler) = &self.scheduler else {
            return false;
        };
        let look =
            |scheduler: &Scheduler, seat: Option<usize>| seat.is_some_and(|seat| !scheduler.seats[seat].is_empty());
        worker::on_this_thread(Arc::as_ptr(scheduler), look).unwrap_or(false)
    }

    /// The scheduler that polls it, unless it is never launched.
    pub(crate) fn scheduler(&self) -> Option<&Scheduler> {
        self.scheduler.as_deref()
    }

    /// What one sees of it who has said that he looks.
    pub(crate) fn sight(&self, look: Look) -> Sight {
        let phase = self.phase.load(Ordering::Acquire);
        let is_polled = self.is_polled.load(Ordering::Relaxed);
        Sight {
            is_polled,
            is_queued: phase & WOKEN != 0 || (phase & SCHEDULED != 0 && !is_polled),
            lasts: self.noted.lasts(look),
            busy: self.noted.busy(look, is_polled),
        }
    }

    /// Drops the future, or has the worker drop it that polls it at this moment.
    pub(crate) fn end(&self) {
        self.phase.fetch_or(OVER, Ordering::AcqRel);
        let body = self.body.try_lock().and_then(|mut body| body.take());
        // When the lock is free again, as it is a user's value.
        discard(body);
    }
}

impl<R: Runnable> Entry for R {
    fn run(self: Arc<Self>) -> Option<u8> {
        let task = self.task();
        let mut goes_on = false;
        // Who has the lock is ending it.
        let mut slot = task.body.try_lock()?;
        task.is_polled.store(true, Ordering::Relaxed);
        task.counted.store(0, Ordering::Relaxed);
        let before = task.phase.load(Ordering::Acquire);
        task.looks_for_itself();
        if before & OVER == 0
            && let Some(body) = &mut *slot
        {
            let polled = contain(|| body.future.as_mut().poll(&mut Context::from_waker(&body.waker)));
            goes_on = match polled {
                Ok(polled) => polled.is_pending(),
                Err(panic) => {
                    tracing::error!(panic, "an actor's waker panicked");
                    false
                }
            };
        }
        task.is_polled.store(false, Ordering::Relaxed);
        let body = if goes_on { None } else { slot.take() };
        drop(slot);
        if !goes_on {
            task.phase.fetch_or(OVER, Ordering::AcqRel);
            discard(body);
            return None;
        }
        let counted = task.counted();
        let rests = task
            .phase
            .compare_exchange(SCHEDULED, 0, Ordering::AcqRel, Ordering::Acquire);
        match rests {
            Ok(_) => None,
            Err(meanwhile) if meanwhile & OVER != 0 => {
                Task::end(task);
                None
            }
            Err(_) => {
                Task::push(self, How::Behind);
                Some(counted)
            }
        }
    }

    fn end(&self) {
        self.task().end();
    }

    fn noted(&self) -> &Noted {
        &self.task().noted
    }
}
