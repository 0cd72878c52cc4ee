//! An actor from its first life to its end.

use std::fmt;
use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use futures_util::FutureExt;
use tokio::time::sleep;

use crate::actor::Actor;
use crate::cell::{Cell, Subtree};
use crate::child::Factory;
use crate::clock;
use crate::contain::discard;
use crate::context::Context;
use crate::error::{ActorError, ActorResult, SpawnError};
use crate::exit::{ExitReason, Failure, FailureKind};
use crate::family::{Family, Left, Next};
use crate::history::{Happening, Lines};
use crate::ledger::DeadReason;
use crate::mailbox::Inbox;
use crate::signal::{ChildExit, Orders};
use crate::slot::Slot;

use super::ending::{End, Meaning};
#[cfg(feature = "metrics")]
use super::sampler::Sampler;
use super::step::{Beside, Step};

pub(crate) type Started = Arc<Slot<Result<(), SpawnError>>>;

pub(super) struct Run<A: Actor> {
    pub(super) cell: Arc<Cell<A::Msg>>,
    pub(super) place: Option<Place>,
    pub(super) factory: Factory<A>,
    pub(super) ctx: Context<A::Msg>,
    pub(super) inbox: Inbox<A::Msg>,
    pub(super) beside: Beside<A::Msg>,
    pub(super) started: Option<Started>,
    pub(super) handled: u64,
    #[cfg(feature = "metrics")]
    pub(super) sampler: Sampler,
}

/// Where an actor stands among its parent's children.
pub(super) struct Place {
    pub(super) family: Arc<Family>,
    pub(super) key: u64,
}

impl<A: Actor> Run<A> {
    /// All lives, one after the other.
    #[expect(
        clippy::manual_async_fn,
        reason = "an `async fn` keeps its arguments twice, in every actor"
    )]
    pub(super) fn run(mut self) -> impl Future<Output = ()> + Send {
        async move {
            loop {
                self.cell.core.begin_life();
                self.ctx.begin_life();
                // It stays in this place, and everybody borrows it: moved from one future into the next, it would lie in each.
                let mut state = None;
                let served = self.serve(&mut state);
                let end = served.then(|(run, state, end)| run.wind_up(end, state)).await;
                match self.between_lives(end) {
                    Err(reason) => return self.end(reason),
                    Ok(Next::RestartAfter(wait)) if wait.is_zero() => {}
                    Ok(next) => {
                        // Boxed, as what is rare must not make every actor larger.
                        if let Some(reason) = Box::pin(self.wait_for_life(next)).await {
                            return self.end(reason);
                        }
                    }
                }
                tracing::debug!("restarts");
            }
        }
    }

    /// Reads the end of a life, and makes ready for the next one; or returns why there is none.
    fn between_lives(&mut self, end: End) -> Result<Next, ExitReason> {
        if let ExitReason::Failed(failure) = &end.reason {
            tracing::warn!(%failure, "failed");
        }
        if !end.reason.is_orderly() {
            self.note(Happening::Fell(end.reason.clone()));
        }
        // First, so that what others say of this life from now on is not taken for said of the next.
        self.cell.core.break_links(&end.reason);
        let meaning = end.meaning(self.cell.mailbox.orders(), self.ctx.is_stopping());
        // Before the verdict: what is ordered after it is for the next life, and must stand.
        self.cell.mailbox.obeyed(meaning.obeyed);
        let next = self.judge(&meaning);
        if matches!(next, Next::End) {
            return Err(end.reason);
        }
        if meaning.cycled || meaning.judged.is_orderly() {
            self.leave_the_rest(meaning.cycled);
        }
        self.cell.mailbox.reopen();
        self.cell.core.life_ended(&end.reason);
        Ok(next)
    }

    pub(super) fn interrupted(&self) -> End {
        let obeyed = Orders::INTERRUPTING;
        if self.cell.mailbox.orders().any_of(Orders::KILL) {
            return End {
                reason: ExitReason::Killed,
                obeyed,
            };
        }
        let failure = self.cell.core.take_doom().unwrap_or_else(|| {
            let words = "gave up on its children".to_owned();
            Failure::caused_by(self.cell.core.path.clone(), FailureKind::GaveUp, words, None)
        });
        End {
            reason: ExitReason::Failed(failure),
            obeyed,
        }
    }

    /// The end by an error. One that was to end for another's failure has it for a reason: its own error came of that.
    pub(super) fn erred(&self, kind: FailureKind, error: ActorError) -> End {
        if self.cell.core.is_doomed() {
            self.interrupted()
        } else {
            self.failure(kind, error.into_message())
        }
    }

    pub(super) fn failure(&self, kind: FailureKind, message: String) -> End {
        let failure = Failure::new(self.cell.core.path.clone(), kind, message);
        End {
            reason: ExitReason::Failed(failure),
            obeyed: Orders::INTERRUPTING,
        }
    }

    /// Whether there is another life after this one, and what it waits for.
    fn judge(&self, meaning: &Meaning<'_>) -> Next {
        let Some(place) = &self.place else { return Next::End };
        if self.cell.mailbox.orders().any_of(Orders::SHUTDOWN) || matches!(self.factory, Factory::Once(_)) {
            return Next::End;
        }
        let (now, chance) = (clock::now().into_std(), self.ctx.home().chance());
        let (judged, taken_down) = (meaning.judged, meaning.cycled);
        let restarts = taken_down && !meaning.stopped_late;
        place
            .family
            .life_ended(place.key, judged, taken_down, restarts, now, chance)
    }

    fn note(&self, what: Happening) {
        let core = &self.cell.core;
        self.ctx.home().note(&core.path, core.id, what);
    }

    /// Waits until the next life begins. Returns why there is none after all.
    async fn wait_for_life(&mut self, next: Next) -> Option<ExitReason> {
        match next {
            Next::RestartAfter(wait) => self.back_off(sleep(wait), false).await,
            _ => {
                if let Some(place) = &self.place {
                    place.family.is_parked(place.key);
                }
                self.back_off(pending(), true).await
            }
        }
    }

    /// Waits before a restart: for the time to pass, or, once `parked`, for the order to begin.
    ///
    /// In back-off, an order that ends an actor which has no life ends the wait, and the actor. One that is parked
    /// belongs to a restart of several: only its parent ends it there, and other orders are for the life to come.
    async fn back_off(&mut self, wait: impl Future<Output = ()>, mut parked: bool) -> Option<ExitReason> {
        let mut waiting = pin!(wait);
        let ended = poll_fn(|cx| {
            self.cell.mailbox.park_in_handler(cx);
            let orders = self.cell.mailbox.orders();
            let by_parent = orders.any_of(Orders::SHUTDOWN);
            if orders.any_of(Orders::KILL) && (by_parent || !parked) {
                Poll::Ready(Some(ExitReason::Killed))
            } else if by_parent {
                Poll::Ready(Some(ExitReason::Shutdown))
            } else if orders.any_of(Orders::STOP) && !parked {
                Poll::Ready(Some(ExitReason::Normal))
            } else if orders.any_of(Orders::BEGIN) {
                Poll::Ready(None)
            } else if parked {
                Poll::Pending
            } else if orders.any_of(Orders::CYCLE) {
                // There is no life to end; what is left is to wait for the order to begin, and no longer for the time.
                parked = true;
                if let Some(place) = &self.place {
                    place.family.is_parked(place.key);
                }
                Poll::Pending
            } else {
                waiting.as_mut().poll(cx).map(|()| None)
            }
        })
        .await;
        if ended.is_none() {
            self.cell.mailbox.obeyed(Orders::BEGIN);
        }
        ended
    }

    /// Ends the actor for good.
    fn end(&mut self, reason: ExitReason) {
        self.ctx.has_ended();
        tracing::debug!(%reason, "ended");
        self.note(Happening::Ended(reason.clone()));
        if self.place.is_none() && matches!(reason, ExitReason::Failed(_)) {
            let events = self.ctx.home().history.read(clock::now().into_std());
            tracing::error!(%reason, "the system ends, after: {}", Lines(&events));
        }
        let core = &self.cell.core;
        if std::mem::take(&mut self.inbox.in_hand) {
            core.ledger().bury::<A::Msg>(&core.path, DeadReason::Killed, 1);
        }
        if let Some(family) = self.ctx.family() {
            family.close();
        }
        let place = self.place.as_ref();
        let mut left = None;
        let remove = || left = place.and_then(|place| place.family.remove(place.key));
        if self.cell.end(reason.clone(), &mut self.inbox, self.handled, remove)
            && let Some(place) = place
            && let Some(Left { life, significant }) = left
        {
            place.family.tell_owner(significant, || ChildExit {
                id: core.id,
                path: core.path.clone(),
                reason: reason.clone(),
                significant,
                // However it went on to end: by a kill when its time was up, or with a failure.
                by_itself: !self.cell.mailbox.orders().any_of(Orders::SHUTDOWN),
                life,
            });
        }
        if let Some(started) = self.started.take() {
            let _ = started.put(Err(match reason {
                ExitReason::Failed(failure) => SpawnError::StartFailed(failure),
                _ => SpawnError::StoppedWhileStarting,
            }));
        }
    }
}

impl<A: Actor> Drop for Run<A> {
    /// The runtime may drop an actor at any await, when it shuts down. Those who wait for it are told all the same.
    fn drop(&mut self) {
        discard(self.beside.work.take());
        if !self.ctx.is_ended() {
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

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Interrupted => f.write_str("interrupted by an order"),
            Fault::Error(error) => error.fmt(f),
            Fault::Panic(words) => write!(f, "panicked: {words}"),
        }
    }
}

pub(super) fn verdict<T>(step: Step<ActorResult<T>>) -> Result<T, Fault> {
    match step {
        Step::Done(Ok(value)) => Ok(value),
        Step::Done(Err(error)) => Err(Fault::Error(error)),
        Step::Panicked(message) => Err(Fault::Panic(message)),
        Step::Interrupted => Err(Fault::Interrupted),
    }
}
