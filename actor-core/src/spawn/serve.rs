//! One life of an actor, from the making of its state to the reason for its end.

use std::future::{Future, poll_fn};
use std::task::Poll;

use crate::actor::Actor;
use crate::child::Factory;
use crate::clock;
use crate::contain::{contain, discard};
use crate::error::{ActorError, ActorResult, AskError, SpawnError};
use crate::exit::{ExitReason, FailureKind};
use crate::ledger::DeadReason;
use crate::mailbox::Entry;
use crate::question::Envelope;
use crate::signal::Orders;
use crate::turn;
use crate::work::{Outcome, Work};

use super::ending::End;
use super::run::{Fault, Run, verdict};
use super::step::{Step, is_interrupted, step};

/// A busy actor gives its thread back after so many messages.
const MESSAGES_PER_YIELD: u32 = 64;

/// Attached work gets its turn after so many messages, however many more there are.
const MESSAGES_PER_WORK: u32 = 8;

/// What the loop does next.
enum Event<M> {
    Entry(Entry<M>),
    Work(Outcome<M>),
    /// The queue is empty, and there are orders.
    Idle,
}

impl<A: Actor> Run<A> {
    /// Makes the state, and runs `on_start`.
    pub(super) async fn start(&mut self) -> Result<A, End> {
        let made = match &mut self.factory {
            Factory::Plain(make) => contain(make).map_err(Fault::Panic),
            Factory::Once(make) => match make.take() {
                Some(make) => contain(make).map_err(Fault::Panic),
                None => Err(Fault::Error(ActorError::new("its state cannot be made a second time"))),
            },
            Factory::Fallible(make) => {
                let making = step(&self.cell, &mut self.inbox, &mut None, Orders::KILL, make).await;
                verdict(making)
            }
        };
        let mut actor = match made {
            Ok(actor) => actor,
            Err(fault) => return Err(self.failed_start(fault)),
        };
        let ctx = &mut self.ctx;
        let state = &mut actor;
        let on_start = step(
            &self.cell,
            &mut self.inbox,
            &mut None,
            Orders::INTERRUPTING,
            move || state.on_start(ctx),
        )
        .await;
        match verdict(on_start) {
            Ok(()) => {
                turn::end(&AskError::NoReply);
                if let Some(started) = self.started.take() {
                    let _ = started.put(Ok(()));
                }
                if let Some(place) = &self.place {
                    place.family.life_is_up(place.key, clock::now().into_std());
                }
                tracing::debug!("started");
                Ok(actor)
            }
            Err(fault) => {
                discard(actor);
                Err(self.failed_start(fault))
            }
        }
    }

    fn failed_start(&mut self, fault: Fault) -> End {
        turn::end(&AskError::Failed);
        let end = match fault {
            Fault::Interrupted => self.interrupted(),
            Fault::Error(error) => self.erred(FailureKind::Start, error),
            Fault::Panic(message) => self.failure(FailureKind::Start, format!("panicked: {message}")),
        };
        if self.started.is_some() {
            // Who waits for the start is told of its failure instead of the supervisor, when the child is gone.
            self.start_error = Some(match &end.reason {
                ExitReason::Failed(failure) => SpawnError::StartFailed(failure.clone()),
                _ => SpawnError::StoppedWhileStarting,
            });
            self.factory = Factory::Once(None);
        }
        end
    }

    /// Handles messages until there is a reason to end.
    pub(super) async fn serve(&mut self, actor: &mut A, work: &mut Option<Box<Work<A::Msg>>>) -> End {
        let mut since_yield = 0;
        let mut since_work = 0;
        loop {
            let orders = self.cell.mailbox.orders();
            if !orders.is_none()
                && let Some(end) = self.obey(orders)
            {
                return end;
            }
            if self.ctx.is_stopping() {
                return End {
                    reason: ExitReason::Normal,
                    obeyed: Orders::STOPPING,
                };
            }
            if self.ctx.has_fresh() {
                let work = work.get_or_insert_with(|| Box::new(Work::new()));
                self.ctx.take_fresh().into_iter().for_each(|fresh| work.begin(fresh));
            }
            if since_yield == MESSAGES_PER_YIELD {
                since_yield = 0;
                tokio::task::yield_now().await;
                continue;
            }
            since_yield += 1;
            let event = self.next(work, &mut since_work).await;
            let outcome = match event {
                Event::Idle => {
                    // Only when nothing stronger was said.
                    if self.cell.mailbox.orders() == Orders::DRAIN {
                        return End {
                            reason: ExitReason::Normal,
                            obeyed: Orders::STOPPING,
                        };
                    }
                    continue;
                }
                Event::Work(Outcome::Message(msg)) => self.handle(actor, msg, work).await,
                Event::Work(Outcome::Panicked(message)) => Step::Panicked(message),
                Event::Entry(Entry::Message(envelope)) => {
                    let asked = envelope.question.is_some();
                    let Some(msg) = self.take_up(envelope) else { continue };
                    let outcome = self.handle(actor, msg, work).await;
                    self.settle(matches!(outcome, Step::Interrupted));
                    if asked {
                        turn::set_deadline(None);
                    }
                    outcome
                }
                Event::Entry(Entry::Signal(signal)) => {
                    if !self.ctx.accepts(&signal) {
                        continue;
                    }
                    let ctx = &mut self.ctx;
                    let actor = &mut *actor;
                    let interrupting = Orders::INTERRUPTING;
                    step(&self.cell, &mut self.inbox, work, interrupting, move || {
                        actor.on_signal(*signal, ctx)
                    })
                    .await
                }
            };
            match verdict(outcome) {
                Ok(()) => turn::end(&AskError::NoReply),
                Err(fault) => {
                    turn::end(&AskError::Failed);
                    return match fault {
                        Fault::Interrupted => self.interrupted(),
                        Fault::Error(error) => self.erred(FailureKind::Error, error),
                        Fault::Panic(message) => self.failure(FailureKind::Panic, message),
                    };
                }
            }
        }
    }

    /// Waits for the next message, signal, or result of attached work.
    async fn next(&mut self, work: &mut Option<Box<Work<A::Msg>>>, since_work: &mut u32) -> Event<A::Msg> {
        poll_fn(|cx| {
            let work_first = *since_work >= MESSAGES_PER_WORK;
            if work_first && let Some(outcome) = work.as_mut().and_then(|work| work.poll_next(cx)) {
                *since_work = 0;
                return Poll::Ready(Event::Work(outcome));
            }
            match self.cell.mailbox.poll_next(&mut self.inbox, cx) {
                Poll::Ready(Some(entry)) => {
                    *since_work = if work_first { 0 } else { *since_work + 1 };
                    return Poll::Ready(Event::Entry(entry));
                }
                Poll::Ready(None) => return Poll::Ready(Event::Idle),
                Poll::Pending => {}
            }
            match work.as_mut().and_then(|work| work.poll_next(cx)) {
                Some(outcome) => Poll::Ready(Event::Work(outcome)),
                None => Poll::Pending,
            }
        })
        .await
    }

    /// Takes a message into the hand, unless it is a question that nobody waits for any more.
    fn take_up(&mut self, envelope: Envelope<A::Msg>) -> Option<A::Msg> {
        match &envelope.question {
            None => {}
            Some(question) if question.is_awaited() => turn::set_deadline(question.deadline()),
            Some(_) => {
                self.cell.bury(envelope, DeadReason::Abandoned);
                self.inbox.finish_one();
                return None;
            }
        }
        self.in_hand = true;
        Some(envelope.msg)
    }

    fn handle<'a>(
        &'a mut self,
        actor: &'a mut A,
        msg: A::Msg,
        work: &'a mut Option<Box<Work<A::Msg>>>,
    ) -> impl Future<Output = Step<ActorResult>> + Send + 'a {
        let ctx = &mut self.ctx;
        let handle = move || actor.handle(msg, ctx);
        step(&self.cell, &mut self.inbox, work, Orders::INTERRUPTING, handle)
    }

    /// Counts the message that was in hand.
    fn settle(&mut self, interrupted: bool) {
        self.inbox.finish_one();
        self.in_hand = false;
        if interrupted {
            self.cell
                .core
                .ledger()
                .bury::<A::Msg>(&self.cell.core.path, DeadReason::Killed, 1);
        } else {
            self.handled += 1;
        }
    }

    /// What the orders that the actor is under mean between two messages.
    fn obey(&self, orders: Orders) -> Option<End> {
        if is_interrupted(&self.cell, Orders::INTERRUPTING) {
            Some(self.interrupted())
        } else if orders.any_of(Orders::SHUTDOWN) {
            Some(End {
                reason: ExitReason::Shutdown,
                obeyed: Orders::NONE,
            })
        } else if orders.any_of(Orders::STOP) {
            Some(End {
                reason: ExitReason::Normal,
                obeyed: Orders::STOPPING,
            })
        } else if orders.any_of(Orders::CYCLE) {
            Some(End {
                reason: ExitReason::Shutdown,
                obeyed: Orders::CYCLE,
            })
        } else {
            None
        }
    }
}
