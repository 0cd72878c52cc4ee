//! Which nodes have members in which groups, and how many.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::id::NodeId;
use crate::share::{Change, Dot, Exchange, Service, Text, Who, behind};

/// That a node has members in a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Interest {
    group: Text,
    members: u32,
    /// Through which of its gates they are reached: a group that was closed and opened again has another one.
    gate: u64,
}

/// What is known of one node's part in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    dot: Dot,
    members: u32,
    gate: u64,
}

/// The groups of all nodes, as one of them knows them.
///
/// What is known of another node is how many members it has: they are told by one message to their node, and who they are is asked for when
/// somebody wants to know. So a million members in thousands of groups are thousands of entries.
#[derive(Debug)]
pub(crate) struct Interests {
    exchange: Exchange<Interest>,
    known: BTreeMap<Text, BTreeMap<Who, Part>>,
    changed: BTreeSet<Text>,
}

impl Interests {
    pub(crate) fn new(exchange: Exchange<Interest>) -> Self {
        Self {
            exchange,
            known: BTreeMap::new(),
            changed: BTreeSet::new(),
        }
    }

    /// This node has so many members in a group, which are reached through this gate.
    pub(crate) fn set(&mut self, group: &str, members: u32, gate: u64) {
        let known = self.known.get_key_value(group);
        let before = known.and_then(|(_, nodes)| nodes.get(&Who::ME)).copied();
        let is_same = |before: Part| before.members == members && before.gate == gate;
        if before.map_or(members == 0, is_same) {
            return;
        }
        if members > 0 {
            let group = known.map_or_else(|| group.into(), |(group, _)| group.clone());
            self.exchange.put(Interest { group, members, gate });
        }
        if let Some(before) = before {
            self.exchange.remove(before.dot);
        }
    }

    /// The nodes that have members in a group, with how many, and through which of its gates.
    pub(crate) fn nodes(&self, group: &str) -> impl Iterator<Item = (&NodeId, u32, u64)> {
        let nodes = self.known.get(group).into_iter().flatten();
        nodes.filter_map(|(&who, part)| Some((self.exchange.id(who)?, part.members, part.gate)))
    }

    /// How many groups have members anywhere.
    pub(crate) fn len(&self) -> usize {
        self.known.len()
    }

    /// The groups of which something changed since this was last asked.
    pub(crate) fn take_changed(&mut self) -> BTreeSet<Text> {
        std::mem::take(&mut self.changed)
    }

    fn put(&mut self, who: Who, dot: Dot) {
        let Some(interest) = self.exchange.get(who, dot) else {
            return;
        };
        let Interest { group, members, gate } = interest.clone();
        let part = Part { dot, members, gate };
        let newest = self.known.entry(group.clone()).or_default().entry(who).or_insert(part);
        // Both stand in one delta, the new one first.
        if newest.dot < dot {
            *newest = part;
        }
        self.changed.insert(group);
    }

    fn gone(&mut self, who: Who, dot: Dot, group: Text) {
        let Some(nodes) = self.known.get_mut(&group) else {
            return;
        };
        if nodes.get(&who).is_some_and(|part| part.dot == dot) {
            nodes.remove(&who);
            if nodes.is_empty() {
                self.known.remove(&group);
            }
            self.changed.insert(group);
        }
    }
}

impl Service for Interests {
    type Entry = Interest;

    fn exchange(&mut self) -> &mut Exchange<Interest> {
        &mut self.exchange
    }

    fn settle(&mut self, now: Instant) {
        self.exchange.tick(now);
        while let Some(change) = self.exchange.next_change() {
            match change {
                Change::Put(who, dot) => self.put(who, dot),
                Change::Gone(who, dot, interest, _) => self.gone(who, dot, interest.group),
            }
        }
    }

    fn next_wake(&self) -> Option<Instant> {
        self.exchange.next_wake()
    }

    fn keys(&self, after: Option<&str>, max: usize) -> Vec<(Arc<str>, usize)> {
        let members = |nodes: &BTreeMap<Who, Part>| nodes.values().map(|part| part.members as usize).sum();
        let keys = behind(&self.known, after).take(max);
        keys.map(|(group, nodes)| (group.arc().clone(), members(nodes)))
            .collect()
    }

    fn places(&self, key: &str) -> Vec<(NodeId, usize)> {
        let nodes = self.nodes(key);
        nodes.map(|(id, members, _)| (id.clone(), members as usize)).collect()
    }
}

#[cfg(test)]
mod tests;
