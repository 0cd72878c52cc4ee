//! The run loop of an actor: the only place that hands a future to the scheduler.

mod closely;
mod ending;
mod run;
#[cfg(feature = "metrics")]
mod sampler;
mod serve;
mod step;
mod wind_up;

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{self, Poll};

use pin_project_lite::pin_project;
use tracing::Span;

use crate::actor::Actor;
use crate::cell::Cell;
use crate::child::{ChildSpec, Factory};
use crate::context::Context;
use crate::error::SpawnError;
use crate::family::Family;
use crate::handle::Handle;
use crate::home::Home;
use crate::id::ActorPath;
use crate::mailbox::{Inbox, MailboxSpec};
use crate::scheduler::Task;
use crate::slot::Slot;
use crate::trace::is_handling;
use crate::turn::{self, Turn};

pub(crate) use run::Started;
use run::{Place, Run};
#[cfg(feature = "metrics")]
use sampler::Sampler;
use step::Beside;

/// Spawns an actor as a child in `family`. With `started`, a first start that fails ends it, and is reported there.
pub(crate) fn spawn_child<A: Actor>(
    family: &Arc<Family>,
    home: &Arc<Home>,
    spec: ChildSpec<A>,
    started: Option<Started>,
) -> Result<Handle<A::Msg>, SpawnError> {
    // Out here, as the cell is made under the lock of the family.
    let (ledger, task) = (home.ledger.clone(), Task::of(home.scheduler.clone()));
    spawn_in(family, home, spec, started, |path, mailbox| {
        Arc::new(Cell::new(path, ledger, task, mailbox))
    })
}

/// The same in the cell that `make` makes.
pub(crate) fn spawn_in<A: Actor>(
    family: &Arc<Family>,
    home: &Arc<Home>,
    spec: ChildSpec<A>,
    started: Option<Started>,
    make: impl FnOnce(ActorPath, MailboxSpec<A::Msg>) -> Arc<Cell<A::Msg>>,
) -> Result<Handle<A::Msg>, SpawnError> {
    spec.check()?;
    let ChildSpec {
        name,
        factory,
        mailbox,
        treatment,
        rules,
        front,
    } = spec;
    let (cell, key) = family.admit(name, treatment, |path| make(path, mailbox))?;
    let handle = match front {
        None => Handle::local(cell.clone()),
        Some(front) => Handle::routed(front.open(&cell)),
    };
    launch(Run {
        inbox: Inbox::new(),
        beside: Beside::default(),
        ctx: Context::new(cell.clone(), home.clone(), rules),
        cell,
        place: Some(Place {
            family: family.clone(),
            key,
        }),
        factory,
        started,
        handled: 0,
        #[cfg(feature = "metrics")]
        sampler: Sampler::default(),
    });
    Ok(handle)
}

/// Spawns the actor at the root of a system, whose children are in `family`.
pub(crate) fn spawn_root<A: Actor>(cell: Arc<Cell<A::Msg>>, ctx: Context<A::Msg>, root: A) {
    launch(Run {
        inbox: Inbox::new(),
        beside: Beside::default(),
        ctx,
        cell,
        place: None,
        factory: Factory::Once(Some(Box::new(move || root))),
        started: None,
        handled: 0,
        #[cfg(feature = "metrics")]
        sampler: Sampler::default(),
    });
}

impl<M: Send + 'static> Context<M> {
    /// Spawns a child, supervised by this actor, and returns at once: it starts on its own.
    ///
    /// Children are stopped before this actor ends, in the reverse order of their start. A start that fails is judged
    /// as any failure is.
    ///
    /// # Errors
    /// The name is taken by a living child, or the specification makes no sense, or this actor is stopping.
    pub fn spawn<A: Actor>(&mut self, spec: ChildSpec<A>) -> Result<Handle<A::Msg>, SpawnError> {
        let home = self.home().clone();
        spawn_child(self.open_family()?, &home, spec, None)
    }

    /// Spawns a child, and waits until its `on_start` has ended well.
    ///
    /// # Errors
    /// As for [`spawn`](Self::spawn); or the factory or `on_start` failed, in which case there is no child.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the child as it is.
    pub async fn start<A: Actor>(&mut self, spec: ChildSpec<A>) -> Result<Handle<A::Msg>, SpawnError> {
        let home = self.home().clone();
        start_child(self.open_family()?, &home, spec).await
    }
}

/// Spawns a child, and waits for its start.
pub(crate) async fn start_child<A: Actor>(
    family: &Arc<Family>,
    home: &Arc<Home>,
    spec: ChildSpec<A>,
) -> Result<Handle<A::Msg>, SpawnError> {
    let started = Arc::new(Slot::new());
    let handle = spawn_child(family, home, spec, Some(started.clone()))?;
    wait_for_start(&handle, started).await?;
    Ok(handle)
}

/// Waits until the first `on_start` of a new child has ended well.
pub(crate) async fn wait_for_start<M: Send + 'static>(handle: &Handle<M>, started: Started) -> Result<(), SpawnError> {
    let start = Start(started);
    turn::wait_for(handle.id(), || handle.any_cell(), &start.0).map_err(SpawnError::Deadlock)?;
    poll_fn(|cx| start.0.poll_take(cx)).await
}

/// A start that is waited for; dropped, it is not.
struct Start(Started);

impl Drop for Start {
    fn drop(&mut self) {
        drop(self.0.close());
    }
}

fn launch<A: Actor>(run: Run<A>) {
    Task::launch(run.cell.clone(), whole(run));
}

pin_project! {
    /// All lives of an actor, as what the scheduler polls: each poll of them is part of its turn, and in its span.
    struct Whole<F> {
        turn: Option<Box<Turn>>,
        noted: bool,
        // Boxed, as it is larger than what most need of it, which is nothing.
        span: Option<Box<Span>>,
        #[pin]
        lives: F,
    }
}

impl<F: Future<Output = ()>> Future for Whole<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<()> {
        let whole = self.project();
        let _in_span = whole.span.as_ref().map(|span| span.enter());
        turn::enter(whole.turn, whole.noted, || whole.lives.poll(cx))
    }
}

fn whole<A: Actor>(run: Run<A>) -> Whole<impl Future<Output = ()> + Send> {
    let core = &run.cell.core;
    // It is going to outlive a trace in which it begins, which would wait for it.
    let parent = || if is_handling() { None } else { Span::current().id() };
    let span = tracing::info_span!(parent: parent(), "actor", path = %core.path, id = %core.id);
    Whole {
        turn: Some(Turn::new(run.cell.clone())),
        noted: false,
        span: (!span.is_disabled()).then(|| Box::new(span)),
        lives: run.run(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ActorResult;

    struct Holds<const BYTES: usize>([u8; BYTES]);

    impl<const BYTES: usize> Actor for Holds<BYTES> {
        type Msg = u8;

        async fn handle(&mut self, msg: u8, _: &mut Context<u8>) -> ActorResult {
            self.0[0] = msg;
            Ok(())
        }
    }

    fn bytes<A: Actor, F>(_: fn(Run<A>) -> F) -> usize {
        size_of::<F>()
    }

    #[test]
    fn the_state_of_an_actor_has_one_place_and_the_rest_is_small() {
        let empty = bytes(whole::<Holds<8>>);
        let words = usize::from(cfg!(feature = "metrics")) + 3 * usize::from(cfg!(feature = "traces"));
        assert!(empty <= 304 + words * size_of::<usize>(), "{empty}");
        assert_eq!(bytes(whole::<Holds<4096>>), empty + 4088);
    }
}
