//! One life of an actor, from the making of its state to the reason for its end.

use std::any::type_name;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::actor::Actor;
use crate::cell::Core;
use crate::child::Factory;
use crate::clock;
use crate::contain::{contain, discard};
use crate::error::{ActorError, AskError};
use crate::exit::{ExitReason, FailureKind};
use crate::history::Happening;
use crate::ledger::DeadReason;
use crate::mailbox::Entry;
use crate::question::{self, Envelope, Question, Wait};
use crate::scheduler::yield_now;
use crate::signal::{Orders, Signal};
use crate::trace::Handling;
use crate::turn;
use crate::work::{Outcome, Work};

use super::ending::End;
use super::run::{Fault, Run, verdict};
use super::step::{Step, drive, is_interrupted, step};

/// A busy actor gives way after so many messages, where other actors are queued. Those who hand on what they get would else come to go
/// in one bunch, of which each handles all before the next one begins, and other workers find nothing to do.
const MESSAGES_PER_TURN: u8 = 16;

/// And after so many in any case. A worker that has nobody else polls it on until its slice is spent.
const MESSAGES_PER_POLL: u8 = 4 * MESSAGES_PER_TURN;

/// Attached work gets its turn after so many messages, however many more there are.
const MESSAGES_PER_WORK: u8 = 8;

/// What the loop finds to do.
enum Event<M> {
    Entry(Entry<M>),
    Work(Outcome<M>),
    /// The queue is empty, and there are orders.
    Idle,
}

impl<A: Actor> Run<A> {
    /// Makes the state, where that takes no time.
    fn make(&mut self) -> Result<A, Fault> {
        let made = match &mut self.factory {
            Factory::Plain(make) => Some(contain(make)),
            Factory::Once(make) => make.take().map(contain),
            Factory::Fallible(_) => None,
        };
        let made = made.ok_or_else(|| Fault::Error(ActorError::new("its state cannot be made a second time")))?;
        made.map_err(Fault::Panic)
    }

    /// Notes that `on_start` has ended well.
    fn is_up(&mut self) {
        turn::end(&AskError::NoReply);
        if let Some(started) = self.started.take() {
            let _ = started.put(Ok(()));
        }
        if let Some(place) = &self.place {
            let (now, core) = (clock::now().into_std(), &self.cell.core);
            place.family.life_is_up(place.key, now);
            let started = Happening::Started { life: core.life() };
            self.ctx.home().history.note(&core.path, core.id, started, now);
        }
        tracing::debug!("started");
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
            self.factory = Factory::Once(None);
        }
        end
    }

    /// Makes the state, starts, and handles messages until there is a reason to end; with that, gives back what it has borrowed
    /// for whoever goes on.
    ///
    /// One block, as each that awaits another is kept in every actor beside it.
    #[expect(
        clippy::manual_async_fn,
        reason = "an `async fn` keeps its arguments twice, in every actor"
    )]
    pub(super) fn serve<'a>(
        &'a mut self,
        state: &'a mut Option<A>,
    ) -> impl Future<Output = (&'a mut Self, &'a mut Option<A>, End)> + Send {
        async move {
            // In a scope of its own: what is looked into lies in each actor that waits.
            let actor = {
                let made = if let Factory::Fallible(make) = &mut self.factory {
                    // Boxed, as what is rare must not make every actor larger.
                    let making = Box::pin(step(&self.cell, None, Orders::KILL, make));
                    verdict(making.await)
                } else {
                    self.make()
                };
                match made {
                    Ok(made) => state.insert(made),
                    Err(fault) => {
                        let end = self.failed_start(fault);
                        return (self, state, end);
                    }
                }
            };
            let begun = {
                let Self { ctx, cell, .. } = &mut *self;
                let actor = &mut *actor;
                verdict(step(cell, None, Orders::INTERRUPTING, move || actor.on_start(ctx)).await)
            };
            if let Err(fault) = { begun } {
                discard(state.take());
                let end = self.failed_start(fault);
                return (self, state, end);
            }
            self.is_up();
            let mut since_work = 0;
            // Out here, where it shares a word with the others.
            let mut asked: bool;
            // Heard at the top of the loop: an await beside what it came in would keep the room for that in every actor.
            let mut heard: Option<Box<Signal>> = None;
            let end = loop {
                if let Some(signal) = heard.take() {
                    self.cell.task.count();
                    // Boxed, as what is rare must not make every actor larger.
                    if self.ctx.accepts(&signal)
                        && let Err(fault) = Box::pin(self.hear(signal, actor)).await
                    {
                        break self.faulted(fault);
                    }
                    turn::end(&AskError::NoReply);
                }
                let orders = self.cell.mailbox.orders();
                if !orders.is_none()
                    && let Some(end) = self.obey(orders)
                {
                    break end;
                }
                if self.ctx.is_stopping() {
                    break End {
                        reason: ExitReason::Normal,
                        obeyed: Orders::STOPPING,
                    };
                }
                if self.ctx.has_fresh() {
                    let work = self.beside.work.get_or_insert_with(|| Box::new(Work::new()));
                    self.ctx.take_fresh().into_iter().for_each(|fresh| work.begin(fresh));
                }
                let counted = self.cell.task.counted();
                if counted > 0 && counted.is_multiple_of(MESSAGES_PER_TURN) && self.gives_way(counted) {
                    yield_now().await;
                    continue;
                }
                // The message alone is kept while its handler runs, and nothing that it came in. Each of the two ways has its own place
                // for that: where they met, a large message would be copied once more.
                let (mut msg, question);
                if self.beside.work.is_none()
                    && let Some(entry) = self.cell.mailbox.next_in_batch(&mut self.inbox)
                {
                    match entry {
                        Entry::Message(envelope) => Envelope { msg, question } = envelope,
                        Entry::Signal(signal) => {
                            heard = Some(signal);
                            continue;
                        }
                        #[cfg(feature = "metrics")]
                        Entry::Stamp(queued) => {
                            self.sampler.stamped::<A::Msg>(queued, &self.ctx.home().times);
                            continue;
                        }
                    }
                    self.inbox.in_hand = true;
                } else {
                    match poll_fn(|cx| self.poll_next(&mut since_work, cx)).await {
                        Event::Entry(Entry::Message(envelope)) => {
                            Envelope { msg, question } = envelope;
                            self.inbox.in_hand = true;
                        }
                        Event::Entry(Entry::Signal(signal)) => {
                            heard = Some(signal);
                            continue;
                        }
                        #[cfg(feature = "metrics")]
                        Event::Entry(Entry::Stamp(queued)) => {
                            self.sampler.stamped::<A::Msg>(queued, &self.ctx.home().times);
                            continue;
                        }
                        Event::Work(Outcome::Message(attached, trace)) => {
                            (msg, question) = (attached, trace.into_question());
                        }
                        Event::Work(Outcome::Panicked(message)) => break self.faulted(Fault::Panic(message)),
                        // Only when nothing stronger was said.
                        Event::Idle if self.cell.mailbox.orders() == Orders::DRAIN => {
                            break End {
                                reason: ExitReason::Normal,
                                obeyed: Orders::STOPPING,
                            };
                        }
                        Event::Idle => continue,
                    }
                }
                self.cell.task.count();
                asked = false;
                if let Some(question) = { question } {
                    asked = question::untraced(Some(&question)).is_some();
                    match take_up::<A>(question, &self.cell.core) {
                        Ok(handling) => self.beside.handling = handling,
                        Err(question) => {
                            let question = Some(question);
                            self.cell.bury(Envelope { msg, question }, DeadReason::Abandoned);
                            self.cell.mailbox.finish_one();
                            self.inbox.in_hand = false;
                            #[cfg(feature = "metrics")]
                            self.sampler.begin(false);
                            continue;
                        }
                    }
                }
                #[cfg(feature = "metrics")]
                if self.inbox.in_hand {
                    self.sampler.begin(true);
                }
                if self.cell.mailbox.is_filmed() {
                    msg = self.note_taken_up(msg, asked);
                }
                let outcome = 'handled: {
                    // What `step` does, without a state of its own to be made and moved for each message.
                    let Self { ctx, cell, beside, .. } = &mut *self;
                    let mut future = pin!(None);
                    let made = {
                        let _within = beside.handling.enter();
                        contain(|| future.set(Some(actor.handle(msg, ctx))))
                    };
                    // Taken out of its place, as is the question above: what is looked into there lies in each actor that waits.
                    if let Err(panic) = { made } {
                        break 'handled Err(Fault::Panic(panic));
                    }
                    match poll_fn(move |cx| drive(future.as_mut(), cell, beside, Orders::INTERRUPTING, cx)).await {
                        Step::Done(Ok(())) => Ok(()),
                        ended => verdict(ended),
                    }
                };
                self.beside.handling.end(outcome.as_ref().err());
                self.settle(asked, matches!(outcome, Err(Fault::Interrupted)));
                if let Err(fault) = outcome {
                    self.note_dealt_with(Some(&fault));
                    break self.faulted(fault);
                }
                if self.cell.mailbox.is_filmed() {
                    self.note_dealt_with(None);
                }
                turn::end(&AskError::NoReply);
            };
            (self, state, end)
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

    /// Has the actor hear what the system says.
    async fn hear(&mut self, signal: Box<Signal>, actor: &mut A) -> Result<(), Fault> {
        let Self { ctx, cell, beside, .. } = self;
        let on_signal = move || actor.on_signal(*signal, ctx);
        verdict(step(cell, Some(beside), Orders::INTERRUPTING, on_signal).await)
    }

    /// Whether others go first, after so many messages and signals.
    #[inline(never)]
    fn gives_way(&self, counted: u8) -> bool {
        let has_more = || self.beside.work.is_some() || self.cell.mailbox.has_more(&self.inbox);
        counted >= MESSAGES_PER_POLL || (self.cell.task.others_wait() && has_more())
    }

    /// The next message, signal, or result of attached work.
    fn poll_next(&mut self, since_work: &mut u8, cx: &mut Context<'_>) -> Poll<Event<A::Msg>> {
        let work = &mut self.beside.work;
        let work_first = *since_work >= MESSAGES_PER_WORK;
        if work_first && let Some(outcome) = work.as_mut().and_then(|work| work.poll_next(cx)) {
            *since_work = 0;
            return Poll::Ready(Event::Work(outcome));
        }
        // Mailbox and attached work are all that it waits for here.
        self.cell.task.looks_for_itself();
        match self.cell.mailbox.poll_next(&mut self.inbox, cx) {
            Poll::Ready(Some(entry)) => {
                // Of no meaning without attached work, however high it counts.
                *since_work = if work_first { 0 } else { since_work.saturating_add(1) };
                return Poll::Ready(Event::Entry(entry));
            }
            Poll::Ready(None) => return Poll::Ready(Event::Idle),
            Poll::Pending => {}
        }
        match work.as_mut().and_then(|work| work.poll_next(cx)) {
            Some(outcome) => Poll::Ready(Event::Work(outcome)),
            None => Poll::Pending,
        }
    }

    /// Counts the message that was in hand, if one was that had waited in the mailbox.
    #[inline(always)]
    fn settle(&mut self, asked: bool, interrupted: bool) {
        #[cfg(feature = "metrics")]
        self.sampler.end();
        let waited = std::mem::take(&mut self.inbox.in_hand);
        if waited {
            self.cell.mailbox.finish_one();
        }
        if waited && interrupted {
            let core = &self.cell.core;
            core.ledger().bury::<A::Msg>(&core.path, DeadReason::Killed, 1);
        } else if waited {
            self.handled += 1;
        }
        if asked {
            turn::set_deadline(None);
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

/// Takes up a question with its deadline, in the span that it is handled in; or returns it, if nobody waits for the answer any more.
fn take_up<A: Actor>(question: Arc<dyn Question>, core: &Core) -> Result<Handling, Arc<dyn Question>> {
    match question.wait() {
        Wait::Until(deadline) => {
            turn::set_deadline(deadline);
            let (actor, message) = (type_name::<A>(), type_name::<A::Msg>());
            Ok(question::begin(&*question, actor, message, &core.path, core.id))
        }
        Wait::Over => Err(question),
    }
}
