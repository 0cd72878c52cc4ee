//! Groups with members at all nodes, who are told together.
//!
//! ```
//! use actor_core::prelude::*;
//! use actor_net::group::{Groups, GroupsConfig};
//! use actor_net::transport::MemoryNetwork;
//! use actor_net::{Node, Security};
//! # struct Guest;
//! # impl Actor for Guest {
//! #     type Msg = String;
//! #     async fn handle(&mut self, _msg: String, _ctx: &mut Context<String>) -> ActorResult { Ok(()) }
//! # }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> ActorResult {
//! # let network = MemoryNetwork::new();
//! # let system = System::new("chat");
//! # let security = Security::memory(network.transport("a"), None);
//! # let node = Node::builder(&system).name("a").security(security).start().await?;
//!
//! let groups = Groups::open(&node, GroupsConfig::default())?;
//! let lobby = groups.group::<String>("room:lobby").await?;
//! let guest = system.spawn("guest", || Guest)?;
//! lobby.join(&guest);
//!
//! let told = lobby.broadcast("hello".to_owned());
//! assert_eq!((told.here.delivered, told.nodes.delivered), (1, 0));
//! # Ok(())
//! # }
//! ```

mod gate;
mod interests;
mod open;

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use actor_core::wire::noticed_group;
use actor_core::{AskError, Broadcast, ChildSpec, Handle};
use actor_wire::Wire;
use tokio::sync::watch;

use crate::courier::{self, Shared};
use crate::error::{ExposeError, LookupError};
use crate::id::NodeId;
use crate::node::{Node, named};
use crate::remote::exports::Protocol;
use crate::remote::net::Net;
use crate::share::{Exchange, Timing};

use gate::{Gate, Members, Passage};
use interests::Interests;
use open::{Open, Opened, gate_of, members_of};

/// What the groups of a node are exposed as.
const NAME: &str = "~groups";

/// The longest name of a group, in bytes.
pub const GROUP_BYTES_MAX: usize = 255;

/// How long groups wait, a day at most, and how many there may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupsConfig {
    /// How long the members of a node are counted that was lost without a word. Default 5 s. They are not told anything while it cannot be
    /// reached; those of one that leaves are forgotten at once.
    pub grace: Duration,
    /// How often each node is told how far this one has come. Default 15 s. It mends what no connection should lose.
    pub resync: Duration,
    /// In how many groups one other node may have members. Default 1,048,576. One that has more is not listened to any longer.
    pub groups_max: usize,
}

impl Default for GroupsConfig {
    fn default() -> Self {
        Self {
            grace: Duration::from_secs(5),
            resync: Duration::from_secs(15),
            groups_max: 1 << 20,
        }
    }
}

/// Why a group was not opened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GroupError {
    /// At this node, members of that name take messages of another type, which is named.
    WrongType(&'static str),
    /// At that node, members of that name take something else; what, in the words of a look-up.
    Elsewhere(NodeId, LookupError),
    /// The name is longer than [`GROUP_BYTES_MAX`].
    TooLong,
    /// This node has left the network, or its system is stopping.
    Left,
}

impl fmt::Display for GroupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GroupError::WrongType(found) => write!(f, "the members of that group take {found}"),
            GroupError::Elsewhere(node, why) => write!(f, "the group means something else at {node}: {why}"),
            GroupError::TooLong => write!(f, "the name of a group has {GROUP_BYTES_MAX} bytes at most"),
            GroupError::Left => f.write_str("this node has left the network"),
        }
    }
}

impl std::error::Error for GroupError {}

/// The groups of all nodes that have opened them.
///
/// Each node says in which groups it has members, and how many, and knows that of all others; eventually, and after any partition again. Who
/// they are, only their own node knows, and says when it is asked.
#[derive(Clone)]
pub struct Groups(Arc<Inner>);

struct Inner {
    net: Weak<Net>,
    shared: Arc<Shared<Interests>>,
    open: Mutex<HashMap<Arc<str>, Arc<dyn Open>>>,
    /// Groups that somebody joined or left at this node.
    moved: Mutex<BTreeSet<Arc<str>>>,
    next: AtomicU64,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing of a user's runs under one of these.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Groups {
    /// Has this node take part in the groups that nodes share.
    ///
    /// # Errors
    /// It does already: clone that one.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn open(node: &Node, config: GroupsConfig) -> Result<Self, ExposeError> {
        node.net().services.add(NAME, || Self::begin(node, config))
    }

    /// Those that this node takes part in; it does from now on, if it did not.
    pub(crate) fn of(node: &Node, config: GroupsConfig) -> Self {
        let known = node.net().services.get_or_add(NAME, || Self::begin(node, config));
        known.expect("nothing else has that name")
    }

    fn begin(node: &Node, config: GroupsConfig) -> Self {
        let timing = Timing {
            grace: config.grace,
            resync: config.resync,
            entries_max: config.groups_max,
            is_acknowledged: false,
            outlive_their_node: false,
        };
        let shared = Shared::new(Interests::new(Exchange::new(node.id().clone(), timing)));
        let inner = Arc::new(Inner {
            net: Arc::downgrade(node.net()),
            shared: shared.clone(),
            open: Mutex::default(),
            moved: Mutex::default(),
            next: AtomicU64::new(1),
        });
        let of = Arc::downgrade(&inner);
        let after = move |_: &Shared<Interests>| {
            if let Some(inner) = of.upgrade() {
                inner.carry_on();
            }
        };
        courier::start(node.net(), NAME, &shared, Arc::new(after));
        Self(inner)
    }

    /// The group of this name, whose members take `M` at all nodes. Those that are known to have members are found before this
    /// returns, as far as they can be reached.
    ///
    /// # Errors
    /// Members of that name take something else, here or at another node; or it cannot be a name.
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing behind.
    pub async fn group<M: Wire + Clone>(&self, name: &str) -> Result<ClusterGroup<M>, GroupError> {
        if name.len() > GROUP_BYTES_MAX {
            return Err(GroupError::TooLong);
        }
        let opened = self.0.opened::<M>(name)?;
        let held = Hold(self.0.clone(), opened.name.clone());
        let group = ClusterGroup { opened, held };
        group.opened.looked().await;
        match group.opened.other() {
            Some((node, why)) => Err(GroupError::Elsewhere(node, why)),
            None => Ok(group),
        }
    }

    /// How many groups have members, at any node.
    pub fn len(&self) -> usize {
        self.0.shared.read().len()
    }

    /// Whether no group has members.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl fmt::Debug for Groups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Groups({} with members)", self.len())
    }
}

impl Inner {
    fn opened<M: Wire + Clone>(self: &Arc<Self>, name: &str) -> Result<Arc<Opened<M>>, GroupError> {
        let net = self
            .net
            .upgrade()
            .filter(|net| !net.is_leaving())
            .ok_or(GroupError::Left)?;
        let mut open = lock(&self.open);
        if let Some(opened) = open.get(name) {
            let found = opened.message_type();
            return opened
                .clone()
                .as_any()
                .downcast()
                .map_err(|_| GroupError::WrongType(found));
        }
        let name: Arc<str> = name.into();
        let (of, moved) = (Arc::downgrade(self), name.clone());
        let local = noticed_group(move || {
            if let Some(inner) = of.upgrade() {
                inner.moved(&moved);
            }
        });
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let members = local.clone();
        let gate = ChildSpec::new(format!("~group-{number}@{:016x}", net.id.incarnation.0), move || {
            Gate(members.clone())
        });
        let gate = net.system.spawn_spec(gate);
        let gate = gate.map_err(|_| GroupError::Left)?;
        let casts: Handle<M> = gate.map(Passage::Cast);
        let questions: Handle<Members<M>> = gate.map(Passage::Members);
        let _ = net
            .exports
            .expose(&gate_of(&name), named(&casts, Protocol::of::<M>()), false);
        let of_members = Protocol::of::<Members<M>>();
        let _ = net
            .exports
            .expose(&members_of(&name), named(&questions, of_members), false);
        let opened = Opened::new(self.net.clone(), name.clone(), local, gate, number);
        open.insert(name.clone(), opened.clone());
        drop(open);
        opened.interested(&|| self.others(&name));
        Ok(opened)
    }

    /// The other nodes that have members in a group, and through which of their gates.
    fn others(&self, name: &str) -> Vec<(NodeId, u64)> {
        let Some(me) = self.net.upgrade().map(|net| net.id.clone()) else {
            return Vec::new();
        };
        let interests = self.shared.read();
        let others = interests.nodes(name).filter(|(id, ..)| **id != me);
        others.map(|(id, _, gate)| (id.clone(), gate)).collect()
    }

    /// Somebody joined or left a group at this node.
    fn moved(&self, name: &Arc<str>) {
        lock(&self.moved).insert(name.clone());
        self.shared.look();
    }

    /// Says what became of groups here, and hears what became of them elsewhere.
    fn carry_on(&self) {
        for name in std::mem::take(&mut *lock(&self.moved)) {
            let part = |opened: &Arc<dyn Open>| (opened.len(), opened.gate());
            let (members, gate) = lock(&self.open).get(&name).map_or((0, 0), part);
            let members = u32::try_from(members).unwrap_or(u32::MAX);
            self.shared.settle(|interests, _| interests.set(&name, members, gate));
            self.prune(&name);
        }
        let changed = self.shared.read().take_changed();
        for name in changed {
            let opened = lock(&self.open).get(&**name.arc()).cloned();
            if let Some(opened) = opened {
                opened.interested(&|| self.others(name.arc()));
            }
        }
    }

    /// Closes a group that nobody here is a member of, and nobody holds.
    fn prune(&self, name: &Arc<str>) {
        let mut open = lock(&self.open);
        let is_over = |opened: &Arc<dyn Open>| opened.len() == 0 && Arc::strong_count(opened) == 1;
        if open.get(name).is_some_and(is_over)
            && let Some(opened) = open.remove(name)
        {
            // Under the lock, or it would take the names of the next one.
            opened.close();
        }
    }
}

/// What became of a broadcast to the members at all nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Told {
    /// The members at this node, one by one.
    pub here: Broadcast,
    /// The other nodes with members: to each of them the message is sent once.
    pub nodes: Broadcast,
    /// Nodes with members that were not sent it: the way to them is being looked for, or their members take something else.
    pub out_of_reach: usize,
}

/// A group with members at any node.
///
/// Members join and leave at their own node, and leave by themselves when they end. It is opened for as long as it has members there,
/// or is held.
pub struct ClusterGroup<M: Wire> {
    opened: Arc<Opened<M>>,
    /// Dropped behind it.
    held: Hold,
}

/// Has it looked, when dropped, whether anybody still holds the group of this name.
#[derive(Clone)]
struct Hold(Arc<Inner>, Arc<str>);

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.moved(&self.1);
    }
}

impl<M: Wire + Clone> ClusterGroup<M> {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.opened.name
    }

    /// Adds an actor of this node. Returns `false` if it was a member before, or has ended.
    pub fn join(&self, handle: &Handle<M>) -> bool {
        self.opened.local.join(handle)
    }

    /// Takes an actor of this node out. Returns whether it was a member.
    pub fn leave(&self, handle: &Handle<M>) -> bool {
        self.opened.local.leave(handle)
    }

    /// Tells every member at every node, without waiting for any.
    ///
    /// The message is encoded once, and sent once to each node that has members, which tells them. A node whose connection has no room for it
    /// misses it, and so does a member whose mailbox has none. What one sender broadcasts comes in its order to each member.
    ///
    /// Put what is large behind an `Arc` of your own: each member gets a clone. A message with a handle or a reply port in it
    /// is encoded for each node.
    pub fn broadcast(&self, msg: M) -> Told {
        let out_of_reach = self.opened.out_of_reach();
        let nodes = if self.opened.gates.is_empty() {
            Broadcast::default()
        } else {
            self.opened.gates.broadcast(msg.clone())
        };
        Told {
            here: self.opened.local.broadcast(msg),
            nodes,
            out_of_reach,
        }
    }

    /// The members at this node, in no particular order.
    pub fn members_local(&self) -> Arc<[Handle<M>]> {
        self.opened.local.members()
    }

    /// The members at all nodes, in no particular order. Other nodes are asked: each says who its members are at that moment.
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing behind.
    pub async fn members_all(&self) -> AllMembers<M> {
        let mut all = AllMembers {
            members: self.members_local().to_vec(),
            missing: Vec::new(),
        };
        let of = &self.held.0;
        let Some(net) = of.net.upgrade() else { return all };
        for (node, _) in of.others(&self.opened.name) {
            match self.opened.members_at(&net, &node).await {
                Ok(members) => all.members.extend(members),
                Err(why) => all.missing.push((node, why)),
            }
        }
        all
    }

    /// The nodes that are known to have members, with how many; this one among them.
    pub fn nodes(&self) -> Vec<(NodeId, usize)> {
        let of = &self.held.0;
        let Some(me) = of.net.upgrade().map(|net| net.id.clone()) else {
            return Vec::new();
        };
        let here = self.opened.local.len();
        let interests = of.shared.read();
        let others = interests.nodes(&self.opened.name).filter(|(id, ..)| **id != me);
        let mut nodes: Vec<_> = others.map(|(id, members, _)| (id.clone(), members as usize)).collect();
        drop(interests);
        nodes.extend((here > 0).then_some((me, here)));
        nodes.sort();
        nodes
    }

    /// How many members are known, at all nodes.
    pub fn len(&self) -> usize {
        self.nodes().into_iter().map(|(_, members)| members).sum()
    }

    /// Whether no member is known at any node.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Tells of changes in who has how many members.
    pub fn watch(&self) -> GroupWatch<M> {
        let mut changes = self.opened.changes.subscribe();
        changes.mark_changed();
        GroupWatch {
            group: self.clone(),
            changes,
            last: None,
        }
    }
}

impl<M: Wire> Clone for ClusterGroup<M> {
    fn clone(&self) -> Self {
        Self {
            opened: self.opened.clone(),
            held: self.held.clone(),
        }
    }
}

impl<M: Wire> fmt::Debug for ClusterGroup<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "ClusterGroup({}, {} members here)",
            self.opened.name,
            self.opened.local.len()
        )
    }
}

/// The members of a group at all nodes that answered.
#[derive(Debug)]
#[non_exhaustive]
pub struct AllMembers<M: Wire> {
    /// Those that were named.
    pub members: Vec<Handle<M>>,
    /// The nodes that have members and did not say who they are; why not.
    pub missing: Vec<(NodeId, AskError)>,
}

/// Changes in who has how many members of a group.
#[derive(Debug)]
pub struct GroupWatch<M: Wire> {
    group: ClusterGroup<M>,
    changes: watch::Receiver<u64>,
    last: Option<Vec<(NodeId, usize)>>,
}

impl<M: Wire + Clone> GroupWatch<M> {
    /// How it is now; and from then on, how it is when that has changed. Several changes may be told of as one.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> Vec<(NodeId, usize)> {
        loop {
            // The sender is held by the group.
            let _ = self.changes.changed().await;
            let now = self.group.nodes();
            if self.last.as_ref() != Some(&now) {
                self.last = Some(now.clone());
                return now;
            }
        }
    }
}
