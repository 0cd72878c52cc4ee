//! The address of an actor.

mod adapter;
mod place;
mod sending;
mod tell;
mod weak;

#[cfg(feature = "wire")]
use std::collections::VecDeque;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::cell::{AnyCell, Cell, Core};
use crate::contain::discard;
use crate::error::{AskError, NoRoom, TellError, TryTellError};
use crate::id::{ActorId, ActorPath};
use crate::ledger::DeadReason;
#[cfg(feature = "wire")]
use crate::mailbox::Entry;
use crate::mailbox::{Pushed, Refused};
#[cfg(feature = "wire")]
use crate::peer::{Draft, NotSent, Proxy};
use crate::question::{Envelope, Left, trace_of_sender};
use crate::scheduler::Scheduler;
use crate::signal::Orders;

use adapter::Adapter;

pub(crate) use place::{Berth, Place, Room, Seats};
pub(crate) use sending::Sending;
use tell::Tell;
pub use weak::WeakHandle;

/// The address of an actor that takes messages of type `M`.
///
/// A handle is cheap to clone, and can be sent anywhere, inside messages too. It survives supervised restarts: the same
/// handle and the same mailbox, with a new state behind them. When the actor has ended for good the handle stays dead,
/// and says so. Actors live until they are stopped: dropping handles stops nobody.
///
/// Handles are equal when they lead to the same actor.
pub struct Handle<M>(Kind<M>);

/// The kinds of way to an actor. A local tell goes straight to the mailbox and makes no virtual call.
enum Kind<M> {
    Local(Arc<Cell<M>>),
    Routed(Arc<dyn Route<M>>),
}

/// A way to an actor other than its own mailbox: through an adapter, to one of a pool's workers, or to another node.
///
/// Room is taken before a message is converted, so that what finds no room is handed back as it came. Where the message
/// is known already, and not only its room asked for, it comes along: it may decide whose room that is.
pub(crate) trait Route<M>: Send + Sync {
    fn target(&self) -> &dyn AnyCell;
    fn target_arc(&self) -> Arc<dyn AnyCell>;
    /// Whether another than the target handles the message: who, is known when there is room.
    fn chooses(&self) -> bool;
    fn order(&self, orders: Orders);
    fn try_reserve(&self, msg: Option<&M>) -> Result<Berth, NoRoom>;
    fn poll_reserve(&self, msg: Option<&M>, place: &mut Place, cx: &mut Context<'_>) -> Poll<Result<Berth, NoRoom>>;
    fn forget(&self, place: &mut Place);
    /// Gives back what was reserved with one who cannot answer this sender, and looks for another from now on.
    fn avoid(&self, berth: Berth, place: &mut Place);
    /// Those who could give the room that is waited for, with the tickets for it.
    fn awaited(&self, place: &Place) -> Room;
    /// Who handles a message in this room; `None` if that is not known yet.
    fn handler(&self, berth: &Berth) -> Option<Arc<dyn AnyCell>>;
    /// Gives back what was reserved.
    fn unreserve(&self, berth: Berth);
    /// Delivers into the room that was reserved. What cannot be delivered after all comes back, or is a dead letter
    /// where it has been turned into another message. For how much longer its asker waits comes along where that is known.
    fn deliver(&self, envelope: Envelope<M>, berth: Berth, left: Option<Left>) -> Result<(), Unsent<M>>;
    /// Sends a message where it need not be kept for that, and nothing stands in its way. What was not sent is to be sent by the
    /// other ways, which say why they cannot.
    fn send_at_once(&self, _msg: &M) -> bool {
        false
    }
    /// Waits until others had their turn who carry what was sent before. Nothing is reserved by that.
    fn poll_turn(&self, _cx: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
    /// What polls those here who speak with the target's node.
    fn scheduler(&self) -> Option<&Scheduler> {
        None
    }
    /// Takes room for a message that is here already, beyond the bound if it must be.
    #[cfg(feature = "wire")]
    fn reserve_anyway(&self, msg: &M) -> Result<Berth, NoRoom>;
    /// The actor at another node that this leads to straight, and not through an adapter.
    #[cfg(feature = "wire")]
    fn proxy(&self) -> Option<&Arc<Proxy>> {
        None
    }
    /// Sends a message of which others are sent copies. `None`: it is to be told as any other.
    #[cfg(feature = "wire")]
    fn send_copy(&self, _msg: &M, _draft: &mut Draft) -> Option<Result<(), NotSent>> {
        None
    }
}

/// A message that was not sent, with the reason.
pub(crate) enum Unsent<M> {
    Full(Envelope<M>),
    Stopped(Envelope<M>),
    NodeDown(Envelope<M>),
    #[cfg_attr(not(feature = "wire"), expect(dead_code, reason = "made where nodes are connected"))]
    Unsendable(Envelope<M>, String),
    /// It has so many bytes, for which there is no room now; 0 where that is not known yet.
    #[cfg_attr(not(feature = "wire"), expect(dead_code, reason = "made where nodes are connected"))]
    TooLarge(Envelope<M>, usize),
}

impl<M: Send + 'static> Handle<M> {
    pub(crate) fn local(cell: Arc<Cell<M>>) -> Self {
        Self(Kind::Local(cell))
    }

    pub(crate) fn routed(route: Arc<dyn Route<M>>) -> Self {
        Self(Kind::Routed(route))
    }

    /// The actor at another node that this leads to, and not through an adapter.
    #[cfg(feature = "wire")]
    pub(crate) fn proxy(&self) -> Option<&Arc<Proxy>> {
        match &self.0 {
            Kind::Local(_) => None,
            Kind::Routed(route) => route.proxy(),
        }
    }

    /// Where the way to the actor lies in memory: the same for clones of one handle.
    #[cfg(feature = "wire")]
    pub(crate) fn address(&self) -> usize {
        match &self.0 {
            Kind::Local(cell) => Arc::as_ptr(cell).addr(),
            Kind::Routed(route) => Arc::as_ptr(route).addr(),
        }
    }

    /// Whether it leads to an actor of this process, and not through an adapter.
    #[cfg(feature = "wire")]
    pub(crate) fn is_local(&self) -> bool {
        matches!(self.0, Kind::Local(_))
    }

    /// Queues `msg` behind everything already sent through this handle.
    ///
    /// Waits while the mailbox is full; that wait is the actor's backpressure. Room is given in the order in which it
    /// was asked for. An actor's tell to itself does not wait, as nobody else could make the room: it is refused with
    /// `Full`.
    ///
    /// # Errors
    /// [`TellError`] returns `msg`, which the actor never saw, and says why.
    ///
    /// # Cancel safety
    /// Dropping the future before it resolves drops `msg` unsent, and gives up the place in the queue for room.
    #[inline]
    pub fn tell(&self, msg: M) -> impl Future<Output = Result<(), TellError<M>>> + Send {
        Tell::new(self, msg)
    }

    /// Queues `msg` if there is room for it now and nobody waits for room.
    ///
    /// A mailbox whose policy drops messages takes it in any case.
    ///
    /// # Errors
    /// [`TryTellError`] returns `msg`, which the actor never saw, and says why.
    pub fn try_tell(&self, msg: M) -> Result<(), TryTellError<M>> {
        let mut msg = Some(msg);
        if self.send_at_once(&mut msg) {
            return Ok(());
        }
        match msg {
            Some(msg) => self.try_send(Envelope::plain(msg)).map_err(TryTellError::of),
            None => Ok(()),
        }
    }

    /// Sends the message in `msg` to an actor of this process where nothing stands in its way. One that was not sent is still there.
    #[inline]
    fn send_at_once(&self, msg: &mut Option<M>) -> bool {
        let Kind::Local(cell) = &self.0 else { return false };
        // Before the lock of the mailbox: a subscriber that is asked for the span may tell this very actor.
        let question = trace_of_sender();
        cell.mailbox
            .push_at_once(|| msg.take().map(|msg| Envelope { msg, question }))
    }

    /// The same elsewhere.
    #[inline(never)]
    fn send_elsewhere(&self, msg: &mut Option<M>) -> bool {
        let Kind::Routed(route) = &self.0 else { return false };
        msg.take_if(|msg| route.send_at_once(msg)).is_some()
    }

    pub(crate) fn try_send(&self, envelope: Envelope<M>) -> Result<(), Unsent<M>> {
        match &self.0 {
            Kind::Local(cell) => settle(cell, cell.mailbox.try_push(envelope)).map_err(Unsent::from),
            Kind::Routed(route) => match route.try_reserve(Some(&envelope.msg)) {
                Ok(berth) => route.deliver(envelope, berth, None),
                Err(why) => Err(Unsent::new(why, envelope)),
            },
        }
    }

    /// Sends a message of which others are sent copies. `None`: it is to be told as any other.
    #[cfg(feature = "wire")]
    pub(crate) fn send_copy(&self, msg: &M, draft: &mut Draft) -> Option<Result<(), NotSent>> {
        match &self.0 {
            Kind::Local(_) => None,
            Kind::Routed(route) => route.send_copy(msg, draft),
        }
    }

    /// Queues a message that is here already and cannot be kept waiting elsewhere, beyond the bound if it must be.
    #[cfg(feature = "wire")]
    pub(crate) fn send_anyway(&self, envelope: Envelope<M>) -> Result<(), Unsent<M>> {
        match &self.0 {
            Kind::Local(cell) => match cell.mailbox.reserve_anyway() {
                Ok(()) => settle(cell, cell.mailbox.push_reserved(envelope)).map_err(Unsent::from),
                Err(why) => Err(Unsent::new(why, envelope)),
            },
            Kind::Routed(route) => match route.reserve_anyway(&envelope.msg) {
                Ok(berth) => route.deliver(envelope, berth, None),
                Err(why) => Err(Unsent::new(why, envelope)),
            },
        }
    }

    /// Queues messages that came together in their order, as long as nothing stands in their way; those that are left are to be
    /// sent one by one.
    #[cfg(feature = "wire")]
    pub(crate) fn send_many(&self, messages: &mut VecDeque<Entry<M>>) {
        if let Kind::Local(cell) = &self.0 {
            cell.mailbox.push_many(messages);
        }
    }

    /// Makes a handle that takes messages of another type, which `f` turns into those of this actor.
    ///
    /// `f` is called by the sender, when there is room. If it panics, the sender does, and no message was sent. The
    /// handle equals the one it was made of, and watches, stops and ends with it.
    pub fn map<N, F>(&self, f: F) -> Handle<N>
    where
        N: Send + 'static,
        F: Fn(N) -> M + Send + Sync + 'static,
    {
        Handle(Kind::Routed(Arc::new(Adapter::new(self.clone(), f))))
    }

    /// Whether the actor can still come to handle messages: it has not ended, though it may be stopping.
    pub fn is_alive(&self) -> bool {
        self.core().is_alive()
    }

    /// The actor's id: the same before and after a restart, and never used again.
    pub fn id(&self) -> ActorId {
        self.core().id
    }

    /// The actor's path, for people to read.
    pub fn path(&self) -> &ActorPath {
        &self.core().path
    }

    /// What polls the actor, or those here who speak with its node; if that is known.
    pub(crate) fn scheduler(&self) -> Option<&Scheduler> {
        match &self.0 {
            Kind::Local(cell) => cell.task.scheduler(),
            Kind::Routed(route) => route.scheduler(),
        }
    }

    pub(crate) fn core(&self) -> &Core {
        match &self.0 {
            Kind::Local(cell) => &cell.core,
            Kind::Routed(route) => route.target().core(),
        }
    }

    pub(crate) fn any_cell(&self) -> Arc<dyn AnyCell> {
        match &self.0 {
            Kind::Local(cell) => cell.clone(),
            Kind::Routed(route) => route.target_arc(),
        }
    }

    pub(crate) fn order(&self, orders: Orders) {
        match &self.0 {
            Kind::Local(cell) => cell.order(orders),
            Kind::Routed(route) => route.order(orders),
        }
    }

    /// Whether one of several handles what is told here, and not the actor itself.
    pub(crate) fn chooses(&self) -> bool {
        match &self.0 {
            Kind::Local(_) => false,
            Kind::Routed(route) => route.chooses(),
        }
    }

    /// Records a message that found no place here, and that nobody can have back; its asker is told.
    pub(crate) fn bury(&self, unsent: Unsent<M>) {
        let (envelope, reason, why) = match unsent {
            Unsent::Stopped(envelope) => (envelope, DeadReason::Stopped, AskError::Stopped),
            Unsent::Full(envelope) | Unsent::TooLarge(envelope, _) => {
                (envelope, DeadReason::DroppedNewest, AskError::Full)
            }
            Unsent::NodeDown(envelope) => (envelope, DeadReason::Unsent, AskError::NodeDown),
            Unsent::Unsendable(envelope, why) => (envelope, DeadReason::Unsent, AskError::Unsendable(why)),
        };
        let core = self.core();
        core.ledger().settle(1, 0);
        core.ledger().bury::<M>(&core.path, reason, 1);
        if let Some(question) = &envelope.question {
            // Before the message goes, or its reply port would answer `NoReply` for it.
            question.refuse(why);
        }
        discard(envelope);
    }

    fn accepts(&self) -> bool {
        match &self.0 {
            Kind::Local(cell) => cell.mailbox.is_open(),
            Kind::Routed(route) => route.target().core().is_alive(),
        }
    }
}

impl<M> Unsent<M> {
    pub(crate) fn new(why: NoRoom, envelope: Envelope<M>) -> Self {
        match why {
            NoRoom::Full => Unsent::Full(envelope),
            NoRoom::Stopped => Unsent::Stopped(envelope),
            NoRoom::NodeDown => Unsent::NodeDown(envelope),
        }
    }
}

impl<M> From<Refused<M>> for Unsent<M> {
    fn from(refused: Refused<M>) -> Self {
        match refused {
            Refused::Closed(envelope) => Unsent::Stopped(envelope),
            Refused::Full(envelope) => Unsent::Full(envelope),
        }
    }
}

impl<M> TellError<M> {
    fn of(unsent: Unsent<M>) -> Self {
        match unsent {
            Unsent::Full(envelope) | Unsent::TooLarge(envelope, _) => TellError::Full(envelope.msg),
            Unsent::Stopped(envelope) => TellError::Stopped(envelope.msg),
            Unsent::NodeDown(envelope) => TellError::NodeDown(envelope.msg),
            Unsent::Unsendable(envelope, why) => TellError::Unsendable(envelope.msg, why),
        }
    }
}

impl<M> TryTellError<M> {
    fn of(unsent: Unsent<M>) -> Self {
        match unsent {
            Unsent::Full(envelope) | Unsent::TooLarge(envelope, _) => TryTellError::Full(envelope.msg),
            Unsent::Stopped(envelope) => TryTellError::Stopped(envelope.msg),
            Unsent::NodeDown(envelope) => TryTellError::NodeDown(envelope.msg),
            Unsent::Unsendable(envelope, why) => TryTellError::Unsendable(envelope.msg, why),
        }
    }
}

/// Buries what the policy of the mailbox put aside.
pub(crate) fn settle<M: Send + 'static>(cell: &Cell<M>, pushed: Pushed<M>) -> Result<(), Refused<M>> {
    pushed.map(|displaced| {
        if let Some(displaced) = displaced {
            cell.bury(displaced.envelope, displaced.reason);
        }
    })
}

impl<M> Clone for Handle<M> {
    fn clone(&self) -> Self {
        Self(match &self.0 {
            Kind::Local(cell) => Kind::Local(cell.clone()),
            Kind::Routed(route) => Kind::Routed(route.clone()),
        })
    }
}

impl<M: Send + 'static> PartialEq for Handle<M> {
    fn eq(&self, other: &Self) -> bool {
        self.id() == other.id()
    }
}

impl<M: Send + 'static> Eq for Handle<M> {}

impl<M: Send + 'static> Hash for Handle<M> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id().hash(state);
    }
}

impl<M: Send + 'static> fmt::Debug for Handle<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let closed = if self.accepts() { "" } else { ", closed" };
        write!(f, "Handle({}{}{closed})", self.path(), self.id())
    }
}
