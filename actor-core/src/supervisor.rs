//! Supervisors as data: children that are started in order, and restarted by a strategy.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::actor::Actor;
use crate::ask::Reply;
use crate::cell::Cell;
use crate::child::{ChildSpec, Factory, Front};
use crate::context::Context;
use crate::error::{ActorResult, AskError, LookupError, SpawnError};
use crate::family::{Family, Heard, Intensity, Rules, Treatment};
use crate::handle::Handle;
use crate::home::Home;
use crate::inspect::{ChildInfo, Glimpse};
use crate::mailbox::MailboxSpec;
use crate::pool::Crew;
use crate::regroup::{regroup, restart};
use crate::signal::Signal;
use crate::stop::stop_one;
use crate::supervision::strategy::Strategy;
use crate::sync::Mutex;
use crate::turn;

/// A supervisor that is still to be started: its strategy, its intensity, and its children in the order of their start.
///
/// ```
/// use std::time::Duration;
/// use actor_core::Supervisor;
/// use actor_core::prelude::*;
/// # #[derive(Default)]
/// # struct Disk;
/// # impl Actor for Disk {
/// #     type Msg = ();
/// #     async fn handle(&mut self, _: (), _: &mut Context<()>) -> ActorResult { Ok(()) }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> ActorResult {
/// # let system = System::new("demo");
/// let storage = Supervisor::rest_for_one()
///     .intensity(3, Duration::from_secs(5))
///     .child(ChildSpec::new("disk", Disk::default))
///     .child(ChildSpec::new("cache", Disk::default));
/// let storage = system.start(storage.named("storage")).await?;
/// let cache: Handle<()> = storage.child("cache").await?;
/// # system.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[must_use = "a supervisor is started when it is spawned: see `named`"]
pub struct Supervisor {
    rules: Rules,
    auto_shutdown: AutoShutdown,
    children: Vec<Box<dyn Recipe>>,
}

/// When a supervisor ends because children of it that are [significant](ChildSpec::significant) have ended by
/// themselves.
///
/// Source: `auto_shutdown` in Erlang/OTP's `supervisor`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum AutoShutdown {
    /// Never.
    #[default]
    Never,
    /// When one of them has.
    AnySignificant,
    /// When the last of them has.
    AllSignificant,
}

/// What a supervisor is told; its operations are methods of its [`Handle`].
pub struct Supervise(Deed);

type Deed = Box<dyn for<'a> FnOnce(&'a mut Context<Supervise>) -> BoxFuture<'a> + Send>;
type BoxFuture<'a, T = ()> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

impl Supervisor {
    /// Restarts the child that failed, and no other.
    pub fn one_for_one() -> Self {
        Self::new(Strategy::OneForOne)
    }

    /// Restarts all children when one fails.
    pub fn one_for_all() -> Self {
        Self::new(Strategy::OneForAll)
    }

    /// Restarts the child that failed, with those that were started after it.
    pub fn rest_for_one() -> Self {
        Self::new(Strategy::RestForOne)
    }

    /// Has children of one kind, many of them, which are added at run time and stopped all at once.
    pub fn dynamic() -> Self {
        let mut supervisor = Self::new(Strategy::OneForOne);
        supervisor.rules.stop_together = true;
        supervisor
    }

    fn new(strategy: Strategy) -> Self {
        let rules = Rules {
            strategy,
            heard: Heard::Significant,
            ..Rules::default()
        };
        Self {
            rules,
            auto_shutdown: AutoShutdown::Never,
            children: Vec::new(),
        }
    }

    /// How many restarts, in which sliding period, it takes before it gives up and fails: 3 in 5 s by default.
    pub fn intensity(mut self, restarts: usize, period: Duration) -> Self {
        self.rules.intensity = Intensity { restarts, period };
        self
    }

    /// When it ends because its significant children have.
    pub fn auto_shutdown(mut self, auto_shutdown: AutoShutdown) -> Self {
        self.auto_shutdown = auto_shutdown;
        self
    }

    /// Adds a child, which is started after those before it.
    pub fn child<A: Actor>(mut self, spec: ChildSpec<A>) -> Self {
        self.children.push(Box::new(Shared::of(spec)));
        self
    }

    /// The supervisor as a child of the system, of an actor, or of another supervisor.
    ///
    /// Its start ends well when those of all its children have. When it is restarted itself, so are they, without
    /// those that were added at run time. (As OTP has it.)
    pub fn named(self, name: impl Into<String>) -> ChildSpec<impl Actor<Msg = Supervise>> {
        let Self {
            rules,
            auto_shutdown,
            children,
        } = self;
        let children: Arc<[Box<dyn Recipe>]> = children.into();
        let mut spec = ChildSpec::new(name, move || Running {
            auto_shutdown,
            children: children.clone(),
        });
        spec.rules = rules;
        spec
    }
}

/// How a child is made, again for each life of its supervisor, whatever its message type.
trait Recipe: Send + Sync {
    fn start<'a>(&'a self, ctx: &'a mut Context<Supervise>) -> BoxFuture<'a, Result<(), SpawnError>>;
}

struct Shared<A: Actor> {
    name: String,
    factory: Arc<Mutex<Option<Factory<A>>>>,
    mailbox: MailboxSpec<A::Msg>,
    treatment: Treatment,
    rules: Rules,
    front: Option<Arc<dyn Front<A::Msg>>>,
}

impl<A: Actor> Shared<A> {
    fn of(spec: ChildSpec<A>) -> Self {
        let ChildSpec {
            name,
            factory,
            mailbox,
            treatment,
            rules,
            front,
        } = spec;
        Self {
            name,
            factory: Arc::new(Mutex::new(Some(factory))),
            mailbox,
            treatment,
            rules,
            front,
        }
    }
}

impl<A: Actor> Recipe for Shared<A> {
    fn start<'a>(&'a self, ctx: &'a mut Context<Supervise>) -> BoxFuture<'a, Result<(), SpawnError>> {
        // The factory goes from one life of the supervisor to the next, and is never in two.
        let factory = Factory::lent(self.factory.clone());
        let spec = ChildSpec {
            name: self.name.clone(),
            factory,
            mailbox: self.mailbox.clone(),
            treatment: self.treatment.clone(),
            rules: self.rules,
            front: self.front.clone(),
        };
        Box::pin(async move { ctx.start(spec).await.map(drop) })
    }
}

/// A supervisor at work. Children that fail alone restart themselves; this actor is needed for several together.
struct Running {
    auto_shutdown: AutoShutdown,
    children: Arc<[Box<dyn Recipe>]>,
}

impl Actor for Running {
    type Msg = Supervise;

    async fn on_start(&mut self, ctx: &mut Context<Supervise>) -> ActorResult {
        let family = ctx.family_or_new().clone();
        let home = ctx.home().clone();
        ctx.attach(async move { never(regroup(family, home).await) });
        for child in self.children.iter() {
            child.start(ctx).await?;
        }
        Ok(())
    }

    async fn handle(&mut self, msg: Supervise, ctx: &mut Context<Supervise>) -> ActorResult {
        (msg.0)(ctx).await;
        Ok(())
    }

    async fn on_signal(&mut self, signal: Signal, ctx: &mut Context<Supervise>) -> ActorResult {
        if let Signal::ChildExit(exit) = signal
            && exit.significant
            && exit.by_itself
        {
            let others = ctx
                .family_or_new()
                .census()
                .iter()
                .any(|child| child.treatment.significant);
            match self.auto_shutdown {
                AutoShutdown::AnySignificant => ctx.stop(),
                AutoShutdown::AllSignificant if !others => ctx.stop(),
                _ => {}
            }
        }
        Ok(())
    }
}

fn never(impossible: Infallible) -> Supervise {
    match impossible {}
}

impl Handle<Supervise> {
    /// Starts another child, and waits until its `on_start` has ended well.
    ///
    /// # Errors
    /// As for [`Context::start`]; `Stopping` also if the supervisor has ended, `Deadlock` also if it waits for the one who asks.
    ///
    /// # Cancel safety
    /// Dropping the future may leave the child started.
    pub async fn start_child<A: Actor>(&self, spec: ChildSpec<A>) -> Result<Handle<A::Msg>, SpawnError> {
        let started = self
            .supervise(|ctx| Box::pin(async move { ctx.start(spec).await }))
            .await;
        started.unwrap_or_else(|why| {
            Err(match why {
                AskError::Deadlock(deadlock) => SpawnError::Deadlock(deadlock),
                _ => SpawnError::Stopping,
            })
        })
    }

    /// Stops a child for good, in its own shutdown time.
    ///
    /// # Errors
    /// There is no such child, or the supervisor has ended. [`Deadlock`](LookupError::Deadlock), at once, if the child waits for the one
    /// who awaits this, or is that one: it is stopped all the same. The same error, and nothing is done, if the supervisor itself waits
    /// for the one who asks: for its start, or for the end of another child that asks here.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    pub async fn stop_child(&self, name: &str) -> Result<(), LookupError> {
        self.tend(name, |family, key, home| {
            Box::pin(async move {
                if let Some((_, child)) = family.child(key) {
                    stop_one(&*family, child, &home).await;
                }
            })
        })
        .await
    }

    /// Ends the present life of a child in order, and begins another. It is not counted as a failure.
    ///
    /// # Errors
    /// As for [`stop_child`](Self::stop_child): it is restarted where that says that it is stopped all the same.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    pub async fn restart_child(&self, name: &str) -> Result<(), LookupError> {
        self.tend(name, |family, key, home| {
            Box::pin(async move { restart(&family, key, &home).await })
        })
        .await
    }

    /// The handle of a child, by its name.
    ///
    /// # Errors
    /// There is no such child, or it takes messages of another type, or the supervisor has ended, or waits for the one who asks.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    pub async fn child<M: Send + 'static>(&self, name: &str) -> Result<Handle<M>, LookupError> {
        let wanted = name.to_owned();
        let found = self
            .supervise(|ctx| Box::pin(async move { child_of(ctx.family_or_new(), &wanted) }))
            .await;
        found.unwrap_or_else(|why| Err(not_reached(why, name)))
    }

    /// The living children, in the order of their start; none if the supervisor has ended, or waits for the one who asks.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    pub async fn children(&self) -> Vec<ChildInfo> {
        let children = self
            .supervise(|ctx| {
                Box::pin(async move { Glimpse::new(ctx.home().scheduler.look()).tree(ctx.family_or_new()) })
            })
            .await;
        children.unwrap_or_default()
    }

    async fn tend(
        &self,
        name: &str,
        deed: impl FnOnce(Arc<Family>, u64, Arc<Home>) -> BoxFuture<'static> + Send + 'static,
    ) -> Result<(), LookupError> {
        let wanted = name.to_owned();
        let found = self
            .supervise(|ctx| {
                Box::pin(async move {
                    let family = ctx.family_or_new().clone();
                    let found = family.key_of(&wanted).and_then(|key| Some((key, family.child(key)?)));
                    let Some((key, (_, child))) = found else {
                        return Err(LookupError::NotFound(wanted));
                    };
                    let done = deed(family, key, ctx.home().clone());
                    let ended = child.cell.core().end_of_life();
                    let waits = turn::wait_for(child.cell.core().id, || child.cell, &ended);
                    let refused = match waits {
                        Ok(()) => {
                            done.await;
                            Ok(())
                        }
                        Err(deadlock) => {
                            // Its end can come when this handler waits for it no longer.
                            ctx.attach(async move {
                                done.await;
                                Supervise(Box::new(|_| Box::pin(async {})))
                            });
                            Err(LookupError::Deadlock(deadlock))
                        }
                    };
                    drop(ended.close());
                    refused
                })
            })
            .await;
        found.unwrap_or_else(|why| Err(not_reached(why, name)))
    }

    /// Has the supervisor do something, and waits for what comes of it.
    async fn supervise<T: Send + 'static>(
        &self,
        deed: impl for<'a> FnOnce(&'a mut Context<Supervise>) -> BoxFuture<'a, T> + Send + 'static,
    ) -> Result<T, AskError> {
        let make = |reply: Reply<T>| {
            Supervise(Box::new(move |ctx| {
                let doing = deed(ctx);
                Box::pin(async move { reply.send(doing.await) })
            }))
        };
        self.ask(make).no_timeout().await
    }
}

/// What it means for a look-up that the supervisor did not answer.
fn not_reached(why: AskError, name: &str) -> LookupError {
    match why {
        AskError::Deadlock(deadlock) => LookupError::Deadlock(deadlock),
        _ => LookupError::NotFound(name.to_owned()),
    }
}

fn child_of<M: Send + 'static>(family: &Family, name: &str) -> Result<Handle<M>, LookupError> {
    let not_found = || LookupError::NotFound(name.to_owned());
    let (_, child) = family
        .key_of(name)
        .and_then(|key| family.child(key))
        .ok_or_else(not_found)?;
    // A pool's messages go past its own mailbox.
    let front = Family::of(child.cell.core()).and_then(|workers| workers.front());
    if let Some(crew) = front.and_then(|front| front.downcast::<Crew<M>>().ok()) {
        return Ok(Handle::routed(crew));
    }
    let found = child.cell.message_type();
    let cell = child
        .cell
        .as_any()
        .downcast::<Cell<M>>()
        .map_err(|_| LookupError::WrongType {
            name: name.to_owned(),
            expected: std::any::type_name::<M>(),
            found,
        })?;
    Ok(Handle::local(cell))
}
