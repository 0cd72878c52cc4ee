//! Polls one future of a user's to its end: contains its panics, and drops it when an order interrupts it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::cell::Cell;
use crate::contain::contain;
use crate::error::AskError;
use crate::signal::Orders;
use crate::trace::Handling;
use crate::turn;
use crate::work::Work;

/// What there is of an actor beside its state and its messages.
pub(super) struct Beside<M> {
    /// What is attached in this life, once there is any.
    pub(super) work: Option<Box<Work<M>>>,
    /// The span of the message in hand.
    pub(super) handling: Handling,
}

impl<M> Default for Beside<M> {
    fn default() -> Self {
        Self {
            work: None,
            handling: Handling::default(),
        }
    }
}

/// How it ended.
pub(super) enum Step<T> {
    Done(T),
    Panicked(String),
    Interrupted,
}

pin_project! {
    /// See [`step`]. No `async fn`, which would keep its arguments beside what it made of them.
    pub(super) struct Stepping<'a, M, F> {
        #[pin]
        future: Option<F>,
        cell: &'a Cell<M>,
        beside: Option<&'a mut Beside<M>>,
        interrupting: Orders,
        // The words of the panic in which it was made.
        panic: Option<Box<String>>,
    }
}

/// Runs the future that `make` makes, unless one of the orders `interrupting` comes first.
///
/// While it waits, attached work makes progress, if there is any `beside`, and the room of finished messages goes back.
pub(super) fn step<'a, M, F>(
    cell: &'a Cell<M>,
    beside: Option<&'a mut Beside<M>>,
    interrupting: Orders,
    make: impl FnOnce() -> F,
) -> Stepping<'a, M, F> {
    let (future, panic) = match contain(make) {
        Ok(future) => (Some(future), None),
        Err(panic) => (None, Some(Box::new(panic))),
    };
    Stepping {
        future,
        cell,
        beside,
        interrupting,
        panic,
    }
}

impl<M: Send + 'static, F: Future> Future for Stepping<'_, M, F> {
    type Output = Step<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Step<F::Output>> {
        let this = self.project();
        if let Some(panic) = this.panic.take() {
            return Poll::Ready(Step::Panicked(*panic));
        }
        match this.beside {
            Some(beside) => drive(this.future, this.cell, beside, *this.interrupting, cx),
            None => drive(this.future, this.cell, &mut Beside::default(), *this.interrupting, cx),
        }
    }
}

/// Polls a future, which is in an `Option` so that it is dropped, too, where a panic can be contained: also one that has
/// panicked, or was interrupted.
#[inline(always)]
pub(super) fn drive<M, F>(
    mut future: Pin<&mut Option<F>>,
    cell: &Cell<M>,
    beside: &mut Beside<M>,
    interrupting: Orders,
    cx: &mut Context<'_>,
) -> Poll<Step<F::Output>>
where
    M: Send + 'static,
    F: Future,
{
    let polled = {
        let _within = beside.handling.enter();
        contain(|| match future.as_mut().as_pin_mut()?.poll(cx) {
            Poll::Ready(value) => {
                future.set(None);
                Some(value)
            }
            Poll::Pending => None,
        })
    };
    match polled {
        Ok(Some(value)) => Poll::Ready(Step::Done(value)),
        Err(message) => {
            clear_away(future);
            Poll::Ready(Step::Panicked(message))
        }
        Ok(None) if waits(cell, &mut beside.work, interrupting, cx) => Poll::Pending,
        Ok(None) => {
            clear_away(future);
            Poll::Ready(Step::Interrupted)
        }
    }
}

/// Parks one whose future waits. `false` if an order interrupts it.
#[inline(never)]
fn waits<M: Send + 'static>(
    cell: &Cell<M>,
    work: &mut Option<Box<Work<M>>>,
    interrupting: Orders,
    cx: &mut Context<'_>,
) -> bool {
    turn::refuse_dropped(&AskError::NoReply);
    if let Some(work) = work {
        work.poll_progress(cx);
    }
    cell.mailbox.park_in_handler(cx);
    // Looked at after parking: an order that came before it found nobody to wake.
    !is_interrupted(cell, interrupting)
}

/// Drops a future that has panicked, or was interrupted: it is that, however its drop goes.
#[cold]
fn clear_away<F>(mut future: Pin<&mut Option<F>>) {
    if let Err(panic) = contain(|| future.set(None)) {
        tracing::error!(panic, "a handler panicked while it was dropped");
    }
}

/// Whether one of these orders ends what is running. To give up is to look at why: what was meant for an earlier life
/// has no reason in this one, and is let go.
pub(super) fn is_interrupted<M: Send + 'static>(cell: &Cell<M>, interrupting: Orders) -> bool {
    let orders = cell.mailbox.orders();
    if !orders.any_of(interrupting) {
        return false;
    }
    if orders.any_of(Orders::KILL) || cell.core.is_doomed() {
        return true;
    }
    cell.mailbox.obeyed(Orders::GIVE_UP);
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::{Failure, FailureKind};
    use crate::id::ActorPath;
    use crate::mailbox::MailboxSpec;

    #[test]
    fn an_order_to_give_up_without_a_reason_was_for_an_earlier_life() {
        let path = ActorPath::root("x");
        let cell = Cell::<u32>::at_rest(path.clone(), MailboxSpec::default());
        cell.mailbox.order(Orders::GIVE_UP);
        assert!(!is_interrupted(&cell, Orders::INTERRUPTING));
        assert!(cell.mailbox.orders().is_none(), "it would be looked at again and again");
        cell.core
            .doom(Failure::new(path, FailureKind::GaveUp, "on purpose".to_owned()));
        cell.mailbox.order(Orders::GIVE_UP);
        assert!(!is_interrupted(&cell, Orders::KILL), "it runs its `on_stop` to the end");
        assert!(is_interrupted(&cell, Orders::INTERRUPTING));
    }
}
