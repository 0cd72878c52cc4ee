//! Polls one future of a user's to its end: contains its panics, and drops it when an order interrupts it.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use crate::cell::Cell;
use crate::contain::contain;
use crate::error::AskError;
use crate::mailbox::Inbox;
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
    inbox: &mut Inbox<M>,
    work: &mut Option<Box<Work<M>>>,
    interrupting: Orders,
    make: impl FnOnce() -> F,
) -> Step<F::Output>
where
    M: Send + 'static,
    F: Future,
{
    let future = match contain(make) {
        Ok(future) => future,
        Err(message) => return Step::Panicked(message),
    };
    // In an `Option`, so that the drop of the future happens where its panic can be contained.
    let mut future = pin!(Some(future));
    let ended = poll_fn(|cx| {
        let Some(running) = future.as_mut().as_pin_mut() else {
            return Poll::Pending;
        };
        match contain(|| running.poll(cx)) {
            Ok(Poll::Ready(value)) => return Poll::Ready(Step::Done(value)),
            Err(message) => return Poll::Ready(Step::Panicked(message)),
            Ok(Poll::Pending) => {}
        }
        turn::refuse_dropped(&AskError::NoReply);
        if let Some(work) = work {
            work.poll_progress(cx);
        }
        cell.mailbox.park_in_handler(inbox, cx);
        // Looked at after parking: an order that came before it found nobody to wake.
        if cell.mailbox.orders().any_of(interrupting) {
            Poll::Ready(Step::Interrupted)
        } else {
            Poll::Pending
        }
    })
    .await;
    match (contain(|| future.set(None)), ended) {
        (Ok(()), ended) => ended,
        // What is killed is killed, however it goes.
        (Err(panic), Step::Interrupted) => {
            tracing::error!(panic, "a handler panicked while it was dropped");
            Step::Interrupted
        }
        (Err(message), _) => Step::Panicked(message),
    }
}
