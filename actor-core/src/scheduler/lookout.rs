//! Sees to it that nothing waits behind a worker that is held up: by a handler that blocks its thread, or by the runtime,
//! which has no thread for it.
//!
//! It looks from a thread of its own. A task of the runtime would not do: the runtime may leave its timers to the very
//! thread that is blocked.

use std::sync::OnceLock;
use std::thread::Thread;
#[cfg(not(shuttle))]
use std::{io, sync::Arc, thread, time::Duration};

use crate::sync::atomic::{AtomicBool, Ordering};

#[cfg(not(shuttle))]
use super::{Scheduler, Worker};

/// How long a worker may take for one poll before others take over what waits for it. Twice that, at most: it is seen at
/// the second look.
#[cfg(not(shuttle))]
const LOOK_EVERY: Duration = Duration::from_millis(5);

#[derive(Default)]
pub(super) struct Lookout {
    is_awake: AtomicBool,
    /// One who helps out was asked for, and has no thread yet: where all are blocked, to ask again would only add to what
    /// waits for one.
    help_is_awaited: AtomicBool,
    /// There is none where the runtime has one thread only: nothing that holds up its worker leaves another one free.
    thread: OnceLock<Thread>,
}

impl Lookout {
    /// Called when a worker was woken: there is something to look out for.
    pub(super) fn after_waking(&self) {
        if !self.is_awake.load(Ordering::SeqCst) {
            self.wake();
        }
    }

    /// Called when one who helps out begins.
    pub(super) fn help_has_come(&self) {
        self.help_is_awaited.store(false, Ordering::Release);
    }

    /// Has it look, also whether there is anything left to look at.
    pub(super) fn wake(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }
}

/// Begins to look, as long as any worker is awake, until the scheduler ends.
#[cfg(not(shuttle))]
pub(super) fn begin(scheduler: &Arc<Scheduler>, runtime: tokio::runtime::Handle) -> io::Result<()> {
    let looked_at = scheduler.clone();
    let looking = thread::Builder::new()
        .name("actor-lookout".to_owned())
        .spawn(move || look(&looked_at, &runtime))?;
    let _ = scheduler.lookout.thread.set(looking.thread().clone());
    // The runtime may have ended meanwhile, and had nobody to tell.
    scheduler.lookout.wake();
    Ok(())
}

#[cfg(not(shuttle))]
fn look(scheduler: &Arc<Scheduler>, runtime: &tokio::runtime::Handle) {
    let mut steps = vec![0; scheduler.seats.len()];
    let mut served = 0;
    let mut was_held_up = false;
    while !scheduler.ended.load(Ordering::Acquire) {
        let is_awake = scheduler.sleepers.count() < scheduler.seats.len();
        // Who wakes a worker after this sees it; who has done so before is seen at the next look.
        if scheduler.lookout.is_awake.swap(is_awake, Ordering::SeqCst) || is_awake {
            thread::park_timeout(LOOK_EVERY);
        } else {
            thread::park();
        }
        let mut stand_still = 0;
        for (seat, seen) in scheduler.seats.iter().zip(&mut steps) {
            let before = std::mem::replace(seen, seat.steps());
            if before == *seen {
                stand_still += 1;
                scheduler.relieve(seat);
            }
        }
        // Those who sleep stand still, too.
        let is_held_up = stand_still > scheduler.sleepers.count();
        if is_held_up && !was_held_up {
            // The thread that is blocked may be the one that had looked after the sockets and timers of the runtime, and that has
            // told no other. Whoever is given this to do looks after them when it is done.
            #[expect(clippy::disallowed_methods, reason = "this room owns the workers")]
            runtime.spawn(async {});
        }
        if is_held_up {
            // Nor may the task that rings be left to that thread: the runtime gives the one that was woken last to no other.
            scheduler.alarm.ring();
        }
        was_held_up = is_held_up;
        let waits = !scheduler.common.lock().is_empty();
        let before = std::mem::replace(&mut served, scheduler.served.load(Ordering::Relaxed));
        if waits
            && before == served
            && !scheduler.sleepers.wake_one_more()
            && !scheduler.lookout.help_is_awaited.swap(true, Ordering::AcqRel)
        {
            #[expect(clippy::disallowed_methods, reason = "this room owns the workers")]
            runtime.spawn(Worker::helping_out(scheduler.clone()).work());
        }
    }
}
