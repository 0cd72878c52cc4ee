//! Who an actor is: a number that is never used twice, with a path for people to read.

use std::fmt;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The longest name an actor may have, in bytes.
pub const NAME_BYTES_MAX: usize = 255;

/// Identifies one actor for as long as the process lives; a new actor under an old name has a new id.
///
/// The id outlives supervised restarts: they change the state behind the address and not the address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActorId(NonZeroU64);

impl ActorId {
    /// Ids are unique in the process and not in a system alone, so that handles of two systems never compare equal.
    pub(crate) fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        Self(NonZeroU64::new(id).unwrap_or(NonZeroU64::MAX))
    }

    #[cfg(feature = "metrics")]
    pub(crate) fn number(self) -> u64 {
        self.0.get()
    }
}

impl fmt::Display for ActorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

impl fmt::Debug for ActorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Where an actor stands in its tree, as `/system/parent/name`.
///
/// A path is for reading and for logs. It is not an address: look actors up in the [`Registry`](crate::Registry).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ActorPath(Arc<Segment>);

#[derive(PartialEq, Eq, Hash)]
struct Segment {
    parent: Option<ActorPath>,
    name: Name,
}

/// A name of so many bytes at most lies in its path.
const SHORT: usize = 14;

/// Most are short, and need no room of their own. Each is kept in one of the two ways, so that equal ones are equal.
#[derive(PartialEq, Eq, Hash)]
enum Name {
    Short {
        len: u8,
        bytes: [u8; SHORT],
    },
    /// Twice, as the word that tells how long it is would be one more in each path.
    Long(Box<Box<str>>),
}

impl Name {
    fn new(name: &str) -> Self {
        let mut bytes = [0; SHORT];
        match bytes.get_mut(..name.len()) {
            Some(place) => {
                place.copy_from_slice(name.as_bytes());
                Self::Short {
                    len: name.len() as u8,
                    bytes,
                }
            }
            None => Self::Long(Box::new(name.into())),
        }
    }

    fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Short { len, bytes } => &bytes[..usize::from(*len)],
            Self::Long(name) => name.as_bytes(),
        }
    }

    fn as_str(&self) -> &str {
        match self {
            // Made of a `str`, so that it is one.
            Self::Short { .. } => str::from_utf8(self.as_bytes()).unwrap_or_default(),
            Self::Long(name) => name,
        }
    }
}

impl ActorPath {
    pub(crate) fn root(name: &str) -> Self {
        Self(Arc::new(Segment {
            parent: None,
            name: Name::new(name),
        }))
    }

    pub(crate) fn child(&self, name: &str) -> Self {
        Self(Arc::new(Segment {
            parent: Some(self.clone()),
            name: Name::new(name),
        }))
    }

    /// The path of an actor at another node, whose name tells so: `/demo/rooms/lobby@b`.
    #[cfg(feature = "wire")]
    pub(crate) fn far(path: &str, node: &str) -> Self {
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        let far = format!("{name}@{node}");
        let above = above.split('/').filter(|part| !part.is_empty());
        let above = above.fold(None, |above: Option<Self>, part| {
            Some(above.map_or_else(|| Self::root(part), |above| above.child(part)))
        });
        above.map_or_else(|| Self::root(&far), |above| above.child(&far))
    }

    /// The last part of the path: the name given at spawn.
    pub fn name(&self) -> &str {
        self.0.name.as_str()
    }

    /// The same as bytes.
    pub(crate) fn name_bytes(&self) -> &[u8] {
        self.0.name.as_bytes()
    }

    /// Whether `other` is the parent of this actor, or of one of its parents.
    pub(crate) fn is_below(&self, other: &ActorPath) -> bool {
        let mut above = self.parent();
        while let Some(path) = above {
            // The very same actor, and not one of the same name in another system.
            if Arc::ptr_eq(&path.0, &other.0) {
                return true;
            }
            above = path.parent();
        }
        false
    }

    /// The path of the actor's parent; `None` for the root of a system.
    pub fn parent(&self) -> Option<&ActorPath> {
        self.0.parent.as_ref()
    }
}

impl fmt::Display for ActorPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = &self.0.parent {
            fmt::Display::fmt(parent, f)?;
        }
        write!(f, "/{}", self.name())
    }
}

impl fmt::Debug for ActorPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Says why `name` cannot name an actor, or nothing if it can.
pub(crate) fn fault_in_name(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        Some("it is empty")
    } else if name.len() > NAME_BYTES_MAX {
        Some("it is longer than 255 bytes")
    } else if name.bytes().all(|byte| matches!(byte, b' '..=b'.' | b'0'..=b'~')) {
        // As nearly all are.
        None
    } else if name.contains('/') {
        Some("it contains '/', which separates the parts of a path")
    } else if name.chars().any(char::is_control) {
        Some("it contains a control character")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_from_the_root_down() {
        let path = ActorPath::root("demo").child("rooms").child("lobby");
        assert_eq!(path.to_string(), "/demo/rooms/lobby");
        assert_eq!(path.name(), "lobby");
        assert_eq!(path.parent().map(ActorPath::to_string).as_deref(), Some("/demo/rooms"));
    }

    #[test]
    fn a_name_is_read_as_it_was_given_and_equal_ones_are_equal_wherever_they_are_kept() {
        let root = ActorPath::root("demo");
        for bytes in [0, 1, SHORT - 1, SHORT, SHORT + 1, NAME_BYTES_MAX] {
            let name = "x".repeat(bytes);
            let path = root.child(&name);
            assert_eq!(path.name(), name);
            assert_eq!(path.name_bytes(), name.as_bytes());
            assert_eq!(path.to_string(), format!("/demo/{name}"));
            assert!(path == root.child(&name) && path != root.child(&format!("{name}x")));
        }
        assert_eq!(root.child("Zürich").name(), "Zürich");
        assert!(root.child("a") != root.child("a\0"));
    }

    #[test]
    fn a_short_name_takes_no_room_of_its_own() {
        assert!(size_of::<Segment>() <= 3 * size_of::<usize>());
    }

    #[test]
    fn ids_are_never_the_same() {
        assert_ne!(ActorId::next(), ActorId::next());
    }

    #[test]
    fn a_name_that_would_confuse_a_path_is_refused_with_the_reason() {
        assert_eq!(fault_in_name("room:lobby"), None);
        for good in ["a b", "#!~", "Zürich", "名前", &"x".repeat(255)] {
            assert_eq!(fault_in_name(good), None, "{good:?} was refused");
        }
        for bad in ["", "a/b", "/", "a\nb", "a\u{7f}", "a\u{85}", &"x".repeat(256)] {
            assert!(fault_in_name(bad).is_some(), "{bad:?} passed");
        }
    }
}
