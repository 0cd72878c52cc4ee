//! Who polls actors: a few tasks of the runtime, the workers, each of which runs one actor after the other.
//!
//! An actor that is woken goes into the queue of the worker on whose thread that happened, or else into the common one. A
//! worker without work takes the half of another's. So to wake an actor touches no task of the runtime while a worker is
//! awake, and what an actor costs beside its message is a place in a queue.
//!
//! What keeps work from being forgotten: whoever adds to a queue looks afterwards whether a worker sleeps, and a worker
//! that is about to sleep says so before it looks at all queues once more. One of the two sees the other.

mod alarm;
mod attention;
mod deadlines;
mod line;
mod lookout;
mod queue;
mod sleepers;
mod task;
mod worker;

use std::sync::{Arc, Weak};

use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use alarm::Alarm;
use attention::Attention;
use line::Line;
use lookout::Lookout;
use queue::Queue;
use sleepers::Sleepers;
use task::Entry;
use worker::Worker;

pub(crate) use alarm::Deadline;
pub(crate) use attention::{ATTENTION, Look};
pub(crate) use task::{Runnable, Sight, Task};
pub(crate) use worker::yield_now;

/// What a runtime polls actors with; all systems of the runtime share it, and it ends with the runtime.
pub(crate) struct Scheduler {
    #[cfg(not(shuttle))]
    runtime: tokio::runtime::Id,
    seats: Box<[Seat]>,
    /// What was woken or launched elsewhere than on a worker's thread.
    common: Line<Arc<dyn Entry>>,
    /// How often the common queue was served.
    served: AtomicU64,
    sleepers: Sleepers,
    lookout: Lookout,
    pub(crate) alarm: Alarm,
    ended: AtomicBool,
    attention: Attention,
    trees: Mutex<Vec<Weak<dyn Tree>>>,
}

/// In which way a queue takes one.
#[derive(Clone, Copy)]
enum How {
    /// It was woken, and is next.
    Woken,
    Behind,
}

/// What a worker shares with the others. In cache lines of its own, as its worker writes there all the time.
#[repr(align(128))]
struct Seat {
    queue: Line<Arc<dyn Entry>>,
    /// How often its worker has polled an actor: one who does not come on is held up.
    polls: AtomicU64,
}

/// Actors that are to be let go when there is nobody left to poll them.
pub(crate) trait Tree: Send + Sync {
    /// Ends the [task](Task) of each.
    fn cut_down(&self);
}

impl Scheduler {
    fn new(workers: usize, #[cfg(not(shuttle))] runtime: tokio::runtime::Id) -> Self {
        let strict = workers == 1;
        let seat = |_| Seat {
            queue: Line::new(Queue::new(strict)),
            polls: AtomicU64::new(0),
        };
        Self {
            #[cfg(not(shuttle))]
            runtime,
            seats: (0..workers).map(seat).collect(),
            common: Line::new(Queue::new(true)),
            served: AtomicU64::new(0),
            sleepers: Sleepers::new(workers),
            lookout: Lookout::default(),
            alarm: Alarm::new(),
            ended: AtomicBool::new(false),
            attention: Attention::new(),
            trees: Mutex::default(),
        }
    }

    /// Has the actors of `tree` let go at the end of the runtime.
    pub(crate) fn tend(&self, tree: Weak<dyn Tree>) {
        let mut trees = self.trees.lock();
        if trees.len() == trees.capacity() {
            trees.retain(|tree| tree.strong_count() > 0);
        }
        trees.push(tree);
        drop(trees);
        if self.ended.load(Ordering::Acquire) {
            self.end();
        }
    }

    /// Queues one, from the thread of the worker in that seat or from elsewhere.
    fn push(&self, entry: Arc<dyn Entry>, how: How, seat: Option<usize>) {
        let queue = match (seat, &*self.seats) {
            // Where there is one worker, all come in one order, wherever they come from.
            (_, [only]) => &only.queue,
            (Some(seat), seats) => &seats[seat].queue,
            (None, _) => &self.common,
        };
        let mut queue = queue.lock();
        // Under the lock: who ends the scheduler empties each queue after it has said so.
        if self.ended.load(Ordering::Acquire) {
            drop(queue);
            entry.end();
            return;
        }
        let for_others = match how {
            How::Woken => queue.push_woken(entry),
            How::Behind => queue.push_behind(entry),
        };
        drop(queue);
        if for_others && self.sleepers.wake_one() {
            self.after_waking(seat.is_some());
        }
    }

    /// Called when a worker was woken: there is something to look out for.
    ///
    /// `by_worker`, as the runtime keeps the task that was woken last for the same thread, and lets no other have it; so
    /// the worker is woken, and then another task, which takes its place there.
    fn after_waking(&self, by_worker: bool) {
        if by_worker && self.seats.len() > 1 {
            self.alarm.wake();
        }
        self.lookout.after_waking();
    }

    /// Says that somebody looks at the actors: from now on, and for a while, their polls are noted.
    pub(crate) fn look(&self) -> Look {
        self.attention.look()
    }

    /// Whether a worker without work would find some.
    fn has_work(&self) -> bool {
        let full = |queue: &Line<_>| queue.lock().has_work_for_others();
        full(&self.common) || self.seats.iter().any(|seat| full(&seat.queue))
    }

    /// Lets every actor go: nobody will poll it any more.
    fn end(&self) {
        self.ended.store(true, Ordering::Release);
        self.attention.ended();
        let queues = self.seats.iter().map(|seat| &seat.queue).chain([&self.common]);
        for queue in queues {
            let left = queue.lock().take_all();
            left.into_iter().for_each(|entry| entry.end());
        }
        self.lookout.wake();
        let trees = std::mem::take(&mut *self.trees.lock());
        trees.iter().filter_map(Weak::upgrade).for_each(|tree| tree.cut_down());
    }
}

#[cfg(not(shuttle))]
mod of_runtime {
    use std::sync::{Arc, Weak};

    use tokio::runtime::{Handle, RuntimeFlavor};

    use crate::sync::Mutex;
    use crate::sync::atomic::Ordering;

    use super::alarm::Ringing;
    use super::{Scheduler, Worker, lookout, worker};

    /// The schedulers of the runtimes of this process.
    static ALL: Mutex<Vec<Weak<Scheduler>>> = Mutex::new(Vec::new());

    impl Scheduler {
        /// Whether it polls the actors of the runtime that this runs in.
        pub(crate) fn runs_here(&self) -> bool {
            worker::on_this_thread(self, |_, _| ()).is_some()
                || Handle::try_current().is_ok_and(|here| here.id() == self.runtime)
        }

        /// The scheduler of the runtime that this runs in, made if there was none.
        ///
        /// # Panics
        /// Outside of a runtime.
        #[expect(clippy::disallowed_methods, reason = "this room owns the workers")]
        pub(crate) fn current() -> Arc<Self> {
            let runtime = Handle::current();
            let mut all = ALL.lock();
            all.retain(|known| known.strong_count() > 0);
            // The id of a runtime that has ended may be another's today.
            let is_of_this = |known: &Arc<Self>| known.runtime == runtime.id() && !known.ended.load(Ordering::Acquire);
            if let Some(found) = all.iter().filter_map(Weak::upgrade).find(is_of_this) {
                return found;
            }
            let workers = runtime.metrics().num_workers();
            let scheduler = Arc::new(Self::new(workers, runtime.id()));
            all.push(Arc::downgrade(&scheduler));
            drop(all);
            for seat in 0..workers {
                runtime.spawn(Worker::seated(scheduler.clone(), seat).work());
            }
            runtime.spawn(Ringing::new(scheduler.clone()));
            if runtime.runtime_flavor() != RuntimeFlavor::CurrentThread
                && let Err(error) = lookout::begin(&scheduler, runtime)
            {
                tracing::warn!(%error, "no thread to look after the workers: what waits behind a blocking handler waits for it");
            }
            scheduler
        }
    }
}

#[cfg(shuttle)]
impl Scheduler {
    /// The clock of a model stands still, and no deadline comes.
    pub(crate) fn runs_here(&self) -> bool {
        false
    }

    /// A scheduler of its own for each system, as a model checker has tasks and no runtime.
    pub(crate) fn current() -> Arc<Self> {
        const WORKERS: usize = 2;
        let scheduler = Arc::new(Self::new(WORKERS));
        for seat in 0..WORKERS {
            shuttle::future::spawn(Worker::seated(scheduler.clone(), seat).work());
        }
        shuttle::future::spawn(alarm::Ringing::new(scheduler.clone()));
        scheduler
    }
}
