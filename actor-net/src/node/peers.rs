//! The other nodes as one sees them from here: those that are connected, and what became of connections before.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::now;
use crate::id::NodeId;
use crate::remote::encounters::Encounter;
use crate::remote::far::Far;
use crate::remote::holdings::Holdings;
use crate::remote::net::lock;
use crate::share::ShareInfo;

use super::Node;

/// A node that this one has a conversation with.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PeerInfo {
    /// Which node, in which life.
    pub id: NodeId,
    /// For how long.
    pub connected_for: Duration,
    /// How long an answer takes, once that was measured.
    pub round_trip: Option<Duration>,
    /// For how long nothing was heard of it.
    pub silent_for: Duration,
    /// Bytes that were read from it in this conversation.
    pub read_bytes: u64,
    /// Bytes that were written to it in this conversation.
    pub written_bytes: u64,
    /// How many bytes may wait to be written to it; how many do is among its holdings.
    pub outbox_bytes_max: usize,
    /// What is kept for its sake; what is known of actors there, and exported, is not told apart by peers.
    pub holdings: Holdings,
}

impl Node {
    /// The nodes that there is a conversation with.
    pub fn peers(&self) -> Vec<PeerInfo> {
        let now = now().into_std();
        let info = |far: &Arc<Far>| {
            let conversation = far.conversation()?;
            let mut holdings = Holdings::default();
            conversation.add_to(&mut holdings);
            let traffic = &conversation.traffic;
            Some(PeerInfo {
                id: far.id.clone(),
                connected_for: now.saturating_duration_since(conversation.since),
                round_trip: conversation.round_trip(),
                silent_for: conversation.silent_for(now),
                read_bytes: traffic.read_bytes(),
                written_bytes: traffic.written_bytes(),
                outbox_bytes_max: self.net().config.outbox_bytes_max,
                holdings,
            })
        };
        self.net().connected().iter().filter_map(info).collect()
    }

    /// What this node shares with others: groups, names and presences that it has opened, each with who takes part and how much they
    /// say, and with so many of the largest groups or keys. It looks at 256 of them at a time, and holds up nobody.
    pub fn shares(&self, largest: usize) -> Vec<ShareInfo> {
        let shares = lock(&self.net().shares).clone();
        let shares = shares.iter();
        shares
            .map(|(name, share)| share.seen(name.trim_start_matches('~'), largest))
            .collect()
    }

    /// What became of the connections with each other node, also with those that there is none with now; at most 1024 are
    /// remembered.
    pub fn encounters(&self) -> Vec<Encounter> {
        self.net().encounters()
    }
}
