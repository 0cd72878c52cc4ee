//! An actor whose inbox a test reads.

use std::any::type_name;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::time::Duration;

use actor_core::{Actor, ActorError, ActorResult, ChildSpec, Context, Handle, System};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::{sleep, timeout, timeout_at};

/// How many messages a [`Probe`] keeps for its test to read.
pub const INBOX_MESSAGES_MAX: usize = 1024;

/// How long [`Probe::expect`] waits.
pub const EXPECT_TIMEOUT_DEFAULT: Duration = Duration::from_secs(5);

/// A real actor that takes messages of type `M`, and puts them where a test reads them.
///
/// It stands for whoever the tested actor talks to. A question is read like any message, and answered by the reply port
/// in it, or left unanswered by keeping that.
///
/// Its inbox holds 1024 messages ([`INBOX_MESSAGES_MAX`]) that the test has not read: at one more the probe fails and
/// says so, because a test that never reads them has got something wrong. It is a temporary child of the system, so that
/// its end is for good. Dropping the probe stops it.
///
/// ```
/// use actor_core::prelude::*;
/// use actor_testkit::Probe;
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> ActorResult {
/// let system = System::new("test");
/// let mut database = Probe::<Reply<u64>>::spawn(&system, "database");
/// let address = database.handle();
/// let asking = tokio::spawn(async move { address.ask(|reply| reply).await });
/// database.expect().await.send(7);
/// assert_eq!(asking.await?, Ok(7));
/// # Ok(())
/// # }
/// ```
pub struct Probe<M: Send + 'static> {
    handle: Handle<M>,
    inner: Handle<Told<M>>,
    inbox: Receiver<M>,
}

/// What the actor behind a probe is told.
enum Told<M> {
    Keep(M),
    Fail(String),
}

struct Keeper<M>(Sender<M>);

impl<M: Send + 'static> Actor for Keeper<M> {
    type Msg = Told<M>;

    async fn handle(&mut self, told: Told<M>, ctx: &mut Context<Told<M>>) -> ActorResult {
        let msg = match told {
            Told::Keep(msg) => msg,
            Told::Fail(text) => return Err(ActorError::new(text)),
        };
        match self.0.try_send(msg) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(_)) => Err(ActorError::new(format!(
                "the inbox of the probe is full: its test has left {INBOX_MESSAGES_MAX} messages unread"
            ))),
            Err(TrySendError::Closed(_)) => {
                ctx.stop();
                Ok(())
            }
        }
    }
}

impl<M: Send + 'static> Probe<M> {
    /// Spawns a probe of this name at the top of `system`.
    ///
    /// # Panics
    /// If it cannot be spawned: the name is taken or no name, or the system is stopping. Outside of a tokio runtime.
    #[track_caller]
    pub fn spawn(system: &System, name: impl Into<String>) -> Self {
        let (sender, inbox) = channel(INBOX_MESSAGES_MAX);
        match system.spawn_spec(ChildSpec::once(name, move || Keeper(sender))) {
            Ok(inner) => Self {
                handle: inner.map(Told::Keep),
                inner,
                inbox,
            },
            Err(why) => panic!("the probe was not spawned: {why}"),
        }
    }

    /// The address to give to those who are tested.
    pub fn handle(&self) -> Handle<M> {
        self.handle.clone()
    }

    /// Waits for the next message, for 5 s of the runtime's clock at most.
    ///
    /// # Cancel safety
    /// Dropping the future loses no message.
    ///
    /// # Panics
    /// If no message comes in that time or none can come, with the place of this call.
    #[track_caller]
    pub fn expect(&mut self) -> impl Future<Output = M> + Send {
        self.next(EXPECT_TIMEOUT_DEFAULT, Location::caller())
    }

    /// Waits for the next message as [`expect`](Self::expect) does, `within` at most. Zero takes what is there.
    ///
    /// # Cancel safety
    /// Dropping the future loses no message.
    ///
    /// # Panics
    /// If no message comes in that time or none can come, with the place of this call.
    #[track_caller]
    pub fn expect_within(&mut self, within: Duration) -> impl Future<Output = M> + Send {
        self.next(within, Location::caller())
    }

    async fn next(&mut self, within: Duration, caller: &'static Location<'static>) -> M {
        match timeout(within, self.inbox.recv()).await {
            Ok(Some(msg)) => msg,
            Ok(None) => {
                let reason = self.inner.watch().await.reason;
                panic!("{caller}: {self:?} waits for a message, but none can come any more: it {reason}");
            }
            Err(_) => panic!("{caller}: {self:?} waited {within:?} for a message, and none came"),
        }
    }

    /// Lets `time` pass, and makes sure that no message comes meanwhile, nor one is there already.
    ///
    /// It is meant for the paused clock, where it takes no time; on another it waits for all of it.
    ///
    /// # Cancel safety
    /// Dropping the future loses no message.
    ///
    /// # Panics
    /// If a message comes, with the place of this call.
    #[track_caller]
    pub fn expect_none_within(&mut self, time: Duration) -> impl Future<Output = ()> + Send {
        let caller = Location::caller();
        async move {
            let end = sleep(time);
            match timeout_at(end.deadline(), self.inbox.recv()).await {
                Ok(Some(_)) => panic!("{caller}: {self:?} expected no message for {time:?}, and one came"),
                // The probe has ended. Time passes all the same.
                Ok(None) => end.await,
                Err(_) => {}
            }
        }
    }

    /// The next message if it is there already; [`settle`](crate::settle()) first, so that it can be.
    pub fn try_next(&mut self) -> Option<M> {
        self.inbox.try_recv().ok()
    }

    /// Ends the probe as if it had been killed, and waits until it has ended. Watchers hear `Killed`.
    ///
    /// What it had taken up can still be read; what waited in its mailbox goes to dead letters.
    ///
    /// # Cancel safety
    /// The probe ends whether this is awaited to its end or dropped once polled.
    pub async fn die(&self) {
        let down = self.inner.watch();
        drop(self.inner.kill());
        down.await;
    }

    /// Has the probe fail with this text behind all that it was told before, and waits until it has ended. Watchers
    /// hear `Failed`.
    ///
    /// Of no effect on a probe that has ended.
    ///
    /// # Cancel safety
    /// Dropping the future while the mailbox is full leaves the probe alive; later, it fails all the same.
    pub async fn fail(&self, text: impl Into<String>) {
        let down = self.inner.watch();
        // Refused only by a probe that is stopping: its end comes either way.
        let _ = self.inner.tell(Told::Fail(text.into())).await;
        down.await;
    }
}

impl<M: Send + 'static> Drop for Probe<M> {
    fn drop(&mut self) {
        drop(self.inner.stop());
    }
}

impl<M: Send + 'static> fmt::Debug for Probe<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Probe({}, of {})", self.inner.path(), type_name::<M>())
    }
}
