//! What the cluster looks like from here: its members, and what becomes of them.

use std::sync::Arc;
use std::time::Instant;

use super::card::Profile;
use super::identity::Stay;
use super::policy::Standing;
use crate::id::{NodeId, NodeName};

/// How far a member has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum MemberState {
    /// It is there; what it says of itself is not known here yet. Of this very node: it looks for the others.
    Joining,
    /// It takes part.
    Up,
    /// It has said that it will go.
    Leaving,
    /// Its stay is over.
    Down,
}

/// Why a member counts as unreachable. It is no verdict, and is taken back when the member is heard of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspicion {
    /// Who this node has it from: itself, or the member that told it.
    pub by: NodeName,
    /// Since when, here.
    pub since: Instant,
}

/// A member of the cluster, as it is seen from here.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Member {
    /// Which node, in which life.
    pub id: NodeId,
    /// Which of its stays. A node that was taken for down comes back in a new one, with the same life.
    pub stay: Stay,
    /// Where it is reached.
    pub address: Arc<str>,
    /// How far it has come.
    pub state: MemberState,
    /// Why it counts as unreachable, if it does.
    pub unreachable: Option<Suspicion>,
    /// What it says of itself.
    pub profile: Arc<Profile>,
}

/// How a stay has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Gone {
    /// It left as planned.
    Left,
    /// It was found to be down.
    Down,
    /// The node is there again in another stay, or another life.
    Replaced,
}

/// What has become of the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MemberEvent {
    /// A member is up.
    Up(Member),
    /// A member says something else of itself.
    Updated(Member),
    /// A member is about to leave.
    Leaving(Member),
    /// A member cannot be reached; why is in it. That can be taken back.
    Unreachable(Member),
    /// A member can be reached after all.
    Reachable(Member),
    /// A member's stay is over, for good.
    Gone(Member, Gone),
    /// This node's stay had been ended by the others, and it has begun another one.
    Rejoined {
        /// The one that is over.
        before: Stay,
        /// The new one.
        stay: Stay,
    },
    /// The side of the cluster that is reached from here may, or may no longer, hold what must be single.
    Standing(Standing),
}
