//! Packets of the membership as datagrams, between nodes that have both chosen that.
//!
//! A datagram belongs to a conversation, from which its keys are, and goes on being good when that was closed because nobody needed it. Until the peer
//! has said by one that it hears them, packets go over the connection, each with a datagram that has nothing in it: so where none comes through,
//! nothing is lost but these. What is too long for one goes over the connection, too.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::net::{UdpSocket, lookup_host};
use tokio::time::{Instant, sleep};

use crate::clock::now;
use crate::id::{NodeId, NodeName};
use crate::peer::datagram::{DATAGRAM_BYTES_MAX, KeyId, Keys, Pairing, key_of};
use crate::peer::exports::SessionId;

use super::net::{Net, lock};

/// How many datagrams came and went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DatagramCounts {
    /// Handed to the network.
    pub sent: u64,
    /// From a peer, and taken.
    pub taken: u64,
    /// From somebody who is no peer, changed on the way, or here before.
    pub refused: u64,
}

pub(crate) struct Datagrams {
    socket: UdpSocket,
    /// So many peers are remembered.
    pairs_max: usize,
    pairs: Mutex<Pairs>,
    sent: AtomicU64,
    taken: AtomicU64,
    refused: AtomicU64,
}

#[derive(Default)]
struct Pairs {
    by_name: BTreeMap<NodeName, Pair>,
    by_key: HashMap<KeyId, NodeName>,
}

/// This node and one peer.
struct Pair {
    id: NodeId,
    session: SessionId,
    pairing: Pairing,
    /// Where it is, as its member says, and once that was found, as the network does.
    address: String,
    target: Option<SocketAddr>,
    used: Instant,
}

impl Pairs {
    /// Whose datagrams are under that key.
    fn under(&mut self, key: KeyId) -> Option<&mut Pair> {
        self.by_name.get_mut(self.by_key.get(&key)?)
    }

    fn remove(&mut self, name: &NodeName) {
        if let Some(pair) = self.by_name.remove(name) {
            self.by_key.remove(&pair.pairing.theirs().id());
        }
    }
}

impl Datagrams {
    pub(crate) fn new(socket: UdpSocket, pairs_max: usize) -> Self {
        Self {
            socket,
            pairs_max,
            pairs: Mutex::default(),
            sent: AtomicU64::new(0),
            taken: AtomicU64::new(0),
            refused: AtomicU64::new(0),
        }
    }

    pub(crate) fn counts(&self) -> DatagramCounts {
        DatagramCounts {
            sent: self.sent.load(Ordering::Relaxed),
            taken: self.taken.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
        }
    }

    /// A conversation has begun: its keys take the place of those before.
    pub(super) fn begin(&self, peer: &NodeId, session: SessionId, keys: Keys) {
        let pairing = Pairing::new(keys);
        let mut pairs = lock(&self.pairs);
        pairs.remove(&peer.name);
        if pairs.by_name.len() >= self.pairs_max {
            let eldest = pairs.by_name.iter().min_by_key(|(_, pair)| pair.used);
            let eldest = eldest.map(|(name, _)| name.clone());
            eldest.iter().for_each(|name| pairs.remove(name));
        }
        pairs.by_key.insert(pairing.theirs().id(), peer.name.clone());
        let pair = Pair {
            id: peer.clone(),
            session,
            pairing,
            address: String::new(),
            target: None,
            used: now(),
        };
        pairs.by_name.insert(peer.name.clone(), pair);
    }

    /// A conversation was lost, and what was agreed in it.
    pub(super) fn over(&self, name: &NodeName, session: SessionId) {
        let mut pairs = lock(&self.pairs);
        if pairs.by_name.get(name).is_some_and(|pair| pair.session == session) {
            pairs.remove(name);
        }
    }

    /// A node is gone: if it comes back, that is agreed upon anew.
    pub(super) fn forget(&self, peer: &NodeId) {
        let mut pairs = lock(&self.pairs);
        if pairs.by_name.get(&peer.name).is_some_and(|pair| pair.id == *peer) {
            pairs.remove(&peer.name);
        }
    }

    /// Sends a packet. `false`: it is to go over the connection.
    pub(super) fn send(&self, net: &Arc<Net>, to: &NodeName, address: &str, packet: &[u8]) -> bool {
        let mut pairs = lock(&self.pairs);
        let Some(pair) = pairs.by_name.get_mut(to) else {
            return false;
        };
        pair.used = now();
        if pair.address != address {
            address.clone_into(&mut pair.address);
            pair.target = address.parse().ok();
            if pair.target.is_none() {
                find(net, to.clone(), address.to_owned());
            }
        }
        let Some(target) = pair.target else { return false };
        let is_proven = pair.pairing.is_proven();
        let packet = if is_proven { packet } else { &[] };
        let Some(draft) = pair.pairing.draft(packet.len()) else {
            return false;
        };
        drop(pairs);
        let datagram = draft.seal(packet);
        let went = self.socket.try_send_to(&datagram, target).is_ok();
        self.sent.fetch_add(u64::from(went), Ordering::Relaxed);
        went && is_proven
    }

    /// Where a peer was found; nowhere, and the next packet has it looked for again.
    fn found(&self, name: &NodeName, address: &str, target: Option<SocketAddr>) {
        let mut pairs = lock(&self.pairs);
        if let Some(pair) = pairs.by_name.get_mut(name).filter(|pair| pair.address == address) {
            pair.target = target;
            if target.is_none() {
                pair.address.clear();
            }
        }
    }

    /// The packet in what has come, and whose it is.
    fn open<'a>(&self, datagram: &'a [u8]) -> Option<(NodeId, &'a [u8])> {
        let opened = self.opened(datagram);
        let count = if opened.is_some() { &self.taken } else { &self.refused };
        count.fetch_add(1, Ordering::Relaxed);
        opened
    }

    /// The same. Whoever floods this node has it work, and keeps nobody from sending meanwhile.
    fn opened<'a>(&self, datagram: &'a [u8]) -> Option<(NodeId, &'a [u8])> {
        let id = key_of(datagram)?;
        let key = lock(&self.pairs).under(id)?.pairing.theirs().clone();
        let opened = key.open(datagram).ok()?;
        let mut pairs = lock(&self.pairs);
        // It may have gone; no other has that key.
        let pair = pairs.under(id)?;
        let packet = pair.pairing.take(&opened).ok()?;
        pair.used = now();
        Some((pair.id.clone(), packet))
    }
}

/// Looks up where an address leads to.
fn find(net: &Arc<Net>, name: NodeName, address: String) {
    let finding = net.clone();
    net.spawn(async move {
        let target = match lookup_host(&address).await {
            Ok(mut found) => found.next(),
            Err(why) => {
                tracing::debug!(peer = %name, address, %why, "datagrams cannot be sent there");
                None
            }
        };
        if let Some(datagrams) = finding.packets.datagrams() {
            datagrams.found(&name, &address, target);
        }
    });
}

/// Takes datagrams, for as long as the node is there.
pub(crate) async fn read(net: Arc<Net>) {
    let Some(datagrams) = net.packets.datagrams() else {
        return;
    };
    // One that is longer than it may be does not look like one that is not.
    let mut bytes = vec![0; DATAGRAM_BYTES_MAX + 1];
    loop {
        match datagrams.socket.recv_from(&mut bytes).await {
            Ok((count, _)) => {
                let opened = bytes.get(..count).and_then(|datagram| datagrams.open(datagram));
                if let Some((from, packet)) = opened.filter(|(_, packet)| !packet.is_empty()) {
                    net.packets.came(&from, packet);
                }
            }
            Err(why) => {
                tracing::warn!(%why, "cannot take datagrams");
                sleep(net.config.reconnect_min).await;
            }
        }
    }
}
