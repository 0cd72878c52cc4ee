//! What an engine is told by its host: it can be written down, then told once more to one like it.

use std::str::SplitWhitespace;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actor_net::membership::engine::Engine;
use actor_net::membership::{PacketError, Stay};
use actor_net::{Incarnation, NodeId, NodeName};

use super::World;

/// One thing that an engine is told.
#[derive(Clone, Debug)]
pub(in crate::members) enum Told {
    Packet(NodeId, Vec<u8>),
    Met(NodeId, Arc<str>),
    Nobody,
    Time,
}

impl Told {
    pub(in crate::members) fn tell(&self, engine: &mut Engine, now: Instant) -> Result<(), PacketError> {
        match self {
            Told::Packet(from, bytes) => return engine.handle_packet(from, bytes, now),
            Told::Met(id, address) => engine.met(id.clone(), address.clone(), now),
            Told::Nobody => engine.found_nobody(),
            Told::Time => engine.handle_timeout(now),
        }
        Ok(())
    }

    fn write(&self) -> String {
        match self {
            Told::Packet(NodeId { name, incarnation }, bytes) => {
                let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                format!("packet {name} {} {hex}", incarnation.0)
            }
            Told::Met(NodeId { name, incarnation }, address) => format!("met {name} {} {address}", incarnation.0),
            Told::Nobody => "nobody".to_owned(),
            Told::Time => "time".to_owned(),
        }
    }

    fn read(kind: &str, words: &mut SplitWhitespace<'_>) -> Option<Self> {
        let mut id = || {
            Some(NodeId {
                name: NodeName::new(words.next()?)?,
                incarnation: Incarnation(words.next()?.parse().ok()?),
            })
        };
        Some(match kind {
            "packet" => {
                let (from, hex) = (id()?, words.next()?);
                let byte = |at: usize| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok();
                Told::Packet(from, (0..hex.len()).step_by(2).map(byte).collect::<Option<_>>()?)
            }
            "met" => Told::Met(id()?, words.next()?.into()),
            "nobody" => Told::Nobody,
            "time" => Told::Time,
            _ => return None,
        })
    }
}

/// All that one engine was told in its life, and how that began.
#[derive(Clone, Debug)]
pub(in crate::members) struct Journal {
    pub(in crate::members) at: usize,
    pub(in crate::members) incarnation: u64,
    pub(in crate::members) stay: Stay,
    pub(in crate::members) began: Instant,
    pub(in crate::members) told: Vec<(Instant, Told)>,
    /// How much of that came before what is looked at.
    pub(in crate::members) before: usize,
}

impl Journal {
    /// As text, a line for each thing that was told.
    pub(in crate::members) fn write(&self) -> String {
        let mut text = format!("{} {} {} {}\n", self.at, self.incarnation, self.stay.0, self.before);
        for (when, told) in &self.told {
            text += &format!("{} {}\n", (*when - self.began).as_nanos(), told.write());
        }
        text
    }

    pub(in crate::members) fn read(text: &str, began: Instant) -> Option<Self> {
        let mut lines = text.lines();
        let mut first = lines.next()?.split_whitespace();
        let (at, incarnation) = (first.next()?.parse().ok()?, first.next()?.parse().ok()?);
        let stay = Stay(first.next()?.parse().ok()?);
        let before = first.next()?.parse().ok()?;
        let told = lines.map(|line| {
            let mut words = line.split_whitespace();
            let when = began + Duration::from_nanos(words.next()?.parse().ok()?);
            Some((when, Told::read(words.next()?, &mut words)?))
        });
        Some(Self {
            at,
            incarnation,
            stay,
            began,
            told: told.collect::<Option<_>>()?,
            before,
        })
    }
}

impl World {
    /// A node starts, and what it is told is written down.
    pub(in crate::members) fn add_with_journal(&mut self) -> usize {
        let at = self.add();
        let me = self.engine(at).me();
        self.hosts[at].journal = Some(Journal {
            at,
            incarnation: me.id.incarnation.0,
            stay: me.stay,
            began: self.now,
            told: Vec::new(),
            before: 0,
        });
        at
    }

    /// What one was told since it started.
    pub(in crate::members) fn journal(&mut self, at: usize) -> &mut Journal {
        self.hosts[at].journal.as_mut().expect("it was asked for")
    }
}
