//! Polls one future of a user's to its end: contains its panics, and drops it when an order interrupts it.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use crate::cell::Cell;
use crate::contain::contain;
use crate::error::AskError;
use crate::signal::Orders;
use crate::turn;
use crate::work::Work;

/// How it ended.
pub(super) enum Step<T> {
    Done(T),
    Panicked(String),
    Interrupted,
}

/// Runs the future that `make` makes, unless one of the orders `interrupting` comes first.
///
/// While it waits, attached work makes progress, and the room of finished messages goes back.
pub(super) async fn step<M, F>(
    cell: &Cell<M>,
    work: &mut Option<Box<Work<M>>>,
    interrupting: Orders,
    make: impl FnOnce() -> F,
) -> Step<F::Output>
where
    M: Send + 'static,
    F: Future,
{
    let mut make = Some(make);
    let mut future = pin!(None);
    let begun = poll_fn(|cx| Poll::Ready(begin(future.as_mut(), &mut make, cx))).await;
    match begun {
        Begun::Done(value) => Step::Done(value),
        begun => go_on(begun, future, cell, work, interrupting).await,
    }
}

/// How far a future has come with its first poll.
pub(super) enum Begun<T> {
    Done(T),
    Waits,
    Panicked(String),
}

/// Makes a future and polls it once, which is all that most handlers need.
///
/// It goes into an `Option`, so that it is made, polled and dropped where a panic can be contained.
#[inline(always)]
pub(super) fn begin<F: Future>(
    mut future: Pin<&mut Option<F>>,
    make: &mut Option<impl FnOnce() -> F>,
    cx: &mut Context<'_>,
) -> Begun<F::Output> {
    polled(contain(|| {
        future.set(make.take().map(|make| make()));
        poll_and_drop(future, cx)
    }))
}

fn again<F: Future>(future: Pin<&mut Option<F>>, cx: &mut Context<'_>) -> Begun<F::Output> {
    polled(contain(|| poll_and_drop(future, cx)))
}

fn poll_and_drop<F: Future>(mut future: Pin<&mut Option<F>>, cx: &mut Context<'_>) -> Option<F::Output> {
    match future.as_mut().as_pin_mut()?.poll(cx) {
        Poll::Ready(value) => {
            future.set(None);
            Some(value)
        }
        Poll::Pending => None,
    }
}

fn polled<T>(outcome: Result<Option<T>, String>) -> Begun<T> {
    match outcome {
        Ok(Some(value)) => Begun::Done(value),
        Ok(None) => Begun::Waits,
        Err(message) => Begun::Panicked(message),
    }
}

/// Runs a future to its end that did not come to it at once.
pub(super) async fn go_on<M, F>(
    begun: Begun<F::Output>,
    mut future: Pin<&mut Option<F>>,
    cell: &Cell<M>,
    work: &mut Option<Box<Work<M>>>,
    interrupting: Orders,
) -> Step<F::Output>
where
    M: Send + 'static,
    F: Future,
{
    let mut begun = Some(begun);
    let ended = poll_fn(|cx| {
        let polled = match begun.take() {
            Some(begun) => begun,
            None => again(future.as_mut(), cx),
        };
        match polled {
            Begun::Done(value) => return Poll::Ready(Step::Done(value)),
            Begun::Panicked(message) => return Poll::Ready(Step::Panicked(message)),
            Begun::Waits => {}
        }
        turn::refuse_dropped(&AskError::NoReply);
        if let Some(work) = work {
            work.poll_progress(cx);
        }
        cell.mailbox.park_in_handler(cx);
        // Looked at after parking: an order that came before it found nobody to wake.
        if is_interrupted(cell, interrupting) {
            return Poll::Ready(Step::Interrupted);
        }
        Poll::Pending
    })
    .await;
    // One that is done is dropped already; what is left here panicked or was interrupted, and is that however it goes.
    if !matches!(ended, Step::Done(_))
        && let Err(panic) = contain(|| future.set(None))
    {
        tracing::error!(panic, "a handler panicked while it was dropped");
    }
    ended
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
    use std::sync::Arc;

    use super::*;
    use crate::exit::{Failure, FailureKind};
    use crate::id::ActorPath;
    use crate::mailbox::MailboxSpec;

    #[test]
    fn an_order_to_give_up_without_a_reason_was_for_an_earlier_life() {
        let path = ActorPath::root("x");
        let cell = Cell::<u32>::new(path.clone(), Arc::default(), MailboxSpec::default());
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
