//! What servers of one network say to each other.
//!
//! Each server speaks of its own users, and of what they did; nobody passes on what others said. What one server says comes in its order.

use std::sync::Arc;

use actor_core::Handle;
use actor_core::prelude::Reply;
use serde::{Deserialize, Serialize};

use crate::about::Question;
use crate::channel::accord::{Birth, Stamped};
use crate::protocol::delivery::Packet;
use crate::protocol::line::Line;
use crate::protocol::stamp::Stamp;
use crate::user::profile::{ClientId, Profile};
use crate::user::request::Order;

/// What a server says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// Its name, which is that of its node.
    pub name: Arc<str>,
    /// Which life of it: part of the numbers of its users.
    pub life: u64,
    /// What it is, for people.
    pub info: String,
    /// Where browsers reach its page, as `http://host:port`.
    pub web: Option<String>,
}

/// A server that wants to be heard.
#[derive(Debug, Serialize, Deserialize)]
pub struct Knock {
    /// Who.
    pub card: Card,
    /// Ends when the server, or the way to it, does. It is told when nobody hears it any more.
    pub life: Handle<()>,
    /// Whom to tell.
    pub reply: Reply<Handle<Arc<Word>>>,
}

/// What a server asks another one, as that alone knows it.
#[derive(Debug, Serialize, Deserialize)]
pub enum Enquiry {
    /// For how many seconds a user of it has said nothing; nothing is answered, if it is not there.
    Silence(ClientId, Reply<Option<u64>>),
    /// What it says of itself to the user of that nick.
    About(Question, String, Reply<Vec<Line>>),
}

/// A user of another server.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Person {
    /// The number of its connection.
    pub id: ClientId,
    /// Everything that others may know.
    pub profile: Arc<Profile>,
    /// Since when it is registered, in seconds since the Unix epoch.
    pub since_s: u64,
}

/// What one server says to another.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Word {
    /// What follows, up to [`Told`](Self::Told), is all that there is.
    Begin,
    /// A user of whom nothing was said since [`Begin`](Self::Begin) has left.
    Everybody,
    /// In a room of which nothing was said since then, there is nobody.
    Told,
    /// Users, new or known.
    Users(Vec<Person>),
    /// Something about a user has changed.
    Changed(ClientId, Arc<Profile>),
    /// A user has left the network, and what it said.
    Gone(ClientId, String),
    /// A line for one user of the server that hears this.
    Personal(ClientId, Packet),
    /// An order for the connection of one user of the server that hears this.
    Ordered(ClientId, Order),
    /// A line for all users with mode `w`.
    Wallops(Packet),
    /// Something in a channel; its name as it is spelled there.
    Room(Arc<str>, RoomWord),
}

/// What a room says to its namesakes at other servers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum RoomWord {
    /// All that it has: what was decided, and which users of its server came in when.
    Whole(Birth, Vec<Stamped>, Vec<(ClientId, Stamp)>),
    /// A user came in.
    Joined(Birth, ClientId, Stamp),
    /// A user went out, and why.
    Parted(ClientId, Option<String>),
    /// Somebody decided something.
    Decided(Birth, ClientId, Vec<Stamped>),
    /// Somebody said something to those with at least this sign.
    Said(ClientId, Option<char>, Packet),
    /// Somebody invited a user of the server that hears this; whether as an operator, and the line for the guest.
    Invited(ClientId, bool, Packet),
    /// It lacks what was decided before it came to be.
    Lacking,
}
