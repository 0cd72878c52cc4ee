//! One task of the runtime that polls actors, and gives the thread back before anybody misses it.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use std::{mem, ptr};

use crate::clock;
use crate::sync::atomic::Ordering;
use crate::sync::thread_local;

use super::Scheduler;
use super::attention::Heed;
use super::task::Entry;

/// The runtime has the thread back after so many polls, to look at its sockets and to run other tasks: also where its clock stands
/// still. It wakes another thread each time, which costs as much as some thirty questions, so that time is to end most slices.
const POLLS_PER_SLICE: u32 = 512;

/// Each message of an actor that has more of them than it handles in one poll counts as so many polls: whoever waits for room there may
/// be a task. So the runtime has the thread back after 256 messages of those that are busy.
const POLLS_PER_MESSAGE: u32 = 2;

/// And after so long, if actors take their time.
const SLICE: Duration = Duration::from_micros(100);

/// The clock is looked at after so many polls, and sooner at the beginning of a slice: a look costs as much as a small
/// message.
const POLLS_PER_LOOK: u32 = 8;

/// So many are taken out of the common queue in one go, at most.
const COMMON_MAX: usize = 64;

thread_local! {
    /// Whose workers run on this thread. Kept with its scheduler, and from slice to slice, so that nobody has to count
    /// references to what all threads share.
    static HERE: RefCell<Option<Here>> = const { RefCell::new(None) };
}

struct Here {
    scheduler: Arc<Scheduler>,
    /// The seat of the worker that runs at this moment, if one does that has a queue of its own.
    seat: Option<usize>,
}

/// What was there before a slice.
enum Outside {
    /// The same scheduler: it keeps the thread's place.
    Same(Option<usize>),
    /// A handler can run a second runtime inside.
    Other(Option<Here>),
}

/// Calls `f` if this thread is known to be one on which workers of `scheduler` run, with the seat of the one whose actor
/// runs at this moment.
pub(super) fn on_this_thread<R>(
    scheduler: *const Scheduler,
    f: impl FnOnce(&Scheduler, Option<usize>) -> R,
) -> Option<R> {
    // A thread that is being torn down has no worker.
    HERE.try_with(|here| match &*here.borrow() {
        Some(here) if ptr::eq(Arc::as_ptr(&here.scheduler), scheduler) => Some(f(&here.scheduler, here.seat)),
        _ => None,
    })
    .ok()
    .flatten()
}

pub(super) struct Worker {
    scheduler: Arc<Scheduler>,
    /// `None`: it helps out, and has no queue of its own.
    seat: Option<usize>,
    is_searching: bool,
    is_done: bool,
    /// What it has taken elsewhere, on its way into its own queue.
    taken: VecDeque<Arc<dyn Entry>>,
}

enum Slice {
    Spent,
    Idle,
    Ended,
}

impl Worker {
    pub(super) fn seated(scheduler: Arc<Scheduler>, seat: usize) -> Self {
        Self::new(scheduler, Some(seat))
    }

    /// One that serves the common queue until it is empty.
    #[cfg(not(shuttle))]
    pub(super) fn helping_out(scheduler: Arc<Scheduler>) -> Self {
        Self::new(scheduler, None)
    }

    fn new(scheduler: Arc<Scheduler>, seat: Option<usize>) -> Self {
        Self {
            scheduler,
            seat,
            is_searching: false,
            is_done: false,
            taken: VecDeque::new(),
        }
    }

    /// Works until the runtime ends.
    pub(super) async fn work(mut self) {
        if self.seat.is_none() {
            self.scheduler.lookout.help_has_come();
        }
        loop {
            match (self.slice(), self.seat) {
                (Slice::Spent, _) => runtime_goes_first().await,
                (Slice::Idle, Some(seat)) => self.sleep(seat).await,
                (Slice::Idle, None) | (Slice::Ended, _) => break,
            }
        }
        self.is_done = true;
    }

    /// Polls actors, until there is none, or others want the thread.
    fn slice(&mut self) -> Slice {
        let outside = HERE.with(|here| self.enter(&mut here.borrow_mut()));
        let slice = self.poll_actors();
        let stale = HERE.with(|here| leave(&mut here.borrow_mut(), outside));
        drop(stale);
        slice
    }

    fn enter(&self, here: &mut Option<Here>) -> Outside {
        if let Some(here) = here
            && Arc::ptr_eq(&here.scheduler, &self.scheduler)
        {
            return Outside::Same(mem::replace(&mut here.seat, self.seat));
        }
        Outside::Other(here.replace(Here {
            scheduler: self.scheduler.clone(),
            seat: self.seat,
        }))
    }

    fn comes_on(&self) {
        if let Some(seat) = self.seat {
            self.scheduler.seats[seat].comes_on();
        }
    }

    fn poll_actors(&mut self) -> Slice {
        // It has stood still while it slept, and is not to be taken for held up when it is woken together with the one who looks.
        self.comes_on();
        let (mut polls, mut spent) = (0_u32, 0);
        let mut began = None;
        while spent < POLLS_PER_SLICE {
            let heed = self.scheduler.attention.heed();
            if matches!(heed, Heed::Ended) {
                return Slice::Ended;
            }
            let Some(entry) = self.find(polls == 0) else {
                return Slice::Idle;
            };
            self.end_search();
            let busy_with = match heed {
                Heed::Nobody => entry.run(),
                _ => self.scheduler.attention.run(entry),
            };
            spent += busy_with.map_or(1, |messages| u32::from(messages.max(1)) * POLLS_PER_MESSAGE);
            polls += 1;
            self.comes_on();
            if polls.is_multiple_of(POLLS_PER_LOOK) || polls == 2 || polls == 4 {
                let now = clock::now();
                if now - *began.get_or_insert(now) > SLICE {
                    break;
                }
            }
            // What an actor awaits of the runtime is paid for out of one purse by all that run in this slice.
            if !has_budget() {
                break;
            }
        }
        Slice::Spent
    }

    /// The next actor to poll. The first of a slice comes out of the common queue: between two slices the runtime has
    /// looked at its sockets and timers, and whom they have woken is there, and must not wait for the own queue to end.
    fn find(&mut self, is_first: bool) -> Option<Arc<dyn Entry>> {
        let Some(seat) = self.seat else {
            return self.take_common(1);
        };
        let common = if is_first { self.take_common(COMMON_MAX) } else { None };
        common
            .or_else(|| self.scheduler.seats[seat].pop())
            .or_else(|| self.take_common(COMMON_MAX))
            .or_else(|| self.steal(seat))
    }

    fn take_common(&mut self, max: usize) -> Option<Arc<dyn Entry>> {
        if !self.scheduler.common.has_work() {
            return None;
        }
        let takers = self.scheduler.seats.len();
        let first = self.scheduler.common.lock().take_share(takers, max, &mut self.taken)?;
        self.queue_the_rest();
        // One that two count at once has been served all the same.
        let served = &self.scheduler.served;
        served.store(served.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        Some(first)
    }

    /// Takes half of what the next one has that has any.
    fn steal(&mut self, seat: usize) -> Option<Arc<dyn Entry>> {
        let seats = self.scheduler.seats.len();
        (1..seats).find_map(|distance| {
            let other = &self.scheduler.seats[(seat + distance) % seats];
            if !other.queue.has_work() {
                return None;
            }
            let first = other.queue.lock().take_half(&mut self.taken)?;
            self.queue_the_rest();
            Some(first)
        })
    }

    /// Queues what was taken elsewhere and is not run at once.
    fn queue_the_rest(&mut self) {
        if let Some(seat) = self.seat
            && !self.taken.is_empty()
        {
            self.scheduler.seats[seat].append(&mut self.taken);
        }
    }

    /// Having been woken, it has found something: another may be woken now, if there is more.
    fn end_search(&mut self) {
        if mem::take(&mut self.is_searching) {
            self.scheduler.sleepers.end_search();
            if self.scheduler.sleepers.anybody() && self.scheduler.has_work() && self.scheduler.sleepers.wake_one() {
                self.scheduler.after_waking(true);
            }
        }
    }

    async fn sleep(&mut self, seat: usize) {
        if mem::take(&mut self.is_searching) {
            self.scheduler.sleepers.end_search();
        }
        let (mut lies_down, mut looks_again) = (true, false);
        let scheduler = &self.scheduler;
        self.is_searching = poll_fn(|cx| {
            if looks_again {
                return Poll::Ready(false);
            }
            if !mem::take(&mut lies_down) {
                return if scheduler.sleepers.still_holds(seat) {
                    Poll::Pending
                } else {
                    Poll::Ready(true)
                };
            }
            if !scheduler.sleepers.add(seat, cx.waker()) {
                // Such a runtime, of which none is known to us, has no worker that sleeps.
                looks_again = true;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            // What was queued before that was added by one who saw nobody asleep.
            if scheduler.has_work() || scheduler.ended.load(Ordering::Acquire) {
                Poll::Ready(!scheduler.sleepers.remove(seat))
            } else {
                Poll::Pending
            }
        })
        .await;
    }
}

/// Ends a slice. Where none was interrupted, this scheduler keeps its place; what loses it, and may have ended long ago, is returned.
fn leave(here: &mut Option<Here>, outside: Outside) -> Option<Here> {
    let (seat, stale) = match outside {
        Outside::Other(Some(outside)) if outside.seat.is_some() => return here.replace(outside),
        Outside::Other(stale) => (None, stale),
        Outside::Same(seat) => (seat, None),
    };
    if let Some(here) = here {
        here.seat = seat;
    }
    stale
}

// A model checker drops its tasks too, at whatever step they are, and that is the end of no runtime.
#[cfg(not(shuttle))]
impl Drop for Worker {
    /// The runtime drops its tasks when it ends.
    fn drop(&mut self) {
        if !self.is_done {
            self.scheduler.end();
        }
        // A thread may outlive the runtime.
        let here = HERE.try_with(|here| {
            here.try_borrow_mut()
                .ok()?
                .take_if(|here| Arc::ptr_eq(&here.scheduler, &self.scheduler))
        });
        drop(here);
    }
}

/// Gives the worker to others, once: to all that are queued.
pub(crate) async fn yield_now() {
    let mut has_yielded = false;
    poll_fn(|cx| {
        if mem::replace(&mut has_yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[cfg(not(shuttle))]
use tokio::task::coop::has_budget_remaining as has_budget;
#[cfg(not(shuttle))]
use tokio::task::yield_now as runtime_goes_first;

#[cfg(shuttle)]
use shuttle::future::yield_now as runtime_goes_first;
#[cfg(shuttle)]
fn has_budget() -> bool {
    true
}
