//! The run loop of an actor: the only place that hands a future to the runtime.

mod step;

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::actor::Actor;
use crate::cell::Cell;
use crate::contain::{contain, discard};
use crate::context::Context;
use crate::error::{ActorError, ActorResult, AskError, SpawnError};
use crate::exit::{ExitReason, Failure, FailureKind};
use crate::family::{Family, Next};
use crate::handle::Handle;
use crate::home::Home;
use crate::ledger::DeadReason;
use crate::mailbox::{Entry, Inbox};
use crate::question::Envelope;
use crate::signal::{ChildExit, Orders};
use crate::slot::Slot;
use crate::stop::{kill_children, stop_children};
use crate::supervisor::child::{ChildSpec, Factory};
use crate::turn::{self, Turn};
use crate::work::{Outcome, Work};

use step::{Step, step};

/// A busy actor gives its thread back after so many messages.
const MESSAGES_PER_YIELD: u32 = 64;

/// Attached work gets its turn after so many messages, however many more there are.
const MESSAGES_PER_WORK: u32 = 8;

type Started = Arc<Slot<Result<(), SpawnError>>>;

/// Spawns an actor as a child in `family`. With `started`, a first start that fails ends it, and is reported there.
pub(crate) fn spawn_child<A: Actor>(
    family: &Arc<Family>,
    home: &Arc<Home>,
    spec: ChildSpec<A>,
    started: Option<Started>,
) -> Result<Handle<A::Msg>, SpawnError> {
    spec.check()?;
    let ChildSpec {
        name,
        factory,
        mailbox,
        treatment,
        intensity,
    } = spec;
    let make = |path| Arc::new(Cell::new(path, home.ledger.clone(), mailbox));
    let (cell, key) = family.admit(&name, treatment, make)?;
    let handle = Handle::local(cell.clone());
    launch(Run {
        inbox: Inbox::new(&cell.mailbox),
        ctx: Context::new(cell.clone(), home.clone(), intensity),
        cell,
        home: home.clone(),
        place: Some(Place {
            family: family.clone(),
            key,
        }),
        factory,
        started,
        handled: 0,
        ended: false,
    });
    Ok(handle)
}

/// Spawns the actor at the root of a system, whose children are in `family`.
pub(crate) fn spawn_root<A: Actor>(cell: Arc<Cell<A::Msg>>, home: Arc<Home>, ctx: Context<A::Msg>, root: A) {
    launch(Run {
        inbox: Inbox::new(&cell.mailbox),
        ctx,
        cell,
        home,
        place: None,
        factory: Factory::Once(Some(Box::new(move || root))),
        started: None,
        handled: 0,
        ended: false,
    });
}

impl<M: Send + 'static> Context<M> {
    /// Spawns a child, supervised by this actor, and returns at once: it starts on its own.
    ///
    /// Children are stopped before this actor ends, in the reverse order of their start. A start that fails is judged
    /// as any failure is.
    ///
    /// # Errors
    /// The name is taken by a living child, or the specification makes no sense, or this actor is stopping.
    pub fn spawn<A: Actor>(&mut self, spec: ChildSpec<A>) -> Result<Handle<A::Msg>, SpawnError> {
        let home = self.home().clone();
        spawn_child(self.family_or_new(), &home, spec, None)
    }

    /// Spawns a child, and waits until its `on_start` has ended well.
    ///
    /// # Errors
    /// As for [`spawn`](Self::spawn); or the factory or `on_start` failed, in which case there is no child.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the child as it is.
    pub async fn start<A: Actor>(&mut self, spec: ChildSpec<A>) -> Result<Handle<A::Msg>, SpawnError> {
        let home = self.home().clone();
        start_child(self.family_or_new(), &home, spec).await
    }
}

/// Spawns a child, and waits for its start.
pub(crate) async fn start_child<A: Actor>(
    family: &Arc<Family>,
    home: &Arc<Home>,
    spec: ChildSpec<A>,
) -> Result<Handle<A::Msg>, SpawnError> {
    let started = Arc::new(Slot::new());
    let handle = spawn_child(family, home, spec, Some(started.clone()))?;
    poll_fn(|cx| started.poll_take(cx)).await?;
    Ok(handle)
}

#[expect(clippy::disallowed_methods, reason = "this room owns spawning")]
fn launch<A: Actor>(run: Run<A>) {
    let core = &run.cell.core;
    let span = tracing::info_span!("actor", path = %core.path, id = %core.id);
    let mut turn = Some(Turn::new(core.id));
    tokio::spawn(async move {
        let mut running = pin!(run.run());
        poll_fn(|cx| {
            let _in_span = (!span.is_disabled()).then(|| span.enter());
            turn::enter(&mut turn, || running.as_mut().poll(cx))
        })
        .await;
    });
}

struct Run<A: Actor> {
    cell: Arc<Cell<A::Msg>>,
    home: Arc<Home>,
    place: Option<Place>,
    factory: Factory<A>,
    ctx: Context<A::Msg>,
    inbox: Inbox<A::Msg>,
    started: Option<Started>,
    handled: u64,
    ended: bool,
}

/// Where an actor stands among its parent's children.
struct Place {
    family: Arc<Family>,
    key: u64,
}

/// Why a life ended, with the orders that are thereby obeyed.
struct End {
    reason: ExitReason,
    obeyed: Orders,
}

/// What the loop does next.
enum Event<M> {
    Entry(Entry<M>),
    Work(Outcome<M>),
    /// The queue is empty, and there are orders.
    Idle,
}

impl<A: Actor> Run<A> {
    async fn run(mut self) {
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
            if let Some(reason) = self.back_off(wait, end.obeyed).await {
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

    /// Makes the state, and runs `on_start`.
    async fn start(&mut self) -> Result<A, End> {
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
        if let Some(place) = &self.place {
            place.family.life_began(place.key, Instant::now());
        }
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
                turn::refuse_dropped(&AskError::NoReply);
                if let Some(started) = self.started.take() {
                    let _ = started.put(Ok(()));
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
        turn::refuse_dropped(&AskError::Failed);
        let end = match fault {
            Fault::Interrupted => self.interrupted(),
            Fault::Error(error) => self.failure(FailureKind::Start, error.into_message()),
            Fault::Panic(message) => self.failure(FailureKind::Start, format!("panicked: {message}")),
        };
        if let Some(started) = self.started.take() {
            // Who waits for the start is told of its failure instead of the supervisor: there is no child yet.
            let error = match &end.reason {
                ExitReason::Failed(failure) => SpawnError::StartFailed(failure.clone()),
                _ => SpawnError::StoppedWhileStarting,
            };
            self.started_in_vain();
            let _ = started.put(Err(error));
        }
        end
    }

    /// Handles messages until there is a reason to end.
    async fn serve(&mut self, actor: &mut A, work: &mut Option<Box<Work<A::Msg>>>) -> End {
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
                    obeyed: Orders::STOP,
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
                    if self.cell.mailbox.orders().any_of(Orders::DRAIN) {
                        return End {
                            reason: ExitReason::Normal,
                            obeyed: Orders::DRAIN,
                        };
                    }
                    continue;
                }
                Event::Work(Outcome::Message(msg)) => self.handle(actor, msg, work).await,
                Event::Work(Outcome::Panicked(message)) => Step::Panicked(message),
                Event::Entry(Entry::Message(envelope)) => match self.take_up(envelope) {
                    None => continue,
                    Some(msg) => {
                        let outcome = self.handle(actor, msg, work).await;
                        self.settle(matches!(outcome, Step::Interrupted));
                        outcome
                    }
                },
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
                Ok(()) => turn::refuse_dropped(&AskError::NoReply),
                Err(fault) => {
                    turn::refuse_dropped(&AskError::Failed);
                    return match fault {
                        Fault::Interrupted => self.interrupted(),
                        Fault::Error(error) => self.failure(FailureKind::Error, error.into_message()),
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
            None => turn::set_deadline(None),
            Some(question) if question.is_awaited() => turn::set_deadline(question.deadline()),
            Some(_) => {
                self.cell.bury(envelope, DeadReason::Abandoned);
                self.inbox.finish_one();
                return None;
            }
        }
        Some(envelope.msg)
    }

    async fn handle(&mut self, actor: &mut A, msg: A::Msg, work: &mut Option<Box<Work<A::Msg>>>) -> Step<ActorResult> {
        let ctx = &mut self.ctx;
        step(&self.cell, &mut self.inbox, work, Orders::INTERRUPTING, move || {
            actor.handle(msg, ctx)
        })
        .await
    }

    /// Counts the message that was in hand.
    fn settle(&mut self, interrupted: bool) {
        self.inbox.finish_one();
        turn::set_deadline(None);
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
        if orders.any_of(Orders::INTERRUPTING) {
            Some(self.interrupted())
        } else if orders.any_of(Orders::SHUTDOWN) {
            Some(End {
                reason: ExitReason::Shutdown,
                obeyed: Orders::NONE,
            })
        } else if orders.any_of(Orders::STOP) {
            Some(End {
                reason: ExitReason::Normal,
                obeyed: Orders::STOP,
            })
        } else {
            None
        }
    }

    fn interrupted(&self) -> End {
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

    fn failure(&self, kind: FailureKind, message: String) -> End {
        let failure = Failure::new(self.cell.core.path.clone(), kind, message);
        End {
            reason: ExitReason::Failed(failure),
            obeyed: Orders::INTERRUPTING,
        }
    }

    /// Ends a life: the attached work first, then the children, then `on_stop`, then the state itself.
    async fn wind_up(&mut self, mut end: End, mut state: Option<A>, work: Option<Box<Work<A::Msg>>>) -> End {
        let failed = |end: &End| matches!(end.reason, ExitReason::Failed(_) | ExitReason::Killed);
        discard((work, self.ctx.end_life()));
        if let Some(family) = self.ctx.family().cloned() {
            self.stop_family(&family, matches!(end.reason, ExitReason::Killed))
                .await;
            // A child that could not be kept alive while the others were stopped changes nothing any more.
            let _ = family.take_failure();
        }
        if let Some(actor) = &mut state
            && !matches!(end.reason, ExitReason::Killed)
        {
            let ctx = &mut self.ctx;
            let reason = &end.reason;
            let stopped = step(&self.cell, &mut self.inbox, &mut None, Orders::KILL, move || {
                actor.on_stop(reason, ctx)
            })
            .await;
            let fault = match verdict(stopped) {
                Ok(()) => None,
                Err(Fault::Interrupted) => Some(End {
                    reason: ExitReason::Killed,
                    obeyed: Orders::INTERRUPTING,
                }),
                Err(Fault::Error(error)) => Some(self.failure(FailureKind::Error, error.into_message())),
                Err(Fault::Panic(message)) => Some(self.failure(FailureKind::Panic, message)),
            };
            match fault {
                Some(fault) if end.reason.is_orderly() => end = fault,
                Some(fault) => tracing::warn!(reason = %fault.reason, "on_stop failed after a failure"),
                None => {}
            }
            // `on_stop` may have attached or watched something, for a life that is over.
            discard(self.ctx.end_life());
        }
        discard(state);
        turn::refuse_dropped(if failed(&end) {
            &AskError::Failed
        } else {
            &AskError::NoReply
        });
        end
    }

    /// Stops the children: at once, and all together, from the moment when this actor is killed itself.
    async fn stop_family(&mut self, family: &Arc<Family>, killed: bool) {
        self.cell.core.set_winding_up(true);
        let home = self.home.clone();
        if !killed {
            let mut stopping = pin!(stop_children(&**family, &home));
            let done = poll_fn(|cx| {
                if stopping.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(true);
                }
                self.cell.mailbox.park_in_handler(&mut self.inbox, cx);
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
            .life_ended(place.key, &end.reason, Instant::now(), self.home.chance())
        {
            Next::RestartAfter(wait) => Some(wait),
            Next::End => None,
        }
    }

    /// Waits before a restart. An order that ends an actor which has no life ends the wait, and the actor.
    async fn back_off(&mut self, wait: Duration, obeyed: Orders) -> Option<ExitReason> {
        if wait.is_zero() {
            return None;
        }
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
    fn started_in_vain(&mut self) {
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
enum Fault {
    Interrupted,
    Error(ActorError),
    Panic(String),
}

fn verdict<T>(step: Step<ActorResult<T>>) -> Result<T, Fault> {
    match step {
        Step::Done(Ok(value)) => Ok(value),
        Step::Done(Err(error)) => Err(Fault::Error(error)),
        Step::Panicked(message) => Err(Fault::Panic(message)),
        Step::Interrupted => Err(Fault::Interrupted),
    }
}
