//! What is known here of the users of one other server: how they call themselves, and how they are shown.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::user::profile::{ClientId, Profile};

/// The users of one server.
#[derive(Debug, Default)]
pub struct Mirror {
    people: BTreeMap<ClientId, Seen>,
    /// Who was spoken of since the server began to tell of everybody.
    told: Option<BTreeSet<ClientId>>,
}

/// One user.
#[derive(Debug, Clone)]
pub struct Seen {
    /// As its own server says.
    pub says: Arc<Profile>,
    /// As it is shown here: under another nick, while somebody here has that one.
    pub shown: Arc<Profile>,
}

impl Mirror {
    /// From here on, whoever is not spoken of is not there.
    pub fn begin(&mut self) {
        self.told = Some(BTreeSet::new());
    }

    /// Everybody was spoken of who is there. Returns those who are not.
    pub fn end(&mut self) -> Vec<ClientId> {
        let Some(told) = self.told.take() else {
            return Vec::new();
        };
        self.people.keys().filter(|id| !told.contains(id)).copied().collect()
    }

    /// A user is there, and shown so.
    pub fn put(&mut self, id: ClientId, says: Arc<Profile>, shown: Arc<Profile>) {
        if let Some(told) = &mut self.told {
            told.insert(id);
        }
        self.people.insert(id, Seen { says, shown });
    }

    /// A user is no longer there.
    pub fn remove(&mut self, id: ClientId) -> Option<Seen> {
        self.people.remove(&id)
    }

    /// One user.
    pub fn get(&self, id: ClientId) -> Option<&Seen> {
        self.people.get(&id)
    }

    /// Whether nobody is known.
    pub fn is_empty(&self) -> bool {
        self.people.is_empty()
    }

    /// Those who are not shown as they call themselves.
    pub fn hidden(&self) -> Vec<ClientId> {
        let hidden = self.people.iter().filter(|(_, seen)| seen.says.nick != seen.shown.nick);
        hidden.map(|(id, _)| *id).collect()
    }

    /// Forgets everybody.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_not_spoken_of_is_not_there() {
        let mut mirror = Mirror::default();
        for id in 1..=3 {
            mirror.put(id, Profile::of("x"), Profile::of("x"));
        }
        assert!(mirror.end().is_empty(), "nothing was begun");
        mirror.begin();
        mirror.put(2, Profile::of("x"), Profile::of("x"));
        mirror.put(4, Profile::of("x"), Profile::of("x"));
        assert_eq!(mirror.end(), [1, 3]);
    }

    #[test]
    fn those_under_another_nick_are_known() {
        let mut mirror = Mirror::default();
        mirror.put(1, Profile::of("ann"), Profile::of("ann"));
        mirror.put(2, Profile::of("bob"), Profile::of("2"));
        assert_eq!(mirror.hidden(), [2]);
        mirror.put(2, Profile::of("bob"), Profile::of("bob"));
        assert!(mirror.hidden().is_empty());
    }
}
