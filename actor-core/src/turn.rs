//! Whose turn it is on this thread: the actor being polled, with what its code may not know but depends on.

use std::cell::Cell;
use std::sync::Arc;
use std::task::Waker;
use std::{mem, ptr};

use tokio::time::Instant;

use crate::deadlock::{Owed, Waiting, follow, follow_any};
use crate::error::{AskError, Deadlock};
use crate::id::{ActorId, ActorPath};
use crate::question::Question;
use crate::scheduler::{Deadline, Task};
use crate::sync::thread_local;

thread_local! {
    /// A pointer, so that entering a turn, which every poll of every actor does, exchanges one word.
    static TURN: Cell<Option<Box<Turn>>> = const { Cell::new(None) };

    /// Whether the turn has something to end: a look at this, after each message, is all that most of them cost.
    static NOTED: Cell<bool> = const { Cell::new(false) };
}

/// One whose turn it can be: an actor, which is its own waker.
pub(crate) trait Owner: Waiting {
    fn task(&self) -> &Task;
}

/// The questions whose reply ports were dropped. In a box, as there most often are none: one word in each actor instead of three.
type Dropped = Option<Box<Vec<Arc<dyn Question>>>>;

/// An actor's state while its code runs.
pub(crate) struct Turn {
    owner: Arc<dyn Owner>,
    deadline: Option<Instant>,
    dropped: Dropped,
    has_waited: bool,
    /// When it is woken, whatever for. Left where it is when nothing is waited for any more, as most who ask one question
    /// ask another. In a box, as most ask none.
    wakes: Option<Box<Deadline>>,
}

impl Turn {
    pub(crate) fn new(owner: Arc<dyn Owner>) -> Box<Self> {
        Box::new(Self {
            owner,
            deadline: None,
            dropped: None,
            has_waited: false,
            wakes: None,
        })
    }

    /// Has the actor woken not later than that, if `waker` is its own.
    fn wake_by(&mut self, deadline: Instant, now: Instant, waker: &Waker) -> bool {
        if !ptr::eq(waker.data(), Arc::as_ptr(&self.owner).cast()) {
            return false;
        }
        if self
            .wakes
            .as_ref()
            .is_some_and(|set| now < set.at() && set.at() <= deadline)
        {
            return true;
        }
        let Some(scheduler) = self.owner.task().scheduler() else {
            return false;
        };
        let set = scheduler.alarm.set(deadline, waker);
        match &mut self.wakes {
            Some(wakes) => scheduler.alarm.clear(mem::replace(&mut **wakes, set)),
            None => self.wakes = Some(Box::new(set)),
        }
        true
    }

    /// Called before there is an edge: whoever follows it finds no room that is owed in appearance only.
    fn begin_to_wait(&mut self) {
        self.has_waited = true;
        note(true);
        self.owner.give_back_finished();
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        // In the middle of one, as where the runtime ends: two who had asked each other would hold each other for ever.
        if self.has_waited {
            self.owner.waits().end_turn();
        }
        if let (Some(set), Some(scheduler)) = (self.wakes.take(), self.owner.task().scheduler()) {
            scheduler.alarm.clear(*set);
        }
    }
}

/// Runs `f`, one poll of an actor, as part of its turn. Whether that has something to end is `noted` beside it, so that most
/// polls do not look into it.
///
/// Replies that were dropped in it outside of any handler, with a message that nobody handles for example, are
/// unanswered.
#[inline]
pub(crate) fn enter<R>(turn: &mut Option<Box<Turn>>, noted: &mut bool, f: impl FnOnce() -> R) -> R {
    let result = exchanged(turn, noted, f);
    if *noted && let Some(turn) = turn {
        for question in turn.dropped.take().into_iter().flat_map(|dropped| *dropped) {
            question.refuse(AskError::NoReply);
        }
        *noted = turn.has_waited;
    }
    result
}

#[inline]
fn exchanged<R>(turn: &mut Option<Box<Turn>>, noted: &mut bool, f: impl FnOnce() -> R) -> R {
    let _back = Exchange::new(turn, noted);
    f()
}

/// Runs `f` as nobody: attached work is not its actor's handler.
pub(crate) fn aside<R>(f: impl FnOnce() -> R) -> R {
    exchanged(&mut None, &mut false, f)
}

/// Exchanges the thread's turn for another, and back when dropped: also when `f` unwinds.
struct Exchange<'a> {
    turn: &'a mut Option<Box<Turn>>,
    noted: &'a mut bool,
}

impl<'a> Exchange<'a> {
    #[inline]
    fn new(turn: &'a mut Option<Box<Turn>>, noted: &'a mut bool) -> Self {
        let mut exchange = Self { turn, noted };
        exchange.swap();
        exchange
    }

    #[inline]
    fn swap(&mut self) {
        *self.turn = TURN.with(|slot| slot.replace(self.turn.take()));
        *self.noted = note(*self.noted);
    }
}

impl Drop for Exchange<'_> {
    #[inline]
    fn drop(&mut self) {
        self.swap();
    }
}

/// Says whether the turn has something to end; returns what was said before.
#[inline]
fn note(noted: bool) -> bool {
    NOTED.with(|cell| cell.replace(noted))
}

/// Looks at the turn of this thread; there is none where no actor runs, or where the thread is being torn down.
fn with<R>(f: impl FnOnce(&mut Turn) -> R) -> Option<R> {
    TURN.try_with(|slot| {
        let mut turn = slot.take()?;
        let seen = f(&mut turn);
        slot.set(Some(turn));
        Some(seen)
    })
    .ok()
    .flatten()
}

/// The actor whose code runs on this thread.
pub(crate) fn actor() -> Option<ActorId> {
    with(|turn| turn.owner.id())
}

/// Has the actor whose code runs here wait for what `on`, which has this `id`, owes it, until that is given, or the turn ends.
/// Nobody waits where no actor runs.
///
/// `owed` must say so when it is not waited for any more.
pub(crate) fn wait_for<O: Owed + 'static>(
    id: ActorId,
    on: impl FnOnce() -> Arc<dyn Waiting>,
    owed: &Arc<O>,
) -> Result<(), Deadlock> {
    let suspect = with(|turn| {
        turn.begin_to_wait();
        let first = turn.owner.waits().begin(id, on, owed.clone())?;
        let owner: Arc<dyn Waiting> = turn.owner.clone();
        Some((owner, first))
    });
    match suspect.flatten() {
        None => Ok(()),
        Some((owner, first)) => follow(&owner, first),
    }
}

/// The same where any of those in `on` can give it. Waiting for nobody is no wait.
pub(crate) fn wait_for_any(mut on: Vec<Arc<dyn Waiting>>, owed: Arc<dyn Owed>) -> Result<(), Deadlock> {
    let Some(first) = on.pop() else { return Ok(()) };
    let owner = with(|turn| -> Arc<dyn Waiting> {
        turn.begin_to_wait();
        turn.owner.clone()
    });
    let Some(owner) = owner else { return Ok(()) };
    // Each is followed: of those who begin to wait at the same moment, the last to look sees all of them.
    let choices = !on.is_empty();
    owner.waits().begin_any(first.clone(), on, owed);
    follow_any(&owner, first, choices)
}

/// Whether the actor whose code runs here lives below `path`.
pub(crate) fn is_below(path: &ActorPath) -> Option<Deadlock> {
    let own = with(|turn| turn.owner.path().clone())?;
    own.is_below(path)
        .then(|| Deadlock::new(vec![own.clone(), path.clone(), own]))
}

/// When the asker of the message in hand stops waiting.
pub(crate) fn deadline() -> Option<Instant> {
    with(|turn| turn.deadline).flatten()
}

/// Has the actor whose code runs here polled again not later than at `deadline`, if that is what `waker` does.
///
/// It can be sooner, and for nothing: who waits looks at the clock, and calls this again.
pub(crate) fn wake_by(deadline: Instant, now: Instant, waker: &Waker) -> bool {
    with(|turn| turn.wake_by(deadline, now, waker)).unwrap_or(false)
}

/// Says which deadline the message in hand has.
pub(crate) fn set_deadline(deadline: Option<Instant>) {
    with(|turn| turn.deadline = deadline);
}

/// Notes that the reply port of `question` was dropped unanswered.
///
/// Whether that means `NoReply` or `Failed` is known only when the handler has returned: `?` drops the port before
/// anybody sees the error. Outside a turn nothing can fail, and the asker is told at once.
pub(crate) fn reply_dropped(question: Arc<dyn Question>) {
    let mut question = Some(question);
    with(|turn| {
        turn.dropped.get_or_insert_default().extend(question.take());
        note(true);
    });
    if let Some(question) = question {
        question.refuse(AskError::NoReply);
    }
}

/// Ends the handling of a message: those whose reply ports were dropped are told, and the handler waits for nobody.
#[inline]
pub(crate) fn end(why: &AskError) {
    if note(false) {
        end_noted(why);
    }
}

fn end_noted(why: &AskError) {
    with(|turn| {
        if mem::take(&mut turn.has_waited) {
            turn.owner.waits().end_turn();
        }
    });
    refuse_dropped(why);
}

/// Ends the wait of those whose reply ports were dropped since the last call.
pub(crate) fn refuse_dropped(why: &AskError) {
    if let Some(Some(dropped)) = with(|turn| turn.dropped.take()) {
        for question in *dropped {
            question.refuse(why.clone());
        }
    }
}
