//! Who a member is: a node in one of its stays, with the address where it is found.

use std::fmt;
use std::sync::Arc;

use crate::id::NodeId;

/// Counts the times for which a node was in the cluster. It only grows: of two stays of one name the higher one is the later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stay(pub u64);

impl Stay {
    /// The one after this.
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// A node in one of its stays.
#[derive(Clone)]
pub struct Identity {
    /// Which node, in which life.
    pub id: NodeId,
    /// Which of its stays.
    pub stay: Stay,
    /// Where others reach it. It says nothing about who it is.
    pub address: Arc<str>,
}

impl PartialEq for Identity {
    fn eq(&self, other: &Self) -> bool {
        self.stay == other.stay && self.id == other.id
    }
}

impl Eq for Identity {}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (stay {})", self.id, self.stay.0)
    }
}

impl foca::Identity for Identity {
    /// Foca looks for a member by going through all of them, so this is a number, and lies where the member lies. Two names of one number would be
    /// taken for one member: among 4,096 names that happens once in two million million times.
    type Addr = u64;

    /// The engine decides when a node comes back, and as what.
    fn renew(&self) -> Option<Self> {
        None
    }

    fn addr(&self) -> u64 {
        self.id.name.number()
    }

    fn win_addr_conflict(&self, adversary: &Self) -> bool {
        (self.stay, self.id.incarnation) > (adversary.stay, adversary.id.incarnation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{Incarnation, NodeName};
    use foca::Identity as _;

    fn identity(incarnation: u64, stay: u64) -> Identity {
        Identity {
            id: NodeId {
                name: NodeName::new("a").expect("a name"),
                incarnation: Incarnation(incarnation),
            },
            stay: Stay(stay),
            address: "a:1".into(),
        }
    }

    #[test]
    fn the_later_stay_replaces_the_earlier_one_whatever_the_random_incarnations_are() {
        assert!(identity(1, 8).win_addr_conflict(&identity(9, 7)));
        assert!(!identity(9, 7).win_addr_conflict(&identity(1, 8)));
        assert!(identity(2, 7).win_addr_conflict(&identity(1, 7)));
    }

    #[test]
    fn another_address_is_no_other_member() {
        let mut moved = identity(1, 1);
        moved.address = "b:1".into();
        assert_eq!(moved, identity(1, 1));
        assert_ne!(identity(1, 2), identity(1, 1));
    }
}
