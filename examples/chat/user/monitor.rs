//! Who wants to hear of which nick coming and going (MONITOR).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::profile::ClientId;
use crate::protocol::name;

/// Watchers by nick and nicks by watcher, bounded for each watcher.
#[derive(Debug)]
pub struct Monitors {
    watchers: HashMap<String, BTreeSet<ClientId>>,
    targets: HashMap<ClientId, BTreeMap<String, String>>,
    per_client_max: usize,
}

impl Monitors {
    /// Each client may watch up to `per_client_max` nicks.
    pub fn new(per_client_max: usize) -> Self {
        Self {
            watchers: HashMap::new(),
            targets: HashMap::new(),
            per_client_max,
        }
    }

    /// Adds `nick` to the client's list; `false` if the list is full.
    pub fn add(&mut self, client: ClientId, nick: &str) -> bool {
        let folded = name::fold(nick);
        let targets = self.targets.entry(client).or_default();
        if targets.len() >= self.per_client_max && !targets.contains_key(&folded) {
            return false;
        }
        targets.entry(folded.clone()).or_insert_with(|| nick.to_owned());
        self.watchers.entry(folded).or_default().insert(client);
        true
    }

    /// Takes `nick` off the client's list.
    pub fn remove(&mut self, client: ClientId, nick: &str) {
        let folded = name::fold(nick);
        if let Some(targets) = self.targets.get_mut(&client) {
            targets.remove(&folded);
            if targets.is_empty() {
                self.targets.remove(&client);
            }
        }
        self.unwatch(client, &folded);
    }

    /// Empties the client's list.
    pub fn clear(&mut self, client: ClientId) {
        for folded in self.targets.remove(&client).unwrap_or_default().into_keys() {
            self.unwatch(client, &folded);
        }
    }

    /// The client's list, as it was spelled.
    pub fn list(&self, client: ClientId) -> Vec<String> {
        self.targets
            .get(&client)
            .map(|targets| targets.values().cloned().collect())
            .unwrap_or_default()
    }

    /// Who is to hear of `nick`.
    pub fn watching(&self, nick: &str) -> impl Iterator<Item = ClientId> + '_ {
        self.watchers.get(&name::fold(nick)).into_iter().flatten().copied()
    }

    fn unwatch(&mut self, client: ClientId, folded: &str) {
        if let Some(watchers) = self.watchers.get_mut(folded) {
            watchers.remove(&client);
            if watchers.is_empty() {
                self.watchers.remove(folded);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_kept_without_regard_to_case_and_within_its_bound() {
        let mut monitors = Monitors::new(2);
        assert!(monitors.add(1, "Bob") && monitors.add(1, "bob") && monitors.add(1, "eve"));
        assert!(!monitors.add(1, "dan"));
        assert_eq!(monitors.list(1), ["Bob", "eve"]);
        monitors.remove(1, "BOB");
        assert_eq!(monitors.watching("bob").count(), 0);
        assert_eq!(monitors.watching("EVE").collect::<Vec<_>>(), [1]);
    }

    #[test]
    fn who_leaves_leaves_nothing_behind() {
        let mut monitors = Monitors::new(2);
        monitors.add(1, "a");
        monitors.add(2, "a");
        monitors.clear(1);
        assert_eq!(monitors.watching("a").collect::<Vec<_>>(), [2]);
        monitors.clear(2);
        assert!(monitors.watchers.is_empty() && monitors.targets.is_empty());
    }
}
