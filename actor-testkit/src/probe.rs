//! An actor whose inbox a test reads.

use std::any::type_name;
use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actor_core::{Actor, ActorError, ActorResult, ChildSpec, Context, Handle, System};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::{sleep, timeout, timeout_at};

/// How many messages a [`Probe`] keeps for its test to read, unless it is [given](Probe::spawn_with_inbox) another bound.
pub const INBOX_MESSAGES_MAX: usize = 1024;

/// How long [`Probe::expect`] waits.
pub const EXPECT_TIMEOUT_DEFAULT: Duration = Duration::from_secs(5);

/// A real actor that takes messages of type `M`, and puts them where a test reads them.
///
/// It stands for whoever the tested actor talks to. A question is read like any message, and answered by the reply port
/// in it, or left unanswered by keeping that. One that is still to come is answered by [`reply`](Self::reply).
///
/// Its inbox holds 1024 messages ([`INBOX_MESSAGES_MAX`]) that the test has not read: at one more the probe fails and
/// says so, because a test that never reads them has got something wrong. A test that means to leave more unread, or to
/// notice earlier, [says how many](Self::spawn_with_inbox). It is a temporary child of the system, so that
/// its end is for good. Dropping the probe stops it.
///
/// ```
/// use actor_core::prelude::*;
/// use actor_testkit::Probe;
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> ActorResult {
/// let system = System::new("test");
/// let mut database = Probe::<Reply<u64>>::spawn(&system, "database");
/// database.reply(|question| question.send(7));
/// assert_eq!(database.handle().ask(|reply| reply).await, Ok(7));
///
/// // Or step by step, to see what happens between question and answer.
/// let address = database.handle();
/// let asking = tokio::spawn(async move { address.ask(|reply| reply).await });
/// let question = database.expect().await;
/// question.send(8);
/// assert_eq!(asking.await?, Ok(8));
/// # Ok(())
/// # }
/// ```
pub struct Probe<M: Send + 'static> {
    handle: Handle<M>,
    inner: Handle<Told<M>>,
    inbox: Receiver<M>,
    replies: Replies<M>,
}

/// What is to be done with the messages to come, in their order. Locked while a message finds its place, so that none
/// goes into the inbox past somebody who waits for it.
type Replies<M> = Arc<Mutex<VecDeque<Box<dyn FnOnce(M) + Send>>>>;

/// What the actor behind a probe is told.
enum Told<M> {
    Keep(M),
    Fail(String),
}

struct Keeper<M> {
    inbox: Sender<M>,
    replies: Replies<M>,
}

/// No code of others runs under the lock, so that what it guards is whole whoever panicked.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<M: Send + 'static> Actor for Keeper<M> {
    type Msg = Told<M>;

    async fn handle(&mut self, told: Told<M>, ctx: &mut Context<Told<M>>) -> ActorResult {
        let msg = match told {
            Told::Keep(msg) => msg,
            Told::Fail(text) => return Err(ActorError::new(text)),
        };
        let mut replies = locked(&self.replies);
        if let Some(reply) = replies.pop_front() {
            drop(replies);
            reply(msg);
            return Ok(());
        }
        match self.inbox.try_send(msg) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(_)) => Err(ActorError::new(format!(
                "the inbox of the probe is full: its test has left {} messages unread",
                self.inbox.max_capacity()
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
        Self::spawn_with_inbox(system, name, INBOX_MESSAGES_MAX)
    }

    /// The same with room for so many unread messages. At one more the probe fails.
    ///
    /// # Panics
    /// As [`spawn`](Self::spawn); or if `messages` is 0.
    #[track_caller]
    pub fn spawn_with_inbox(system: &System, name: impl Into<String>, messages: usize) -> Self {
        assert!(
            messages > 0,
            "an inbox for 0 messages would never hold one; give it at least 1"
        );
        let (sender, inbox) = channel(messages);
        let replies = Replies::default();
        let keeper = Keeper {
            inbox: sender,
            replies: replies.clone(),
        };
        match system.spawn_spec(ChildSpec::once(name, move || keeper)) {
            Ok(inner) => Self {
                handle: inner.map(Told::Keep),
                inner,
                inbox,
                replies,
            },
            Err(why) => panic!("the probe was not spawned: {why}"),
        }
    }

    /// The address to give to those who are tested.
    pub fn handle(&self) -> Handle<M> {
        self.handle.clone()
    }

    /// Has `f` take the next message that the test has not read, instead of the test: at once if there is one, or else when
    /// it comes. Called again, it takes the one after that.
    ///
    /// So a question is answered that the tested actor is still to ask, and the test need not wait beside it. A message
    /// that `f` takes is seen by neither [`expect`](Self::expect) nor [`try_next`](Self::try_next). A panic in it is a
    /// failure of the probe, or one of the test if the message was there.
    pub fn reply(&mut self, f: impl FnOnce(M) + Send + 'static) {
        let mut replies = locked(&self.replies);
        match self.inbox.try_recv() {
            Ok(msg) => {
                drop(replies);
                f(msg);
            }
            Err(_) => replies.push_back(Box::new(f)),
        }
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
