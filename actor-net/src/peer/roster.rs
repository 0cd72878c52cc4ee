//! Which connection to a node stays, when there might be two.
//!
//! # How it is used
//! Before a dial [`Roster::dialling`], when it has ended without an agreement [`Roster::not_dialling`]. The judge of a
//! [handshake](super::handshake) is [`Roster::judge`]; if that accepts and the handshake ends well, [`Roster::connected`] says which connection is to be closed for
//! it. [`Roster::disconnected`] when a connection ends.

use std::collections::{BTreeMap, VecDeque};

use crate::id::{Incarnation, NodeId, NodeName};
use crate::wire::codes::Refusal;

/// How many replaced lives of one node are remembered.
const STALE_MAX: usize = 16;

/// How many nodes without a connection are remembered, for the sake of their stale lives.
const FORMER_MAX: usize = 4096;

/// A connection, by a number of its own.
pub(crate) type ConnectionId = u64;

/// Who dialled a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialled {
    ByUs,
    ByPeer,
}

#[derive(Debug)]
struct Connected {
    id: ConnectionId,
    incarnation: Incarnation,
    dialled: Dialled,
}

#[derive(Debug, Default)]
struct Entry {
    dialling: bool,
    connected: Option<Connected>,
    last: Option<Incarnation>,
    stale: VecDeque<Incarnation>,
}

/// The nodes that we are, were, or want to be connected to.
#[derive(Debug)]
pub(crate) struct Roster {
    own: NodeName,
    nodes: BTreeMap<NodeName, Entry>,
}

impl Roster {
    pub(crate) fn new(own: NodeName) -> Self {
        Self {
            own,
            nodes: BTreeMap::new(),
        }
    }

    /// A dial to `name` begins. Refused (`false`) if one is under way, or there is a connection.
    pub(crate) fn dialling(&mut self, name: &NodeName) -> bool {
        let entry = self.nodes.entry(name.clone()).or_default();
        let needed = !entry.dialling && entry.connected.is_none();
        entry.dialling |= needed;
        needed
    }

    /// Whether there is a connection.
    pub(crate) fn is_connected(&self, name: &NodeName) -> bool {
        self.nodes.get(name).is_some_and(|entry| entry.connected.is_some())
    }

    /// The dial has ended.
    pub(crate) fn not_dialling(&mut self, name: &NodeName) {
        if let Some(entry) = self.nodes.get_mut(name) {
            entry.dialling = false;
        }
    }

    /// Whether a connection to `peer`, which has proved who it is, is wanted.
    ///
    /// # Errors
    /// The reason for which to refuse it. On `NameTaken`, find out whether the connection that there is still lives: ping it.
    pub(crate) fn judge(&self, peer: &NodeId, dialled: Dialled) -> Result<(), Refusal> {
        let Some(entry) = self.nodes.get(&peer.name) else {
            return Ok(());
        };
        if entry.stale.contains(&peer.incarnation) {
            return Err(Refusal::Stale);
        }
        match &entry.connected {
            Some(other) if other.incarnation != peer.incarnation => Err(Refusal::NameTaken),
            Some(other) if self.stays(&peer.name, other.dialled, dialled) => Err(Refusal::Simultaneous),
            None if dialled == Dialled::ByPeer && entry.dialling && self.own < peer.name => Err(Refusal::Simultaneous),
            Some(_) | None => Ok(()),
        }
    }

    /// Of two connections to one life of a node, whether the one that is there stays. The dial of the smaller name does; of two by the same
    /// side the newer one counts, for that side would not dial if it had the other still.
    fn stays(&self, peer: &NodeName, there: Dialled, newer: Dialled) -> bool {
        let by_smaller = if self.own < *peer {
            Dialled::ByUs
        } else {
            Dialled::ByPeer
        };
        there != newer && there == by_smaller
    }

    /// The handshake has ended well. Returns the connection that is to be closed, since this one takes its place.
    pub(crate) fn connected(&mut self, peer: &NodeId, id: ConnectionId, dialled: Dialled) -> Option<ConnectionId> {
        let entry = self.nodes.entry(peer.name.clone()).or_default();
        if dialled == Dialled::ByUs {
            entry.dialling = false;
        }
        if let Some(last) = entry.last.replace(peer.incarnation)
            && last != peer.incarnation
        {
            entry.stale.push_back(last);
            if entry.stale.len() > STALE_MAX {
                entry.stale.pop_front();
            }
        }
        let incarnation = peer.incarnation;
        let replaced = entry.connected.replace(Connected {
            id,
            incarnation,
            dialled,
        });
        self.forget_former();
        replaced.map(|replaced| replaced.id)
    }

    /// A connection has ended; nothing happens if it had been replaced.
    pub(crate) fn disconnected(&mut self, name: &NodeName, id: ConnectionId) {
        if let Some(entry) = self.nodes.get_mut(name) {
            entry.connected.take_if(|connected| connected.id == id);
        }
    }

    #[cfg(test)]
    /// The connection to a node, with the life it leads to.
    pub(crate) fn connection(&self, name: &NodeName) -> Option<(ConnectionId, Incarnation)> {
        let connected = self.nodes.get(name)?.connected.as_ref()?;
        Some((connected.id, connected.incarnation))
    }

    /// Names are the peers' choice: without a bound, one that holds the secret could fill the memory with them.
    fn forget_former(&mut self) {
        let idle = |entry: &Entry| entry.connected.is_none() && !entry.dialling;
        let excess = self
            .nodes
            .values()
            .filter(|entry| idle(entry))
            .count()
            .saturating_sub(FORMER_MAX);
        if excess > 0 {
            let former: Vec<NodeName> = self
                .nodes
                .iter()
                .filter(|(_, entry)| idle(entry))
                .map(|(name, _)| name.clone())
                .take(excess)
                .collect();
            for name in former {
                self.nodes.remove(&name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Dialled::{ByPeer, ByUs};
    use super::*;

    fn node(name: &str, incarnation: u64) -> NodeId {
        NodeId {
            name: NodeName::new(name).expect("a name"),
            incarnation: Incarnation(incarnation),
        }
    }

    fn roster(own: &str) -> Roster {
        Roster::new(node(own, 0).name)
    }

    #[test]
    fn of_two_dials_at_once_the_one_of_the_smaller_name_stays() {
        let (mut a, mut b) = (roster("a"), roster("b"));
        let (id_a, id_b) = (node("a", 1), node("b", 1));
        assert!(a.dialling(&id_b.name) && b.dialling(&id_a.name));
        assert_eq!(a.judge(&id_b, ByPeer), Err(Refusal::Simultaneous));
        assert_eq!(b.judge(&id_a, ByPeer), Ok(()));
        assert_eq!(b.connected(&id_a, 1, ByPeer), None);
        assert_eq!(a.judge(&id_b, ByUs), Ok(()));
        assert_eq!(a.connected(&id_b, 1, ByUs), None);
        // The dial of b, which was still under way, comes too late in any order.
        assert_eq!(a.judge(&id_b, ByPeer), Err(Refusal::Simultaneous));
        assert_eq!(b.judge(&id_a, ByUs), Err(Refusal::Simultaneous));
    }

    #[test]
    fn a_node_that_dials_again_has_lost_its_connection() {
        let mut b = roster("b");
        assert_eq!(b.connected(&node("a", 1), 1, ByPeer), None);
        assert_eq!(b.judge(&node("a", 1), ByPeer), Ok(()));
        assert_eq!(b.connected(&node("a", 1), 2, ByPeer), Some(1));
        b.disconnected(&node("a", 1).name, 1);
        assert_eq!(b.connection(&node("a", 1).name), Some((2, Incarnation(1))));
    }

    #[test]
    fn a_second_live_node_of_one_name_is_refused_and_a_restarted_one_is_not() {
        let mut b = roster("b");
        b.connected(&node("a", 1), 1, ByPeer);
        assert_eq!(b.judge(&node("a", 2), ByPeer), Err(Refusal::NameTaken));
        b.disconnected(&node("a", 1).name, 1);
        assert_eq!(b.judge(&node("a", 2), ByPeer), Ok(()));
        b.connected(&node("a", 2), 2, ByPeer);
        b.disconnected(&node("a", 2).name, 2);
        assert_eq!(b.judge(&node("a", 1), ByPeer), Err(Refusal::Stale), "it was replaced");
        assert_eq!(b.judge(&node("a", 1), ByUs), Err(Refusal::Stale), "it was replaced");
    }

    #[test]
    fn one_dial_at_a_time() {
        let mut a = roster("a");
        let b = node("b", 1);
        assert!(a.dialling(&b.name));
        assert!(!a.dialling(&b.name));
        a.not_dialling(&b.name);
        assert!(a.dialling(&b.name));
        a.connected(&b, 1, ByUs);
        assert!(!a.dialling(&b.name));
        a.disconnected(&b.name, 1);
        assert!(a.dialling(&b.name));
    }

    /// Whatever order the two dials come in, both sides end with the same connection.
    #[test]
    fn both_sides_keep_the_same_one() {
        for first in [ByUs, ByPeer] {
            for dialling in [[true, true], [true, false], [false, true]] {
                let (mut a, mut b) = (roster("a"), roster("b"));
                let (id_a, id_b) = (node("a", 1), node("b", 1));
                if dialling[0] {
                    a.dialling(&id_b.name);
                }
                if dialling[1] {
                    b.dialling(&id_a.name);
                }
                // 1 is dialled by a, 2 by b; the listener judges first, then the dialler.
                let dials = if first == ByUs { [1, 2] } else { [2, 1] };
                for dial in dials {
                    let (dialler, listener, id_d, id_l, wanted) = match dial {
                        1 => (&mut a, &mut b, &id_a, &id_b, dialling[0]),
                        _ => (&mut b, &mut a, &id_b, &id_a, dialling[1]),
                    };
                    if wanted && listener.judge(id_d, ByPeer).is_ok() && dialler.judge(id_l, ByUs).is_ok() {
                        listener.connected(id_d, dial, ByPeer);
                        dialler.connected(id_l, dial, ByUs);
                    }
                }
                let kept = a.connection(&id_b.name).map(|(id, _)| id);
                assert!(kept.is_some());
                assert_eq!(kept, b.connection(&id_a.name).map(|(id, _)| id));
            }
        }
    }
}
