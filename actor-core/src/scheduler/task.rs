//! An actor as the scheduler sees it: a future, and whether it waits, is queued, or is being polled.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use crate::contain::{contain, discard};
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicU8, Ordering};

use super::attention::{Look, Noted};
use super::queue::Queue;
use super::{How, Scheduler, worker};

/// It is in a queue; or it is being polled, and goes into one after that.
const SCHEDULED: u8 = 1;

/// A worker polls it.
const RUNNING: u8 = 2;

/// It is polled no more.
const OVER: u8 = 4;

/// What stands in the queues.
pub(crate) trait Runnable: Wake + Send + Sync + 'static {
    fn task(&self) -> &Task;
}

/// A [`Runnable`] of any type.
pub(super) trait Entry: Send + Sync {
    /// Polls it once. Returns whether it is to be polled again at once: it has much to do.
    fn run(self: Arc<Self>) -> bool;
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
    /// Locked by the worker that polls it and by nobody else, until it is over.
    body: Mutex<Option<Body>>,
    scheduler: OnceLock<Arc<Scheduler>>,
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
    /// Has `runnable` run `future` from now on.
    pub(crate) fn launch<R: Runnable>(
        runnable: &Arc<R>,
        scheduler: &Arc<Scheduler>,
        future: impl Future<Output = ()> + Send + 'static,
    ) {
        let task = runnable.task();
        let body = Body {
            future: Box::pin(future),
            waker: Waker::from(runnable.clone()),
        };
        let before = task.body.lock().replace(body);
        debug_assert!(before.is_none(), "it runs one future");
        let _ = task.scheduler.set(scheduler.clone());
        task.phase.fetch_or(SCHEDULED, Ordering::AcqRel);
        Self::push(runnable.clone(), Queue::push_behind);
    }

    /// Has `runnable` polled: what its waker does.
    pub(crate) fn wake<R: Runnable>(runnable: Arc<R>) {
        if runnable.task().is_to_be_queued() {
            Self::push(runnable, Queue::push_woken);
        }
    }

    /// The same where the waker is kept.
    pub(crate) fn wake_by_ref<R: Runnable>(runnable: &Arc<R>) {
        if runnable.task().is_to_be_queued() {
            Self::push(runnable.clone(), Queue::push_woken);
        }
    }

    fn is_to_be_queued(&self) -> bool {
        // Written also where it is scheduled already, so that the poll to come sees what was done before this.
        self.phase.fetch_or(SCHEDULED, Ordering::AcqRel) == 0
    }

    fn push<R: Runnable>(runnable: Arc<R>, how: How) {
        let Some(scheduler) = runnable.task().scheduler.get() else {
            return;
        };
        let scheduler = Arc::as_ptr(scheduler);
        let mut runnable = Some(runnable);
        worker::on_this_thread(scheduler, |scheduler, seat| {
            if let Some(runnable) = runnable.take() {
                scheduler.push(runnable, how, Some(seat));
            }
        });
        if let Some(runnable) = runnable {
            let kept = runnable.clone();
            if let Some(scheduler) = kept.task().scheduler.get() {
                scheduler.push(runnable, how, None);
            }
        }
    }

    /// Forgets that it was woken during this poll: called by one who looks, after this and before it waits, at
    /// everything that it could have been woken for.
    #[inline]
    pub(crate) fn looks_for_itself(&self) {
        if self.phase.load(Ordering::Relaxed) & SCHEDULED != 0 {
            self.phase.fetch_and(!SCHEDULED, Ordering::AcqRel);
        }
    }

    /// The scheduler that polls it, if it was launched.
    pub(crate) fn scheduler(&self) -> Option<&Scheduler> {
        self.scheduler.get().map(|scheduler| &**scheduler)
    }

    /// What one sees of it who has said that he looks.
    pub(crate) fn sight(&self, look: Look) -> Sight {
        let phase = self.phase.load(Ordering::Acquire);
        let is_polled = phase & RUNNING != 0;
        Sight {
            is_polled,
            is_queued: phase & SCHEDULED != 0,
            lasts: self.noted.lasts(look),
            busy: self.noted.busy(look, is_polled),
        }
    }

    /// Drops the future, or has the worker drop it that polls it at this moment.
    pub(crate) fn end(&self) {
        if self.phase.fetch_or(OVER, Ordering::AcqRel) & RUNNING == 0 {
            let body = self.body.lock().take();
            discard(body);
        }
    }
}

impl<R: Runnable> Entry for R {
    fn run(self: Arc<Self>) -> bool {
        let task = self.task();
        let before = task.phase.fetch_xor(SCHEDULED | RUNNING, Ordering::AcqRel);
        let mut goes_on = before & OVER == 0;
        if goes_on {
            let mut body = task.body.lock();
            goes_on = body.as_mut().is_some_and(|body| {
                let polled = contain(|| body.future.as_mut().poll(&mut Context::from_waker(&body.waker)));
                match polled {
                    Ok(polled) => polled.is_pending(),
                    Err(panic) => {
                        tracing::error!(panic, "an actor's waker panicked");
                        false
                    }
                }
            });
        }
        if !goes_on {
            task.phase.fetch_or(OVER, Ordering::AcqRel);
        }
        let meanwhile = task.phase.fetch_and(!RUNNING, Ordering::AcqRel);
        if meanwhile & OVER != 0 {
            let body = task.body.lock().take();
            discard(body);
            return false;
        }
        let again = meanwhile & SCHEDULED != 0;
        if again {
            Task::push(self, Queue::push_behind);
        }
        again
    }

    fn end(&self) {
        self.task().end();
    }

    fn noted(&self) -> &Noted {
        &self.task().noted
    }
}
