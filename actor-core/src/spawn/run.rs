//! An actor from its first life to its end.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::time::sleep;

use crate::actor::Actor;
use crate::cell::Cell;
use crate::child::Factory;
use crate::clock;
use crate::context::Context;
use crate::error::{ActorError, ActorResult, SpawnError};
use crate::exit::{ExitReason, Failure, FailureKind};
use crate::family::{Family, Next};
use crate::home::Home;
use crate::mailbox::Inbox;
use crate::signal::{ChildExit, Orders};
use crate::slot::Slot;

use super::step::Step;

pub(super) type Started = Arc<Slot<Result<(), SpawnError>>>;

pub(super) struct Run<A: Actor> {
    pub(super) cell: Arc<Cell<A::Msg>>,
    pub(super) home: Arc<Home>,
    pub(super) place: Option<Place>,
    pub(super) factory: Factory<A>,
    pub(super) ctx: Context<A::Msg>,
    pub(super) inbox: Inbox<A::Msg>,
    pub(super) started: Option<Started>,
    pub(super) handled: u64,
    pub(super) ended: bool,
}

/// Where an actor stands among its parent's children.
pub(super) struct Place {
    pub(super) family: Arc<Family>,
    pub(super) key: u64,
}

/// Why a life ended, with the orders that are thereby obeyed.
pub(super) struct End {
    pub(super) reason: ExitReason,
    pub(super) obeyed: Orders,
}

impl<A: Actor> Run<A> {
    pub(super) async fn run(&mut self) {
        loop {
            let end = self.live().await;
            if let ExitReason::Failed(failure) = &end.reason {
                tracing::warn!(%failure, "failed");
            }
            let Some(wait) = self.judge(&end) else {
                return self.end(end.reason);
            };
            let orderly = end.reason.is_orderly();
            self.cell.core.life_ended(&end.reason);
            if orderly {
                let left = self.cell.mailbox.clear(&mut self.inbox);
                self.cell.bury_all(left);
            }
            // Boxed, as what is rare must not make every actor larger.
            if !wait.is_zero()
                && let Some(reason) = Box::pin(self.back_off(wait, end.obeyed)).await
            {
                return self.end(reason);
            }
            self.cell.mailbox.reopen(end.obeyed);
            tracing::debug!("restarts");
        }
    }

    /// One life, from the making of the state to its end.
    async fn live(&mut self) -> End {
        self.ctx.begin_life();
        let mut work = None;
        let (end, state) = match self.start().await {
            Err(end) => (end, None),
            Ok(mut actor) => {
                let end = self.serve(&mut actor, &mut work).await;
                (end, Some(actor))
            }
        };
        self.wind_up(end, state, work).await
    }

    pub(super) fn interrupted(&self) -> End {
        let obeyed = Orders::INTERRUPTING;
        if self.cell.mailbox.orders().any_of(Orders::KILL) {
            return End {
                reason: ExitReason::Killed,
                obeyed,
            };
        }
        let failure = self.ctx.family().and_then(|family| family.take_failure());
        let failure = failure.unwrap_or_else(|| {
            let words = "gave up on its children".to_owned();
            Failure::caused_by(self.cell.core.path.clone(), words, None)
        });
        End {
            reason: ExitReason::Failed(failure),
            obeyed,
        }
    }

    pub(super) fn failure(&self, kind: FailureKind, message: String) -> End {
        let failure = Failure::new(self.cell.core.path.clone(), kind, message);
        End {
            reason: ExitReason::Failed(failure),
            obeyed: Orders::INTERRUPTING,
        }
    }

    /// Whether there is another life after this one, and how long to wait for it.
    fn judge(&mut self, end: &End) -> Option<Duration> {
        let place = self.place.as_ref()?;
        // An order to stop that came while the actor failed is not undone by a restart.
        let standing = self.cell.mailbox.orders().without(end.obeyed);
        if standing.any_of(Orders::SHUTDOWN)
            || standing.any_of(Orders::STOP)
            || matches!(self.factory, Factory::Once(_))
        {
            return None;
        }
        match place
            .family
            .life_ended(place.key, &end.reason, clock::now().into_std(), self.home.chance())
        {
            Next::RestartAfter(wait) => Some(wait),
            Next::End => None,
        }
    }

    /// Waits before a restart. An order that ends an actor which has no life ends the wait, and the actor.
    async fn back_off(&mut self, wait: Duration, obeyed: Orders) -> Option<ExitReason> {
        let mut waiting = pin!(sleep(wait));
        self.cell.mailbox.reopen(obeyed);
        poll_fn(|cx| {
            self.cell.mailbox.park_in_handler(&mut self.inbox, cx);
            let orders = self.cell.mailbox.orders();
            if orders.any_of(Orders::KILL) {
                Poll::Ready(Some(ExitReason::Killed))
            } else if orders.any_of(Orders::SHUTDOWN) {
                Poll::Ready(Some(ExitReason::Shutdown))
            } else if orders.any_of(Orders::STOP) {
                Poll::Ready(Some(ExitReason::Normal))
            } else {
                waiting.as_mut().poll(cx).map(|()| None)
            }
        })
        .await
    }

    /// Makes sure that a start which was waited for is not tried again.
    pub(super) fn started_in_vain(&mut self) {
        self.factory = Factory::Once(None);
    }

    /// Ends the actor for good.
    fn end(&mut self, reason: ExitReason) {
        self.ended = true;
        tracing::debug!(%reason, "ended");
        if let Some(started) = self.started.take() {
            let _ = started.put(Err(SpawnError::StoppedWhileStarting));
        }
        let place = self.place.as_ref();
        let remove = || {
            if let Some(place) = place {
                place.family.remove(place.key);
            }
        };
        let core = &self.cell.core;
        if self.cell.end(reason.clone(), &mut self.inbox, self.handled, remove)
            && let Some(place) = place
        {
            place.family.tell_owner(ChildExit {
                id: core.id,
                path: core.path.clone(),
                reason,
            });
        }
    }
}

impl<A: Actor> Drop for Run<A> {
    /// The runtime may drop an actor at any await, when it shuts down. Those who wait for it are told all the same.
    fn drop(&mut self) {
        if !self.ended {
            self.end(ExitReason::Killed);
        }
    }
}

/// How a user's future ended, if not well.
pub(super) enum Fault {
    Interrupted,
    Error(ActorError),
    Panic(String),
}

pub(super) fn verdict<T>(step: Step<ActorResult<T>>) -> Result<T, Fault> {
    match step {
        Step::Done(Ok(value)) => Ok(value),
        Step::Done(Err(error)) => Err(Fault::Error(error)),
        Step::Panicked(message) => Err(Fault::Panic(message)),
        Step::Interrupted => Err(Fault::Interrupted),
    }
}
