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
mod next;
mod queue;
mod seat;
mod sleepers;
mod task;
mod worker;

use std::sync::{Arc, Weak};

use crate::apart::Apart;
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use alarm::Alarm;
use attention::Attention;
use line::Line;
use lookout::Lookout;
use seat::Seat;
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
    /// One for each worker.
    seats: Box<[Apart<Seat<Queued>>]>,
    /// What was woken or launched elsewhere than on a worker's thread.
    common: Apart<Line<Queued>>,
    /// How often the common queue was served.
    served: Apart<AtomicU64>,
    sleepers: Apart<Sleepers>,
    lookout: Lookout,
    pub(crate) alarm: Alarm,
    ended: AtomicBool,
    attention: Attention,
    trees: Mutex<Vec<Weak<dyn Tree>>>,
}

/// What stands in the queues.
type Queued = Arc<dyn Entry>;

/// In which way a queue takes one.
#[derive(Clone, Copy)]
enum How {
    /// It was woken, and is next.
    Woken,
    Behind,
}

/// Actors that are to be let go when there is nobody left to poll them.
pub(crate) trait Tree: Send + Sync {
    /// Ends the [task](Task) of each.
    fn cut_down(&self);
}

impl Scheduler {
    fn new(workers: usize, #[cfg(not(shuttle))] runtime: tokio::runtime::Id) -> Self {
        Self {
            #[cfg(not(shuttle))]
            runtime,
            seats: (0..workers).map(|_| Apart(Seat::new(workers > 1))).collect(),
            common: Apart(Line::new(true)),
            served: Apart(AtomicU64::new(0)),
            sleepers: Apart(Sleepers::new(workers)),
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
        // Under a lock: who ends the scheduler empties each place after it has said so.
        let is_closed = || self.ended.load(Ordering::Acquire);
        let pushed = match (seat, &*self.seats) {
            (_, [only]) => only.push(entry, how, is_closed),
            (Some(seat), seats) => seats[seat].push(entry, how, is_closed),
            (None, _) => self.common.push(entry, is_closed).map(|()| true),
        };
        match pushed {
            Err(entry) => entry.end(),
            Ok(for_others) => {
                if for_others && self.sleepers.wake_one() {
                    self.after_waking(seat.is_some());
                }
            }
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

    /// Puts what waits for one worker where all find it. That one may have gone to sleep meanwhile, as it found nothing of it.
    fn relieve(&self, seat: &Seat<Queued>) {
        let mut left = seat.take_all();
        if !left.is_empty() {
            self.common.lock().append(&mut left);
            self.sleepers.wake_one();
        }
    }

    /// Says that somebody looks at the actors: from now on, and for a while, their polls are noted.
    pub(crate) fn look(&self) -> Look {
        self.attention.look()
    }

    /// Whether a worker without work would find some.
    fn has_work(&self) -> bool {
        match &*self.seats {
            [only] => !only.is_empty(),
            seats => self.common.has_work() || seats.iter().any(|seat| seat.queue.has_work()),
        }
    }

    /// Lets every actor go: nobody will poll it any more.
    fn end(&self) {
        self.ended.store(true, Ordering::Release);
        self.attention.ended();
        let left = self.seats.iter().flat_map(|seat| seat.take_all());
        left.for_each(|entry| entry.end());
        let left = self.common.lock().take_all();
        left.into_iter().for_each(|entry| entry.end());
        self.lookout.wake();
        let trees = std::mem::take(&mut *self.trees.lock());
        trees.iter().filter_map(Weak::upgrade).for_each(|tree| tree.cut_down());
    }
}

#[cfg(not(shuttle))]
mod of_runtime {
    use std::sync::{Arc, Weak};

    use tokio::runtime::{Handle, RuntimeFlavor};
    use tokio::time::sleep_until;

    use crate::clock;

    use crate::sync::Mutex;
    use crate::sync::atomic::Ordering;

    use super::alarm::Ringing;
    use super::{Scheduler, Worker, lookout, worker};

    /// The schedulers of the runtimes of this process.
    static ALL: Mutex<Vec<Weak<Scheduler>>> = Mutex::new(Vec::new());

    impl Scheduler {
        /// Whether its alarm is the one to be used here: that of the runtime that this runs in, or of any where there is none.
        ///
        /// A thread of a runtime with several runs nothing else; one that lends itself to a runtime may lend itself to others later.
        pub(crate) fn rings_here(&self) -> bool {
            worker::on_this_thread(self, |this, seat| seat.is_some() || this.seats.len() > 1).unwrap_or(false)
                || Handle::try_current().map_or(true, |here| here.id() == self.runtime)
        }

        /// The scheduler of the runtime that this runs in, made if there was none.
        ///
        /// # Panics
        /// Outside of a runtime, or where that has no timer.
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
            // Where there is no timer, this says so to whom it concerns. Otherwise the alarm would, to nobody, at the first question.
            drop(sleep_until(clock::now()));
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
    /// What the one does who looks after the workers, had all of them been held up.
    pub(crate) fn relieve_all(&self) {
        self.seats.iter().for_each(|seat| self.relieve(seat));
    }

    /// The clock of a model stands still, and no deadline comes.
    pub(crate) fn rings_here(&self) -> bool {
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
