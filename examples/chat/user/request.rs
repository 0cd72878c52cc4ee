//! What can be asked of the directory, and what the directory or another actor can order a connection to do.

use std::collections::BTreeMap;
use std::sync::Arc;

use actor_core::prelude::*;
use serde::{Deserialize, Serialize};

use super::profile::{ClientId, Profile};
use crate::channel::request::{Origin, RoomMsg};
use crate::network::trunk::Trunk;
use crate::network::word::Person;
use crate::outbox::Outbox;
use crate::protocol::delivery::Delivery;
use crate::protocol::stamp::Stamp;

/// The registered name under which orders reach all connections.
pub const EVERYBODY: &str = "everybody";

/// The registered name of the one who speaks with other servers.
pub const NETWORK: &str = "network";

/// Its order: have all other servers tell of their users again.
#[derive(Debug)]
pub struct Anew;

/// What a connection does for others.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Order {
    /// Let the client go, and say why.
    Disconnect {
        /// What the client and its peers are told.
        reason: String,
    },
}

/// The nick is somebody else's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken;

/// A registered user, as the directory knows it.
#[derive(Debug, Clone)]
pub struct Found {
    /// Who, and where its lines go.
    pub user: Origin,
    /// Its connection.
    pub connection: Handle<Order>,
    /// The rooms that it is in.
    pub rooms: Vec<Handle<RoomMsg>>,
    /// Since when, in seconds since the Unix epoch.
    pub since_s: u64,
}

/// How many there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Census {
    /// Registered, not counting the invisible.
    pub visible: usize,
    /// Registered and invisible.
    pub invisible: usize,
    /// Operators.
    pub operators: usize,
    /// Connected and not registered.
    pub unregistered: usize,
    /// The most that were registered at one time.
    pub most: usize,
    /// Registered at this server.
    pub here: usize,
    /// The most that were at one time.
    pub most_here: usize,
}

/// What a MONITOR command asks.
#[derive(Debug, Clone)]
pub enum Watch {
    /// Watch these.
    Add(Vec<String>),
    /// Watch these no more.
    Remove(Vec<String>),
    /// Watch nobody.
    Clear,
    /// Whom do I watch?
    List,
    /// Who of them is here?
    Status,
}

/// The messages of the directory. It waits for nobody, so that everybody may wait for it.
#[derive(Debug)]
pub enum DirectoryMsg {
    /// A connection came.
    Arrived {
        /// Its number.
        id: ClientId,
        /// Where its lines go.
        outbox: Arc<Outbox>,
        /// How to reach it.
        connection: Handle<Order>,
    },
    /// Whether somebody has that nick.
    IsTaken {
        /// Any spelling.
        nick: String,
        /// The answer.
        reply: Reply<bool>,
    },
    /// A connection completes its registration.
    Register {
        /// Its number.
        id: ClientId,
        /// The user.
        profile: Arc<Profile>,
        /// Whether the nick is now its own.
        reply: Reply<Result<(), Taken>>,
    },
    /// A user takes another nick, or spells it otherwise.
    Rename {
        /// Who.
        id: ClientId,
        /// With the new nick.
        profile: Arc<Profile>,
        /// The rooms that are to be told.
        reply: Reply<Result<Vec<Handle<RoomMsg>>, Taken>>,
    },
    /// Something else about a user changes.
    Change {
        /// Who.
        id: ClientId,
        /// The new profile.
        profile: Arc<Profile>,
        /// The rooms that are to be told.
        reply: Reply<Vec<Handle<RoomMsg>>>,
    },
    /// A connection ends.
    Leave {
        /// Which.
        id: ClientId,
        /// What is said of it.
        reason: String,
        /// The rooms that are to be told.
        reply: Reply<Vec<Handle<RoomMsg>>>,
    },
    /// A user is inside a room.
    Entered {
        /// Who.
        id: ClientId,
        /// Which.
        room: Handle<RoomMsg>,
        /// Since when.
        since: Stamp,
    },
    /// A user is no longer inside a room.
    Left {
        /// Who.
        id: ClientId,
        /// Which.
        room: Handle<RoomMsg>,
    },
    /// Who is inside a room, for one that starts again.
    Inside {
        /// Which.
        room: Handle<RoomMsg>,
        /// The users, and since when.
        reply: Reply<Vec<(Origin, Stamp)>>,
    },
    /// Tell a server of all users, as one begins to speak with it.
    Introduce {
        /// The way there.
        trunk: Trunk,
        /// When done.
        reply: Reply<()>,
    },
    /// Users of another server are there.
    Meet {
        /// Who, and how to give orders to each.
        people: Vec<(Person, Handle<Order>)>,
        /// Those whose nick another has here; they are known by their numbers.
        reply: Reply<Vec<ClientId>>,
    },
    /// A server is lost, and its users with it. Those who shared a room with them are told.
    Split {
        /// Which.
        server: Arc<str>,
        /// The rooms that they were in.
        reply: Reply<Vec<Handle<RoomMsg>>>,
    },
    /// A line from another server, for a user of this one.
    Personal {
        /// For whom.
        id: ClientId,
        /// The line.
        delivery: Arc<Delivery>,
    },
    /// An order from another server, for the connection of a user of this one.
    Ordered {
        /// For whom.
        id: ClientId,
        /// What.
        order: Order,
    },
    /// For how many seconds a user of this server has said nothing.
    Silence {
        /// Who.
        id: ClientId,
        /// How long; nothing, if it is not here.
        reply: Reply<Option<u64>>,
    },
    /// A message to one user.
    Deliver {
        /// To whom.
        nick: String,
        /// The message.
        delivery: Arc<Delivery>,
        /// The receiver, if there is one.
        reply: Reply<Option<Arc<Profile>>>,
    },
    /// A message to all users with mode `w`.
    Wallops {
        /// The message.
        delivery: Arc<Delivery>,
        /// Whether other servers are to be told.
        everywhere: bool,
        /// When done.
        reply: Reply<()>,
    },
    /// A line for all users of this server who can make something of it.
    Announce {
        /// The line.
        delivery: Arc<Delivery>,
    },
    /// The user of that nick.
    Find {
        /// Any spelling.
        nick: String,
        /// The user, if there is one.
        reply: Reply<Option<Found>>,
    },
    /// Users whose nick, user, host or real name matches a mask, and whom the asker may find.
    Search {
        /// Who asks.
        asker: ClientId,
        /// The mask.
        mask: String,
        /// Operators only.
        operators: bool,
        /// In order of connection.
        reply: Reply<Vec<Origin>>,
    },
    /// How many there are.
    Census {
        /// The figures.
        reply: Reply<Census>,
    },
    /// How many users each server has that has any.
    ByServer {
        /// By the names of the servers.
        reply: Reply<BTreeMap<Arc<str>, usize>>,
    },
    /// Who had a nick before.
    Former {
        /// The nick.
        nick: String,
        /// At most so many.
        count_max: usize,
        /// The users with the time when they gave it up, in milliseconds; the latest first.
        reply: Reply<Vec<(Arc<Profile>, u64)>>,
    },
    /// A MONITOR command; the answer goes to the asker's outbox.
    Monitor {
        /// Who asks.
        id: ClientId,
        /// What.
        watch: Watch,
        /// When done.
        reply: Reply<()>,
    },
    /// Panic, in a server that was started to be tested.
    Crash,
}
