//! Who a node is, and what stands for one of its actors on the wire.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use crate::chance;

pub use actor_core::wire::ExportId;

/// The longest name that a node may have, in bytes: it has to fit a certificate's name.
pub const NODE_NAME_BYTES_MAX: usize = 63;

/// The name of a node: letters, digits, `-`, `_` and `.`, at most [`NODE_NAME_BYTES_MAX`] of them.
#[derive(Clone)]
pub struct NodeName {
    text: Arc<str>,
    /// Made of the text: most names are told from each other without a look at it.
    number: u64,
}

/// A number for a text, the same everywhere (FNV-1a, with its bits mixed once more).
pub(crate) fn number_of(text: &str) -> u64 {
    let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325, fold);
    let mixed = (hash ^ (hash >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    mixed ^ (mixed >> 32)
}

impl NodeName {
    /// Checks a name. `None` if it is empty, too long, or holds other characters.
    pub fn new(name: &str) -> Option<Self> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let fits = (1..=NODE_NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(plain);
        fits.then(|| Self {
            text: name.into(),
            number: number_of(name),
        })
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The number that stands for the name, the same at all nodes.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }
}

impl PartialEq for NodeName {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number && self.text == other.text
    }
}

impl Eq for NodeName {}

impl PartialOrd for NodeName {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// By the text.
impl Ord for NodeName {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.text.cmp(&other.text)
    }
}

impl Hash for NodeName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.number.hash(state);
    }
}

impl fmt::Display for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// One life of a node: a random number, new at each start.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Incarnation(pub u64);

impl Incarnation {
    /// A new life.
    pub fn random() -> Self {
        Self(u64::from_le_bytes(chance::bytes()))
    }
}

impl fmt::Debug for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// A node in one of its lives. Shown as `name#1a2b3c4d`, with the first half of its incarnation.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId {
    /// What it is called, in every life.
    pub name: NodeName,
    /// Which life this is.
    pub incarnation: Incarnation,
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{:08x}", self.name, self.incarnation.0 >> 32)
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Where the ids of a node come from.
pub(crate) enum Ids {
    /// Nobody can guess them.
    Secret,
    /// The same seed gives the same ones.
    Seeded(Mutex<fastrand::Rng>),
}

impl Ids {
    pub(crate) fn seeded(seed: u64) -> Self {
        Self::Seeded(Mutex::new(fastrand::Rng::with_seed(seed)))
    }

    /// What stands for an actor on the wire from now on.
    pub(crate) fn export(&self) -> ExportId {
        ExportId(match self {
            Self::Secret => u128::from_le_bytes(chance::bytes()),
            Self::Seeded(chance) => chance.lock().unwrap_or_else(PoisonError::into_inner).u128(..),
        })
    }

    /// A new life.
    pub(crate) fn incarnation(&self) -> Incarnation {
        match self {
            Self::Secret => Incarnation::random(),
            Self::Seeded(chance) => Incarnation(chance.lock().unwrap_or_else(PoisonError::into_inner).u64(..)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_and_plain() {
        for good in ["a", "chat-1.eu_west", &"n".repeat(NODE_NAME_BYTES_MAX)] {
            assert!(NodeName::new(good).is_some(), "{good}");
        }
        for bad in ["", "a b", "ä", "a@b", "a/b", &"n".repeat(NODE_NAME_BYTES_MAX + 1)] {
            assert!(NodeName::new(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn what_opens_a_door_is_never_shown_whole() {
        let shown = format!("{:?}", ExportId(0x1234_5678_9abc_def0_1234_5678_9abc_def0));
        assert_eq!(shown, "export 1234…");
        assert_ne!(Ids::Secret.export(), Ids::Secret.export());
    }
}
