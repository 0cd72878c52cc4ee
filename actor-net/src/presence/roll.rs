//! Who is there: the sessions of all nodes by their keys, and what changed since it was last told.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::config::TIME_MAX;
use crate::id::NodeId;
use crate::share::{Change, Dot, Exchange, Service, Text, Who, behind};

/// One session, as its node says it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Entry<T> {
    key: Text,
    meta: Arc<T>,
}

impl<T> Clone for Entry<T> {
    fn clone(&self) -> Self {
        Self {
            key: self.key.clone(),
            meta: self.meta.clone(),
        }
    }
}

impl<T: Serialize> Serialize for Entry<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (&self.key, &*self.meta).serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Entry<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (key, meta) = Deserialize::deserialize(deserializer)?;
        let meta = Arc::new(meta);
        Ok(Self { key, meta })
    }
}

/// One of those that stand under a key: at which node it is, and what is said of it.
#[derive(Debug, PartialEq, Eq)]
pub struct Session<T> {
    /// The node that it is at.
    pub node: NodeId,
    /// What that node says of it.
    pub meta: Arc<T>,
}

impl<T> Clone for Session<T> {
    fn clone(&self) -> Self {
        Self {
            node: self.node.clone(),
            meta: self.meta.clone(),
        }
    }
}

/// What became of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Movement<T> {
    /// It was not there, and is; with these sessions.
    Joined(Vec<Session<T>>),
    /// It was and is there, with other sessions.
    Updated {
        /// Sessions that were not there before.
        joined: Vec<Session<T>>,
        /// Sessions that are no longer there.
        left: Vec<Session<T>>,
    },
    /// It is no longer there; its last sessions.
    Left(Vec<Session<T>>),
}

/// What changed between two moments, in the order of the keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diff<T> {
    /// Counts the changes of this presence at this node: one more than the one before.
    pub number: u64,
    /// What became of each key that anything became of.
    pub changes: Vec<(Arc<str>, Movement<T>)>,
}

/// Where a session stands.
type Place = (Who, Dot);

/// The sessions under a key.
#[derive(Debug)]
struct Present<T> {
    sessions: Places,
    /// Its last session has ended, and it is still shown.
    held: Option<Box<Held<T>>>,
}

/// Most keys have one.
#[derive(Debug)]
enum Places {
    One(Place),
    Many(Vec<Place>),
}

#[derive(Debug)]
struct Held<T> {
    since: Instant,
    last: Vec<Session<T>>,
}

/// What happened to a key since it was last told.
#[derive(Debug)]
struct Pending<T> {
    was_there: bool,
    joined: Vec<Place>,
    left: Vec<Session<T>>,
}

/// The presence of all nodes, as one of them knows it.
///
/// Keys appear as soon as they are known, and are shown for `moved_within` after their last session has ended: one that comes back by then,
/// most likely at another node, has not left.
#[derive(Debug)]
pub(crate) struct Roll<T> {
    exchange: Exchange<Entry<T>>,
    moved_within: Duration,
    keys: BTreeMap<Text, Present<T>>,
    /// Whose time is running out, in the order in which it does.
    leaving: VecDeque<(Instant, Text)>,
    pending: BTreeMap<Text, Pending<T>>,
    number: u64,
}

impl Places {
    fn as_slice(&self) -> &[Place] {
        match self {
            Places::One(place) => std::slice::from_ref(place),
            Places::Many(places) => places,
        }
    }

    fn add(&mut self, place: Place) {
        match self {
            Places::Many(places) if places.is_empty() => *self = Places::One(place),
            Places::Many(places) => places.push(place),
            Places::One(first) => *self = Places::Many(vec![*first, place]),
        }
    }

    /// Returns whether it was among them.
    fn remove(&mut self, place: Place) -> bool {
        match self {
            Places::One(only) if *only == place => *self = Places::Many(Vec::new()),
            Places::One(_) => return false,
            Places::Many(places) => {
                let Some(at) = places.iter().position(|other| *other == place) else {
                    return false;
                };
                places.remove(at);
                if let [only] = **places {
                    *self = Places::One(only);
                }
            }
        }
        true
    }
}

impl<T: Send + Sync + 'static> Roll<T> {
    pub(crate) fn new(exchange: Exchange<Entry<T>>, moved_within: Duration) -> Self {
        Self {
            exchange,
            moved_within: moved_within.min(TIME_MAX),
            keys: BTreeMap::new(),
            leaving: VecDeque::new(),
            pending: BTreeMap::new(),
            number: 0,
        }
    }

    /// A session at this node.
    pub(crate) fn track(&mut self, key: &str, meta: T) -> Dot {
        // One copy of the text for all sessions of a key.
        let key = self
            .keys
            .get_key_value(key)
            .map_or_else(|| key.into(), |(key, _)| key.clone());
        let meta = Arc::new(meta);
        self.exchange.put(Entry { key, meta })
    }

    /// Says something else of a session at this node. Returns its new dot, if it was there.
    pub(crate) fn update(&mut self, dot: Dot, meta: T) -> Option<Dot> {
        let key = self.exchange.get(Who::ME, dot)?.key.clone();
        let meta = Arc::new(meta);
        // First the new one, so that the key is there all the time.
        let fresh = self.exchange.put(Entry { key, meta });
        self.exchange.remove(dot);
        Some(fresh)
    }

    pub(crate) fn untrack(&mut self, dot: Dot) {
        self.exchange.remove(dot);
    }

    /// The sessions under a key; none, if it is not there.
    pub(crate) fn get(&self, key: &str) -> Vec<Session<T>> {
        self.keys
            .get(key)
            .map_or_else(Vec::new, |present| self.sessions(present))
    }

    pub(crate) fn is_there(&self, key: &str) -> bool {
        self.keys.contains_key(key)
    }

    /// How many keys are there.
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Everybody who is there, in the order of the keys.
    pub(crate) fn list(&self) -> Vec<(Arc<str>, Vec<Session<T>>)> {
        let line = |(key, present): (&Text, &Present<T>)| (key.arc().clone(), self.sessions(present));
        self.keys.iter().map(line).collect()
    }

    /// The number of the last diff.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// What changed since the last one; none, if nothing did.
    pub(crate) fn diff(&mut self) -> Option<Diff<T>> {
        let pending = std::mem::take(&mut self.pending);
        let changes: Vec<_> = pending
            .into_iter()
            .filter_map(|(key, pending)| Some((key.arc().clone(), self.movement(&key, pending)?)))
            .collect();
        if changes.is_empty() {
            return None;
        }
        self.number += 1;
        Some(Diff {
            number: self.number,
            changes,
        })
    }

    fn movement(&self, key: &Text, pending: Pending<T>) -> Option<Movement<T>> {
        let joined: Vec<_> = pending.joined.iter().filter_map(|&place| self.session(place)).collect();
        let left = pending.left;
        match (pending.was_there, self.keys.contains_key(key)) {
            (false, true) => Some(Movement::Joined(joined)),
            (true, true) if joined.is_empty() && left.is_empty() => None,
            (true, true) => Some(Movement::Updated { joined, left }),
            (true, false) => Some(Movement::Left(left)),
            (false, false) => None,
        }
    }

    fn session(&self, (who, dot): Place) -> Option<Session<T>> {
        Some(Session {
            node: self.exchange.id(who)?.clone(),
            meta: self.exchange.get(who, dot)?.meta.clone(),
        })
    }

    fn sessions(&self, present: &Present<T>) -> Vec<Session<T>> {
        match &present.held {
            Some(held) => held.last.clone(),
            None => present
                .sessions
                .as_slice()
                .iter()
                .filter_map(|&place| self.session(place))
                .collect(),
        }
    }

    fn joined(&mut self, who: Who, dot: Dot) {
        // It may have gone already, which comes next.
        let Some(entry) = self.exchange.get(who, dot) else {
            return;
        };
        let (key, place) = (entry.key.clone(), (who, dot));
        let present = self.keys.get_mut(&key);
        let was_there = present.is_some();
        let mut held = None;
        match present {
            None => {
                let sessions = Places::One(place);
                self.keys.insert(key.clone(), Present { sessions, held: None });
            }
            Some(present) => {
                present.sessions.add(place);
                held = present.held.take();
            }
        }
        let pending = pending(&mut self.pending, &key, was_there);
        pending.joined.push(place);
        pending.left.extend(held.into_iter().flat_map(|held| held.last));
    }

    fn left(&mut self, who: Who, dot: Dot, entry: Entry<T>, node: NodeId, now: Instant) {
        let Entry { key, meta } = entry;
        let Some(present) = self.keys.get_mut(&key) else { return };
        if !present.sessions.remove((who, dot)) {
            return;
        }
        let is_empty = present.sessions.as_slice().is_empty();
        let pending = pending(&mut self.pending, &key, true);
        let untold = pending.joined.iter().position(|place| *place == (who, dot));
        let session = Session { node, meta };
        if let Some(at) = untold {
            pending.joined.remove(at);
        }
        match (is_empty, untold) {
            (false, None) => pending.left.push(session),
            (false, Some(_)) => {}
            // Nobody was told that it came.
            (true, _) if !pending.was_there => drop(self.keys.remove(&key)),
            (true, _) => {
                // Those of its sessions that left before it was held, and were not told, leave with it, or with its return.
                let mut last = std::mem::take(&mut pending.left);
                if untold.is_none() {
                    last.push(session);
                }
                present.held = Some(Box::new(Held { since: now, last }));
                self.leaving.push_back((now, key));
            }
        }
    }

    /// Lets go of the keys that did not come back in time.
    fn let_go(&mut self, now: Instant) {
        while let Some((since, _)) = self.leaving.front()
            && *since + self.moved_within <= now
            && let Some((since, key)) = self.leaving.pop_front()
        {
            let is_held = |present: &Present<T>| present.held.as_ref().is_some_and(|held| held.since == since);
            if self.keys.get(&key).is_some_and(is_held)
                && let Some(held) = self.keys.remove(&key).and_then(|present| present.held)
            {
                pending(&mut self.pending, &key, true).left.extend(held.last);
            }
        }
    }
}

fn pending<'a, T>(all: &'a mut BTreeMap<Text, Pending<T>>, key: &Text, was_there: bool) -> &'a mut Pending<T> {
    all.entry(key.clone()).or_insert(Pending {
        was_there,
        joined: Vec::new(),
        left: Vec::new(),
    })
}

impl<T: Send + Sync + 'static> Service for Roll<T> {
    type Entry = Entry<T>;

    fn exchange(&mut self) -> &mut Exchange<Entry<T>> {
        &mut self.exchange
    }

    fn settle(&mut self, now: Instant) {
        self.exchange.tick(now);
        while let Some(change) = self.exchange.next_change() {
            match change {
                Change::Put(who, dot) => self.joined(who, dot),
                Change::Gone(who, dot, entry, node) => self.left(who, dot, entry, node, now),
            }
        }
        self.let_go(now);
    }

    fn next_wake(&self) -> Option<Instant> {
        let leaves = self.leaving.front().map(|(since, _)| *since + self.moved_within);
        leaves.into_iter().chain(self.exchange.next_wake()).min()
    }

    fn keys(&self, after: Option<&str>, max: usize) -> Vec<(Arc<str>, usize)> {
        let sessions = |present: &Present<T>| match &present.held {
            Some(held) => held.last.len(),
            None => present.sessions.as_slice().len(),
        };
        let keys = behind(&self.keys, after).take(max);
        keys.map(|(key, present)| (key.arc().clone(), sessions(present)))
            .collect()
    }

    fn places(&self, key: &str) -> Vec<(NodeId, usize)> {
        let mut places = BTreeMap::<NodeId, usize>::new();
        for session in self.get(key) {
            *places.entry(session.node).or_default() += 1;
        }
        places.into_iter().collect()
    }
}

#[cfg(test)]
mod tests;
