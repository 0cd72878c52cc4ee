//! The actors of one program, or of one test: their root, their names, and their end.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::time::sleep;

use crate::actor::Actor;
use crate::cell::{Cell, Subtree};
use crate::child::ChildSpec;
use crate::clock;
use crate::context::Context;
use crate::error::{ActorError, ActorResult, LookupError, SpawnError};
use crate::exit::ExitReason;
use crate::family::{Heard, Intensity, Rules};
use crate::group::Group;
use crate::handle::Handle;
use crate::history::{Event, Lines, Lives};
use crate::home::{Home, Root};
use crate::id::{ActorPath, fault_in_name};
use crate::inspect::{ChildInfo, Glimpse, Inspector};
use crate::ledger::DeadLetters;
use crate::mailbox::MailboxSpec;
use crate::monitor::Monitor;
use crate::registry::Registry;
use crate::scheduler::Task;
use crate::signal::Orders;
use crate::spawn::{spawn_child, spawn_root, start_child};
use crate::stop::KILL_GRACE;
use crate::turn;

/// How long [`System::shutdown`] takes at most, before what still runs is killed.
pub const SYSTEM_SHUTDOWN_DEFAULT: Duration = Duration::from_secs(30);

/// A tree of actors under one root, which supervises those spawned here one for one.
///
/// A process can have many systems. They share nothing. A `System` is a cheap handle to clone; dropping all of them
/// stops nothing.
#[derive(Clone)]
pub struct System(Arc<Home>);

/// How a system is to be.
#[derive(Clone, Debug)]
#[must_use = "nothing is started before `build`"]
pub struct SystemBuilder {
    name: String,
    intensity: Intensity,
    seed: Option<u64>,
}

/// The end of a system.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// Why the system ended: `Shutdown`, or the failure that had ended it before.
    pub reason: ExitReason,
    /// Actors that did not stop in their shutdown time, and were killed.
    pub killed: Vec<ActorPath>,
    /// Actors that did not give their thread back even then, and were left behind.
    pub stuck: Vec<ActorPath>,
    /// What became of all messages.
    pub dead_letters: DeadLetters,
    /// The last that happened, the oldest first; shown by `{:#}` as well.
    pub history: Vec<Event>,
}

impl ShutdownReport {
    /// Whether every actor stopped by itself in its time.
    pub fn is_clean(&self) -> bool {
        self.killed.is_empty() && self.stuck.is_empty()
    }
}

impl fmt::Display for ShutdownReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the system {}", self.reason)?;
        for (paths, what) in [
            (&self.killed, "killed, as they did not stop in time"),
            (&self.stuck, "stuck, and left behind"),
        ] {
            if !paths.is_empty() {
                write!(f, "; {what}:")?;
                paths.iter().try_for_each(|path| write!(f, " {path}"))?;
            }
        }
        if f.alternate() {
            write!(f, "{}", Lines(&self.history))?;
        }
        Ok(())
    }
}

/// The root has no code. Its message type has no value, so that it cannot be sent one.
struct RootActor;

impl Actor for RootActor {
    type Msg = Infallible;

    async fn handle(&mut self, msg: Infallible, _ctx: &mut Context<Infallible>) -> ActorResult {
        match msg {}
    }
}

impl SystemBuilder {
    /// How many restarts of the actors spawned on the system, in which sliding period, are taken before the system
    /// ends: 3 in 5 s by default.
    pub fn intensity(mut self, restarts: usize, period: Duration) -> Self {
        self.intensity = Intensity { restarts, period };
        self
    }

    /// Fixes what is left to chance, the jitter of back-offs, so that a run can be had again.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Starts the system.
    ///
    /// # Errors
    /// The name cannot be the first part of a path, or the intensity has a period of zero.
    ///
    /// # Panics
    /// Outside of a tokio runtime, as `tokio::spawn` does. The runtime must have its timer enabled.
    pub fn build(self) -> Result<System, SpawnError> {
        if let Some(fault) = fault_in_name(&self.name) {
            return Err(SpawnError::InvalidName { name: self.name, fault });
        }
        if self.intensity.period.is_zero() {
            let fault = "an intensity over a period of zero never gives up; give it a period".into();
            return Err(SpawnError::InvalidSpec { name: self.name, fault });
        }
        Ok(self.start())
    }

    fn start(self) -> System {
        let path = ActorPath::root(&self.name);
        let home = Arc::new(Home::new(self.name, self.seed));
        let tree = Arc::downgrade(&home);
        home.scheduler.tend(tree);
        let task = Task::of(home.scheduler.clone());
        let cell = Arc::new(Cell::new(path, home.ledger.clone(), task, MailboxSpec::bounded(1)));
        let rules = Rules {
            intensity: self.intensity,
            heard: Heard::None,
            ..Rules::default()
        };
        let mut ctx = Context::new(cell.clone(), home.clone(), rules);
        let family = ctx.family_or_new().clone();
        let _ = home.root.set(Root {
            cell: cell.clone(),
            family,
        });
        spawn_root(cell, ctx, RootActor);
        System(home)
    }
}

impl System {
    #[cfg(any(feature = "wire", feature = "metrics"))]
    pub(crate) fn home(&self) -> &Home {
        &self.0
    }

    /// Starts a system with this name, which is the first part of the path of each of its actors.
    ///
    /// # Panics
    /// Outside of a tokio runtime, as `tokio::spawn` does; or if the name cannot be part of a path: it is empty, longer
    /// than 255 bytes, or contains '/' or a control character. For a name from outside use [`builder`](Self::builder).
    pub fn new(name: impl Into<String>) -> Self {
        match Self::builder(name).build() {
            Ok(system) => system,
            Err(error) => panic!("{error}"),
        }
    }

    /// Chooses the settings of a system before it starts.
    pub fn builder(name: impl Into<String>) -> SystemBuilder {
        SystemBuilder {
            name: name.into(),
            intensity: Intensity::default(),
            seed: None,
        }
    }

    /// The system's name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Spawns an actor that can be restarted: `factory` makes the state of each of its lives. Returns at once: the
    /// actor starts on its own.
    ///
    /// It is [transient](crate::RestartPolicy::Transient): restarted when it fails or is killed.
    /// [`spawn_spec`](Self::spawn_spec) takes all the settings.
    ///
    /// # Errors
    /// The name is taken by a living actor, or cannot be part of a path, or the system is shutting down.
    pub fn spawn<A: Actor>(
        &self,
        name: impl Into<String>,
        factory: impl FnMut() -> A + Send + 'static,
    ) -> Result<Handle<A::Msg>, SpawnError> {
        self.spawn_spec(ChildSpec::new(name, factory))
    }

    /// Spawns an actor that is given what cannot be made a second time, such as a socket. It is temporary: nothing
    /// restarts it.
    ///
    /// # Errors
    /// As for [`spawn`](Self::spawn).
    pub fn spawn_once<A: Actor>(
        &self,
        name: impl Into<String>,
        factory: impl FnOnce() -> A + Send + 'static,
    ) -> Result<Handle<A::Msg>, SpawnError> {
        self.spawn_spec(ChildSpec::once(name, factory))
    }

    /// Spawns an actor whose making takes time or can fail, and waits until its `on_start` has ended well.
    ///
    /// # Errors
    /// As for [`spawn`](Self::spawn); or the factory or `on_start` failed, in which case there is no actor.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the actor as it is.
    pub async fn spawn_async<A, F, Fut, E>(
        &self,
        name: impl Into<String>,
        factory: F,
    ) -> Result<Handle<A::Msg>, SpawnError>
    where
        A: Actor,
        F: FnMut() -> Fut + Send + 'static,
        Fut: Future<Output = Result<A, E>> + Send + 'static,
        E: Into<ActorError>,
    {
        self.start(ChildSpec::fallible(name, factory)).await
    }

    /// Spawns an actor as specified, and returns at once. A start that fails is judged as any failure is.
    ///
    /// # Errors
    /// As for [`spawn`](Self::spawn); or the specification makes no sense.
    pub fn spawn_spec<A: Actor>(&self, spec: ChildSpec<A>) -> Result<Handle<A::Msg>, SpawnError> {
        let root = self.root()?;
        spawn_child(&root.family, &self.0, spec, None)
    }

    /// Spawns an actor as specified, and waits until its `on_start` has ended well.
    ///
    /// # Errors
    /// As for [`spawn_spec`](Self::spawn_spec); or the factory or `on_start` failed, in which case there is no actor.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the actor as it is.
    pub async fn start<A: Actor>(&self, spec: ChildSpec<A>) -> Result<Handle<A::Msg>, SpawnError> {
        let root = self.root()?;
        start_child(&root.family, &self.0, spec).await
    }

    fn root(&self) -> Result<&Root, SpawnError> {
        self.0.root.get().ok_or(SpawnError::Stopping)
    }

    /// The names of this system's actors.
    pub fn registry(&self) -> &Registry {
        &self.0.registry
    }

    /// The group of this name, made if there was none.
    ///
    /// # Errors
    /// There is such a group, and its members take messages of another type.
    pub fn group<M: Send + 'static>(&self, name: &str) -> Result<Group<M>, LookupError> {
        self.0.group(name)
    }

    /// What became of the messages that nobody handled, so far.
    pub fn dead_letters(&self) -> DeadLetters {
        self.0.ledger.read()
    }

    /// The last that happened to the actors of the system, the oldest first: up to 128 starts and orderly ends, and up to
    /// 128 failures, restarts, kills and the like, which the former do not push out.
    ///
    /// When the system ends by a failure, this is logged with it.
    pub fn history(&self) -> Vec<Event> {
        self.0.history.read(clock::now().into_std())
    }

    /// How many lives have begun and ended so far.
    pub fn lives(&self) -> Lives {
        self.0.history.lives()
    }

    /// Waits for the end of the system: because it was shut down, or because its root gave up on an actor, whose
    /// failure is then in the reason.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    pub async fn terminated(&self) -> ExitReason {
        match self.0.root.get() {
            Some(root) => Monitor::of(root.cell.clone()).await.reason,
            None => ExitReason::Shutdown,
        }
    }

    /// The living actors of the system, each with its children.
    ///
    /// It waits for no actor, so that it shows also those that are stuck. Nothing is kept for it while nobody looks. Of a
    /// large system, [`inspector`](Self::inspector) shows as much as one asks for; and of one that is thousands of levels deep, as each
    /// level lies in the one above here, and takes its part of the stack.
    pub fn snapshot(&self) -> Vec<ChildInfo> {
        let glimpse = Glimpse::new(self.0.scheduler.look());
        let root = self.0.root.get();
        root.map(|root| glimpse.tree(&root.family)).unwrap_or_default()
    }

    /// One who looks at the actors of the system again and again.
    pub fn inspector(&self) -> Inspector {
        Inspector::new(self.0.clone())
    }

    /// Stops all actors in the reverse order of their start, each in its shutdown time, and all in 30 s.
    ///
    /// A handler of the system that awaits this does not wait, as the system cannot end before it: the order stands, the report says
    /// what is known by then, and there is no total deadline. A task of its own can wait for it.
    ///
    /// # Cancel safety
    /// Once polled, the shutdown goes on without the future, but without the total deadline and the report.
    pub async fn shutdown(&self) -> ShutdownReport {
        self.shutdown_within(SYSTEM_SHUTDOWN_DEFAULT).await
    }

    /// The same with another total deadline, after which what still runs is killed, and what does not end then is left
    /// behind.
    ///
    /// # Cancel safety
    /// As for [`shutdown`](Self::shutdown).
    pub async fn shutdown_within(&self, deadline: Duration) -> ShutdownReport {
        let mut reason = ExitReason::Shutdown;
        if let Some(root) = self.0.root.get() {
            self.0.note_laggards();
            let mut ended = Monitor::of(root.cell.clone());
            root.cell.order(Orders::SHUTDOWN);
            if let Some(deadlock) = turn::is_below(&root.cell.core().path) {
                tracing::warn!(%deadlock, "a handler shuts its own system down, and does not wait for it");
                return self.report(reason);
            }
            let mut down = within(deadline, &mut ended).await;
            if down.is_none() {
                note_all(&self.0, &*root.family);
                root.cell.order(Orders::KILL);
                // The root kills level by level, and each may have to wait for one that is stuck.
                down = within(KILL_GRACE * 4, &mut ended).await;
            }
            match down {
                Some(down) => reason = down.reason,
                None => {
                    abandon_all(&self.0, &*root.family);
                    root.cell.abandon(ExitReason::Stuck);
                }
            }
        }
        if matches!(reason, ExitReason::Killed) {
            // By its own deadline, and so it was shut down all the same.
            reason = ExitReason::Shutdown;
        }
        let report = self.report(reason);
        if report.is_clean() {
            tracing::info!("{report}");
        } else {
            tracing::warn!("{report}");
        }
        report
    }

    fn report(&self, reason: ExitReason) -> ShutdownReport {
        let laggards = self.0.laggards();
        ShutdownReport {
            reason,
            killed: laggards.killed,
            stuck: laggards.stuck,
            dead_letters: self.dead_letters(),
            history: self.history(),
        }
    }

    /// Waits for Ctrl-C, or for the `SIGTERM` of a service manager, and shuts the system down; or returns when it has
    /// ended by itself.
    ///
    /// A second Ctrl-C during the shutdown ends the process as if nobody had listened.
    ///
    /// # Cancel safety
    /// As for [`shutdown`](Self::shutdown), once the signal has come.
    pub async fn shutdown_on_ctrl_c(&self) -> ShutdownReport {
        select(pin!(interrupted()), pin!(self.terminated())).await;
        self.shutdown().await
    }
}

/// Waits for so long by the runtime's clock, or by that of the world where the runtime's does not move.
async fn within<F: Future + Unpin>(time: Duration, future: F) -> Option<F::Output> {
    let (ours, the_worlds) = (pin!(sleep(time)), pin!(clock::real_time(time)));
    match select(future, select(ours, the_worlds)).await {
        Either::Left((output, _)) => Some(output),
        Either::Right(_) => None,
    }
}

/// Cuts off all that still runs, from the leaves up: nothing else is left to be done about them.
fn abandon_all(home: &Home, children: &dyn Subtree) {
    for child in children.children() {
        let core = child.cell.core();
        if let Some(grandchildren) = core.children() {
            abandon_all(home, &*grandchildren);
        }
        if core.is_alive() {
            home.note_stuck(&core.path, core.id);
            children.forget(core.id);
            child.cell.abandon(ExitReason::Stuck);
        }
    }
}

/// Notes as killed all that still runs when the total deadline of a system has passed.
fn note_all(home: &Home, children: &dyn Subtree) {
    for child in children.children() {
        let core = child.cell.core();
        if let Some(grandchildren) = core.children() {
            note_all(home, &*grandchildren);
        }
        if core.is_alive() {
            home.note_killed(&core.path, core.id);
        }
    }
}

/// Resolves when the process is asked to end. If that cannot be listened for, it never does, and says so.
async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match (signal(SignalKind::interrupt()), signal(SignalKind::terminate())) {
            (Ok(mut interrupt), Ok(mut terminate)) => {
                select(pin!(interrupt.recv()), pin!(terminate.recv())).await;
                return;
            }
            (Err(error), _) | (_, Err(error)) => tracing::error!(%error, "cannot listen for Ctrl-C"),
        }
    }
    #[cfg(not(unix))]
    match tokio::signal::ctrl_c().await {
        Ok(()) => return,
        Err(error) => tracing::error!(%error, "cannot listen for Ctrl-C"),
    }
    std::future::pending::<()>().await
}

impl<M: Send + 'static> Context<M> {
    /// The system that the actor lives in.
    pub fn system(&self) -> System {
        System(self.home().clone())
    }
}

impl fmt::Debug for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "System({})", self.0.name)
    }
}
