//! What the servers of a network agree on about one channel, whatever each of them heard in which order.
//!
//! Everything but who is inside is a register of its own (the topic, each switch, each mask, each rank of each member), of which the last write
//! wins. Of two channels that came to be under one name the older stays, with all that was set in it; what was set in the younger is void.
//! Both together are a join-semilattice: servers that have heard the same agree. Who is inside is said by each member's own server.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::charter::Topic;
use crate::protocol::mode::{Change, Rank};
use crate::protocol::stamp::{Clock, Stamp};
use crate::user::profile::ClientId;

/// Registers that say that something is no more, or is about somebody who has gone: of more than these the oldest are forgotten.
const SPENT_MAX: usize = 256;

/// Something that was decided about a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Item {
    /// The topic, or none.
    Topic(Option<Topic>),
    /// A switch, the key, the limit or a mask; who set it, as `nick!user@host`, and when.
    Setting(Change, String, u64),
    /// A rank of somebody who came in at that moment.
    Rank(ClientId, Stamp, Rank, bool),
    /// Somebody who came in at that moment was thrown out, for that reason.
    Out(ClientId, Stamp, String),
}

/// With the moment at which it was decided.
pub type Stamped = (Stamp, Item);

/// When a channel came to be. The older one stays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Birth(pub Stamp);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Register {
    Topic,
    Flag(char),
    Key,
    Limit,
    Mask(char, String),
    Rank(ClientId, char),
    Out(ClientId),
}

/// What came of hearing what another server has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// These are new here.
    Fresh(Vec<Item>),
    /// The other channel is older: all that was decided here is void, and these hold instead.
    Older(Vec<Item>),
    /// The other channel is younger: what was decided in it is void.
    Younger,
}

/// All registers of one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accord {
    birth: Birth,
    registers: BTreeMap<Register, Stamped>,
    clock: Clock,
}

impl Accord {
    /// A channel that comes to be now.
    pub fn new(server: u64, now_ms: u64) -> Self {
        let mut clock = Clock::default();
        let birth = Birth(clock.tick(server, now_ms));
        Self::born(birth)
    }

    /// One that came to be elsewhere.
    pub fn born(birth: Birth) -> Self {
        let mut clock = Clock::default();
        clock.see(birth.0);
        Self {
            birth,
            registers: BTreeMap::new(),
            clock,
        }
    }

    /// When it came to be.
    pub fn birth(&self) -> Birth {
        self.birth
    }

    /// A stamp that is later than everything known of this channel.
    pub fn tick(&mut self, server: u64, now_ms: u64) -> Stamp {
        self.clock.tick(server, now_ms)
    }

    /// Takes note of a stamp that stands elsewhere.
    pub fn see(&mut self, stamp: Stamp) {
        self.clock.see(stamp);
    }

    /// Everything, for one who has nothing.
    pub fn all(&self) -> Vec<Stamped> {
        self.registers.values().cloned().collect()
    }

    /// Puts down what is decided here, and returns it as others are to hear it.
    pub fn decide(&mut self, server: u64, now_ms: u64, items: impl IntoIterator<Item = Item>) -> Vec<Stamped> {
        let mut decided = Vec::new();
        for item in items {
            let stamped = (self.tick(server, now_ms), item);
            self.registers.insert(register(&stamped.1), stamped.clone());
            decided.push(stamped);
        }
        decided
    }

    /// Hears what was decided at another server, in the channel that came to be at `birth`.
    pub fn hear(&mut self, birth: Birth, items: Vec<Stamped>) -> Heard {
        if birth > self.birth {
            return Heard::Younger;
        }
        let older = birth < self.birth;
        if older {
            *self = Self::born(birth);
        }
        let mut fresh = Vec::new();
        for (stamp, item) in items {
            self.clock.see(stamp);
            let register = register(&item);
            if self.registers.get(&register).is_none_or(|(known, _)| *known < stamp) {
                self.registers.insert(register, (stamp, item.clone()));
                fresh.push(item);
            }
        }
        if older {
            Heard::Older(fresh)
        } else {
            Heard::Fresh(fresh)
        }
    }

    /// The ranks of one who came in at that moment, which may have been granted before that was heard of here.
    pub fn ranks(&self, id: ClientId, since: Stamp) -> impl Iterator<Item = (Rank, bool)> + '_ {
        let of_theirs = self
            .registers
            .range(Register::Rank(id, char::MIN)..=Register::Rank(id, char::MAX));
        of_theirs.filter_map(move |(_, (_, item))| match item {
            Item::Rank(_, at, rank, set) if *at == since => Some((*rank, *set)),
            _ => None,
        })
    }

    /// Whether one who came in at that moment was thrown out.
    pub fn is_out(&self, id: ClientId, since: Stamp) -> bool {
        matches!(self.registers.get(&Register::Out(id)), Some((_, Item::Out(_, at, _))) if *at >= since)
    }

    /// Forgets the oldest of what is said about nobody and nothing that is there.
    pub fn prune(&mut self, is_inside: impl Fn(ClientId) -> bool) {
        let is_spent = |item: &Item| match item {
            Item::Setting(Change::List(false, ..), ..) | Item::Out(..) => true,
            Item::Rank(id, ..) => !is_inside(*id),
            _ => false,
        };
        if self.registers.len() <= SPENT_MAX {
            return;
        }
        let spent = self.registers.iter().filter(|(_, (_, item))| is_spent(item));
        let mut spent: Vec<(Stamp, Register)> =
            spent.map(|(register, (stamp, _))| (*stamp, register.clone())).collect();
        spent.sort();
        let excess = spent.len().saturating_sub(SPENT_MAX);
        for (_, register) in &spent[..excess] {
            self.registers.remove(register);
        }
    }
}

fn register(item: &Item) -> Register {
    match item {
        Item::Topic(_) => Register::Topic,
        Item::Setting(change, ..) => match change {
            Change::Flag(_, flag) => Register::Flag(flag.letter()),
            Change::Key(_) => Register::Key,
            Change::Limit(_) => Register::Limit,
            Change::List(_, kind, mask) => Register::Mask(kind.letter(), mask.to_ascii_lowercase()),
            // Ranks have an item of their own, as a nick is no name for ever.
            Change::Rank(_, rank, nick) => Register::Mask(rank.letter(), nick.clone()),
        },
        Item::Rank(id, _, rank, _) => Register::Rank(*id, rank.letter()),
        Item::Out(id, ..) => Register::Out(*id),
    }
}

#[cfg(test)]
mod tests;
