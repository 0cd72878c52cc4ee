//! One node's share with its mirrors of the others, and what there is to say to each.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::config::TIME_MAX;
use crate::id::NodeId;

use super::delta::{Delta, Dot};
use super::mirror::{Joined, Mirror};
use super::own::{Cursor, Share};
use super::seen::SharerInfo;

/// So many entries are said at a time, so that nothing waits long behind them.
const PART_ENTRIES: usize = 1024;

/// Stands for one life of a node, for as long as it is known. Never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Who(u32);

impl Who {
    /// The node itself.
    pub(crate) const ME: Self = Self(0);
}

/// What one exchange says to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Word<T> {
    /// "Of you I know everything up to here: say what is behind it, from now on." Begins a conversation, and mends one.
    Have(u64),
    /// A delta, or one piece of it: those of one delta are numbered.
    Part {
        /// From 0.
        number: u32,
        /// The delta is complete with it.
        is_last: bool,
        /// The piece.
        delta: Delta<T>,
    },
    /// "So far I have come", said now and then, in case that a word was lost.
    At(u64),
    /// "Of you I know everything up to here", said for each delta where that was asked for.
    Seen(u64),
    /// "Forget me: I take part no longer."
    Left,
}

/// How long things take, and how much there may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timing {
    /// How long the entries of a node stay that was lost without a word.
    pub(crate) grace: Duration,
    /// How often everybody is told how far this node has come.
    pub(crate) resync: Duration,
    /// As many entries as one other node may have.
    pub(crate) entries_max: usize,
    /// Whether each delta is answered by how far one has come.
    pub(crate) is_acknowledged: bool,
    /// Whether the entries of a node that has started again stay for the rest of their time: whom they stand for may be on the way to another.
    pub(crate) outlive_their_node: bool,
}

/// What became known.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Change<T> {
    /// There is an entry, which [`Exchange::get`] shows.
    Put(Who, Dot),
    /// There is no longer this one, which was of this node.
    Gone(Who, Dot, T, NodeId),
}

/// One part of what a whole cluster knows: this node's own entries, and those of all others as far as they are known.
///
/// Call it as things happen; then take out, until there is none, each [`Change`] by [`next_change`](Self::next_change), and for
/// each node that can be told something the [`Word`]s by [`word_for`](Self::word_for). [`tick`](Self::tick) is due at
/// [`next_wake`](Self::next_wake), or later.
#[derive(Debug)]
pub(crate) struct Exchange<T> {
    me: NodeId,
    timing: Timing,
    own: Share<T>,
    numbers: BTreeMap<NodeId, Who>,
    peers: BTreeMap<Who, Peer<T>>,
    last_number: u32,
    changes: VecDeque<Change<T>>,
    resync_at: Option<Instant>,
}

#[derive(Debug)]
struct Peer<T> {
    id: NodeId,
    mirror: Mirror<T>,
    /// What was heard of a delta that is not complete.
    parts: Option<Parts<T>>,
    lost_since: Option<Instant>,
    /// It is to be asked for what is lacking.
    asks: bool,
    telling: Telling,
    owes_at: bool,
    owes_seen: bool,
    /// It knows as much of this node's share.
    seen: u64,
    is_ignored: bool,
}

#[derive(Debug)]
struct Parts<T> {
    next: u32,
    since: u64,
    put: Vec<(Dot, T)>,
}

/// How far a peer was told of this node's share.
#[derive(Clone, Copy, Debug)]
enum Telling {
    /// It has not said what it knows.
    Nothing,
    /// The piece of this number comes next.
    Part(u32, Cursor),
    /// Everything up to this version.
    UpTo(u64),
}

impl<T> Peer<T> {
    fn new(id: NodeId) -> Self {
        Self {
            id,
            mirror: Mirror::new(),
            parts: None,
            lost_since: None,
            asks: true,
            telling: Telling::Nothing,
            owes_at: false,
            owes_seen: false,
            seen: 0,
            is_ignored: false,
        }
    }

    fn is_here(&self) -> bool {
        self.lost_since.is_none()
    }

    fn begin(&mut self) {
        self.lost_since = None;
        self.parts = None;
        self.asks = true;
        self.telling = Telling::Nothing;
        (self.owes_at, self.owes_seen) = (false, false);
        self.is_ignored = false;
    }

    /// Takes a piece; gives the delta that is complete with it.
    fn assemble(&mut self, number: u32, is_last: bool, delta: Delta<T>) -> Option<Delta<T>> {
        let mut parts = match self.parts.take() {
            _ if number == 0 => Parts {
                next: 0,
                since: delta.since,
                put: Vec::new(),
            },
            Some(parts) if parts.next == number && parts.since == delta.since => parts,
            _ => {
                self.asks = true;
                return None;
            }
        };
        parts.put.extend(delta.put);
        parts.next = parts.next.saturating_add(1);
        if is_last {
            let put = parts.put;
            return Some(Delta { put, ..delta });
        }
        self.parts = Some(parts);
        None
    }

    fn held(&self) -> usize {
        self.parts.as_ref().map_or(0, |parts| parts.put.len())
    }
}

impl<T: Clone> Exchange<T> {
    pub(crate) fn new(me: NodeId, mut timing: Timing) -> Self {
        timing.grace = timing.grace.min(TIME_MAX);
        timing.resync = timing.resync.min(TIME_MAX);
        Self {
            me,
            timing,
            own: Share::new(),
            numbers: BTreeMap::new(),
            peers: BTreeMap::new(),
            last_number: Who::ME.0,
            changes: VecDeque::new(),
            resync_at: None,
        }
    }

    pub(crate) fn put(&mut self, entry: T) -> Dot {
        let dot = self.own.put(entry);
        self.changes.push_back(Change::Put(Who::ME, dot));
        dot
    }

    /// Takes out an entry of this node, if it is there.
    pub(crate) fn remove(&mut self, dot: Dot) {
        let removed = self.own.remove(dot);
        let gone = removed.map(|entry| Change::Gone(Who::ME, dot, entry, self.me.clone()));
        self.changes.extend(gone);
    }

    pub(crate) fn version(&self) -> u64 {
        self.own.version()
    }

    pub(crate) fn get(&self, who: Who, dot: Dot) -> Option<&T> {
        match self.peers.get(&who) {
            Some(peer) => peer.mirror.get(dot),
            None if who == Who::ME => self.own.get(dot),
            None => None,
        }
    }

    /// The node that a number stands for, unless it is forgotten.
    pub(crate) fn id(&self, who: Who) -> Option<&NodeId> {
        match self.peers.get(&who) {
            Some(peer) => Some(&peer.id),
            None => (who == Who::ME).then_some(&self.me),
        }
    }

    pub(crate) fn who(&self, id: &NodeId) -> Option<Who> {
        self.numbers.get(id).copied()
    }

    /// The nodes that can be told something.
    pub(crate) fn here(&self) -> impl Iterator<Item = (Who, &NodeId)> {
        let here = self.peers.iter().filter(|(_, peer)| peer.is_here());
        here.map(|(&who, peer)| (who, &peer.id))
    }

    /// Those who take part: this node first, the others by name.
    pub(crate) fn sharers(&self, now: Instant) -> Vec<SharerInfo> {
        let me = SharerInfo {
            id: self.me.clone(),
            entries: self.own.len(),
            lost_for: None,
            is_ignored: false,
        };
        let others = self.numbers.values().filter_map(|who| self.peers.get(who));
        let others = others.map(|peer| SharerInfo {
            id: peer.id.clone(),
            entries: peer.mirror.len(),
            lost_for: peer.lost_since.map(|since| now.saturating_duration_since(since)),
            is_ignored: peer.is_ignored,
        });
        std::iter::once(me).chain(others).collect()
    }

    /// All who can be told something have said that they know everything up to this version.
    pub(crate) fn seen_by_all(&self) -> u64 {
        let here = self.peers.values().filter(|peer| peer.is_here() && !peer.is_ignored);
        here.map(|peer| peer.seen).min().unwrap_or(u64::MAX)
    }

    /// There is a way to this node, be it for the first time or again.
    pub(crate) fn met(&mut self, id: &NodeId, now: Instant) -> Who {
        let who = *self.numbers.entry(id.clone()).or_insert_with(|| {
            self.last_number += 1;
            Who(self.last_number)
        });
        let peer = self.peers.entry(who).or_insert_with(|| Peer::new(id.clone()));
        if !peer.is_here() {
            peer.begin();
        }
        self.resync_at.get_or_insert(now + self.timing.resync);
        who
    }

    /// There is no way to this node any more; why, is not known.
    pub(crate) fn lost(&mut self, id: &NodeId, now: Instant) {
        let who = self.numbers.get(id);
        if let Some(peer) = who.and_then(|who| self.peers.get_mut(who))
            && peer.is_here()
        {
            peer.lost_since = Some(now);
            peer.parts = None;
        }
    }

    /// This life of a node is over, by its own word or by the verdict of all.
    pub(crate) fn left(&mut self, id: &NodeId) {
        let Some(who) = self.numbers.remove(id) else { return };
        let Some(peer) = self.peers.remove(&who) else { return };
        let entries = peer.mirror.into_entries();
        let gone = entries.map(|(dot, entry)| Change::Gone(who, dot, entry, id.clone()));
        self.changes.extend(gone);
    }

    /// This node takes part no longer, and knows nobody.
    pub(crate) fn part(&mut self) {
        let all: Vec<_> = self.numbers.keys().cloned().collect();
        all.iter().for_each(|id| self.left(id));
    }

    /// Another life of this node has begun.
    pub(crate) fn replaced(&mut self, id: &NodeId, now: Instant) {
        if self.timing.outlive_their_node {
            self.lost(id, now);
        } else {
            self.left(id);
        }
    }

    /// This node said something. Who was not met, or was lost, begins with [`Word::Have`].
    pub(crate) fn heard(&mut self, id: &NodeId, word: Word<T>, now: Instant) {
        if matches!(word, Word::Have(_)) {
            self.met(id, now);
        }
        let Some(who) = self.who(id) else { return };
        let (own, timing) = (&self.own, &self.timing);
        let Some(peer) = self
            .peers
            .get_mut(&who)
            .filter(|peer| peer.is_here() && !peer.is_ignored)
        else {
            return;
        };
        match word {
            Word::Have(version) => peer.telling = Telling::Part(0, own.begin(version)),
            Word::Left => self.left(id),
            Word::Seen(version) => peer.seen = peer.seen.max(version),
            // It is said behind everything else: what is not here by now was lost.
            Word::At(version) => peer.asks |= version > peer.mirror.version() || peer.parts.take().is_some(),
            Word::Part { number, is_last, delta } => {
                let most = peer.mirror.len().max(peer.held()) + delta.put.len();
                if most > timing.entries_max {
                    peer.is_ignored = true;
                    peer.parts = None;
                    tracing::warn!(node = %id, entries_max = timing.entries_max, "says more than it may: not listened to until it is met again");
                    return;
                }
                let Some(delta) = peer.assemble(number, is_last, delta) else {
                    return;
                };
                match peer.mirror.join(delta) {
                    Err(_gap) => peer.asks = true,
                    Ok(Joined { put, gone }) => {
                        peer.owes_seen = timing.is_acknowledged;
                        self.changes.extend(put.into_iter().map(|dot| Change::Put(who, dot)));
                        let gone = gone.into_iter();
                        self.changes
                            .extend(gone.map(|(dot, entry)| Change::Gone(who, dot, entry, id.clone())));
                    }
                }
            }
        }
    }

    /// What there is to say to this node next.
    pub(crate) fn word_for(&mut self, who: Who) -> Option<Word<T>> {
        let own = &self.own;
        let peer = self.peers.get_mut(&who).filter(|peer| peer.is_here())?;
        if std::mem::take(&mut peer.asks) {
            return Some(Word::Have(peer.mirror.version()));
        }
        if let Telling::UpTo(version) = peer.telling
            && version < own.version()
        {
            peer.telling = Telling::Part(0, own.begin(version));
        }
        if let Telling::Part(mut number, cursor) = peer.telling {
            let (delta, more) = own.piece(cursor, PART_ENTRIES).or_else(|| {
                number = 0;
                own.piece(own.begin(0), PART_ENTRIES)
            })?;
            peer.telling = match more {
                Some(cursor) => Telling::Part(number + 1, cursor),
                None => Telling::UpTo(delta.upto),
            };
            let is_last = more.is_none();
            return Some(Word::Part { number, is_last, delta });
        }
        if std::mem::take(&mut peer.owes_seen) {
            return Some(Word::Seen(peer.mirror.version()));
        }
        std::mem::take(&mut peer.owes_at).then(|| Word::At(own.version()))
    }

    pub(crate) fn next_change(&mut self) -> Option<Change<T>> {
        self.changes.pop_front()
    }

    /// When [`tick`](Self::tick) is due.
    pub(crate) fn next_wake(&self) -> Option<Instant> {
        let lost = self.peers.values().filter_map(|peer| peer.lost_since);
        lost.map(|since| since + self.timing.grace).chain(self.resync_at).min()
    }

    pub(crate) fn tick(&mut self, now: Instant) {
        let is_over = |peer: &&Peer<T>| peer.lost_since.is_some_and(|since| since + self.timing.grace <= now);
        let over: Vec<_> = self
            .peers
            .values()
            .filter(is_over)
            .map(|peer| peer.id.clone())
            .collect();
        over.iter().for_each(|id| self.left(id));
        if self.resync_at.is_some_and(|at| at <= now) {
            self.peers.values_mut().for_each(|peer| peer.owes_at = true);
            self.resync_at = (!self.peers.is_empty()).then(|| now + self.timing.resync);
        }
    }
}
