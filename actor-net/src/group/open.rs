//! A group that this node has opened: its members here, and the ways to those elsewhere.

use std::any::{Any, type_name};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use actor_core::{AskError, Group, Handle};
use actor_wire::Wire;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::error::LookupError;
use crate::id::NodeId;
use crate::remote::exports::Protocol;
use crate::remote::lookup;
use crate::remote::net::Net;

use super::gate::{Members, Passage};

/// How long one who looks for a gate waits before the next try.
const RETRY: Duration = Duration::from_millis(500);

pub(super) fn gate_of(group: &str) -> String {
    format!("~group/{group}")
}

pub(super) fn members_of(group: &str) -> String {
    format!("~members/{group}")
}

/// One group of any type.
pub(super) trait Open: Send + Sync {
    /// How many members it has here.
    fn len(&self) -> usize;
    /// Which of this node's gates it has.
    fn gate(&self) -> u64;
    /// Other nodes came to have members, or have none any more: `nodes` says which do now, through which
    /// of their gates.
    fn interested(&self, nodes: &dyn Fn() -> Vec<(NodeId, u64)>);
    /// Ends what stands for it to other nodes.
    fn close(&self);
    fn message_type(&self) -> &'static str;
    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

pub(super) struct Opened<M: Wire> {
    me: Weak<Self>,
    net: Weak<Net>,
    pub(super) name: Arc<str>,
    pub(super) local: Group<M>,
    gate: Handle<Passage<M>>,
    number: u64,
    /// The gates of other nodes.
    pub(super) gates: Group<M>,
    far: Mutex<BTreeMap<(NodeId, u64), Far<M>>>,
    /// Counts what changes.
    pub(super) changes: watch::Sender<u64>,
}

/// How things are with the gate of another node.
enum Far<M> {
    Looking {
        was_tried: bool,
    },
    There(Handle<M>),
    /// What has that name there is something else.
    Other(LookupError),
}

impl<M: Wire> Opened<M> {
    pub(super) fn new(
        net: Weak<Net>,
        name: Arc<str>,
        local: Group<M>,
        gate: Handle<Passage<M>>,
        number: u64,
    ) -> Arc<Self> {
        Arc::new_cyclic(|me| Self {
            me: me.clone(),
            net,
            name,
            local,
            gate,
            number,
            gates: Group::new(),
            far: Mutex::default(),
            changes: watch::Sender::new(0),
        })
    }

    fn far(&self) -> MutexGuard<'_, BTreeMap<(NodeId, u64), Far<M>>> {
        // Nothing of a user's runs under it.
        self.far.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    /// Waits until each gate that is known to be there was looked for once.
    pub(super) async fn looked(&self) {
        let mut changes = self.changes.subscribe();
        let is_untried = |far: &Far<M>| matches!(far, Far::Looking { was_tried: false });
        while self.far().values().any(is_untried) {
            // The sender is held by this.
            let _ = changes.changed().await;
        }
    }

    /// The first node where something else has the name of this group.
    pub(super) fn other(&self) -> Option<(NodeId, LookupError)> {
        self.far().iter().find_map(|((id, _), far)| match far {
            Far::Other(why) => Some((id.clone(), why.clone())),
            _ => None,
        })
    }

    /// How many nodes have members that cannot be told: they are looked for, or are of something else.
    pub(super) fn out_of_reach(&self) -> usize {
        self.far().values().filter(|far| !matches!(far, Far::There(_))).count()
    }

    fn look(&self, (id, number): (NodeId, u64)) {
        let (Some(net), me, weak) = (self.net.upgrade(), self.me.clone(), self.net.clone()) else {
            return;
        };
        let gate = gate_of(&self.name);
        net.spawn(async move {
            loop {
                let Some(net) = weak.upgrade() else { return };
                let found = lookup::at::<M>(&net, &id.name, &gate, &Protocol::of::<M>()).await;
                drop(net);
                let Some(opened) = me.upgrade() else { return };
                if opened.found((&id, number), found) {
                    return;
                }
                drop(opened);
                sleep(RETRY).await;
            }
        });
    }

    /// Returns whether that settles it.
    fn found(&self, (id, number): (&NodeId, u64), found: Result<Handle<M>, LookupError>) -> bool {
        let mut far = self.far();
        let Some(known) = far
            .get_mut(&(id.clone(), number))
            .filter(|known| matches!(known, Far::Looking { .. }))
        else {
            return true;
        };
        let mut there = None;
        *known = match found {
            Ok(gate) => {
                there = Some(gate.clone());
                Far::There(gate)
            }
            Err(LookupError::NotFound | LookupError::Unreachable(_) | LookupError::NodeDown | LookupError::TooMany) => {
                Far::Looking { was_tried: true }
            }
            Err(why) => {
                tracing::warn!(node = %id, group = &*self.name, %why, "a group of one name has members of something else");
                Far::Other(why)
            }
        };
        let is_settled = !matches!(known, Far::Looking { .. });
        // Under the lock, or it might be put in behind one who takes it out.
        there.map(|gate| self.gates.join(&gate));
        drop(far);
        self.changed();
        is_settled
    }

    /// Who the members at another node are.
    pub(super) async fn members_at(&self, net: &Net, id: &NodeId) -> Result<Vec<Handle<M>>, AskError> {
        let protocol = Protocol::of::<Members<M>>();
        let gate = lookup::at::<Members<M>>(net, &id.name, &members_of(&self.name), &protocol).await;
        let gate = gate.map_err(|_| AskError::NodeDown)?;
        let mut members: Vec<Handle<M>> = Vec::new();
        loop {
            let from = members.len();
            let page = gate.ask(|reply| Members { from, reply }).await?;
            members.extend(page.members);
            if !page.goes_on {
                return Ok(members);
            }
        }
    }
}

impl<M: Wire> Open for Opened<M> {
    fn len(&self) -> usize {
        self.local.len()
    }

    fn gate(&self) -> u64 {
        self.number
    }

    fn interested(&self, nodes: &dyn Fn() -> Vec<(NodeId, u64)>) {
        let mut far = self.far();
        // Asked for under the lock, or an older answer might come behind a newer one.
        let nodes = nodes();
        let gone: Vec<_> = far.keys().filter(|gate| !nodes.contains(gate)).cloned().collect();
        for gate in gone {
            let Some(Far::There(gate)) = far.remove(&gate) else {
                continue;
            };
            // A node that has just started again was found where its former life was looked for.
            let is_meant = |other: &Far<M>| matches!(other, Far::There(other) if *other == gate);
            if !far.values().any(is_meant) {
                self.gates.leave(&gate);
            }
        }
        let fresh: Vec<_> = nodes.into_iter().filter(|gate| !far.contains_key(gate)).collect();
        for gate in &fresh {
            far.insert(gate.clone(), Far::Looking { was_tried: false });
        }
        drop(far);
        fresh.into_iter().for_each(|gate| self.look(gate));
        self.changed();
    }

    fn close(&self) {
        if let Some(net) = self.net.upgrade() {
            net.exports.conceal(&gate_of(&self.name));
            net.exports.conceal(&members_of(&self.name));
        }
        drop(self.gate.stop());
    }

    fn message_type(&self) -> &'static str {
        type_name::<M>()
    }

    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}
