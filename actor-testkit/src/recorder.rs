//! A recorder of when actors started and how they ended, to assert orders on.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actor_core::{Actor, ActorId, ActorResult, Context, ExitReason, Signal};
use tokio::time::Instant;

/// How many events a [`Recorder`] keeps between two calls of [`take`](Recorder::take).
pub const EVENTS_MAX: usize = 65_536;

/// Notes when the actors that it watches start and how they end, all in one order.
///
/// An event is a line of text with the actor's name:
///
/// | event | when |
/// |---|---|
/// | `started b` | its first `on_start` has returned |
/// | `restarted b` | the same for a later life |
/// | `failed to start b: why` | `on_start` returned this error; without a reason: it panicked, or was killed meanwhile |
/// | `stopped b` | it ended in order, shutdown included, and `on_stop` has returned |
/// | `failed b: why` | it returned an error, panicked or gave up on its children, and `on_stop` has returned |
/// | `failed to stop b: why` | `on_stop` returned this error; without a reason: it panicked, or was killed meanwhile |
/// | `killed b` | its state was dropped without `on_stop` |
///
/// Clones are the same recorder. It keeps 65,536 events at most ([`EVENTS_MAX`]), of which the last says that there
/// were more.
///
/// ```
/// use actor_core::prelude::*;
/// use actor_testkit::{Recorder, settle};
/// # struct Disk;
/// # impl Actor for Disk {
/// #     type Msg = ();
/// #     async fn handle(&mut self, _: (), _: &mut Context<()>) -> ActorResult { Err(ActorError::new("no space left")) }
/// # }
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> ActorResult {
/// let system = System::new("test");
/// let recorder = Recorder::new();
/// let disk = system.spawn("disk", recorder.watch(|| Disk))?;
/// disk.tell(()).await?; // which fails
/// settle().await;
/// assert_eq!(recorder.take(), ["started disk", "failed disk: no space left", "restarted disk"]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Recorder(Arc<Mutex<Noted>>);

#[derive(Default)]
struct Noted {
    events: Vec<(Instant, String)>,
    /// Who has started before: an id is the same before and after a restart.
    started: HashSet<ActorId>,
}

impl Recorder {
    /// A recorder that has noted nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes a factory of watched actors out of a factory of actors.
    ///
    /// It goes where the other would: into [`System::spawn`](actor_core::System::spawn), or into
    /// [`ChildSpec::new`](actor_core::ChildSpec::new) for a child with settings. The handle is the same in type.
    pub fn watch<A: Actor>(
        &self,
        mut factory: impl FnMut() -> A + Send + 'static,
    ) -> impl FnMut() -> Recorded<A> + Send + 'static {
        let recorder = self.clone();
        move || Recorded {
            inner: factory(),
            life: Life {
                recorder: recorder.clone(),
                name: String::new(),
                phase: Phase::Made,
            },
        }
    }

    /// Everything since the last [`take`](Self::take), which stays.
    pub fn events(&self) -> Vec<String> {
        self.lock().events.iter().map(|(_, event)| event.clone()).collect()
    }

    /// Everything since the last call, which is forgotten.
    ///
    /// An actor that starts again is still said to be *restarted*.
    pub fn take(&self) -> Vec<String> {
        self.take_timed().into_iter().map(|(_, event)| event).collect()
    }

    /// The same as [`take`](Self::take), with when each event was noted, by the runtime's clock.
    pub fn take_timed(&self) -> Vec<(Instant, String)> {
        std::mem::take(&mut self.lock().events)
    }

    /// Notes an event of the test's own among the others, such as a message that an actor handled.
    pub fn note(&self, event: impl Into<String>) {
        let (now, event) = (Instant::now(), event.into());
        let mut noted = self.lock();
        match EVENTS_MAX - noted.events.len() {
            0 => {}
            1 => noted.events.push((
                now,
                format!("the recorder is full at {EVENTS_MAX} events: what came then is lost"),
            )),
            _ => noted.events.push((now, event)),
        }
    }

    /// Whether this actor starts for the first time.
    fn is_first_start(&self, id: ActorId) -> bool {
        self.lock().started.insert(id)
    }

    /// No code of others runs under the lock, so that what it guards is whole whoever panicked.
    fn lock(&self) -> MutexGuard<'_, Noted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Recorder").field(&self.events()).finish()
    }
}

/// An actor that does what `A` does while a [`Recorder`] notes its lives; made by [`Recorder::watch`].
pub struct Recorded<A> {
    // Dropped before `life`, so that an end is noted when it is over.
    inner: A,
    life: Life,
}

/// Where one life stands.
struct Life {
    recorder: Recorder,
    name: String,
    phase: Phase,
}

enum Phase {
    Made,
    Starting,
    Running,
    Stopping,
    Over,
}

impl Life {
    fn end(&mut self, event: String) {
        self.phase = Phase::Over;
        self.recorder.note(event);
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        let name = &self.name;
        let event = match self.phase {
            Phase::Made | Phase::Over => return,
            Phase::Starting => format!("failed to start {name}"),
            Phase::Running => format!("killed {name}"),
            Phase::Stopping => format!("failed to stop {name}"),
        };
        self.recorder.note(event);
    }
}

impl<A: Actor> Actor for Recorded<A> {
    type Msg = A::Msg;

    async fn on_start(&mut self, ctx: &mut Context<A::Msg>) -> ActorResult {
        self.life.name = ctx.path().name().to_owned();
        self.life.phase = Phase::Starting;
        let started = self.inner.on_start(ctx).await;
        let name = &self.life.name;
        match &started {
            Ok(()) => {
                let first = self.life.recorder.is_first_start(ctx.id());
                let what = if first { "started" } else { "restarted" };
                self.life.recorder.note(format!("{what} {name}"));
                self.life.phase = Phase::Running;
            }
            Err(why) => self.life.end(format!("failed to start {name}: {why}")),
        }
        started
    }

    async fn handle(&mut self, msg: A::Msg, ctx: &mut Context<A::Msg>) -> ActorResult {
        self.inner.handle(msg, ctx).await
    }

    async fn on_signal(&mut self, signal: Signal, ctx: &mut Context<A::Msg>) -> ActorResult {
        self.inner.on_signal(signal, ctx).await
    }

    async fn on_stop(&mut self, reason: &ExitReason, ctx: &mut Context<A::Msg>) -> ActorResult {
        self.life.phase = Phase::Stopping;
        let stopped = self.inner.on_stop(reason, ctx).await;
        let name = &self.life.name;
        let event = match (&stopped, reason) {
            (Err(why), _) => format!("failed to stop {name}: {why}"),
            (Ok(()), ExitReason::Failed(failure)) => format!("failed {name}: {}", failure.message()),
            (Ok(()), _) => format!("stopped {name}"),
        };
        self.life.end(event);
        stopped
    }
}

impl<A> fmt::Debug for Recorded<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recorded({})", self.life.name)
    }
}
