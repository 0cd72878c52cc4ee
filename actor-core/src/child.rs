//! How a child is made and treated.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::actor::Actor;
use crate::cell::Cell;
use crate::contain::contain;
use crate::error::{ActorError, ActorResult, SpawnError};
use crate::family::{Intensity, Rules, Treatment};
use crate::handle::Route;
use crate::id::fault_in_name;
use crate::mailbox::MailboxSpec;
use crate::supervision::backoff::Backoff;
use crate::supervision::policy::RestartPolicy;
use crate::sync::Mutex;

/// How a child is made, and how it is treated by the one who spawns it.
///
/// ```
/// use std::time::Duration;
/// use actor_core::prelude::*;
/// # #[derive(Default)]
/// # struct Disk;
/// # impl Actor for Disk {
/// #     type Msg = ();
/// #     async fn handle(&mut self, _: (), _: &mut Context<()>) -> ActorResult { Ok(()) }
/// # }
/// let disk = ChildSpec::new("disk", Disk::default)
///     .restart(RestartPolicy::Permanent)
///     .backoff(Backoff::new(Duration::from_millis(100), Duration::from_secs(10)))
///     .mailbox(MailboxSpec::bounded(64).overflow(Overflow::Refuse));
/// ```
pub struct ChildSpec<A: Actor> {
    pub(crate) name: String,
    pub(crate) factory: Factory<A>,
    pub(crate) mailbox: MailboxSpec<A::Msg>,
    pub(crate) treatment: Treatment,
    pub(crate) rules: Rules,
    pub(crate) front: Option<Arc<dyn Front<A::Msg>>>,
}

/// What stands before an actor that does not handle itself what is told to it.
pub(crate) trait Front<M>: Send + Sync {
    /// Says what makes the specification of those behind it unusable.
    fn check(&self) -> Result<(), SpawnError>;
    /// Makes the way to those who are to handle the messages to this new actor.
    fn open(&self, cell: &Arc<Cell<M>>) -> Arc<dyn Route<M>>;
}

/// `dyn`, because it is chosen at run time; it is called once for each life.
pub(crate) enum Factory<A> {
    Plain(Box<dyn FnMut() -> A + Send>),
    Once(Option<Box<dyn FnOnce() -> A + Send>>),
    Fallible(Box<dyn FnMut() -> BoxFuture<ActorResult<A>> + Send>),
}

impl<A: 'static> Factory<A> {
    /// A factory that others use as well, one after the other.
    pub(crate) fn lent(shared: Arc<Mutex<Option<Factory<A>>>>) -> Self
    where
        A: Send,
    {
        Factory::Fallible(Box::new(move || {
            let shared = shared.clone();
            Box::pin(async move {
                // Taken out for as long as it is used: no user code runs under the lock.
                let factory = shared.lock().take();
                match factory {
                    None => Err(ActorError::new("its state cannot be made a second time")),
                    Some(Factory::Once(None)) => Err(ActorError::new("its state cannot be made a second time")),
                    Some(Factory::Once(Some(make))) => Ok(make()),
                    Some(Factory::Plain(mut make)) => {
                        let made = contain(&mut make);
                        *shared.lock() = Some(Factory::Plain(make));
                        made.map_err(|panic| ActorError::new(format!("panicked: {panic}")))
                    }
                    Some(Factory::Fallible(mut make)) => {
                        let making = contain(&mut make);
                        *shared.lock() = Some(Factory::Fallible(make));
                        match making {
                            Ok(making) => making.await,
                            Err(panic) => Err(ActorError::new(format!("panicked: {panic}"))),
                        }
                    }
                }
            })
        }))
    }
}

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

impl<A: Actor> ChildSpec<A> {
    /// A child that can be restarted: `factory` makes the state of each of its lives.
    ///
    /// Its policy is [`Transient`](RestartPolicy::Transient) unless chosen otherwise.
    pub fn new(name: impl Into<String>, factory: impl FnMut() -> A + Send + 'static) -> Self {
        Self::made_by(name.into(), Factory::Plain(Box::new(factory)))
    }

    /// A child that is given what cannot be made a second time, such as a socket. It is temporary: nothing restarts it.
    pub fn once(name: impl Into<String>, factory: impl FnOnce() -> A + Send + 'static) -> Self {
        Self::made_by(name.into(), Factory::Once(Some(Box::new(factory)))).restart(RestartPolicy::Temporary)
    }

    /// A child that can be restarted, and whose making takes time, or can fail.
    pub fn fallible<F, Fut, E>(name: impl Into<String>, mut factory: F) -> Self
    where
        F: FnMut() -> Fut + Send + 'static,
        Fut: Future<Output = Result<A, E>> + Send + 'static,
        E: Into<ActorError>,
    {
        let boxed = move || -> BoxFuture<ActorResult<A>> {
            let making = factory();
            Box::pin(async move { making.await.map_err(Into::into) })
        };
        Self::made_by(name.into(), Factory::Fallible(Box::new(boxed)))
    }

    fn made_by(name: String, factory: Factory<A>) -> Self {
        Self {
            name,
            factory,
            mailbox: MailboxSpec::default(),
            treatment: Treatment::default(),
            rules: Rules::default(),
            front: None,
        }
    }

    /// When the child is restarted. A child made by [`once`](Self::once) stays temporary, whatever is said here.
    pub fn restart(mut self, policy: RestartPolicy) -> Self {
        let once = matches!(self.factory, Factory::Once(_));
        self.treatment.policy = if once { RestartPolicy::Temporary } else { policy };
        self
    }

    /// The bound of the child's mailbox, and what happens beyond it. 1024 messages, and waiting, by default.
    pub fn mailbox(mut self, mailbox: MailboxSpec<A::Msg>) -> Self {
        self.mailbox = mailbox;
        self
    }

    /// Waits before restarts. By default there is no wait: the intensity alone bounds them.
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.treatment.set_backoff(backoff);
        self
    }

    /// How long the child may take to stop when its parent or the system shuts down, before it is killed: 5 s by
    /// default, and as long as its own children take where it has any. Zero kills it at its next await.
    pub fn shutdown(mut self, within: Duration) -> Self {
        self.treatment.set_shutdown(within);
        self
    }

    /// How many restarts of this child's *own* children, in which sliding period, it takes before it gives up and
    /// fails.
    ///
    /// 3 in 5 s by default. Zero restarts gives up at the first failure. A period of zero is refused at spawn.
    pub fn intensity(mut self, restarts: usize, period: Duration) -> Self {
        self.rules.intensity = Intensity { restarts, period };
        self
    }

    /// Says that its end for good matters to a [`Supervisor`](crate::Supervisor) with
    /// [`auto_shutdown`](crate::Supervisor::auto_shutdown).
    pub fn significant(mut self) -> Self {
        self.treatment.significant = true;
        self
    }

    /// Says what makes this specification unusable.
    pub(crate) fn check(&self) -> Result<(), SpawnError> {
        if let Some(fault) = fault_in_name(&self.name) {
            return Err(SpawnError::InvalidName {
                name: self.name.clone(),
                fault,
            });
        }
        let fault = self.mailbox.fault().or_else(|| {
            self.rules
                .intensity
                .period
                .is_zero()
                .then(|| "an intensity over a period of zero never gives up; give it a period".into())
        });
        let fault = fault.or_else(|| {
            let contradiction = self.treatment.significant && self.treatment.policy == RestartPolicy::Permanent;
            contradiction.then(|| "a significant child must not be permanent: its end would never come".into())
        });
        match fault {
            Some(fault) => Err(SpawnError::InvalidSpec {
                name: self.name.clone(),
                fault,
            }),
            None => self.front.as_ref().map_or(Ok(()), |front| front.check()),
        }
    }
}

impl<A: Actor> fmt::Debug for ChildSpec<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "ChildSpec({}, {:?}, {:?})",
            self.name, self.treatment.policy, self.mailbox
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Context;

    struct Idle;
    impl Actor for Idle {
        type Msg = ();

        async fn handle(&mut self, (): (), _: &mut Context<()>) -> ActorResult {
            Ok(())
        }
    }

    #[test]
    fn a_specification_is_shown_with_what_was_chosen() {
        let spec = ChildSpec::new("a", || Idle).mailbox(MailboxSpec::bounded(8));
        assert_eq!(format!("{spec:?}"), "ChildSpec(a, Transient, bounded(8), Wait)");
    }
}
