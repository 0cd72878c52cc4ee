//! What can be asked of a room, and of the supervisor of rooms.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use actor_core::prelude::*;

use super::listing::Glance;
use crate::network::word::RoomWord;
use crate::outbox::Outbox;
use crate::protocol::delivery::Delivery;
use crate::protocol::mode::Asked;
use crate::user::profile::{ClientId, Profile};

/// Who asks, with all that a room needs to know and to answer.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The connection's number.
    pub id: ClientId,
    /// The user as of now.
    pub profile: Arc<Profile>,
    /// Where its lines go.
    pub outbox: Arc<Outbox>,
}

/// The three commands that carry a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// To be read by a person.
    Privmsg,
    /// Never answered by a program, nor by the server.
    Notice,
    /// Nothing but tags.
    Tagmsg,
}

/// Something that is said.
#[derive(Debug, Clone)]
pub struct Speech {
    /// How.
    pub verb: Verb,
    /// Only for members with at least this sign.
    pub sign: Option<char>,
    /// What; empty for a TAGMSG.
    pub text: String,
    /// The sender's tags, as they came.
    pub client_tags: Option<String>,
}

/// What came of a JOIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joined {
    /// Now inside.
    Entered,
    /// Inside before, or refused; either way there is nothing more to do.
    Unchanged,
}

/// Something about a user that concerns all of its rooms. It is carried from room to room, with the list of those who
/// have heard of it: each peer is told once, however many rooms it shares.
#[derive(Debug, Clone)]
pub struct Errand {
    /// The new profile, or `None` when the user leaves for good.
    pub profile: Option<Arc<Profile>>,
    /// What peers are told.
    pub news: Option<Arc<Delivery>>,
    /// Who knows.
    pub told: HashSet<ClientId>,
}

/// The messages of a room. What a room says goes into outboxes; the answer only tells that it has been said.
#[derive(Debug)]
pub enum RoomMsg {
    /// Come in.
    Join {
        /// Who.
        origin: Origin,
        /// With which key.
        key: Option<String>,
        /// What came of it.
        reply: Reply<Joined>,
    },
    /// Go out.
    Part {
        /// Who.
        origin: Origin,
        /// Why.
        reason: Option<String>,
        /// When done.
        reply: Reply<()>,
    },
    /// Say something.
    Speak {
        /// Who.
        origin: Origin,
        /// What.
        speech: Speech,
        /// When done.
        reply: Reply<()>,
    },
    /// See or set the topic.
    Topic {
        /// Who.
        origin: Origin,
        /// The new one; empty to remove it.
        text: Option<String>,
        /// When done.
        reply: Reply<()>,
    },
    /// See or change modes; nothing asked is to see them.
    Mode {
        /// Who.
        origin: Origin,
        /// What.
        asked: Vec<Asked>,
        /// Nicks that are not inside.
        reply: Reply<Vec<String>>,
    },
    /// Throw members out.
    Kick {
        /// Who.
        origin: Origin,
        /// Whom.
        nicks: Vec<String>,
        /// Why.
        reason: String,
        /// Nicks that are not inside.
        reply: Reply<Vec<String>>,
    },
    /// Invite somebody.
    Invite {
        /// Who.
        origin: Origin,
        /// Whom.
        guest: Origin,
        /// When done.
        reply: Reply<()>,
    },
    /// Show who is inside.
    Names {
        /// To whom.
        origin: Origin,
        /// When done.
        reply: Reply<()>,
    },
    /// Show what is known of those inside.
    Who {
        /// To whom.
        origin: Origin,
        /// Which fields, for WHOX.
        fields: Option<String>,
        /// When done.
        reply: Reply<()>,
    },
    /// Take note of something about a user.
    Visit {
        /// About whom.
        visitor: ClientId,
        /// What.
        errand: Errand,
        /// The errand, to be carried on.
        reply: Reply<Errand>,
    },
    /// A summary, unless the channel is hidden from the asker.
    Glance {
        /// Who asks.
        asker: ClientId,
        /// The summary.
        reply: Reply<Option<Glance>>,
    },
    /// The sign and name under which a member is seen by the asker.
    Seat {
        /// Who asks.
        asker: ClientId,
        /// About whom.
        member: ClientId,
        /// For example `@#rust`.
        reply: Reply<Option<String>>,
    },
    /// Another server says something about the channel.
    Afar {
        /// Which.
        server: Arc<str>,
        /// What.
        word: RoomWord,
        /// Those of its users who come in by this.
        comers: Vec<(ClientId, Arc<Profile>)>,
        /// When done, if that is waited for.
        reply: Option<Reply<()>>,
    },
    /// Users of that server are no longer inside.
    Vacate {
        /// Which.
        server: Arc<str>,
        /// Whether members have heard why.
        is_told: bool,
        /// When done.
        reply: Reply<()>,
    },
    /// Tell a server all that there is.
    Introduce {
        /// Which.
        to: Arc<str>,
        /// When done.
        reply: Reply<()>,
    },
    /// Panic, in a server that was started to be tested.
    Crash,
    /// Take so long over everything, in such a server.
    Slow(Duration),
}

impl RoomMsg {
    /// What kind of request it is, for those who look at a room closely.
    pub fn kind(&self) -> &'static str {
        match self {
            RoomMsg::Join { .. } => "join",
            RoomMsg::Part { .. } => "part",
            RoomMsg::Speak { .. } => "speak",
            RoomMsg::Topic { .. } => "topic",
            RoomMsg::Mode { .. } => "mode",
            RoomMsg::Kick { .. } => "kick",
            RoomMsg::Invite { .. } => "invite",
            RoomMsg::Names { .. } => "names",
            RoomMsg::Who { .. } => "who",
            RoomMsg::Visit { .. } => "visit",
            RoomMsg::Glance { .. } => "glance",
            RoomMsg::Seat { .. } => "seat",
            RoomMsg::Afar { .. } => "afar",
            RoomMsg::Vacate { .. } => "vacate",
            RoomMsg::Introduce { .. } => "introduce",
            RoomMsg::Crash | RoomMsg::Slow(_) => "test",
        }
    }
}

/// Carries an errand from room to room.
pub async fn carry(visitor: ClientId, mut errand: Errand, rooms: Vec<Handle<RoomMsg>>) {
    for room in rooms {
        let carried = errand.clone();
        let visit = room.ask(|reply| RoomMsg::Visit {
            visitor,
            errand: carried,
            reply,
        });
        // A room that has ended has nobody to tell.
        if let Ok(back) = visit.no_timeout().await {
            errand = back;
        }
    }
}

/// The messages of the supervisor of rooms.
#[derive(Debug)]
pub enum RoomsMsg {
    /// The room of that name.
    Find {
        /// Any spelling.
        name: String,
        /// The room, if there is one.
        reply: Reply<Option<Handle<RoomMsg>>>,
    },
    /// The room of that name, made if there is none.
    Open {
        /// The spelling that a new one gets.
        name: String,
        /// A room of that name which was found to have ended.
        ended: Option<Handle<RoomMsg>>,
        /// The room, or `None` if there are too many.
        reply: Reply<Option<Handle<RoomMsg>>>,
    },
    /// All rooms.
    All {
        /// In no order.
        reply: Reply<Vec<Handle<RoomMsg>>>,
    },
    /// All rooms, by their folded names.
    Named {
        /// In no order.
        reply: Reply<Vec<(String, Handle<RoomMsg>)>>,
    },
    /// How many rooms there are.
    Count {
        /// That many.
        reply: Reply<usize>,
    },
}

impl Verb {
    /// The command.
    pub fn name(self) -> &'static str {
        match self {
            Self::Privmsg => "PRIVMSG",
            Self::Notice => "NOTICE",
            Self::Tagmsg => "TAGMSG",
        }
    }
}
