//! What can be asked of the directory, and what the directory or another actor can order a connection to do.

use std::sync::Arc;

use actor_core::prelude::*;

use super::profile::{ClientId, Profile};
use crate::channel::request::{Origin, RoomMsg};
use crate::outbox::Outbox;
use crate::protocol::delivery::Delivery;

/// The registered name under which orders reach all connections.
pub const EVERYBODY: &str = "everybody";

/// What a connection does for others.
#[derive(Debug, Clone)]
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
        /// The rooms that are to be told.
        reply: Reply<Vec<Handle<RoomMsg>>>,
    },
    /// A user is inside a room.
    Entered {
        /// Who.
        id: ClientId,
        /// Which.
        room: Handle<RoomMsg>,
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
        /// The users.
        reply: Reply<Vec<Origin>>,
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
        /// When done.
        reply: Reply<()>,
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
