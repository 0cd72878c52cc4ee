//! Whose turn it is on this thread: the actor being polled, with what its code may not know but depends on.

use std::cell::RefCell;
use std::mem;
use std::sync::Arc;

use tokio::time::Instant;

use crate::error::AskError;
use crate::id::ActorId;
use crate::question::Question;

thread_local! {
    static TURN: RefCell<Option<Turn>> = const { RefCell::new(None) };
}

/// An actor's state while its code runs.
pub(crate) struct Turn {
    actor: ActorId,
    deadline: Option<Instant>,
    dropped: Vec<Arc<dyn Question>>,
}

impl Turn {
    pub(crate) fn new(actor: ActorId) -> Self {
        Self {
            actor,
            deadline: None,
            dropped: Vec::new(),
        }
    }
}

/// Runs `f` as part of the turn, which is put back into `turn` afterwards.
pub(crate) fn enter<R>(turn: &mut Option<Turn>, f: impl FnOnce() -> R) -> R {
    let _exchange = Exchange::new(turn);
    f()
}

/// Runs `f` as nobody: attached work is not its actor's handler.
pub(crate) fn aside<R>(f: impl FnOnce() -> R) -> R {
    let mut nobody = None;
    let _exchange = Exchange::new(&mut nobody);
    f()
}

/// Exchanges the thread's turn for another, and back when dropped: also when `f` unwinds.
struct Exchange<'a>(&'a mut Option<Turn>);

impl<'a> Exchange<'a> {
    fn new(turn: &'a mut Option<Turn>) -> Self {
        let mut exchange = Self(turn);
        exchange.swap();
        exchange
    }

    fn swap(&mut self) {
        TURN.with_borrow_mut(|slot| mem::swap(slot, self.0));
    }
}

impl Drop for Exchange<'_> {
    fn drop(&mut self) {
        self.swap();
    }
}

/// The actor whose code runs on this thread.
pub(crate) fn actor() -> Option<ActorId> {
    TURN.with_borrow(|slot| slot.as_ref().map(|turn| turn.actor))
}

/// When the asker of the message in hand stops waiting.
pub(crate) fn deadline() -> Option<Instant> {
    TURN.with_borrow(|slot| slot.as_ref().and_then(|turn| turn.deadline))
}

/// Says which deadline the message in hand has.
pub(crate) fn set_deadline(deadline: Option<Instant>) {
    TURN.with_borrow_mut(|slot| {
        if let Some(turn) = slot {
            turn.deadline = deadline;
        }
    });
}

/// Notes that the reply port of `question` was dropped unanswered.
///
/// Whether that means `NoReply` or `Failed` is known only when the handler has returned: `?` drops the port before
/// anybody sees the error. Outside a turn nothing can fail, and the asker is told at once.
pub(crate) fn reply_dropped(question: Arc<dyn Question>) {
    let outside = TURN.try_with(|slot| match slot.try_borrow_mut().as_deref_mut() {
        Ok(Some(turn)) => {
            turn.dropped.push(question.clone());
            false
        }
        _ => true,
    });
    if outside.unwrap_or(true) {
        question.refuse(AskError::NoReply);
    }
}

/// Ends the wait of those whose reply ports were dropped since the last call.
pub(crate) fn refuse_dropped(why: &AskError) {
    let dropped = TURN.with_borrow_mut(|slot| match slot {
        Some(turn) if !turn.dropped.is_empty() => mem::take(&mut turn.dropped),
        _ => Vec::new(),
    });
    for question in dropped {
        question.refuse(why.clone());
    }
}
