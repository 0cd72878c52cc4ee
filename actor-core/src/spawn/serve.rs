//! One life of an actor, from the making of its state to the reason for its end.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use crate::actor::Actor;
use crate::child::Factory;
use crate::clock;
use crate::contain::{contain, discard};
use crate::error::{ActorError, AskError, SpawnError};
use crate::exit::{ExitReason, FailureKind};
use crate::ledger::DeadReason;
use crate::mailbox::Entry;
use crate::question::{Envelope, Question};
use crate::scheduler::yield_now;
use crate::signal::Orders;
use crate::turn;
use crate::work::{Outcome, Work};

use super::ending::End;
use super::run::{Fault, Run, verdict};
use super::step::{Begun, begin, go_on, is_interrupted, step};

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
                let making = step(&self.cell, &mut None, Orders::KILL, make).await;
                verdict(making)
            }
        };
        let mut actor = match made {
            Ok(actor) => actor,
            Err(fault) => return Err(self.failed_start(fault)),
        };
        let ctx = &mut self.ctx;
        let state = &mut actor;
        let on_start = step(&self.cell, &mut None, Orders::INTERRUPTING, move || state.on_start(ctx)).await;
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
                yield_now().await;
                continue;
            }
            since_yield += 1;
            let mut next = None;
            if work.is_none() || since_work < MESSAGES_PER_WORK {
                since_work += 1;
                next = self.cell.mailbox.next_in_batch(&mut self.inbox);
            }
            let entry = match next {
                Some(entry) => entry,
                None => match self.next(work, &mut since_work).await {
                    Event::Entry(entry) => entry,
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
                    Event::Work(outcome) => {
                        if let Err(fault) = self.take_in(outcome, actor, work).await {
                            return self.faulted(fault);
                        }
                        turn::end(&AskError::NoReply);
                        continue;
                    }
                },
            };
            match entry {
                Entry::Message(Envelope { msg, question }) => {
                    let asked = question.is_some();
                    if let Some(question) = question {
                        if !question.is_awaited() {
                            self.abandon(msg, question);
                            continue;
                        }
                        turn::set_deadline(question.deadline());
                    }
                    self.in_hand = true;
                    let outcome = {
                        // What `step` does, without a state of its own to be made and moved for each message.
                        let (state, ctx) = (&mut *actor, &mut self.ctx);
                        let mut make = Some(move || state.handle(msg, ctx));
                        let mut future = pin!(None);
                        match poll_fn(|cx| Poll::Ready(begin(future.as_mut(), &mut make, cx))).await {
                            Begun::Done(Ok(())) => Ok(()),
                            begun => verdict(go_on(begun, future, &self.cell, work, Orders::INTERRUPTING).await),
                        }
                    };
                    self.in_hand = false;
                    self.cell.mailbox.finish_one();
                    if asked {
                        turn::set_deadline(None);
                    }
                    if let Err(fault) = outcome {
                        self.settle(matches!(fault, Fault::Interrupted));
                        return self.faulted(fault);
                    }
                    self.handled += 1;
                }
                Entry::Signal(signal) => {
                    if !self.ctx.accepts(&signal) {
                        continue;
                    }
                    let (state, ctx) = (&mut *actor, &mut self.ctx);
                    let on_signal = move || state.on_signal(*signal, ctx);
                    let outcome = step(&self.cell, work, Orders::INTERRUPTING, on_signal).await;
                    if let Err(fault) = verdict(outcome) {
                        return self.faulted(fault);
                    }
                }
            }
            turn::end(&AskError::NoReply);
        }
    }

    /// The end of a life whose handler failed, or was interrupted.
    fn faulted(&mut self, fault: Fault) -> End {
        turn::end(&AskError::Failed);
        match fault {
            Fault::Interrupted => self.interrupted(),
            Fault::Error(error) => self.erred(FailureKind::Error, error),
            Fault::Panic(message) => self.failure(FailureKind::Panic, message),
        }
    }

    /// Handles what attached work has come to.
    async fn take_in(
        &mut self,
        outcome: Outcome<A::Msg>,
        actor: &mut A,
        work: &mut Option<Box<Work<A::Msg>>>,
    ) -> Result<(), Fault> {
        match outcome {
            Outcome::Message(msg) => {
                let ctx = &mut self.ctx;
                verdict(step(&self.cell, work, Orders::INTERRUPTING, move || actor.handle(msg, ctx)).await)
            }
            Outcome::Panicked(message) => Err(Fault::Panic(message)),
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

    /// Passes over a question that nobody waits for any more.
    fn abandon(&self, msg: A::Msg, question: Arc<dyn Question>) {
        let question = Some(question);
        self.cell.bury(Envelope { msg, question }, DeadReason::Abandoned);
        self.cell.mailbox.finish_one();
    }

    /// Counts the message that was in hand when the life ended.
    fn settle(&mut self, interrupted: bool) {
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
