//! Another node, as an actor here sees it: what carries messages there, and what stands here for the actors there.
//!
//! Core knows nothing of sockets, sessions or frames. Whoever connects nodes implements [`Peer`], one for each node that it
//! knows; core gives it messages as bytes, and is given bytes as messages.

mod draft;
mod line;
mod link;
mod proxy;
mod scope;

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use actor_wire::{Codec, Limits};
use tokio::time::Instant;

use crate::cell::AnyCell;
use crate::error::{AskError, NoRoom};
use crate::exit::ExitReason;
use crate::id::{ActorId, ActorPath};
use crate::question::Abroad;
use crate::signal::{Down, WatchId, Watcher};
use crate::sync::Mutex;
use crate::trace::{Propagator, TraceContext};

pub(crate) use draft::Draft;
pub use line::Line;
pub use link::Linked;
pub use proxy::Proxy;
pub(crate) use scope::{Scope, Within, enter, enter_to_write, outside, with};

/// What an actor is called by other nodes. It cannot be guessed: who knows it was told by the node of the actor, or by
/// one who was.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    /// The name of the actor's node.
    pub node: Arc<str>,
    /// Which life of that node it is.
    pub incarnation: u64,
    /// Which actor, or which adapter of one.
    pub export: ExportId,
    /// The actor's path, for people.
    pub path: Arc<str>,
}

/// Names one actor, or one adapter of an actor, that its node lets others reach.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExportId(pub u128);

impl fmt::Debug for ExportId {
    /// A part of it, to tell one from another: it is what lets its holder reach the actor, and does not belong in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "export {:04x}…", self.0 >> 112)
    }
}

/// What holds for everything that goes over one conversation with a peer.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// Which conversation it is: what was made for one is not sent in another.
    pub session: u64,
    /// How messages become bytes.
    pub codec: Codec,
    /// The largest message, in bytes.
    pub body_bytes_max: usize,
    /// What a message from there may ask for.
    pub limits: Limits,
}

/// A message or an answer as bytes, with the reply ports that it takes along.
pub struct Parcel<'a> {
    /// The conversation that it was made for.
    pub session: u64,
    /// The bytes. Who sends them may take the whole buffer.
    pub body: &'a mut Vec<u8>,
    /// The numbers of the reply ports in it, and who waits at this end of each.
    pub replies: &'a [(u64, Arc<dyn Asker>)],
    /// The actors of this node whose handles are in it.
    pub exports: &'a [ExportId],
    /// The trace that it is part of, if its peer is to know.
    pub trace: Option<TraceContext>,
}

/// That a message which is sent is a question: by which of its reply ports, and for how much longer it is waited for.
#[derive(Clone, Copy, Debug)]
pub struct Asks {
    /// The number of the reply port.
    pub call: u64,
    /// How long, as of this moment.
    pub left: Option<Duration>,
}

/// That a message which came is a question: by which of its reply ports, and until when it is waited for.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// The number of the reply port.
    pub call: u64,
    /// When the asker stops waiting.
    pub deadline: Option<Instant>,
}

/// What another node can be told to do with an actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// [`Handle::stop`](crate::Handle::stop).
    Stop,
    /// [`Handle::drain`](crate::Handle::drain).
    Drain,
    /// [`Handle::kill`](crate::Handle::kill).
    Kill,
}

/// Why a message was not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotSent {
    /// There is no room for it now.
    Full,
    /// The conversation that it was made for is over.
    NodeDown,
    /// It cannot be sent, for this reason.
    Refused(String),
}

/// What an address led to.
pub enum Imported {
    /// An actor of this node.
    Here(Arc<dyn Exported>),
    /// An actor at another.
    There(Arc<Proxy>),
}

/// Another node. It lives through connections that are lost and made again, for one incarnation of that node.
pub trait Peer: Abroad + 'static {
    /// What holds now; `None` while there is no connection.
    fn terms(&self) -> Option<Terms>;

    /// Whether something can be sent now; waits for a connection that is being made.
    ///
    /// # Errors
    /// There is none, and none is being made.
    fn poll_connected(&self, cx: &mut Context<'_>) -> Poll<Result<(), NoRoom>>;

    /// Whether so much waits to be written that a sender which can wait is to [let the writer come first](Self::poll_turn).
    fn is_ahead(&self) -> bool;

    /// Waits until the writer has come, where it is told to and much is ready for it. Nothing is reserved by that.
    fn poll_turn(&self, cx: &mut Context<'_>) -> Poll<()>;

    /// Takes room for a message of so many bytes to an actor there, and waits for it, first come, first served.
    ///
    /// # Errors
    /// There is no connection.
    fn poll_room(
        &self,
        to: ExportId,
        bytes: usize,
        ticket: &mut Option<u64>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), NoRoom>>;

    /// Gives up a place in the queue for room.
    fn forget(&self, to: ExportId, bytes: usize, ticket: &mut Option<u64>);

    /// Gives back room that was taken and not used.
    fn give_back(&self, to: ExportId, bytes: usize);

    /// Sends a message into the room of so many `given` bytes, beyond it if it needs more; or, where none was given, if
    /// there is room for it now.
    ///
    /// # Errors
    /// There is no room for it, or the conversation that it was made for is over. Nothing was sent, what was given is
    /// given back, and what was exported for it is not held.
    fn send(&self, to: ExportId, parcel: Parcel<'_>, asks: Option<Asks>, given: Option<usize>) -> Result<(), NotSent>;

    /// Sends a message that holds neither handles nor reply ports, and is part of no trace, if nothing stands in its way. What was not sent is to be sent by
    /// [`send`](Self::send), which says why it cannot.
    fn send_plain(&self, to: ExportId, session: u64, body: &[u8]) -> bool;

    /// What was exported to be sent is not sent after all.
    fn unsend(&self, exports: &[ExportId]);

    /// Sends the answer to a call from there, or why there is none. What is not answered in its conversation is dropped.
    fn answer(&self, call: u64, answer: Result<Parcel<'_>, AskError>);

    /// Sends an order. What becomes of it is told to the [`Proxy`].
    fn order(&self, to: ExportId, order: Order);

    /// Links an actor here, whose id and path these are, to one there. Where there is no connection, that is to be done when there
    /// is one: [`Proxy::links`] tells which there are.
    fn link(&self, to: ExportId, link: u64, by: ActorId, path: &ActorPath);

    /// Takes a link away that was made from here.
    fn unlink(&self, link: u64);

    /// Says that the life here which was linked to an actor there has ended.
    fn break_link(&self, link: u64, reason: &ExitReason);

    /// The address of an actor here, for one there. An actor keeps its address for as long as it lives.
    ///
    /// # Errors
    /// Why it cannot have one.
    fn export(&self, exported: Arc<dyn Exported>) -> Result<Address, String>;

    /// Notes that an address of a third node goes there.
    ///
    /// # Errors
    /// Why it cannot.
    fn pass_on(&self, address: &Address) -> Result<(), String>;

    /// What an address that came from there leads to.
    ///
    /// # Errors
    /// Why it leads nowhere.
    fn import(self: Arc<Self>, address: Address) -> Result<Imported, String>;

    /// A number for a reply port on its way there; never used twice.
    fn next_call(&self) -> u64;

    /// The way back for a call from there, noted so that it can be told when its asker goes.
    ///
    /// # Errors
    /// There are too many.
    fn line(self: Arc<Self>, call: u64) -> Result<Arc<Line>, String>;

    /// A message of so many bytes that came in this conversation, and waited beyond the bound of its mailbox, was taken up.
    fn taken(&self, session: u64, export: ExportId, bytes: usize);

    /// What knows the traces that this peer is told of, and tells of; `None` if it reads none.
    fn propagator(&self) -> Option<Arc<dyn Propagator>>;

    /// Nobody here holds a handle to this actor any more.
    fn released(&self, export: ExportId);
}

/// One who waits here for an answer from another node.
pub trait Asker: Send + Sync {
    /// The answer has come.
    fn answer(&self, peer: &Arc<dyn Peer>, terms: &Terms, body: &[u8]);
    /// There will be none.
    fn refuse(&self, why: AskError);
    /// Whether it still waits.
    fn is_awaited(&self) -> bool;
    /// Its reply port went there, under this number: what becomes of the port here means nothing from now on.
    fn has_gone(&self, to: Arc<dyn Peer>, call: u64);
}

/// Messages that came from there for one actor, one behind the other.
pub trait Arrivals {
    /// The next one. One that is not asked for waits, with all behind it.
    fn next(&mut self) -> Option<Arrival<'_>>;
    /// Of those that were read, these are the questions: their ways back are to be noted and [opened](Line::open), and the list to be emptied.
    fn begin(&mut self, lines: &mut Vec<Arc<Line>>);
    /// The last one is no message of the actor, for this reason. If it is a question, it is to be answered: it never [began](Self::begin).
    fn not_understood(&mut self, why: &str);
    /// One of so many bytes is in the mailbox beyond its bound: [`Peer::taken`] says when it is taken up.
    fn held(&mut self, bytes: usize);
}

/// A message that came.
pub struct Arrival<'a> {
    /// The message, encoded.
    pub body: &'a [u8],
    /// Whether it is a question.
    pub asked: Option<Asked>,
    /// The trace that it is part of.
    pub trace: Option<Box<TraceContext>>,
    /// What it counts for in its sender's window, beside what each message does.
    pub bytes: usize,
}

/// An actor of this node that others can reach, or an adapter of one.
pub trait Exported: Send + Sync {
    /// The actor itself; `None` for an adapter of one.
    fn actor(&self) -> Option<ActorId>;
    /// Tells one adapter from others, for as long as this lives.
    fn adapter(&self) -> usize;
    /// Its path.
    fn path(&self) -> &ActorPath;
    /// The name of the type of its messages, for people.
    fn message_type(&self) -> &'static str;
    /// Delivers messages that came from there to this, their export: each is in the mailbox then, or a dead letter whose asker
    /// was told. It ends with the arrivals, or before them when the mailbox is full. A question is answered in every case, but
    /// where it is [not understood](Arrivals::not_understood), or where the port by which it is asked is not in the message as its type reads it.
    fn deliver(&self, to: ExportId, peer: &Arc<dyn Peer>, terms: &Terms, arrivals: &mut dyn Arrivals);
    /// Gives an order; resolves when the present life has ended.
    fn order(&self, order: Order) -> Pin<Box<dyn Future<Output = ExitReason> + Send>>;
    /// Calls `then` when the actor has ended for good, or at once if it has, behind everything that it sent.
    fn at_end(&self, then: Box<dyn FnOnce(ExitReason) + Send>) -> Watched;
    /// Links an actor of this path at another node to its present life. Calls `then` when that ends, or at once if it has.
    fn link(&self, path: &str, node: &str, then: Box<dyn FnOnce(ExitReason) + Send>) -> Linked;
    /// The thing itself, to be found again by its type.
    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

/// An actor whose end is waited for; dropped, it is not.
#[must_use = "dropped, nobody is told"]
pub struct Watched {
    cell: Arc<dyn AnyCell>,
    watch: WatchId,
}

type Then = Box<dyn FnOnce(ExitReason) + Send>;

struct AtEnd(Mutex<Option<Then>>);

impl Watcher for AtEnd {
    fn down(self: Arc<Self>, down: Down) {
        let then = self.0.lock().take();
        if let Some(then) = then {
            then(down.reason);
        }
    }
}

impl Watched {
    pub(crate) fn new(cell: Arc<dyn AnyCell>, then: Then) -> Self {
        let watch = WatchId::next();
        cell.core().watch(watch, Arc::new(AtEnd(Mutex::new(Some(then)))));
        Self { cell, watch }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.cell.core().unwatch(self.watch);
    }
}

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Watched({})", self.cell.core().path)
    }
}
