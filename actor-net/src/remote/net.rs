//! What all connections of one node share: who it is, whom it knows, and what can be reached here.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use actor_core::System;
use actor_core::wire::{self, Address, Imported, Propagator};
use tokio::sync::{Notify, broadcast, oneshot};
use tokio::task::JoinSet;

use crate::clock::{self, now};
use crate::config::NetConfig;
use crate::error::Closed;
use crate::id::{ExportId, Ids, Incarnation, NodeId, NodeName};
use crate::peer::handshake::{Auth, Local};
use crate::peer::roster::Roster;
use crate::secret::Secret;
use crate::share::Seen;
use crate::transport::{Identity, Stream, Transport};
use crate::wire::codes::Goodbye;
use crate::wire::codes::Refusal;
use crate::wire::protocol::Frame;

pub(crate) use super::conversation::lock;

use super::conversation::Conversation;
use super::datagrams::Datagrams;
use super::driver;
use super::encounters::Encounters;
use super::exports::Exports;
use super::far::Far;
use super::holdings::Holdings;
use super::lingering::Lingering;
use super::lookup::Kind;
use super::members::Members;
use super::packets::Packets;
use super::services::Services;

/// So many events wait for one who listens; beyond it the oldest are lost to that one, who is told how many.
const EVENTS_MAX: usize = 1024;

/// Beyond so many nodes that handles told of, those are forgotten to which there is no handle any more.
const TOLD_OF_KEPT: usize = 64;

/// What became of a connection.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum NodeEvent {
    /// A conversation has begun.
    Connected(NodeId),
    /// A conversation has ended, or a node could not be reached; why.
    Lost(NodeName, Closed),
}

/// How peers prove who they are.
pub(crate) enum Proof {
    Nothing,
    Secret(Secret),
    Certificate,
}

pub(crate) struct Net {
    me: Weak<Net>,
    pub(crate) system: System,
    pub(crate) id: NodeId,
    pub(crate) config: NetConfig,
    pub(crate) local: Arc<Local>,
    pub(crate) proof: Proof,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) exports: Arc<Exports>,
    pub(crate) roster: Mutex<Roster>,
    pub(crate) events: broadcast::Sender<NodeEvent>,
    pub(crate) packets: Packets,
    pub(crate) members: Members,
    pub(crate) services: Services,
    /// What is shared with other nodes, by what it is exposed as.
    pub(crate) shares: Mutex<BTreeMap<Arc<str>, Arc<dyn Seen>>>,
    nodes: Mutex<Nodes>,
    pub(super) encounters: Mutex<Encounters>,
    kinds: Mutex<HashMap<String, Arc<Kind>>>,
    pub(super) lingering: Lingering,
    tasks: Mutex<JoinSet<()>>,
    is_leaving: AtomicBool,
    met_itself: AtomicU64,
    chance: Mutex<fastrand::Rng>,
    pub(crate) is_seeded: bool,
    /// What knows the traces of messages, if other nodes are to be told of them.
    pub(crate) propagator: Option<Arc<dyn Propagator>>,
}

/// What became of making a connection.
type Connected = Result<Arc<Far>, Closed>;

#[derive(Default)]
struct Nodes {
    addresses: HashMap<NodeName, String>,
    /// The newest life of each that was met.
    met: BTreeMap<NodeName, Arc<Far>>,
    /// Those that a handle told of, and that were not met.
    told_of: BTreeMap<NodeId, Arc<Far>>,
    /// Who waits for a connection that is being made.
    wanted: HashMap<NodeName, Vec<oneshot::Sender<Connected>>>,
    /// The tasks that see to connections, each with what wakes it.
    keepers: HashMap<NodeName, Arc<Notify>>,
}

/// What a node is made of.
pub(crate) struct Parts {
    pub(crate) system: System,
    pub(crate) id: NodeId,
    pub(crate) config: NetConfig,
    pub(crate) local: Local,
    pub(crate) proof: Proof,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) addresses: HashMap<NodeName, String>,
    pub(crate) ids: Ids,
    pub(crate) seed: Option<u64>,
    pub(crate) datagrams: Option<Datagrams>,
    pub(crate) propagator: Option<Arc<dyn Propagator>>,
}

impl Net {
    pub(crate) fn new(parts: Parts) -> Arc<Self> {
        Arc::new_cyclic(|me| Self {
            me: me.clone(),
            exports: Exports::new(parts.config.exports_max, parts.ids),
            roster: Mutex::new(Roster::new(parts.id.name.clone())),
            events: broadcast::Sender::new(EVENTS_MAX),
            nodes: Mutex::new(Nodes {
                addresses: parts.addresses,
                ..Nodes::default()
            }),
            packets: Packets::new(parts.datagrams),
            members: Members::default(),
            services: Services::default(),
            shares: Mutex::default(),
            encounters: Mutex::default(),
            kinds: Mutex::default(),
            lingering: Lingering::default(),
            tasks: Mutex::default(),
            is_leaving: AtomicBool::new(false),
            met_itself: AtomicU64::new(0),
            is_seeded: parts.seed.is_some(),
            propagator: parts.propagator,
            chance: Mutex::new(parts.seed.map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed)),
            system: parts.system,
            id: parts.id,
            config: parts.config,
            local: Arc::new(parts.local),
            proof: parts.proof,
            transport: parts.transport,
        })
    }

    /// Runs a task for as long as this node does.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = lock(&self.tasks);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
    }

    /// Ends every task at its next await.
    pub(crate) fn abort(&self) {
        // No connection is made again for one that goes with its task.
        self.is_leaving.store(true, Ordering::Release);
        lock(&self.tasks).abort_all();
        let mut nodes = lock(&self.nodes);
        let mut fars: Vec<_> = nodes.met.values().chain(nodes.told_of.values()).cloned().collect();
        let wanted = std::mem::take(&mut nodes.wanted);
        drop(nodes);
        fars.sort_by(|one, other| one.id.name.cmp(&other.id.name));
        fars.iter().for_each(|far| far.over());
        drop(wanted);
    }

    pub(super) fn auth(&self, stream: &Stream) -> Auth {
        let secret = stream.secret.clone();
        match (&self.proof, &stream.identity) {
            (Proof::Secret(secret), _) => Auth::Secret(secret.clone()),
            (Proof::Certificate, Identity::Certificate { names }) => Auth::Certificate {
                names: names.clone(),
                secret,
            },
            // No name is good for one who showed none.
            (Proof::Certificate, Identity::Unproven) => Auth::Certificate {
                names: Vec::new(),
                secret,
            },
            (Proof::Nothing, _) => Auth::Insecure,
        }
    }

    /// A number that no other conversation of this process has.
    pub(super) fn next_session() -> u64 {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        NEXT.fetch_add(1, Ordering::Relaxed)
    }

    /// A caller is refused, which it is about to be told.
    pub(super) fn refuses(&self, why: &Closed) {
        let itself = Refusal::Itself;
        if matches!(why, Closed::Refused { code, .. } if *code == itself) {
            self.met_itself.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// How often a caller was this very node.
    pub(crate) fn met_itself(&self) -> u64 {
        self.met_itself.load(Ordering::Acquire)
    }

    pub(crate) fn is_leaving(&self) -> bool {
        self.is_leaving.load(Ordering::Acquire)
    }

    /// How much has to be taken before it is worth a frame to say so.
    pub(super) fn credit_worth(&self) -> usize {
        self.config.window_bytes as usize / 4
    }

    pub(crate) fn address_of(&self, export: ExportId, path: &str) -> Address {
        Address {
            node: self.id.name.as_str().into(),
            incarnation: self.id.incarnation.0,
            export,
            path: path.into(),
        }
    }

    pub(crate) fn kind(&self, name: &str) -> Option<Arc<Kind>> {
        lock(&self.kinds).get(name).cloned()
    }

    /// Lets others start actors of a kind. `false`: there is one of that name.
    pub(crate) fn add_kind(&self, name: &str, kind: Kind) -> bool {
        let mut kinds = lock(&self.kinds);
        let is_new = !kinds.contains_key(name);
        if is_new {
            kinds.insert(name.to_owned(), Arc::new(kind));
        }
        is_new
    }

    pub(crate) fn set_address(&self, name: NodeName, address: String) {
        lock(&self.nodes).addresses.insert(name, address);
    }

    pub(crate) fn address(&self, name: &NodeName) -> Option<String> {
        let known = lock(&self.nodes).addresses.get(name).cloned();
        known.or_else(|| self.transport.address_of(name.as_str()))
    }

    /// The nodes that there is a conversation with.
    pub(crate) fn connected(&self) -> Vec<Arc<Far>> {
        let met: Vec<_> = lock(&self.nodes).met.values().cloned().collect();
        met.into_iter().filter(|far| far.conversation().is_some()).collect()
    }

    pub(crate) fn holdings(&self) -> Holdings {
        let nodes = lock(&self.nodes);
        let fars: Vec<_> = nodes.met.values().chain(nodes.told_of.values()).cloned().collect();
        drop(nodes);
        let mut holdings = Holdings {
            exports: self.exports.len(),
            ..Holdings::default()
        };
        for far in fars {
            holdings.known += far.known();
            if let Some(conversation) = far.conversation() {
                conversation.add_to(&mut holdings);
            }
        }
        holdings
    }

    /// The newest life of a node that was met.
    pub(super) fn newest(&self, name: &NodeName) -> Option<Arc<Far>> {
        lock(&self.nodes).met.get(name).cloned()
    }

    /// One life of a node.
    pub(super) fn far(&self, id: &NodeId) -> Arc<Far> {
        let mut nodes = lock(&self.nodes);
        if let Some(far) = nodes.met.get(&id.name).filter(|far| far.id == *id) {
            return far.clone();
        }
        if nodes.told_of.len() >= TOLD_OF_KEPT {
            nodes.told_of.retain(|_, far| far.is_needed());
        }
        let told_of = nodes.told_of.entry(id.clone());
        told_of.or_insert_with(|| Far::new(self.me.clone(), id.clone())).clone()
    }

    /// Whether another node may be met: there is room for it, or can be made.
    pub(super) fn has_room_for(&self, name: &NodeName) -> bool {
        let mut nodes = lock(&self.nodes);
        let max = self.config.peers_max;
        if nodes.met.contains_key(name) || nodes.met.len() < max {
            return true;
        }
        let all = std::mem::take(&mut nodes.met).into_iter();
        let (kept, forgotten): (BTreeMap<_, _>, BTreeMap<_, _>) = all.partition(|(_, far)| far.is_in_use());
        let has_room = kept.len() < max;
        nodes.met = kept;
        drop(nodes);
        drop(forgotten);
        has_room
    }

    /// A life of a node was met: earlier ones are over.
    pub(super) fn met(&self, id: &NodeId) -> Arc<Far> {
        let far = self.far(id);
        let mut nodes = lock(&self.nodes);
        nodes.told_of.remove(id);
        let before = nodes.met.insert(id.name.clone(), far.clone());
        let mut over: Vec<_> = before.into_iter().filter(|before| before.id != *id).collect();
        nodes.told_of.retain(|other, told_of| {
            let is_other = other.name == id.name;
            if is_other {
                over.push(told_of.clone());
            }
            !is_other
        });
        drop(nodes);
        over.iter().for_each(|far| far.over());
        far
    }

    /// The connection to `name`, which is made if there is none.
    pub(crate) async fn connect(&self, name: &NodeName) -> Result<Arc<Far>, Closed> {
        let met = lock(&self.nodes).met.get(name).cloned();
        if let Some(far) = met.filter(|far| far.conversation().is_some()) {
            return Ok(far);
        }
        let (sender, receiver) = oneshot::channel();
        lock(&self.nodes).wanted.entry(name.clone()).or_default().push(sender);
        self.want(name);
        receiver
            .await
            .unwrap_or_else(|_| Err(Closed::Lost("this node has left".to_owned())))
    }

    /// Has a connection made, unless that is under way.
    pub(crate) fn want(&self, name: &NodeName) {
        let Some(net) = self.me.upgrade() else { return };
        if self.is_leaving() {
            return self.tell_those_who_want(name, &Err(Closed::Ended(Goodbye::Leaving)));
        }
        if !lock(&self.roster).is_connected(name) {
            return net.keep(name, Duration::ZERO);
        }
        let met = lock(&self.nodes).met.get(name).cloned();
        if let Some(far) = met.filter(|far| far.conversation().is_some()) {
            self.tell_those_who_want(name, &Ok(far));
            // Handles to another life of that node lead nowhere while this one is there.
            self.told_of(name).iter().for_each(|far| far.lost(None));
        }
    }

    /// Has a connection made after this wait; at once, if that is nothing.
    pub(super) fn keep(self: &Arc<Self>, name: &NodeName, wait: Duration) {
        let fresh = match lock(&self.nodes).keepers.entry(name.clone()) {
            Entry::Occupied(keeper) => {
                if wait.is_zero() {
                    keeper.get().notify_one();
                }
                return;
            }
            Entry::Vacant(free) => free.insert(Arc::default()).clone(),
        };
        let (net, name) = (self.clone(), name.clone());
        self.spawn(async move { driver::keep(net, name, wait, fresh).await });
    }

    /// Nobody sees to a connection to this node any more: there is one, or nobody wanted one.
    pub(super) fn keeps_no_longer(&self, name: &NodeName) {
        lock(&self.nodes).keepers.remove(name);
        // Who came to want one meanwhile took it for kept.
        if self.is_wanted(name) {
            self.want(name);
        }
    }

    /// The lives of a node that handles told of, and that were not met.
    fn told_of(&self, name: &NodeName) -> Vec<Arc<Far>> {
        let is_meant = |far: &&Arc<Far>| far.id.name == *name;
        lock(&self.nodes).told_of.values().filter(is_meant).cloned().collect()
    }

    /// A connection was made, or could not be.
    pub(super) fn tell_those_who_want(&self, name: &NodeName, outcome: &Result<Arc<Far>, Closed>) {
        let waiting = lock(&self.nodes).wanted.remove(name).unwrap_or_default();
        for waiting in waiting {
            let _ = waiting.send(outcome.clone());
        }
        if outcome.is_err() {
            let met = lock(&self.nodes).met.get(name).cloned();
            met.iter().chain(&self.told_of(name)).for_each(|far| far.lost(None));
        }
    }

    /// Whether a lost connection is to be made again: somebody has handles to actors there, or waits for it.
    pub(super) fn is_wanted(&self, name: &NodeName) -> bool {
        let nodes = lock(&self.nodes);
        let waits = nodes.wanted.contains_key(name);
        let met = nodes.met.get(name).cloned();
        drop(nodes);
        let is_needed = || met.iter().chain(&self.told_of(name)).any(|far| far.is_needed());
        !self.is_leaving() && (waits || is_needed())
    }

    /// The time by this node's clock, to be compared with that of others: repeatable where the node is.
    pub(crate) fn wall_nanos(&self) -> u64 {
        if self.is_seeded {
            clock::paused_nanos()
        } else {
            clock::wall_nanos()
        }
    }

    /// From 0 to 1, for jitter.
    pub(crate) fn chance(&self) -> f64 {
        lock(&self.chance).f64()
    }

    /// What an address that came from `from` leads to.
    pub(super) fn import(&self, from: &Arc<Far>, address: Address) -> Result<Imported, String> {
        let name = NodeName::new(&address.node).ok_or("the address of a handle names no node")?;
        let id = NodeId {
            name,
            incarnation: Incarnation(address.incarnation),
        };
        if id == self.id {
            if let Some(export) = self.exports.get(address.export) {
                return Ok(Imported::Here(export.exported.clone()));
            }
            // It has ended: what comes of it is a handle that says so.
            let reason = self.exports.ending(address.export);
            let proxy = wire::proxy(&self.system, from.clone(), address);
            proxy.ended(reason.unwrap_or(actor_core::ExitReason::Normal));
            return Ok(Imported::There(proxy));
        }
        let sent = id == from.id;
        let far = if sent { from.clone() } else { self.far(&id) };
        if id.name == self.id.name {
            // An earlier life of this very node.
            far.over();
        }
        let proxy = far.import(address, sent).ok_or("this node has left")?;
        Ok(Imported::There(proxy))
    }

    /// Nobody tries to connect to this node any more; `false` if somebody has come to need it.
    pub(super) fn rests(&self, name: &NodeName) -> bool {
        let met = lock(&self.nodes).met.get(name).cloned();
        met.iter().chain(&self.told_of(name)).all(|far| far.rests())
    }

    /// While there is a conversation with one life of a node, handles to another one lead nowhere.
    pub(super) fn lose_other_lives(&self, of: &NodeId) {
        let others = self.told_of(&of.name);
        others.iter().filter(|far| far.id != *of).for_each(|far| far.lost(None));
    }

    /// Ends every conversation in order, and begins none.
    pub(crate) fn leave(&self) -> Vec<Arc<Conversation>> {
        self.is_leaving.store(true, Ordering::Release);
        let met: Vec<_> = lock(&self.nodes).met.values().cloned().collect();
        let conversations: Vec<_> = met.iter().filter_map(|far| far.last_conversation()).collect();
        for conversation in &conversations {
            conversation.end(Closed::Ended(Goodbye::Leaving));
        }
        lock(&self.nodes).wanted.clear();
        conversations
    }

    /// Looks whether a connection lives, since somebody else claims to be at its other end.
    pub(super) fn doubt(&self, name: &NodeName) {
        let far = lock(&self.nodes).met.get(name).cloned();
        if let Some(conversation) = far.and_then(|far| far.last_conversation()) {
            let token = conversation.doubt(now().into_std());
            conversation.control(&Frame::Ping { token });
        }
    }
}
