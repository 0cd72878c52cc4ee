//! What nodes share, as one sees it from outside.

use std::sync::Arc;
use std::time::Duration;

use crate::id::NodeId;

/// What nodes share by one service, as this node knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShareInfo {
    /// The service: `groups`, `names`, or `presence/` with the name of the presence.
    pub service: String,
    /// How many groups have members, names are held, or keys are there.
    pub keys: usize,
    /// The nodes that take part: this one first, the others by name.
    pub nodes: Vec<SharerInfo>,
    /// The keys with the most entries, those first; as many as were asked for.
    pub largest: Vec<KeyInfo>,
}

/// One node's part in a service.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SharerInfo {
    /// The node.
    pub id: NodeId,
    /// How many entries it has: one for each group with members there, each session, or each name.
    pub entries: usize,
    /// For how long it has been out of reach; what it had stays for a while.
    pub lost_for: Option<Duration>,
    /// It has said more than it may, and is not listened to until it is met again.
    pub is_ignored: bool,
}

/// A group, a key of a presence, or a name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyInfo {
    /// Its name.
    pub name: Arc<str>,
    /// Where its members, sessions or holder are, and how many of them; by name.
    pub nodes: Vec<(NodeId, usize)>,
}

/// A service of any kind, to be seen.
pub(crate) trait Seen: Send + Sync {
    /// With so many of its largest keys.
    fn seen(&self, service: &str, largest: usize) -> ShareInfo;
}
