//! Who is here under which nick: the rules of the directory without its actor.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::profile::{ClientId, Profile};
use super::request::{Census, Taken};
use crate::protocol::{mask, name};

/// All connections and all nicks. `P` is what the driver keeps for each: the way to reach it.
#[derive(Debug)]
pub struct Book<P> {
    entries: BTreeMap<ClientId, Entry<P>>,
    nicks: HashMap<String, ClientId>,
    marked: Marked,
    most: usize,
    here: usize,
    most_here: usize,
}

/// How many of the registered have a mode that is told of. Each greeting tells it, so it is kept up and not counted.
#[derive(Debug, Default)]
struct Marked {
    operators: usize,
    invisible: usize,
}

impl Marked {
    fn replace(&mut self, old: Option<&Profile>, new: Option<&Profile>) {
        let count = |mark: fn(&Profile) -> bool, before: usize| {
            before + usize::from(new.is_some_and(mark)) - usize::from(old.is_some_and(mark))
        };
        self.operators = count(|profile| profile.operator, self.operators);
        self.invisible = count(|profile| profile.invisible, self.invisible);
    }
}

/// One connection.
#[derive(Debug)]
pub struct Entry<P> {
    /// The user, when it is registered.
    pub profile: Option<Arc<Profile>>,
    /// Since when it is registered, in seconds since the Unix epoch.
    pub since_s: u64,
    /// Whether it is at another server.
    pub far: bool,
    /// How to reach it.
    pub post: P,
}

impl<P> Book<P> {
    /// Nobody is here.
    pub fn new() -> Self {
        Self {
            entries: BTreeMap::new(),
            nicks: HashMap::new(),
            marked: Marked::default(),
            most: 0,
            here: 0,
            most_here: 0,
        }
    }

    /// A connection came, here or at another server.
    pub fn arrive(&mut self, id: ClientId, far: bool, post: P) {
        self.entries.insert(
            id,
            Entry {
                profile: None,
                since_s: 0,
                far,
                post,
            },
        );
    }

    /// A connection claims the nick in `profile`, for the first time or instead of its old one, which is free then.
    ///
    /// # Errors
    /// [`Taken`] changes nothing: the nick is somebody else's, or the connection is unknown.
    pub fn claim(&mut self, id: ClientId, profile: Arc<Profile>, now_s: u64) -> Result<Option<Arc<Profile>>, Taken> {
        let folded = name::fold(&profile.nick);
        if self.nicks.get(&folded).is_some_and(|owner| *owner != id) {
            return Err(Taken);
        }
        let Some(entry) = self.entries.get_mut(&id) else {
            return Err(Taken);
        };
        let old = entry.profile.replace(profile.clone());
        self.marked.replace(old.as_deref(), Some(&profile));
        match &old {
            Some(old) => {
                let old_folded = name::fold(&old.nick);
                if old_folded != folded {
                    self.nicks.remove(&old_folded);
                }
            }
            None => {
                entry.since_s = now_s;
                self.here += usize::from(!entry.far);
            }
        }
        self.nicks.insert(folded, id);
        self.most = self.most.max(self.nicks.len());
        self.most_here = self.most_here.max(self.here);
        Ok(old)
    }

    /// A registered user changed in something other than its nick.
    pub fn change(&mut self, id: ClientId, profile: Arc<Profile>) {
        if let Some(entry) = self.entries.get_mut(&id).filter(|entry| entry.profile.is_some()) {
            self.marked.replace(entry.profile.as_deref(), Some(&profile));
            entry.profile = Some(profile);
        }
    }

    /// A connection ended; its nick is free.
    pub fn remove(&mut self, id: ClientId) -> Option<Entry<P>> {
        let entry = self.entries.remove(&id)?;
        if let Some(profile) = &entry.profile {
            self.nicks.remove(&name::fold(&profile.nick));
            self.marked.replace(Some(profile), None);
            self.here -= usize::from(!entry.far);
        }
        Some(entry)
    }

    /// A connection's entry.
    pub fn entry(&self, id: ClientId) -> Option<&Entry<P>> {
        self.entries.get(&id)
    }

    /// A connection's entry, to change the driver's part of it.
    pub fn entry_mut(&mut self, id: ClientId) -> Option<&mut Entry<P>> {
        self.entries.get_mut(&id)
    }

    /// The registered user of that nick.
    pub fn by_nick(&self, nick: &str) -> Option<(ClientId, &Entry<P>)> {
        let id = *self.nicks.get(&name::fold(nick))?;
        self.entries.get(&id).map(|entry| (id, entry))
    }

    /// All registered users, in order of connection.
    pub fn users(&self) -> impl Iterator<Item = (ClientId, &Arc<Profile>, &Entry<P>)> {
        self.entries
            .iter()
            .filter_map(|(id, entry)| entry.profile.as_ref().map(|profile| (*id, profile, entry)))
    }

    /// Users who match `wanted`. The invisible are found only by themselves and by those in `near`.
    pub fn search(&self, asker: ClientId, wanted: &str, near: &HashSet<ClientId>) -> Vec<ClientId> {
        let matches = |profile: &Profile| {
            [&profile.nick, &profile.user, &profile.host, &profile.realname]
                .into_iter()
                .any(|part| mask::matches(wanted, part))
        };
        let visible = |id: ClientId, profile: &Profile| !profile.invisible || id == asker || near.contains(&id);
        self.users()
            .filter(|(id, profile, _)| visible(*id, profile) && matches(profile))
            .map(|(id, ..)| id)
            .collect()
    }

    /// How many there are.
    pub fn census(&self) -> Census {
        let registered = self.nicks.len();
        Census {
            visible: registered - self.marked.invisible,
            invisible: self.marked.invisible,
            operators: self.marked.operators,
            unregistered: self.entries.len() - registered,
            most: self.most,
            here: self.here,
            most_here: self.most_here,
        }
    }
}

impl<P> Default for Book<P> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book() -> Book<()> {
        let mut book = Book::new();
        for id in 1..=3 {
            book.arrive(id, id == 3, ());
        }
        book
    }

    #[test]
    fn a_nick_belongs_to_one_connection_whatever_its_spelling() {
        let mut book = book();
        assert_eq!(book.claim(1, Profile::of("Ann"), 5), Ok(None));
        assert_eq!(book.claim(2, Profile::of("ANN"), 5), Err(Taken));
        assert!(book.claim(1, Profile::of("ann"), 6).is_ok());
        assert_eq!(book.by_nick("aNN").map(|(id, entry)| (id, entry.since_s)), Some((1, 5)));
    }

    #[test]
    fn a_new_nick_frees_the_old_one_and_so_does_leaving() {
        let mut book = book();
        book.claim(1, Profile::of("ann"), 0).unwrap();
        let old = book.claim(1, Profile::of("eve"), 0).unwrap();
        assert_eq!(old.unwrap().nick, "ann");
        assert!(book.claim(2, Profile::of("ann"), 0).is_ok());
        book.remove(1);
        assert!(book.claim(3, Profile::of("eve"), 0).is_ok());
    }

    #[test]
    fn a_connection_that_is_gone_can_claim_nothing() {
        let mut book = book();
        book.remove(1);
        assert_eq!(book.claim(1, Profile::of("ann"), 0), Err(Taken));
        assert!(book.by_nick("ann").is_none());
    }

    #[test]
    fn the_census_counts_everybody_once() {
        let mut book = book();
        book.claim(1, Profile::of("ann"), 0).unwrap();
        book.claim(
            2,
            Arc::new(Profile {
                nick: "op".to_owned(),
                operator: true,
                invisible: true,
                ..Profile::default()
            }),
            0,
        )
        .unwrap();
        book.remove(1);
        assert_eq!(
            book.census(),
            Census {
                visible: 0,
                invisible: 1,
                operators: 1,
                unregistered: 1,
                most: 2,
                here: 1,
                most_here: 2,
            }
        );
        book.change(2, Profile::of("op"));
        book.claim(2, Profile::of("OP"), 0).unwrap();
        let census = book.census();
        assert_eq!((census.visible, census.invisible, census.operators), (1, 0, 0));
        book.remove(2);
        assert_eq!(
            book.census(),
            Census {
                unregistered: 1,
                most: 2,
                most_here: 2,
                ..Census::default()
            }
        );
    }

    #[test]
    fn the_invisible_are_found_by_friends_only() {
        let mut book = book();
        book.claim(
            1,
            Arc::new(Profile {
                nick: "shy".to_owned(),
                invisible: true,
                ..Profile::default()
            }),
            0,
        )
        .unwrap();
        assert!(book.search(2, "s*", &HashSet::new()).is_empty());
        assert_eq!(book.search(2, "s*", &HashSet::from([1])), [1]);
        assert_eq!(book.search(1, "s*", &HashSet::new()), [1]);
    }
}
