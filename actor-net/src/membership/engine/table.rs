//! The members as this node knows them, kept in step with foca's table of them.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeSet, HashMap};
use std::hash::BuildHasherDefault;
use std::ops::Bound;
use std::sync::Arc;
use std::time::{Duration, Instant};

use foca::{Identity as _, State};

use super::Engine;
use super::compare::digest;
use crate::id::{NodeId, NodeName};
use crate::membership::card::{Card, Profile};
use crate::membership::identity::Identity;
use crate::membership::member::{Gone, Member, MemberEvent, MemberState, Suspicion};
use crate::membership::packet::{CardOf, Rank};
use crate::membership::ring::Ring;

/// So many of those that were lost are asked whether they are back.
const LOST_MAX: usize = 256;

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) who: Identity,
    pub(super) incarnation: u16,
    pub(super) state: State,
    pub(super) suspicion: Option<Suspicion>,
    /// When something came from it, or it became known.
    pub(super) heard: Instant,
    pub(super) watched_since: Instant,
    pub(super) card: Option<(Card, Arc<[u8]>)>,
}

impl Entry {
    fn member(&self, state: MemberState) -> Member {
        let profile = self.card.as_ref().map(|(card, _)| card.profile.clone());
        Member {
            id: self.who.id.clone(),
            stay: self.who.stay,
            address: self.who.address.clone(),
            state,
            unreachable: self.suspicion.clone(),
            profile: profile.unwrap_or_else(|| Arc::new(Profile::default())),
        }
    }

    fn leaves(&self) -> bool {
        self.card.as_ref().is_some_and(|(card, _)| card.leaves)
    }

    fn state(&self) -> MemberState {
        match (&self.card, self.state) {
            (_, State::Down) => MemberState::Down,
            (None, _) => MemberState::Joining,
            (Some((card, _)), _) if card.leaves => MemberState::Leaving,
            (Some(_), _) => MemberState::Up,
        }
    }

    pub(super) fn is_active(&self) -> bool {
        self.state != State::Down
    }

    /// Whether it counts among those of whom the first decides between two halves.
    pub(super) fn may_decide(&self) -> bool {
        self.state() == MemberState::Up
    }

    /// The number of its card, as far as it is known.
    pub(super) fn card_number(&self) -> u32 {
        self.card.as_ref().map_or(0, |(card, _)| card.number)
    }

    /// How late what is known of it is.
    pub(super) fn rank(&self) -> Rank {
        Rank {
            stay: self.who.stay,
            is_down: !self.is_active(),
            incarnation: self.incarnation,
            is_suspect: self.state == State::Suspect,
        }
    }

    /// Whether this stay of the same node is over.
    pub(super) fn is_past(&self, other: &Identity) -> bool {
        if self.who == *other {
            !self.is_active()
        } else {
            self.who.win_addr_conflict(other)
        }
    }
}

#[derive(Debug)]
pub(super) struct Table {
    /// Each packet looks for its sender here several times. What is hashed is the same in each run, and so is the order of all.
    entries: HashMap<NodeName, Entry, BuildHasherDefault<DefaultHasher>>,
    /// All of them once more, by name.
    names: BTreeSet<NodeName>,
    /// The active ones, and this node.
    pub(super) ring: Ring,
    active: usize,
    /// Made of the active ones.
    digest: u64,
    /// Active ones whose card is not known.
    missing: BTreeSet<NodeName>,
    /// Active ones that are not reached.
    suspected: BTreeSet<NodeName>,
}

impl Table {
    pub(super) fn new(me: &NodeName) -> Self {
        let mut ring = Ring::default();
        ring.add(me);
        Self {
            entries: HashMap::default(),
            names: BTreeSet::new(),
            ring,
            active: 0,
            digest: 0,
            missing: BTreeSet::new(),
            suspected: BTreeSet::new(),
        }
    }

    pub(super) fn get(&self, name: &NodeName) -> Option<&Entry> {
        self.entries.get(name)
    }

    pub(super) fn active_mut(&mut self, name: &NodeName) -> Option<&mut Entry> {
        self.entries.get_mut(name).filter(|entry| entry.is_active())
    }

    pub(super) fn is_active(&self, name: &NodeName) -> bool {
        self.entries.get(name).is_some_and(Entry::is_active)
    }

    /// How many others are members.
    pub(super) fn active(&self) -> usize {
        self.active
    }

    /// How many are known, with those whose stay is over.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn all_active(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values().filter(|entry| entry.is_active())
    }

    pub(super) fn members(&self) -> impl Iterator<Item = Member> {
        self.all_active().map(|entry| entry.member(entry.state()))
    }

    pub(super) fn missing(&self) -> impl Iterator<Item = &NodeName> {
        self.missing.iter()
    }

    pub(super) fn suspected(&self) -> &BTreeSet<NodeName> {
        &self.suspected
    }

    pub(super) fn put_off(&mut self, by: Duration) {
        for entry in self.entries.values_mut() {
            entry.heard += by;
            entry.watched_since += by;
        }
    }

    /// Foca has forgotten it.
    pub(super) fn forget(&mut self, who: &Identity) {
        let is_it = |entry: &Entry| entry.who == *who && !entry.is_active();
        if self.entries.get(&who.id.name).is_some_and(is_it) {
            self.remove(&who.id.name);
        }
    }

    /// Whether something else is known of it here, or nothing.
    pub(super) fn differs(&self, member: &foca::Member<Identity>) -> bool {
        self.entries.get(&member.id().id.name).is_none_or(|entry| {
            entry.state != member.state() || entry.incarnation != member.incarnation() || entry.who != *member.id()
        })
    }

    /// Those with names in a range.
    pub(super) fn range(&self, names: (Bound<NodeName>, Bound<NodeName>)) -> impl Iterator<Item = &Entry> {
        self.names.range(names).filter_map(|name| self.entries.get(name))
    }

    pub(super) fn digest(&self) -> u64 {
        self.digest
    }

    fn insert(&mut self, name: NodeName, entry: Entry) {
        self.names.insert(name.clone());
        self.entries.insert(name, entry);
    }

    fn remove(&mut self, name: &NodeName) {
        self.names.remove(name);
        self.entries.remove(name);
    }

    fn activate(&mut self, name: &NodeName) {
        self.active += 1;
        self.ring.add(name);
        self.missing.insert(name.clone());
    }

    /// Takes a member out of those that are there.
    fn deactivate(&mut self, name: &NodeName) {
        self.active -= 1;
        self.ring.remove(name);
        self.missing.remove(name);
        self.suspected.remove(name);
    }
}

impl Engine {
    /// Takes over what has changed in foca's table; `by` is where that came from.
    pub(super) fn reconcile(&mut self, by: &NodeName, now: Instant) {
        let table = &self.table;
        let members = self.foca.iter_membership_state();
        let changed: Vec<_> = members.filter(|member| table.differs(member)).cloned().collect();
        if changed.is_empty() {
            return;
        }
        let view = self.view;
        for member in changed {
            self.member_changed(&member, by, now);
        }
        self.changed = now;
        let digests = self
            .table
            .all_active()
            .map(|entry| digest(&entry.who.id.name, entry.rank()));
        self.table.digest = digests.fold(0, |all, one| all ^ one);
        if self.view != view {
            self.view_changed(now);
        }
    }

    /// Whether this node knows what foca knows.
    pub(super) fn is_in_step(&self) -> bool {
        let mut members = self.foca.iter_membership_state();
        members.all(|member| !self.table.differs(member))
    }

    fn member_changed(&mut self, member: &foca::Member<Identity>, by: &NodeName, now: Instant) {
        let name = &member.id().id.name;
        if self.table.get(name).is_some_and(|entry| entry.who != *member.id()) {
            self.replaced(name);
        }
        let suspicion = (member.state() == State::Suspect).then(|| Suspicion {
            by: by.clone(),
            since: now,
        });
        let Some(entry) = self.table.entries.get_mut(name) else {
            return self.is_new(member, suspicion, now);
        };
        let was = std::mem::replace(&mut entry.state, member.state());
        entry.incarnation = member.incarnation();
        match (was, member.state()) {
            (State::Down, _) | (State::Alive, State::Alive) => {}
            (State::Suspect, State::Suspect) => {
                // It has refuted the one, and is suspected again.
                self.doubts.remove(name);
            }
            (State::Alive, State::Suspect) => {
                entry.suspicion = suspicion;
                self.table.suspected.insert(name.clone());
                let event = MemberEvent::Unreachable(entry.member(entry.state()));
                tracing::debug!(node = %self.me.id, member = %entry.who.id, %by, "unreachable");
                self.view += 1;
                self.grew = now;
                self.tell_if_known(name, event);
            }
            (State::Suspect, State::Alive) => {
                let since = entry.suspicion.take().map(|suspicion| suspicion.since);
                self.table.suspected.remove(name);
                let event = MemberEvent::Reachable(entry.member(entry.state()));
                let lasted = since.map(|since| now.saturating_duration_since(since));
                tracing::debug!(node = %self.me.id, member = %entry.who.id, ?lasted, "reachable after all");
                self.doubts.remove(name);
                self.view += 1;
                self.tell_if_known(name, event);
            }
            (State::Alive | State::Suspect, State::Down) => {
                let how = if entry.leaves() { Gone::Left } else { Gone::Down };
                let event = MemberEvent::Gone(entry.member(MemberState::Down), how);
                let who = entry.who.clone();
                tracing::info!(node = %self.me.id, member = %who.id, stay = who.stay.0, ?how, %by, "gone");
                self.tell_if_known(name, event);
                self.gone(name);
                if how == Gone::Down {
                    self.was_lost(who, now);
                }
            }
        }
    }

    fn is_new(&mut self, member: &foca::Member<Identity>, suspicion: Option<Suspicion>, now: Instant) {
        let who = member.id().clone();
        let name = who.id.name.clone();
        let state = member.state();
        if state != State::Down {
            self.view += 1;
            self.table.activate(&name);
        }
        if state == State::Suspect {
            self.table.suspected.insert(name.clone());
        }
        let entry = Entry {
            who,
            incarnation: member.incarnation(),
            state,
            suspicion,
            heard: now,
            watched_since: now,
            card: None,
        };
        self.table.insert(name, entry);
    }

    /// The same node has come with another stay.
    fn replaced(&mut self, name: &NodeName) {
        let Some(entry) = self.table.entries.get(name).filter(|entry| entry.is_active()) else {
            self.table.remove(name);
            return;
        };
        let how = if entry.leaves() { Gone::Left } else { Gone::Replaced };
        let event = MemberEvent::Gone(entry.member(MemberState::Down), how);
        tracing::info!(node = %self.me.id, member = %entry.who.id, stay = entry.who.stay.0, ?how, "gone");
        self.tell_if_known(name, event);
        self.gone(name);
        self.table.remove(name);
    }

    fn gone(&mut self, name: &NodeName) {
        self.view += 1;
        self.table.deactivate(name);
        self.doubts.remove(name);
        self.hinted.remove(name);
    }

    fn was_lost(&mut self, who: Identity, now: Instant) {
        self.lost.retain(|(other, _)| other.id.name != who.id.name);
        self.lost.push_front((who, now));
        self.lost.truncate(LOST_MAX);
        if !std::mem::replace(&mut self.is_regaining, true) {
            self.agenda.add(now + self.config.regain_interval, super::Due::Regain);
        }
    }

    /// Nobody is told of a member that was not up for them.
    fn tell_if_known(&mut self, name: &NodeName, event: MemberEvent) {
        if self.table.get(name).is_some_and(|entry| entry.card.is_some()) {
            self.events.push_back(event);
        }
    }

    /// What a member says of itself has come.
    pub(super) fn card_came(&mut self, said: &CardOf<'_>) {
        let CardOf { id, stay, card } = said;
        let NodeId { name, .. } = id;
        let Some(entry) = self.table.active_mut(name) else {
            return;
        };
        if entry.who.id != *id || entry.who.stay != *stay {
            return;
        }
        let Ok(parsed) = Card::parse(card) else { return };
        if parsed.number <= entry.card_number() {
            return;
        }
        let before = entry.card.replace((parsed, Arc::from(*card)));
        let (leaves, left_before) = (entry.leaves(), before.as_ref().is_some_and(|(card, _)| card.leaves));
        let member = entry.member(entry.state());
        if before.is_none() {
            tracing::info!(node = %self.me.id, member = %member.id, stay = member.stay.0, "up");
            self.events.push_back(MemberEvent::Up(member.clone()));
        }
        if leaves && !left_before {
            self.events.push_back(MemberEvent::Leaving(member));
        } else if before.is_some() {
            self.events.push_back(MemberEvent::Updated(member));
        }
        self.table.missing.remove(name);
        self.spread_card(name);
        if before.is_some() {
            // News of one that is known already would otherwise wait for the next pings; one that leaves will not be there for long.
            self.tell_some();
        }
    }
}
