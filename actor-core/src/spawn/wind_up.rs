//! The end of one life: what is attached goes first, then the children, then the state.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use crate::actor::Actor;
use crate::contain::discard;
use crate::error::AskError;
use crate::exit::{ExitReason, FailureKind};
use crate::family::Family;
use crate::ledger::DeadReason;
use crate::signal::Orders;
use crate::stop::{kill_children, stop_children};
use crate::turn;

use super::ending::End;
use super::run::{Fault, Run, verdict};
use super::step::step;

impl<A: Actor> Run<A> {
    /// Ends a life: the attached work first, then the children, then `on_stop`, then the state itself.
    #[expect(
        clippy::manual_async_fn,
        reason = "an `async fn` keeps its arguments twice, in every actor"
    )]
    pub(super) fn wind_up(&mut self, mut end: End, state: &mut Option<A>) -> impl Future<Output = End> + Send {
        async move {
            let failed = |end: &End| matches!(end.reason, ExitReason::Failed(_) | ExitReason::Killed);
            self.ctx.is_over();
            if end.reason.is_orderly() {
                // What waits will not be handled. A child that waits for an answer to it could not stop.
                self.leave_the_rest(end.obeyed.any_of(Orders::CYCLE));
            }
            discard((self.beside.work.take(), self.ctx.end_life()));
            // Those who asked what is dropped here must not wait until the children have stopped.
            turn::end(if failed(&end) {
                &AskError::Failed
            } else {
                &AskError::NoReply
            });
            if let Some(family) = self.ctx.family().cloned() {
                // Boxed, as most actors have no children, and would carry the room for it.
                Box::pin(self.stop_family(&family, matches!(end.reason, ExitReason::Killed))).await;
                if self.cell.mailbox.orders().any_of(Orders::KILL) {
                    end.reason = ExitReason::Killed;
                }
            }
            if let Some(actor) = &mut *state
                && !matches!(end.reason, ExitReason::Killed)
            {
                let Self { ctx, cell, .. } = &mut *self;
                let reason = &end.reason;
                let on_stop = step(cell, None, Orders::KILL, move || actor.on_stop(reason, ctx));
                let fault = match verdict(on_stop.await) {
                    Ok(()) => None,
                    Err(Fault::Interrupted) => Some(End {
                        reason: ExitReason::Killed,
                        obeyed: Orders::INTERRUPTING,
                    }),
                    Err(Fault::Error(error)) => Some(self.failure(FailureKind::Error, error.into_message())),
                    Err(Fault::Panic(message)) => Some(self.failure(FailureKind::Panic, message)),
                };
                match fault {
                    Some(fault) if end.reason.is_orderly() => end.reason = fault.reason,
                    Some(fault) => tracing::warn!(reason = %fault.reason, "on_stop failed after a failure"),
                    None => {}
                }
                // `on_stop` may have attached or watched something, for a life that is over.
                discard(self.ctx.end_life());
            }
            discard(state.take());
            turn::end(if failed(&end) {
                &AskError::Failed
            } else {
                &AskError::NoReply
            });
            end
        }
    }

    /// Leaves what waits in the mailbox to dead letters.
    pub(super) fn leave_the_rest(&mut self, cycled: bool) {
        let left = self.cell.mailbox.clear(&mut self.inbox, !cycled);
        let reason = if cycled {
            DeadReason::Restarted
        } else {
            DeadReason::Stopped
        };
        self.cell.bury_all(left, reason);
    }

    /// Stops the children: at once, and all together, from the moment when this actor is killed itself.
    async fn stop_family(&mut self, family: &Arc<Family>, killed: bool) {
        self.cell.core.set_winding_up(true);
        let home = self.ctx.home().clone();
        if !killed {
            let mut stopping = pin!(stop_children(&**family, &home));
            let done = poll_fn(|cx| {
                if stopping.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(true);
                }
                self.cell.mailbox.park_in_handler(cx);
                if self.cell.mailbox.orders().any_of(Orders::KILL) {
                    Poll::Ready(false)
                } else {
                    Poll::Pending
                }
            })
            .await;
            if done {
                self.cell.core.set_winding_up(false);
                return;
            }
        }
        kill_children(&**family, &home).await;
        self.cell.core.set_winding_up(false);
    }
}
