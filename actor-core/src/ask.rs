//! Questions: a message that carries the way back, with a deadline.

#[cfg(feature = "metrics")]
mod outcome;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use crate::clock;
use crate::deadlock::Owed;
use crate::error::{AskError, Deadlock};
use crate::handle::{Handle, Sending, Unsent};
#[cfg(feature = "metrics")]
use crate::ledger::Outcome;
#[cfg(feature = "wire")]
use crate::peer::Asker;
use crate::question::{Away, Envelope, Left, Question, Wait, traced};
use crate::scheduler::{Deadline, Scheduler};
use crate::slot::Slot;
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::trace::Origin;
use crate::turn;

/// How long an ask waits for its answer unless said otherwise.
pub const ASK_TIMEOUT_DEFAULT: Duration = Duration::from_secs(5);

/// The way back to one who asked: part of a message, and used at most once.
///
/// Dropping it unanswered tells the asker at once: [`AskError::Failed`] if the handler that held it fails or is killed,
/// and [`AskError::NoReply`] otherwise. It can be kept, or sent on in another message, and be answered from there.
pub struct Reply<T: Send + 'static>(Option<Way<T>>);

/// The kinds of way back.
pub(crate) enum Way<T> {
    Here(Arc<Pending<T>>),
    #[cfg_attr(not(feature = "wire"), expect(dead_code, reason = "made where nodes are connected"))]
    Routed(Arc<dyn AnswerRoute<T>>),
}

/// A way back other than to an asker in this process.
pub(crate) trait AnswerRoute<T>: Question {
    fn answer(&self, answer: T);
    /// The asker behind it, for a node to which the question is sent on.
    #[cfg(feature = "wire")]
    fn asker(self: Arc<Self>) -> Arc<dyn Asker>;
}

/// What the reply port, the asker and the envelope share: one allocation.
pub(crate) struct Pending<T> {
    answer: Slot<Result<T, AskError>>,
    detached: AtomicBool,
    /// The reply port has left this process.
    away: Mutex<Option<Away>>,
}

impl<T> Pending<T> {
    /// Leaves the answer, or why there is none. What was given before stands.
    pub(crate) fn put(&self, answer: Result<T, AskError>) {
        let _ = self.answer.put(answer);
    }

    /// Says that the reply port has gone away: what becomes of it here means nothing from now on.
    #[cfg(feature = "wire")]
    pub(crate) fn leaves(&self, away: Away) {
        *self.away.lock() = Some(away);
    }

    /// Nobody waits any more.
    fn leave(&self) {
        let away = self.away.lock().take();
        if let Some(away) = away
            && self.answer.is_awaited()
        {
            away.to.asker_gone(away.call);
        }
        drop(self.answer.close());
    }
}

impl<T: Send + 'static> Owed for Pending<T> {
    fn is_owed(&self) -> bool {
        self.answer.is_awaited() && !self.detached.load(Ordering::Relaxed)
    }
}

/// What one of several owes, until another is chosen instead.
struct Claim {
    pending: Arc<dyn Owed>,
    given_up: AtomicBool,
}

impl Claim {
    fn new(pending: Arc<dyn Owed>) -> Self {
        Self {
            pending,
            given_up: AtomicBool::new(false),
        }
    }

    fn give_up(&self) {
        self.given_up.store(true, Ordering::Relaxed);
    }
}

impl Owed for Claim {
    fn is_owed(&self) -> bool {
        !self.given_up.load(Ordering::Relaxed) && self.pending.is_owed()
    }
}

impl<T: Send + 'static> Question for Pending<T> {
    fn wait(&self) -> Wait {
        self.answer.wait()
    }

    fn is_awaited(&self) -> bool {
        self.answer.is_awaited()
    }

    fn refuse(&self, why: AskError) {
        self.put(Err(why));
    }
}

impl<T: Send + 'static> Reply<T> {
    /// Makes a reply port with the place where its answer arrives, for tests and for questions that do not go through
    /// [`Handle::ask`]. It has no deadline.
    pub fn pair() -> (Reply<T>, Answer<T>) {
        let (reply, pending) = port();
        (reply, Answer(pending))
    }

    /// Answers. If the asker has gone, the answer is dropped.
    pub fn send(mut self, answer: T) {
        match self.0.take() {
            Some(Way::Here(pending)) => pending.put(Ok(answer)),
            Some(Way::Routed(route)) => route.answer(answer),
            None => {}
        }
    }

    #[cfg(feature = "wire")]
    pub(crate) fn routed(route: Arc<dyn AnswerRoute<T>>) -> Self {
        Self(Some(Way::Routed(route)))
    }

    #[cfg(feature = "wire")]
    pub(crate) fn way(&self) -> Option<&Way<T>> {
        self.0.as_ref()
    }

    /// Says that this actor passes the question on, and will not be the one who answers.
    ///
    /// Until then the asker is taken to wait for the actor that it asked: if that one asks back, it gets
    /// [`AskError::Deadlock`]. A question that is kept for later is still owed by its actor, and is not to be detached.
    pub fn detach(self) -> Self {
        if let Some(Way::Here(pending)) = &self.0 {
            pending.detached.store(true, Ordering::Relaxed);
        }
        self
    }

    /// Whether the asker still waits. Work for one who does not can be left undone.
    pub fn is_awaited(&self) -> bool {
        match &self.0 {
            Some(Way::Here(pending)) => pending.is_awaited(),
            Some(Way::Routed(route)) => route.is_awaited(),
            None => false,
        }
    }
}

impl<T: Send + 'static> Drop for Reply<T> {
    fn drop(&mut self) {
        let question: Arc<dyn Question> = match self.0.take() {
            Some(Way::Here(pending)) if pending.away.lock().is_none() => pending,
            Some(Way::Routed(route)) => route,
            _ => return,
        };
        if question.is_awaited() {
            turn::reply_dropped(question);
        }
    }
}

impl<T: Send + 'static> fmt::Debug for Reply<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reply")
    }
}

/// Where the answer to a [`Reply`] made by [`Reply::pair`] arrives.
///
/// # Cancel safety
/// It can be awaited by reference, and again after a time-out around it. Dropping it says that nobody waits.
#[must_use = "an answer that nobody awaits is dropped"]
pub struct Answer<T: Send + 'static>(Arc<Pending<T>>);

impl<T: Send + 'static> Future for Answer<T> {
    type Output = Result<T, AskError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.answer.poll_take(cx)
    }
}

impl<T: Send + 'static> Drop for Answer<T> {
    fn drop(&mut self) {
        self.0.leave();
    }
}

impl<M: Send + 'static> Handle<M> {
    /// Asks a question: `make` puts the reply port into a message, and the answer is what the future resolves to.
    ///
    /// The question is sent when the future is first polled. It waits for room as [`tell`](Handle::tell) does, and for
    /// the answer, for 5 s together unless [`timeout`](Ask::timeout) says otherwise. An ask made while handling a
    /// question ends no later than that question's own deadline.
    ///
    /// An ask made by an actor's handler is refused at once if the other waits for that actor, by way of others or
    /// directly: neither could ever go on.
    ///
    /// # Errors
    /// [`AskError`] says what became of the question.
    ///
    /// # Cancel safety
    /// Dropping the future before the question was queued drops it unsent. Later, it says that nobody waits any more: a
    /// question that was not begun by then is skipped, and what is being handled goes on.
    ///
    /// # Panics
    /// Awaiting it for longer than a first look on another runtime than the actor's needs that one's timer enabled. Outside of any
    /// runtime, the actor's keeps the deadline; what stands for several actors, or for one elsewhere, cannot be asked there: a pool, an
    /// adapter, an actor at another node.
    pub fn ask<T, F>(&self, make: F) -> Ask<'_, M, T>
    where
        T: Send + 'static,
        F: FnOnce(Reply<T>) -> M,
    {
        let (reply, pending) = port();
        let envelope = Envelope {
            msg: make(reply),
            question: Some(pending.clone() as Arc<dyn Question>),
        };
        Ask {
            sending: Some(Sending::new(self, envelope)),
            pending,
            timeout: Some(ASK_TIMEOUT_DEFAULT),
            deadline: None,
            stage: Stage::New,
            handle: self,
            timer: Timer::None,
            #[cfg(feature = "metrics")]
            is_counted: false,
        }
    }
}

fn port<T: Send + 'static>() -> (Reply<T>, Arc<Pending<T>>) {
    let pending = Arc::new(Pending {
        answer: Slot::new(),
        detached: AtomicBool::new(false),
        away: Mutex::new(None),
    });
    (Reply(Some(Way::Here(pending.clone()))), pending)
}

/// A question on its way; made by [`Handle::ask`].
#[must_use = "a question is sent when it is awaited"]
pub struct Ask<'a, M: Send + 'static, T: Send + 'static> {
    sending: Option<Sending<'a, M>>,
    pending: Arc<Pending<T>>,
    timeout: Option<Duration>,
    /// When it stops waiting; known since it was begun.
    deadline: Option<Instant>,
    stage: Stage,
    handle: &'a Handle<M>,
    timer: Timer,
    #[cfg(feature = "metrics")]
    is_counted: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    New,
    Begun,
    /// The answer was taken, and nobody needs to be told that nobody waits.
    Answered,
}

/// What says that the deadline has come. Made when the first look has found no answer.
enum Timer {
    /// Where an actor asks, which is woken in time anyway.
    None,
    /// The one for all questions of a runtime to its own actors.
    Shared(Deadline),
    /// Where the actor is polled by another runtime, or the way to it leads through others.
    Own(Pin<Box<Sleep>>),
}

// Nothing in it is pinned in place: the timer has a box of its own, and messages are moved.
impl<M: Send + 'static, T: Send + 'static> Unpin for Ask<'_, M, T> {}

impl<M: Send + 'static, T: Send + 'static> Ask<'_, M, T> {
    /// Waits at most so long for room and answer together. Zero gives up unless the answer is there at once.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Waits until there is an answer, or until it is certain that there will be none.
    pub fn no_timeout(mut self) -> Self {
        self.timeout = None;
        self
    }

    /// Fixes the deadline, waits for the answer from now on, and looks whether it could ever come; on the first poll.
    /// Returns whether the answer is there already.
    fn begin(&mut self, now: Instant, cx: &mut Context<'_>) -> Result<bool, Deadlock> {
        self.stage = Stage::Begun;
        if let Some(origin) = Origin::current()
            && let Some(envelope) = self.sending.as_mut().and_then(|sending| sending.envelope.as_mut())
        {
            envelope.question = traced(envelope.question.take(), Some(origin));
        }
        // A time-out beyond what the clock can say is as good as none.
        self.deadline = self.timeout.and_then(|timeout| now.checked_add(timeout));
        let is_earlier = |&inherited: &Instant| self.deadline.is_none_or(|own| inherited < own);
        if let Some(inherited) = turn::deadline().filter(is_earlier) {
            self.deadline = Some(inherited);
            self.timeout = Some(inherited.saturating_duration_since(now));
        }
        let is_answered = !self.pending.answer.await_until(self.deadline, cx.waker());
        // Where one of several answers, it is known whom to wait for when there is room.
        if let Some(sending) = self.sending.as_ref().filter(|sending| !sending.handle().chooses()) {
            let handle = sending.handle();
            turn::wait_for(handle.id(), || handle.any_cell(), &self.pending)?;
        }
        Ok(is_answered)
    }

    /// Whether the deadline has come. If not, what polls this is woken when it does.
    fn poll_deadline(&mut self, now: Option<Instant>, cx: &mut Context<'_>) -> bool {
        let Some(deadline) = self.deadline else {
            return false;
        };
        if let Timer::Own(timer) = &mut self.timer {
            return timer.as_mut().poll(cx).is_ready();
        }
        let now = now.unwrap_or_else(clock::now);
        if now >= deadline {
            return true;
        }
        match (&mut self.timer, self.handle.scheduler()) {
            (Timer::Shared(set), Some(Scheduler { alarm, .. })) => alarm.renew(*set, cx.waker()),
            _ if turn::wake_by(deadline, now, cx.waker()) => {}
            (_, Some(scheduler)) if scheduler.rings_here() => {
                self.timer = Timer::Shared(scheduler.alarm.set(deadline, cx.waker()));
            }
            _ => {
                let mut timer = Box::pin(sleep_until(deadline));
                let is_late = timer.as_mut().poll(cx).is_ready();
                self.timer = Timer::Own(timer);
                return is_late;
            }
        }
        false
    }
}

impl<M: Send + 'static, T: Send + 'static> Future for Ask<'_, M, T> {
    type Output = Result<T, AskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let polled = self.poll_answer(cx);
        #[cfg(feature = "metrics")]
        if let Poll::Ready(answer) = &polled {
            self.count(outcome::of(answer));
        }
        polled
    }
}

impl<M: Send + 'static, T: Send + 'static> Ask<'_, M, T> {
    #[inline(always)]
    fn poll_answer(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, AskError>> {
        let ask = self;
        // Whoever answers wakes an ask that has begun: it need not look before it is polled again.
        let (mut looks, mut now) = (true, None);
        if ask.stage == Stage::New {
            let begun = *now.insert(clock::now());
            match ask.begin(begun, cx) {
                Ok(is_answered) => looks = is_answered || ask.deadline.is_some_and(|deadline| deadline <= begun),
                Err(deadlock) => {
                    ask.sending = None;
                    drop(ask.pending.answer.close());
                    return Poll::Ready(Err(AskError::Deadlock(deadlock)));
                }
            }
        }
        if let Some(sending) = &mut ask.sending {
            let mut deadlock = None;
            // Where it has waited for room, how much is left is found out when there is some.
            let left = now.map(|_| Left(ask.deadline.and(ask.timeout)));
            let sent = sending.poll_unless(cx, left, |handler| {
                let claim = Arc::new(Claim::new(ask.pending.clone()));
                let refused = turn::wait_for(handler.core().id, || handler, &claim).err();
                if refused.is_some() {
                    claim.give_up();
                    deadlock = refused;
                    return true;
                }
                false
            });
            match sent {
                Poll::Ready(Ok(())) => ask.sending = None,
                Poll::Ready(Err(unsent)) => {
                    ask.sending = None;
                    if let Some(deadlock) = deadlock {
                        return Poll::Ready(Err(AskError::Deadlock(deadlock)));
                    }
                    return Poll::Ready(Err(match unsent {
                        Unsent::Stopped(_) => AskError::Stopped,
                        Unsent::Full(_) | Unsent::TooLarge(..) => AskError::Full,
                        Unsent::NodeDown(_) => AskError::NodeDown,
                        Unsent::Unsendable(_, why) => AskError::Unsendable(why),
                    }));
                }
                Poll::Pending => {
                    if sending.handle().chooses()
                        && let Err(deadlock) = sending.wait_for_room()
                    {
                        ask.sending = None;
                        return Poll::Ready(Err(AskError::Deadlock(deadlock)));
                    }
                    if ask.poll_deadline(now, cx) {
                        ask.sending = None;
                        return Poll::Ready(Err(AskError::Full));
                    }
                    return Poll::Pending;
                }
            }
        }
        if looks && let Poll::Ready(answer) = ask.pending.answer.poll_take(cx) {
            ask.stage = Stage::Answered;
            return Poll::Ready(answer);
        }
        if ask.poll_deadline(now, cx) {
            return Poll::Ready(Err(AskError::TimedOut(ask.timeout.unwrap_or_default())));
        }
        Poll::Pending
    }
}

impl<M: Send + 'static, T: Send + 'static> Drop for Ask<'_, M, T> {
    fn drop(&mut self) {
        if let (Timer::Shared(set), Some(scheduler)) = (&self.timer, self.handle.scheduler()) {
            scheduler.alarm.clear(*set);
        }
        if self.stage != Stage::Answered {
            self.pending.leave();
        }
        #[cfg(feature = "metrics")]
        if self.stage != Stage::New && !self.is_counted {
            self.count(Outcome::Dropped);
        }
    }
}

/// Asks all of `handles` at once, and returns each answer or error in their order.
///
/// Each question has a deadline of its own, 5 s.
///
/// # Cancel safety
/// As for one [`ask`](Handle::ask), for each.
pub async fn ask_all<'a, M, T>(
    handles: impl IntoIterator<Item = &'a Handle<M>>,
    mut make: impl FnMut(Reply<T>) -> M,
) -> Vec<Result<T, AskError>>
where
    M: Send + 'static,
    T: Send + 'static,
{
    let asks = handles.into_iter().map(|handle| handle.ask(&mut make));
    futures_util::future::join_all(asks).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::Waker;

    fn poll<T: Send>(answer: &mut Answer<T>) -> Poll<Result<T, AskError>> {
        Pin::new(answer).poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn an_answer_goes_to_the_one_who_asked() {
        let (reply, mut answer) = Reply::pair();
        assert!(poll(&mut answer).is_pending());
        reply.send(7);
        assert_eq!(poll(&mut answer), Poll::Ready(Ok(7)));
    }

    #[test]
    fn a_port_that_is_dropped_outside_of_any_actor_says_no_reply() {
        let (reply, mut answer) = Reply::<u8>::pair();
        drop(reply);
        assert_eq!(poll(&mut answer), Poll::Ready(Err(AskError::NoReply)));
    }

    #[test]
    fn a_port_knows_that_its_asker_has_gone() {
        let (reply, answer) = Reply::<u8>::pair();
        assert!(reply.is_awaited());
        drop(answer);
        assert!(!reply.is_awaited());
    }
}
