//! A message on its way into a mailbox, while it waits for room there.

use std::sync::Arc;
use std::task::{Context, Poll};

use crate::cell::AnyCell;
use crate::error::{Deadlock, NoRoom, TellError};
use crate::question::{Envelope, Left};
use crate::turn;

use super::{Handle, Kind, Place, Room, Unsent, settle};

/// A message on its way into a mailbox, with its place in the queue for room. Dropped, it gives up that place.
pub(crate) struct Sending<'a, M: Send + 'static> {
    handle: &'a Handle<M>,
    pub(crate) envelope: Option<Envelope<M>>,
    place: Place,
    waits: bool,
}

impl<'a, M: Send + 'static> Sending<'a, M> {
    #[inline]
    pub(crate) fn new(handle: &'a Handle<M>, envelope: Envelope<M>) -> Self {
        Self {
            handle,
            envelope: Some(envelope),
            place: Place::default(),
            waits: false,
        }
    }

    /// Must not be called again after it has returned `Ready`.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Unsent<M>>> {
        self.poll_unless(cx, None, |_| false)
    }

    /// The same; where one of several handles the message, `refuse` looks at who before it is delivered, and passes
    /// over those from whom no answer could come. What is `left` is for those who would have to read the clock for it.
    pub(crate) fn poll_unless(
        &mut self,
        cx: &mut Context<'_>,
        left: Option<Left>,
        mut refuse: impl FnMut(Arc<dyn AnyCell>) -> bool,
    ) -> Poll<Result<(), Unsent<M>>> {
        let own_mailbox = || turn::actor() == Some(self.handle.id());
        match &self.handle.0 {
            Kind::Local(cell) => match cell.mailbox.poll_push(&mut self.envelope, &mut self.place.ticket, cx) {
                Poll::Ready(pushed) => Poll::Ready(settle(cell, pushed).map_err(Unsent::from)),
                Poll::Pending if own_mailbox() => self.refuse(NoRoom::Full),
                Poll::Pending => Poll::Pending,
            },
            Kind::Routed(route) => loop {
                let msg = self.envelope.as_ref().map(|envelope| &envelope.msg);
                return match route.poll_reserve(msg, &mut self.place, cx) {
                    Poll::Ready(Ok(berth)) => {
                        let handler = route.chooses().then(|| route.handler(&berth)).flatten();
                        if handler.is_some_and(&mut refuse) {
                            route.avoid(berth, &mut self.place);
                            continue;
                        }
                        let Some(envelope) = self.envelope.take() else {
                            route.unreserve(berth);
                            return Poll::Ready(Ok(()));
                        };
                        match route.deliver(envelope, berth, left) {
                            // How much room it needs is known now, and it is asked for.
                            Err(Unsent::TooLarge(envelope, bytes)) => {
                                self.envelope = Some(envelope);
                                self.place.bytes = bytes;
                                continue;
                            }
                            delivered => Poll::Ready(delivered),
                        }
                    }
                    Poll::Ready(Err(why)) => self.refuse(why),
                    Poll::Pending if own_mailbox() => self.refuse(NoRoom::Full),
                    Poll::Pending => Poll::Pending,
                };
            },
        }
    }

    #[inline]
    pub(crate) fn handle(&self) -> &'a Handle<M> {
        self.handle
    }

    /// Has the actor whose code runs here wait for the room that it has not been given.
    pub(crate) fn wait_for_room(&mut self) -> Result<(), Deadlock> {
        if std::mem::replace(&mut self.waits, true) || turn::actor().is_none() {
            return Ok(());
        }
        let room = match (&self.handle.0, self.place.ticket) {
            (Kind::Local(cell), Some(ticket)) => Room(vec![(cell.clone(), ticket)]),
            (Kind::Local(_), None) => return Ok(()),
            (Kind::Routed(route), _) => route.awaited(&self.place),
        };
        turn::wait_for_any(room.givers(), Arc::new(room))
    }

    pub(super) fn give_up(&mut self, deadlock: Deadlock) -> Poll<Result<(), TellError<M>>> {
        match self.envelope.take() {
            Some(envelope) => Poll::Ready(Err(TellError::Deadlock(envelope.msg, deadlock))),
            None => Poll::Pending,
        }
    }

    fn refuse(&mut self, why: NoRoom) -> Poll<Result<(), Unsent<M>>> {
        match self.envelope.take() {
            Some(envelope) => Poll::Ready(Err(Unsent::new(why, envelope))),
            None => Poll::Pending,
        }
    }
}

impl<M: Send + 'static> Drop for Sending<'_, M> {
    // Not inlined, so that the end of a tell is small where nothing stood in its way.
    #[inline(never)]
    fn drop(&mut self) {
        match &self.handle.0 {
            Kind::Local(cell) => {
                if self.place.ticket.is_some() {
                    cell.mailbox.forget(&mut self.place.ticket);
                }
            }
            Kind::Routed(route) => route.forget(&mut self.place),
        }
    }
}
