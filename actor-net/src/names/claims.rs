//! Who holds which name, and who of several keeps it.
//!
//! Two nodes can claim one name while they do not know of one another. When they do, the claim with the smaller stamp stays, and of
//! two equal ones that of the smaller node. A stamp is the time of the claim by the clock of its node, but later than every stamp known
//! there (a hybrid logical clock: S. Kulkarni and others, *Logical Physical Clocks*, 2014). So who had the name first keeps it, as far as
//! clocks agree on that; a claim that was made in knowledge of another never takes its place, however wrong a clock is; and
//! every node finds the same winner without asking.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::id::NodeId;
use crate::share::{Change, Dot, Exchange, Service, Text, Who, behind};

/// A claim, as its node says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claim {
    name: Text,
    stamp: u64,
}

/// What is to be told to the one who made a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// All that can be reached know of it, and nobody had a better one.
    Confirmed(Dot),
    /// This node has a better one.
    Lost(Dot, NodeId),
}

/// A claim as all nodes rank it: the least stays.
type Rank = (u64, NodeId);

/// The names of all nodes, as one of them knows them.
#[derive(Debug)]
pub(crate) struct Claims {
    exchange: Exchange<Claim>,
    /// The latest stamp that is known.
    clock: u64,
    /// Who claims each name; more than one only until all of them have heard.
    claims: BTreeMap<Text, BTreeMap<Rank, (Who, Dot)>>,
    /// Those of this node that not all have seen, by the version of its share that they came with.
    unseen: BTreeMap<u64, Dot>,
    told: VecDeque<Told>,
}

impl Claims {
    pub(crate) fn new(exchange: Exchange<Claim>) -> Self {
        Self {
            exchange,
            clock: 0,
            claims: BTreeMap::new(),
            unseen: BTreeMap::new(),
            told: VecDeque::new(),
        }
    }

    /// Claims a name for one at this node, at this time by its clock.
    ///
    /// # Errors
    /// It is held, by an actor of this node.
    pub(crate) fn claim(&mut self, name: &str, wall: u64) -> Result<Dot, NodeId> {
        if let Some(holder) = self.holder(name) {
            return Err(holder.clone());
        }
        self.clock = wall.max(self.clock.saturating_add(1));
        let (name, stamp) = (name.into(), self.clock);
        let dot = self.exchange.put(Claim { name, stamp });
        self.unseen.insert(self.exchange.version(), dot);
        Ok(dot)
    }

    /// Gives up a claim of this node.
    pub(crate) fn release(&mut self, dot: Dot) {
        self.exchange.remove(dot);
    }

    /// The node that has the name.
    pub(crate) fn holder(&self, name: &str) -> Option<&NodeId> {
        let (rank, _) = self.claims.get(name)?.first_key_value()?;
        Some(&rank.1)
    }

    /// How many names are held.
    pub(crate) fn len(&self) -> usize {
        self.claims.len()
    }

    pub(crate) fn next_told(&mut self) -> Option<Told> {
        self.told.pop_front()
    }

    fn made(&mut self, who: Who, dot: Dot) {
        let Some((claim, id)) = self.exchange.get(who, dot).zip(self.exchange.id(who)) else {
            return;
        };
        self.clock = self.clock.max(claim.stamp);
        let (name, rank) = (claim.name.clone(), (claim.stamp, id.clone()));
        let claims = self.claims.entry(name).or_default();
        claims.insert(rank, (who, dot));
        // Each node takes back its own, so that nobody has to be believed in what another one claims.
        let Some(((_, winner), _)) = claims.first_key_value() else {
            return;
        };
        let beaten: Vec<Dot> = claims
            .values()
            .skip(1)
            .filter(|(who, _)| *who == Who::ME)
            .map(|(_, dot)| *dot)
            .collect();
        let winner = winner.clone();
        for dot in beaten {
            self.exchange.remove(dot);
            self.told.push_back(Told::Lost(dot, winner.clone()));
        }
    }

    fn gone(&mut self, dot: Dot, claim: &Claim, id: NodeId) {
        if let Some(claims) = self.claims.get_mut(&claim.name) {
            let rank = (claim.stamp, id);
            if claims.get(&rank).is_some_and(|(_, known)| *known == dot) {
                claims.remove(&rank);
            }
            if claims.is_empty() {
                self.claims.remove(&claim.name);
            }
        }
    }
}

impl Service for Claims {
    type Entry = Claim;

    fn exchange(&mut self) -> &mut Exchange<Claim> {
        &mut self.exchange
    }

    fn settle(&mut self, now: Instant) {
        self.exchange.tick(now);
        while let Some(change) = self.exchange.next_change() {
            match change {
                Change::Put(who, dot) => self.made(who, dot),
                Change::Gone(_, dot, claim, id) => self.gone(dot, &claim, id),
            }
        }
        let seen = self.exchange.seen_by_all();
        while let Some(entry) = self.unseen.first_entry().filter(|entry| *entry.key() <= seen) {
            let dot = entry.remove();
            if self.exchange.get(Who::ME, dot).is_some() {
                self.told.push_back(Told::Confirmed(dot));
            }
        }
    }

    fn next_wake(&self) -> Option<Instant> {
        self.exchange.next_wake()
    }

    fn keys(&self, after: Option<&str>, max: usize) -> Vec<(Arc<str>, usize)> {
        let keys = behind(&self.claims, after).take(max);
        keys.map(|(name, claims)| (name.arc().clone(), claims.len())).collect()
    }

    fn places(&self, key: &str) -> Vec<(NodeId, usize)> {
        self.holder(key).map(|holder| (holder.clone(), 1)).into_iter().collect()
    }
}

#[cfg(test)]
mod tests;
