//! A handle to an actor that takes messages of another type.

use std::sync::Arc;
use std::task::{Context, Poll};

use crate::cell::AnyCell;
use crate::error::NoRoom;
use crate::question::{Envelope, Left};
use crate::signal::Orders;

use super::{Berth, Handle, Kind, Place, Room, Route, Unsent, settle};

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

    fn chooses(&self) -> bool {
        self.inner.chooses()
    }

    fn order(&self, orders: Orders) {
        self.inner.order(orders);
    }

    fn try_reserve(&self, _msg: Option<&N>) -> Result<Berth, NoRoom> {
        match &self.inner.0 {
            Kind::Local(cell) => cell.mailbox.try_reserve().map(|()| Berth::Here).map_err(NoRoom::of),
            Kind::Routed(route) => route.try_reserve(None),
        }
    }

    fn poll_reserve(&self, _msg: Option<&N>, place: &mut Place, cx: &mut Context<'_>) -> Poll<Result<Berth, NoRoom>> {
        match &self.inner.0 {
            Kind::Local(cell) => cell
                .mailbox
                .poll_reserve(&mut place.ticket, cx)
                .map_ok(|()| Berth::Here)
                .map_err(NoRoom::of),
            Kind::Routed(route) => route.poll_reserve(None, place, cx),
        }
    }

    #[cfg(feature = "wire")]
    fn reserve_anyway(&self, _msg: &N) -> Result<Berth, NoRoom> {
        match &self.inner.0 {
            Kind::Local(cell) => cell.mailbox.reserve_anyway().map(|()| Berth::Here),
            // What is sent on is not known yet, and with it whose room it needs.
            Kind::Routed(route) => route.try_reserve(None),
        }
    }

    fn forget(&self, place: &mut Place) {
        match &self.inner.0 {
            Kind::Local(cell) => cell.mailbox.forget(&mut place.ticket),
            Kind::Routed(route) => route.forget(place),
        }
    }

    fn avoid(&self, berth: Berth, place: &mut Place) {
        match &self.inner.0 {
            Kind::Local(cell) => cell.mailbox.unreserve(),
            Kind::Routed(route) => route.avoid(berth, place),
        }
    }

    fn awaited(&self, place: &Place) -> Room {
        match (&self.inner.0, place.ticket) {
            (Kind::Local(cell), Some(ticket)) => Room(vec![(cell.clone(), ticket)]),
            (Kind::Local(_), None) => Room(Vec::new()),
            (Kind::Routed(route), _) => route.awaited(place),
        }
    }

    fn handler(&self, berth: &Berth) -> Option<Arc<dyn AnyCell>> {
        match &self.inner.0 {
            Kind::Local(cell) => Some(cell.clone()),
            Kind::Routed(route) => route.handler(berth),
        }
    }

    fn unreserve(&self, berth: Berth) {
        match &self.inner.0 {
            Kind::Local(cell) => cell.mailbox.unreserve(),
            Kind::Routed(route) => route.unreserve(berth),
        }
    }

    fn deliver(&self, envelope: Envelope<N>, berth: Berth, left: Option<Left>) -> Result<(), Unsent<N>> {
        let mut room = Reserved {
            of: self,
            berth: Some(berth),
        };
        let envelope = Envelope {
            msg: (self.f)(envelope.msg),
            question: envelope.question,
        };
        let Some(berth) = room.berth.take() else { return Ok(()) };
        let delivered = match &self.inner.0 {
            // The actor stopped, or another took the place, since the room was found.
            Kind::Local(cell) => settle(cell, cell.mailbox.push_reserved(envelope)).map_err(Unsent::from),
            Kind::Routed(route) => route.deliver(envelope, berth, left),
        };
        if let Err(unsent) = delivered {
            self.inner.bury(unsent);
        }
        Ok(())
    }
}

/// Gives reserved room back when the conversion of its message panics.
struct Reserved<'a, M> {
    of: &'a dyn Route<M>,
    berth: Option<Berth>,
}

impl<M> Drop for Reserved<'_, M> {
    fn drop(&mut self) {
        if let Some(berth) = self.berth.take() {
            self.of.unreserve(berth);
        }
    }
}
