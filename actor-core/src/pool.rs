//! Many actors under one name, of which one does the work.

mod choice;
mod crew;

use std::any::Any;
use std::hash::Hash;
use std::sync::Arc;

use futures_util::future::join_all;

use crate::actor::Actor;
use crate::cell::{Cell, Subtree};
use crate::child::{ChildSpec, Front};
use crate::context::Context;
use crate::error::{ActorResult, SpawnError};
use crate::handle::Route;
use crate::signal::Signal;
use crate::slot::Slot;
use crate::spawn::{spawn_in, wait_for_start};
use crate::sync::Mutex;

use choice::number;
use crew::Choice;

pub(crate) use crew::Crew;

/// Workers of one kind under one name, and one handle: each message goes to one of them.
///
/// A pool is spawned like any actor, on a system, as a child, or in a supervisor; who has its [`Handle`](crate::Handle)
/// need not know that it is one. What it is told goes straight into the mailbox of the chosen worker. The workers are
/// its children: when one fails it loses the message in hand, and its queue waits for its next life, while the others go
/// on.
///
/// ```
/// use actor_core::prelude::*;
///
/// struct Square(u64, Reply<u64>);
///
/// struct Worker;
///
/// impl Actor for Worker {
///     type Msg = Square;
///
///     async fn handle(&mut self, Square(n, reply): Square, _ctx: &mut Context<Square>) -> ActorResult {
///         reply.send(n * n);
///         Ok(())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> ActorResult {
/// # let system = System::new("demo");
/// let squares = Pool::round_robin("squares", 4, || {
///     ChildSpec::new("worker", || Worker).mailbox(MailboxSpec::bounded(16))
/// });
/// let squares = system.spawn_spec(squares)?;
/// assert_eq!(squares.ask(|reply| Square(7, reply)).await?, 49);
/// # system.shutdown().await;
/// # Ok(())
/// # }
/// ```
///
/// # Order and backpressure
/// What one sender tells the pool arrives in order at each worker; between two workers there is no order. Only
/// [`by_key`](Self::by_key) keeps the messages of one key in order.
///
/// `tell` waits while the workers' mailboxes are full, and is handed the first room there is, with whichever worker;
/// by key, it waits for that of the key. The mailbox of the pool itself holds nothing, and its bound says nothing.
///
/// # Its end
/// `stop` has each worker finish the message in hand, and leaves the rest to dead letters. `drain` has them handle all
/// that was queued. A worker that ends for good is missed by none: the others take its messages, and its keys. With
/// the last of them, the pool ends.
///
/// The pool gives up when its workers fail too often together: see [`ChildSpec::intensity`], of the pool's own
/// specification. Restarted by its own supervisor, it begins with new workers; what waited for the old ones goes to dead
/// letters, and meanwhile it takes nothing.
pub enum Pool {}

impl Pool {
    /// A pool that gives its messages to the workers in turn. One whose mailbox is full is passed over while another
    /// has room.
    ///
    /// `worker` is called once for each worker, and again when the pool is restarted; each gets the number of its place
    /// behind its name: `worker-0`, `worker-1`. A pool of no workers is refused at spawn.
    pub fn round_robin<A: Actor>(
        name: impl Into<String>,
        workers: usize,
        worker: impl Fn() -> ChildSpec<A> + Send + Sync + 'static,
    ) -> ChildSpec<impl Actor<Msg = A::Msg>> {
        Self::spec(name, workers, worker, || Choice::RoundRobin)
    }

    /// A pool that gives each message to the worker that has the fewest, with the one in hand: in turn, where several
    /// have as few.
    ///
    /// It looks at every worker for each message, which is of use where some messages take much longer than others.
    /// Otherwise it is as [`round_robin`](Self::round_robin).
    pub fn least_loaded<A: Actor>(
        name: impl Into<String>,
        workers: usize,
        worker: impl Fn() -> ChildSpec<A> + Send + Sync + 'static,
    ) -> ChildSpec<impl Actor<Msg = A::Msg>> {
        Self::spec(name, workers, worker, || Choice::LeastLoaded)
    }

    /// A pool that gives all messages with the same key to the same worker, in every run of the program on the same kind
    /// of machine. With one more worker, only the keys that it gets move.
    ///
    /// `key` is called by the sender; if it panics, the sender does, and no message was sent. Otherwise it is as
    /// [`round_robin`](Self::round_robin), but for the room: a message waits for its worker, whatever the others do. A
    /// handle made by [`map`](crate::Handle::map) does not know the key before it has converted the message, and so
    /// waits until each of the workers has room.
    ///
    /// Source: rendezvous hashing (Thaler and Ravishankar, 1998).
    pub fn by_key<A: Actor, K: Hash>(
        name: impl Into<String>,
        workers: usize,
        key: impl Fn(&A::Msg) -> K + Send + Sync + 'static,
        worker: impl Fn() -> ChildSpec<A> + Send + Sync + 'static,
    ) -> ChildSpec<impl Actor<Msg = A::Msg>> {
        let key = Arc::new(move |msg: &A::Msg| number(&key(msg)));
        Self::spec(name, workers, worker, move || Choice::ByKey(key.clone()))
    }

    fn spec<A: Actor>(
        name: impl Into<String>,
        workers: usize,
        worker: impl Fn() -> ChildSpec<A> + Send + Sync + 'static,
        choice: impl Fn() -> Choice<A::Msg> + Send + Sync + 'static,
    ) -> ChildSpec<impl Actor<Msg = A::Msg>> {
        let plan = Arc::new(Plan {
            workers,
            worker: Box::new(worker),
            choice: Box::new(choice),
            next: Mutex::new(Next::default()),
        });
        let front = plan.clone();
        let mut spec = ChildSpec::new(name, move || Running(plan.clone()));
        spec.rules.stop_together = true;
        spec.front = Some(front);
        spec
    }
}

/// How the workers are made, for each life of the pool.
struct Plan<A: Actor> {
    workers: usize,
    worker: Box<dyn Fn() -> ChildSpec<A> + Send + Sync>,
    choice: Box<dyn Fn() -> Choice<A::Msg> + Send + Sync>,
    next: Mutex<Next<A>>,
}

/// What was made ahead for the first life, so that the pool can be told something before it has begun.
struct Next<A: Actor> {
    specs: Vec<ChildSpec<A>>,
    cells: Option<Vec<Arc<Cell<A::Msg>>>>,
    crew: Option<Arc<Crew<A::Msg>>>,
}

impl<A: Actor> Default for Next<A> {
    fn default() -> Self {
        Self {
            specs: Vec::new(),
            cells: None,
            crew: None,
        }
    }
}

impl<A: Actor> Plan<A> {
    fn specs(&self) -> Vec<ChildSpec<A>> {
        let numbered = |number| {
            let mut spec = (self.worker)();
            spec.name = format!("{}-{number}", spec.name);
            spec
        };
        (0..self.workers).map(numbered).collect()
    }
}

fn cells<A: Actor>(specs: &mut [ChildSpec<A>], pool: &Cell<A::Msg>) -> Vec<Arc<Cell<A::Msg>>> {
    let cell = |spec: &mut ChildSpec<A>| {
        let mailbox = std::mem::take(&mut spec.mailbox);
        let (path, ledger) = (pool.core.path.child(&spec.name), pool.core.ledger().clone());
        Arc::new(Cell::new(path, ledger, pool.task.another(), mailbox))
    };
    specs.iter_mut().map(cell).collect()
}

impl<A: Actor> Front<A::Msg> for Plan<A> {
    fn check(&self) -> Result<(), SpawnError> {
        let specs = self.specs();
        let fault = if specs.is_empty() {
            Some("a pool of no workers could never take a message; give it at least 1")
        } else if specs.iter().any(|spec| spec.front.is_some()) {
            Some("a pool of pools is a pool; give one of them all the workers")
        } else {
            None
        };
        if let Some(fault) = fault {
            return Err(SpawnError::InvalidSpec {
                name: "worker".into(),
                fault: fault.into(),
            });
        }
        specs.iter().try_for_each(ChildSpec::check)?;
        let before = std::mem::replace(&mut self.next.lock().specs, specs);
        drop(before);
        Ok(())
    }

    fn open(&self, cell: &Arc<Cell<A::Msg>>) -> Arc<dyn Route<A::Msg>> {
        let mut specs = std::mem::take(&mut self.next.lock().specs);
        let cells = cells(&mut specs, cell);
        let crew = Arc::new(Crew::new(cell.clone(), (self.choice)(), cells.clone()));
        let ended = Arc::downgrade(&crew);
        cell.core.at_end(move |_| {
            if let Some(crew) = ended.upgrade() {
                crew.close();
            }
        });
        let next = Next {
            specs,
            cells: Some(cells),
            crew: Some(crew.clone()),
        };
        let before = std::mem::replace(&mut *self.next.lock(), next);
        drop(before);
        crew
    }
}

/// A pool at work. Its workers restart themselves; this actor begins with them, and ends with the last of them.
struct Running<A: Actor>(Arc<Plan<A>>);

impl<A: Actor> Running<A> {
    fn crew(&self) -> Option<Arc<Crew<A::Msg>>> {
        self.0.next.lock().crew.clone()
    }
}

impl<A: Actor> Actor for Running<A> {
    type Msg = A::Msg;

    async fn on_start(&mut self, ctx: &mut Context<A::Msg>) -> ActorResult {
        let Some(crew) = self.crew() else { return Ok(()) };
        let (family, home) = (ctx.open_family()?.clone(), ctx.home().clone());
        let front: Arc<dyn Any + Send + Sync> = crew.clone();
        family.set_front(Arc::downgrade(&front));
        let (specs, made_ahead) = {
            let mut next = self.0.next.lock();
            (std::mem::take(&mut next.specs), next.cells.take())
        };
        let (specs, cells) = match made_ahead {
            Some(cells) => (specs, cells),
            None => {
                let mut specs = self.0.specs();
                let cells = cells(&mut specs, ctx.cell());
                crew.renew(cells.clone());
                (specs, cells)
            }
        };
        // One that was told to drain before has these to drain.
        crew.drain_workers();
        let mut starts = Vec::new();
        for (spec, cell) in specs.into_iter().zip(cells) {
            let started = Arc::new(Slot::new());
            let worker = spawn_in(&family, &home, spec, Some(started.clone()), |_, _| cell)?;
            starts.push((worker, started));
        }
        let starts = starts
            .iter()
            .map(|(worker, started)| wait_for_start(worker, started.clone()));
        join_all(starts).await.into_iter().collect::<Result<(), SpawnError>>()?;
        Ok(())
    }

    /// Handles to a pool lead past its own mailbox, to those of its workers: nothing comes here.
    async fn handle(&mut self, _msg: A::Msg, _ctx: &mut Context<A::Msg>) -> ActorResult {
        Ok(())
    }

    async fn on_signal(&mut self, signal: Signal, ctx: &mut Context<A::Msg>) -> ActorResult {
        if let Signal::ChildExit(_) = signal
            && ctx.family_or_new().children().is_empty()
        {
            if let Some(crew) = self.crew() {
                crew.is_drained();
            }
            ctx.stop();
        }
        Ok(())
    }
}
