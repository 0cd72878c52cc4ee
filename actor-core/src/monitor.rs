//! Waiting for an actor's end.

use std::fmt;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::cell::{AnyCell, EndOfLife};
use crate::error::StopError;
use crate::exit::ExitReason;
use crate::handle::Handle;
use crate::signal::{Down, Orders, WatchId, Watcher};
use crate::slot::Slot;
use crate::turn;

/// A watch held outside of any actor: resolves to the one [`Down`] of the watched actor. Made by [`Handle::watch`].
///
/// # Cancel safety
/// It can be awaited by reference. Dropping it withdraws the watch.
#[must_use = "a monitor that is dropped watches nobody"]
pub struct Monitor {
    watch: WatchId,
    watched: Arc<dyn AnyCell>,
    slot: Arc<DownSlot>,
}

struct DownSlot(Slot<Down>);

impl Watcher for DownSlot {
    fn down(self: Arc<Self>, down: Down) {
        let _ = self.0.put(down);
    }
}

impl Monitor {
    pub(crate) fn of(watched: Arc<dyn AnyCell>) -> Self {
        let slot = Arc::new(DownSlot(Slot::new()));
        let watch = WatchId::next();
        watched.core().watch(watch, slot.clone());
        Self { watch, watched, slot }
    }
}

impl Future for Monitor {
    type Output = Down;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Down> {
        self.slot.0.poll_take(cx)
    }
}

impl Drop for Monitor {
    fn drop(&mut self) {
        self.watched.core().unwatch(self.watch);
    }
}

impl fmt::Debug for Monitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Monitor({})", self.watched.core().path)
    }
}

/// The end that was asked for by [`Handle::stop`], [`drain`](Handle::drain) or [`kill`](Handle::kill).
///
/// It resolves when the actor's present life has ended, with the reason. A supervisor may start another life after it.
///
/// # Errors
/// [`StopError::Deadlock`], at once, if the actor cannot end while this is awaited: it waits for the one who awaits it
/// here, or is above it in the tree, and so ends after it. The order stands. [`StopError::NotAllowed`] from an actor at
/// another node that was not exposed with orders.
///
/// # Cancel safety
/// The order stands whether this is awaited or dropped.
pub struct Ending {
    slot: Arc<EndOfLife>,
    ends: Arc<dyn AnyCell>,
    /// Until it is known to be no part of a cycle. A kill waits for no handler, and cannot be.
    waits_for_handler: bool,
    has_resolved: bool,
}

impl Future for Ending {
    type Output = Result<ExitReason, StopError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Poll::Ready(end) = self.slot.poll_take(cx) {
            self.has_resolved = true;
            return Poll::Ready(end);
        }
        if mem::take(&mut self.waits_for_handler) {
            let refused = match turn::is_below(&self.ends.core().path) {
                Some(deadlock) => Err(deadlock),
                None => turn::wait_for(self.ends.core().id, || self.ends.clone(), &self.slot),
            };
            if let Err(deadlock) = refused {
                drop(self.slot.close());
                return Poll::Ready(Err(StopError::Deadlock(deadlock)));
            }
        }
        Poll::Pending
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        if !self.has_resolved {
            drop(self.slot.close());
        }
    }
}

impl fmt::Debug for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ending({})", self.ends.core().path)
    }
}

impl<M: Send + 'static> Handle<M> {
    /// Watches the actor from outside of any actor. Inside one, use [`Context::watch`](crate::Context::watch).
    ///
    /// Exactly one `Down` comes, when the actor has ended for good, or at once if it had. Restarts do not show.
    pub fn watch(&self) -> Monitor {
        Monitor::of(self.any_cell())
    }

    /// Has the actor finish the message in hand, run `on_stop`, and end. What waits in its mailbox goes to dead
    /// letters.
    ///
    /// Nothing more is accepted from now on. The reason is `Normal`: a *permanent* child is restarted after it, others
    /// are not. (As OTP has it.)
    pub fn stop(&self) -> Ending {
        self.end(Orders::STOP)
    }

    /// Has the actor handle what is queued now, run `on_stop`, and end, with the reason `Normal`.
    ///
    /// Nothing more is accepted from now on.
    pub fn drain(&self) -> Ending {
        self.end(Orders::DRAIN)
    }

    /// Drops the running handler at its next await and ends the actor without `on_stop`. Its children are stopped all
    /// the same.
    ///
    /// The reason is `Killed`, after which *permanent* and *transient* children are restarted, with what waited in the
    /// mailbox. The message in hand goes to dead letters, and its asker gets
    /// [`AskError::Failed`](crate::AskError::Failed). A handler that never awaits cannot be interrupted.
    pub fn kill(&self) -> Ending {
        self.end(Orders::KILL)
    }

    fn end(&self, order: Orders) -> Ending {
        // The slot first: an actor that is quick could have ended before it was there.
        let slot = self.core().end_of_life();
        self.order(order);
        Ending {
            slot,
            ends: self.any_cell(),
            waits_for_handler: order != Orders::KILL,
            has_resolved: false,
        }
    }
}
