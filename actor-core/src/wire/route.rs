//! The way of a message to an actor at another node, and the wire form of a handle.

use std::marker::PhantomData;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use actor_wire::{Wire, deserialize_port};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::cell::{AnyCell, Cell};
use crate::error::NoRoom;
use crate::handle::{Berth, Handle, Place, Room, Route, Unsent};
use crate::id::ActorPath;
use crate::mailbox::MailboxSpec;
use crate::peer::{self, Address, Asks, Draft, ExportId, Imported, NotSent, Parcel, Peer, Proxy, Scope, Terms};
use crate::question::{Envelope, Left, Question, origin_of, untraced};
use crate::scheduler::Scheduler;
use crate::signal::Orders;
use crate::trace::Origin;

use super::export;

/// The longest name of a node, in bytes.
const NODE_BYTES_MAX: usize = 255;

/// The longest path, in bytes; what is longer is cut, as paths are for people.
const PATH_BYTES_MAX: usize = 1024;

/// The way to an actor at another node.
struct Remote<M> {
    proxy: Arc<Proxy>,
    message: PhantomData<fn(M)>,
}

/// The room that is taken for a message which an adapter is still to make. A larger one exceeds the budget by the rest.
const ADAPTED_BYTES: usize = 256;

pub(super) fn to<M: Wire>(proxy: Arc<Proxy>) -> Handle<M> {
    let message = PhantomData;
    Handle::routed(Arc::new(Remote { proxy, message }))
}

impl<M> Remote<M> {
    fn peer(&self) -> &Arc<dyn Peer> {
        self.proxy.peer()
    }

    fn export(&self) -> ExportId {
        self.proxy.address().export
    }
}

impl<M: Wire> Remote<M> {
    /// Encodes a message; returns it with what was found in it.
    #[inline]
    fn encode(&self, terms: &Terms, msg: &M) -> Result<(Box<Scope>, Vec<u8>), NotSent> {
        let (within, mut bytes) = peer::enter_to_write(self.peer());
        let encoded = terms.codec.encode(msg, &mut bytes, terms.body_bytes_max);
        let found = within.leave();
        match encoded {
            Ok(()) => Ok((found, bytes)),
            Err(why) => {
                self.peer().unsend(&found.exports);
                Err(NotSent::Refused(why.to_string()))
            }
        }
    }

    /// Sends what was encoded, into the room that is `given` or if there is room.
    fn send(
        &self,
        terms: &Terms,
        found: &Scope,
        body: &mut Vec<u8>,
        asks: Option<Asks>,
        origin: Option<&Origin>,
        given: Option<usize>,
    ) -> Result<(), NotSent> {
        let (peer, replies) = (self.peer(), &*found.replies);
        let parcel = Parcel {
            session: terms.session,
            body,
            replies,
            exports: &found.exports,
            trace: origin.and_then(|origin| origin.context(|| peer.propagator())),
        };
        peer.send(self.export(), parcel, asks, given)?;
        for (call, asker) in replies {
            asker.has_gone(peer.clone(), *call);
        }
        Ok(())
    }
}

impl<M: Wire> Route<M> for Remote<M> {
    fn target(&self) -> &dyn AnyCell {
        &*self.proxy
    }

    fn target_arc(&self) -> Arc<dyn AnyCell> {
        self.proxy.clone()
    }

    fn chooses(&self) -> bool {
        false
    }

    fn order(&self, orders: Orders) {
        self.proxy.order(orders);
    }

    /// A message that is here is encoded at once: whether it can go is found out when it is to.
    fn try_reserve(&self, msg: Option<&M>) -> Result<Berth, NoRoom> {
        if msg.is_some() {
            let is_over = self.proxy.is_over();
            return if is_over { Err(NoRoom::Stopped) } else { Ok(Berth::Here) };
        }
        let mut place = Place::default();
        let reserved = self.poll_reserve(msg, &mut place, &mut Context::from_waker(Waker::noop()));
        self.forget(&mut place);
        match reserved {
            Poll::Ready(reserved) => reserved,
            Poll::Pending => Err(NoRoom::Full),
        }
    }

    /// How many bytes a message has is not known before it is encoded, which is not done for nothing: so at first there
    /// is only a look at the connection. One that is still to be made, by an adapter, is taken to be small.
    fn poll_reserve(&self, msg: Option<&M>, place: &mut Place, cx: &mut Context<'_>) -> Poll<Result<Berth, NoRoom>> {
        if self.proxy.is_over() {
            self.forget(place);
            return Poll::Ready(Err(NoRoom::Stopped));
        }
        if msg.is_none() {
            place.bytes = ADAPTED_BYTES;
        }
        if place.bytes == 0 {
            return self.peer().poll_connected(cx).map_ok(|()| Berth::Here);
        }
        let room = self.peer().poll_room(self.export(), place.bytes, &mut place.ticket, cx);
        room.map_ok(|()| Berth::Bytes(place.bytes))
    }

    /// The budget of a connection is not exceeded for what comes from another.
    fn reserve_anyway(&self, msg: &M) -> Result<Berth, NoRoom> {
        self.try_reserve(Some(msg))
    }

    fn forget(&self, place: &mut Place) {
        if place.ticket.is_some() {
            self.peer().forget(self.export(), place.bytes, &mut place.ticket);
        }
    }

    fn avoid(&self, berth: Berth, _place: &mut Place) {
        self.unreserve(berth);
    }

    /// A cycle through another node ends by its deadline.
    fn awaited(&self, _place: &Place) -> Room {
        Room(Vec::new())
    }

    fn handler(&self, _berth: &Berth) -> Option<Arc<dyn AnyCell>> {
        Some(self.proxy.clone())
    }

    fn unreserve(&self, berth: Berth) {
        if let Berth::Bytes(bytes) = berth {
            self.peer().give_back(self.export(), bytes);
        }
    }

    fn deliver(&self, envelope: Envelope<M>, berth: Berth, left: Option<Left>) -> Result<(), Unsent<M>> {
        let mut room = Reserved {
            of: self,
            berth: Some(berth),
        };
        let Some(terms) = self.peer().terms() else {
            // One may be on its way: then it is worth waiting, though for how much room is not known yet.
            let connects = self.peer().poll_connected(&mut Context::from_waker(Waker::noop()));
            return Err(match connects {
                Poll::Ready(Err(why)) => Unsent::new(why, envelope),
                Poll::Ready(Ok(())) | Poll::Pending => Unsent::TooLarge(envelope, 0),
            });
        };
        let (found, mut body) = match self.encode(&terms, &envelope.msg) {
            Ok(encoded) => encoded,
            Err(why) => return Err(unsent(why, envelope, 0)),
        };
        let given = match room.berth.take() {
            Some(Berth::Bytes(bytes)) => Some(bytes),
            _ => None,
        };
        let (question, bytes) = (envelope.question.as_ref(), body.len());
        let (question, origin) = (untraced(question), origin_of(question));
        let asks = question.and_then(|question| asks(&found.replies, question, left));
        let sent = self.send(&terms, &found, &mut body, asks, origin, given);
        found.keep(body);
        sent.map_err(|why| unsent(why, envelope, bytes))
    }

    /// From where it is: most of a message's way here would be moving it.
    fn send_at_once(&self, msg: &M) -> bool {
        let peer = self.peer();
        if peer.is_ahead() || self.proxy.is_over() {
            return false;
        }
        let Some(terms) = peer.terms() else { return false };
        let Ok((found, mut body)) = self.encode(&terms, msg) else {
            return false;
        };
        let origin = Origin::current();
        let is_plain = origin.is_none() && found.is_empty();
        let sent = is_plain && peer.send_plain(self.export(), terms.session, &body)
            || self
                .send(&terms, &found, &mut body, None, origin.as_ref(), None)
                .is_ok();
        found.keep(body);
        sent
    }

    fn poll_turn(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.peer().poll_turn(cx)
    }

    fn scheduler(&self) -> Option<&Scheduler> {
        Some(self.proxy.scheduler())
    }

    fn proxy(&self) -> Option<&Arc<Proxy>> {
        Some(&self.proxy)
    }

    fn send_copy(&self, msg: &M, draft: &mut Draft) -> Option<Result<(), NotSent>> {
        let terms = self.peer().terms().filter(|_| !self.proxy.is_over())?;
        if !draft.copy_for(&terms, msg) {
            return None;
        }
        let parcel = Parcel {
            session: terms.session,
            body: &mut draft.copy,
            replies: &[],
            exports: &[],
            trace: Origin::current().and_then(|origin| origin.context(|| self.peer().propagator())),
        };
        Some(self.peer().send(self.export(), parcel, None, None))
    }
}

/// That a message is a question, if one of the reply ports in it is that of its asker.
#[inline]
fn asks(replies: &[(u64, Arc<dyn peer::Asker>)], question: &Arc<dyn Question>, left: Option<Left>) -> Option<Asks> {
    let (call, _) = replies.iter().find(|(_, asker)| is_same(&**asker, &**question))?;
    let Left(left) = left.unwrap_or_else(|| question.wait().left());
    Some(Asks { call: *call, left })
}

/// Whether both are the same asker: compared by where they are, as their types are not known.
fn is_same(asker: &dyn peer::Asker, question: &dyn Question) -> bool {
    std::ptr::addr_eq(asker, question)
}

fn unsent<M>(why: NotSent, envelope: Envelope<M>, bytes: usize) -> Unsent<M> {
    match why {
        NotSent::Full => Unsent::TooLarge(envelope, bytes),
        NotSent::NodeDown => Unsent::NodeDown(envelope),
        NotSent::Refused(why) => Unsent::Unsendable(envelope, why),
    }
}

/// Gives reserved room back, unless it was used.
struct Reserved<'a, M: Wire> {
    of: &'a Remote<M>,
    berth: Option<Berth>,
}

impl<M: Wire> Drop for Reserved<'_, M> {
    fn drop(&mut self) {
        if let Some(berth) = self.berth.take() {
            self.of.unreserve(berth);
        }
    }
}

/// The beginning of `text`, of at most so many bytes.
fn cut(text: &str, bytes_max: usize) -> &str {
    let mut end = text.len().min(bytes_max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

impl<M: Wire> Serialize for Handle<M> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let exported = peer::with(|scope| match self.proxy() {
            Some(proxy) => scope.peer().pass_on(proxy.address()).map(|()| proxy.address().clone()),
            None => scope.peer().export(export::of(self)).inspect(|address| {
                scope.exports.push(address.export);
            }),
        });
        let address = exported
            .ok_or_else(|| S::Error::custom("a handle has a wire form only in a message to another node"))?
            .map_err(S::Error::custom)?;
        let (high, low) = ((address.export.0 >> 64) as u64, address.export.0 as u64);
        (&*address.node, address.incarnation, high, low, &*address.path).serialize(serializer)
    }
}

impl<'de, M: Wire> Deserialize<'de> for Handle<M> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize_port::<_, _, M, _>(deserializer, read, nowhere)
    }
}

type Written = (String, u64, u64, u64, String);

fn read<M: Wire>((node, incarnation, high, low, path): Written) -> Result<Handle<M>, String> {
    if node.len() > NODE_BYTES_MAX {
        return Err("the name of a node is longer than 255 bytes".to_owned());
    }
    let address = Address {
        node: node.into(),
        incarnation,
        export: ExportId(u128::from(high) << 64 | u128::from(low)),
        path: cut(&path, PATH_BYTES_MAX).into(),
    };
    let peer = peer::with(|scope| scope.peer().clone());
    match peer
        .ok_or("a handle has a wire form only in a message from another node")?
        .import(address)?
    {
        Imported::There(proxy) => Ok(to(proxy)),
        Imported::Here(exported) => {
            let found = exported.message_type();
            export::handle_of(exported).ok_or_else(|| {
                let expected = std::any::type_name::<M>();
                format!("a handle for {expected} leads to an actor that takes {found}")
            })
        }
    }
}

/// A handle for who only looks at the shape of a message.
fn nowhere<M: Wire>() -> Handle<M> {
    let path = ActorPath::root("nowhere");
    Handle::local(Arc::new(Cell::at_rest(path, MailboxSpec::default())))
}
