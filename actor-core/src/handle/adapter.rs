//! A handle to an actor that takes messages of another type.

use std::sync::Arc;
use std::task::{Context, Poll};

use crate::cell::AnyCell;
use crate::ledger::DeadReason;
use crate::mailbox::{Refused, Ticket};
use crate::question::Envelope;

use super::{Handle, Kind, NoRoom, Route, settle};

/// The way to an actor by way of a function that makes its messages out of others.
pub(super) struct Adapter<M, F> {
    inner: Handle<M>,
    f: F,
}

impl<M, F> Adapter<M, F> {
    pub(super) fn new(inner: Handle<M>, f: F) -> Self {
        Self { inner, f }
    }
}

impl<M, N, F> Route<N> for Adapter<M, F>
where
    M: Send + 'static,
    N: Send + 'static,
    F: Fn(N) -> M + Send + Sync + 'static,
{
    fn target(&self) -> &dyn AnyCell {
        match &self.inner.0 {
            Kind::Local(cell) => &**cell,
            Kind::Routed(route) => route.target(),
        }
    }

    fn target_arc(&self) -> Arc<dyn AnyCell> {
        self.inner.any_cell()
    }

    fn try_reserve(&self) -> Result<(), NoRoom> {
        match &self.inner.0 {
            Kind::Local(cell) => cell.mailbox.try_reserve().map_err(NoRoom::of),
            Kind::Routed(route) => route.try_reserve(),
        }
    }

    fn poll_reserve(&self, ticket: &mut Ticket, cx: &mut Context<'_>) -> Poll<Result<(), NoRoom>> {
        match &self.inner.0 {
            Kind::Local(cell) => cell.mailbox.poll_reserve(ticket, cx).map_err(NoRoom::of),
            Kind::Routed(route) => route.poll_reserve(ticket, cx),
        }
    }

    fn forget(&self, ticket: &mut Ticket) {
        match &self.inner.0 {
            Kind::Local(cell) => cell.mailbox.forget(ticket),
            Kind::Routed(route) => route.forget(ticket),
        }
    }

    fn unreserve(&self) {
        match &self.inner.0 {
            Kind::Local(cell) => cell.mailbox.unreserve(),
            Kind::Routed(route) => route.unreserve(),
        }
    }

    fn deliver(&self, envelope: Envelope<N>) {
        let room = Reserved(self);
        let envelope = Envelope {
            msg: (self.f)(envelope.msg),
            question: envelope.question,
        };
        std::mem::forget(room);
        match &self.inner.0 {
            Kind::Local(cell) => match settle(cell, cell.mailbox.push_reserved(envelope)) {
                Ok(()) => {}
                // The actor stopped, or another took the place, since the room was found.
                Err(Refused::Closed(envelope)) => cell.bury_undelivered(envelope, DeadReason::Stopped),
                Err(Refused::Full(envelope)) => cell.bury_undelivered(envelope, DeadReason::DroppedNewest),
            },
            Kind::Routed(route) => route.deliver(envelope),
        }
    }
}

/// Gives reserved room back when the conversion of its message panics.
struct Reserved<'a, M>(&'a dyn Route<M>);

impl<M> Drop for Reserved<'_, M> {
    fn drop(&mut self) {
        self.0.unreserve();
    }
}
