//! What is remembered of the connections with each other node, for those who want to know why one is lost again and again.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::clock::now;
use crate::error::Closed;
use crate::id::NodeName;

use super::net::{Net, NodeEvent, lock};
use super::traffic::Traffic;

/// So many nodes are remembered; beyond it those that were met longest ago are forgotten.
const REMEMBERED_MAX: usize = 1024;

/// The connections with one node, in all its lives.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Encounter {
    /// Which node.
    pub name: NodeName,
    /// How many conversations with it have begun.
    pub begun: u64,
    /// How often one was lost, or could not be had.
    pub lost: u64,
    /// How long ago that was the last time, and why.
    pub last_loss: Option<(Duration, Closed)>,
    /// Bytes that were read from it, in all conversations.
    pub read_bytes: u64,
    /// Bytes that were written to it, in all conversations.
    pub written_bytes: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Encounters(BTreeMap<NodeName, Remembered>);

#[derive(Debug)]
struct Remembered {
    begun: u64,
    lost: u64,
    last_loss: Option<(Instant, Closed)>,
    /// Of the conversations that have ended.
    read_bytes: u64,
    written_bytes: u64,
    at: Instant,
}

impl Encounters {
    pub(crate) fn begun(&mut self, name: &NodeName, now: Instant) {
        self.of(name, now).begun += 1;
    }

    pub(crate) fn lost(&mut self, name: &NodeName, why: &Closed, now: Instant) {
        let remembered = self.of(name, now);
        remembered.lost += 1;
        remembered.last_loss = Some((now, why.clone()));
    }

    /// A conversation has ended in which so much was read and written.
    fn carried(&mut self, name: &NodeName, traffic: &Traffic, now: Instant) {
        let remembered = self.of(name, now);
        remembered.read_bytes += traffic.read_bytes();
        remembered.written_bytes += traffic.written_bytes();
    }

    fn of(&mut self, name: &NodeName, now: Instant) -> &mut Remembered {
        if !self.0.contains_key(name) && self.0.len() >= REMEMBERED_MAX {
            let oldest = self.0.iter().min_by_key(|(_, remembered)| remembered.at);
            if let Some(oldest) = oldest.map(|(name, _)| name.clone()) {
                self.0.remove(&oldest);
            }
        }
        let remembered = self.0.entry(name.clone()).or_insert(Remembered {
            begun: 0,
            lost: 0,
            last_loss: None,
            read_bytes: 0,
            written_bytes: 0,
            at: now,
        });
        remembered.at = now;
        remembered
    }

    /// All that is remembered, by name.
    pub(crate) fn read(&self, now: Instant) -> Vec<Encounter> {
        let encounter = |(name, remembered): (&NodeName, &Remembered)| Encounter {
            name: name.clone(),
            begun: remembered.begun,
            lost: remembered.lost,
            last_loss: remembered
                .last_loss
                .as_ref()
                .map(|(at, why)| (now.saturating_duration_since(*at), why.clone())),
            read_bytes: remembered.read_bytes,
            written_bytes: remembered.written_bytes,
        };
        self.0.iter().map(encounter).collect()
    }
}

impl Net {
    /// Tells those who listen, and remembers it for those who come later.
    pub(super) fn tell(&self, event: NodeEvent) {
        let now = now().into_std();
        match &event {
            NodeEvent::Connected(id) => lock(&self.encounters).begun(&id.name, now),
            NodeEvent::Lost(name, why) => lock(&self.encounters).lost(name, why, now),
        }
        let _ = self.events.send(event);
    }

    /// Remembers what went through a conversation that has ended.
    pub(super) fn has_carried(&self, name: &NodeName, traffic: &Traffic) {
        lock(&self.encounters).carried(name, traffic, now().into_std());
    }

    pub(crate) fn encounters(&self) -> Vec<Encounter> {
        let mut encounters = lock(&self.encounters).read(now().into_std());
        for far in self.connected() {
            let of_it = encounters.iter_mut().find(|one| one.name == far.id.name);
            if let (Some(encounter), Some(conversation)) = (of_it, far.conversation()) {
                encounter.read_bytes += conversation.traffic.read_bytes();
                encounter.written_bytes += conversation.traffic.written_bytes();
            }
        }
        encounters
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_met_longest_ago_are_forgotten_first() {
        let mut encounters = Encounters::default();
        let begun = now().into_std();
        let name = |n: usize| NodeName::new(&format!("n{n}")).expect("a name");
        for n in 0..REMEMBERED_MAX {
            encounters.begun(&name(n), begun + Duration::from_secs(n as u64));
        }
        let later = begun + Duration::from_secs(10_000);
        encounters.lost(&name(0), &Closed::Silent, later);
        encounters.begun(&name(REMEMBERED_MAX), later);
        let read = encounters.read(later + Duration::from_secs(1));
        assert_eq!(read.len(), REMEMBERED_MAX);
        assert!(read.iter().all(|one| one.name != name(1)), "it was met longest ago");
        let first = read
            .iter()
            .find(|one| one.name == name(0))
            .expect("it was met just now");
        assert_eq!((first.begun, first.lost), (1, 1));
        let (ago, why) = first.last_loss.clone().expect("it was lost");
        assert_eq!(
            (ago, why.to_string()),
            (Duration::from_secs(1), Closed::Silent.to_string())
        );
    }
}
