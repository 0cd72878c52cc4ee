//! Mailbox-driven actors, supervised in trees, addressed by typed handles.
//!
//! An [`Actor`] is state with one owner. It is changed by messages only, one after the other, which others send through
//! its [`Handle`]. It is spawned on a [`System`], or as the child of another actor, which supervises it: when it fails,
//! its state is made anew behind the same handle and the same mailbox.
//!
//! ```
//! use actor_core::prelude::*;
//!
//! enum Counter {
//!     Add(u64),
//!     Get(Reply<u64>),
//! }
//!
//! #[derive(Default)]
//! struct Total(u64);
//!
//! impl Actor for Total {
//!     type Msg = Counter;
//!
//!     async fn handle(&mut self, msg: Counter, _ctx: &mut Context<Counter>) -> ActorResult {
//!         match msg {
//!             Counter::Add(n) => self.0 += n,
//!             Counter::Get(reply) => reply.send(self.0),
//!         }
//!         Ok(())
//!     }
//! }
//!
//! #[tokio::main]
//! async fn main() -> ActorResult {
//!     let system = System::new("demo");
//!     let counter = system.spawn("counter", Total::default)?;
//!     counter.tell(Counter::Add(2)).await?;
//!     assert_eq!(counter.ask(Counter::Get).await?, 2);
//!     system.shutdown().await;
//!     Ok(())
//! }
//! ```
//!
//! # Where to read next
//! - [`Handle`]: telling and asking, and what each error says of the message.
//! - [`MailboxSpec`]: bounds, backpressure, and what happens beyond.
//! - [`ChildSpec`] and [`RestartPolicy`]: how actors are made and treated.
//! - [`Context`]: children, watches, timers, attached and blocking work.
//! - [`System`]: names, groups, dead letters, shutdown.
//!
//! # Traces
//! With the feature `traces` a message carries the span of `tracing` in which it was sent, and is handled in a child of it: so all that one request
//! brings about is one tree of spans. A trace begins where you open a span, outside of actors or in a handler; what is sent in no span opens none.
//!
//! The child is called `handle`, at level `INFO` of the target `actor_core::trace`, with the `path` and `id` of the actor and the type of the
//! message as `kind`; for OpenTelemetry its name is made of the types of both (`Room Command`), its kind is `server` for a question and
//! `consumer` for any other message, and a handler that fails gives it the status of an error. What an attached future does is done in the span of
//! whoever attached it, and its result is part of that trace, as is that of a timer of up to a minute.
//! Not part of any are ticks and streams, which go on, and starts, stops and signals, which are no messages. A message that led to another, and
//! that to a third, and so on a hundred times, begins a trace of its own, linked to the last: spans are kept until their children are
//! closed, and two actors can tell each other for ever.
//!
//! Nodes tell each other of traces when they are given what knows their ids: see `NodeBuilder::propagator` of `actor-net`, and the example `traced`.

// From the bottom up, a blank line between two layers: a room imports from its own layer and from those above it here.
mod apart;
mod clock;
mod contain;
mod sync;

mod scheduler;

mod id;

mod closeup;
mod exit;
mod history;
mod ledger;
#[cfg(feature = "metrics")]
mod times;

mod error;

mod deadlock;

mod trace;

mod question;
mod signal;
mod slot;

mod turn;

mod mailbox;

mod cell;

#[cfg(feature = "wire")]
mod peer;

mod handle;

mod ask;
mod monitor;

mod group;
mod registry;
mod work;

mod supervision;

mod family;

mod home;
mod inspect;

mod context;
mod stop;

mod regroup;

mod actor;

mod child;

mod spawn;

mod pool;

mod supervisor;
mod system;

#[cfg(feature = "metrics")]
mod metrics;

#[cfg(feature = "wire")]
pub mod wire;

#[cfg(all(test, shuttle))]
mod model;

pub use actor::Actor;
pub use ask::{ASK_TIMEOUT_DEFAULT, Answer, Ask, Reply, ask_all};
pub use child::ChildSpec;
pub use closeup::{CloseUp, Footage, Handled, MessageKind};
pub use context::Context;
pub use error::{
    ActorError, ActorResult, AskError, BlockingError, Deadlock, LookupError, RegisterError, SpawnError, StopError,
    TellError, TryTellError,
};
pub use exit::{ExitReason, Failure, FailureKind};
pub use group::{Broadcast, Group};
pub use handle::{Handle, WeakHandle};
pub use history::{Event, Happening, Lives};
pub use id::{ActorId, ActorPath, NAME_BYTES_MAX};
pub use inspect::{
    Activity, ActorDetail, Budget, ChildInfo, ChildState, Inspector, KindInfo, Overview, Page, PastExit, Totals, Worst,
};
pub use ledger::{DeadLetters, DeadReason};
pub use mailbox::{MailboxSpec, Overflow};
pub use monitor::{Ending, Monitor};
pub use pool::Pool;
pub use registry::Registry;
pub use signal::{ChildExit, Down, LinkBroken, LinkId, Signal, WatchId};
pub use stop::{KILL_GRACE, SHUTDOWN_DEFAULT};
pub use supervision::backoff::Backoff;
pub use supervision::policy::RestartPolicy;
pub use supervision::strategy::Strategy;
pub use supervisor::{AutoShutdown, Supervise, Supervisor};
pub use system::{SYSTEM_SHUTDOWN_DEFAULT, ShutdownReport, System, SystemBuilder};
#[cfg(feature = "metrics")]
pub use times::{KindTimes, Spread};
pub use work::Attached;

/// The names that most programs need.
pub mod prelude {
    pub use crate::{
        Actor, ActorError, ActorResult, AskError, Backoff, ChildSpec, Context, ExitReason, Group, Handle, MailboxSpec,
        Overflow, Pool, Reply, RestartPolicy, Signal, System, TellError, TryTellError, WeakHandle, ask_all,
    };
}
