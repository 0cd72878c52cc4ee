//! Nicks that are no longer in use, for WHOWAS.

use std::collections::VecDeque;
use std::sync::Arc;

use super::profile::Profile;
use crate::protocol::name;

/// The most recent entries, bounded.
#[derive(Debug)]
pub struct Former {
    entries: VecDeque<(Arc<Profile>, u64)>,
    entries_max: usize,
}

impl Former {
    /// Remembers up to `entries_max`.
    pub fn new(entries_max: usize) -> Self {
        Self {
            entries: VecDeque::new(),
            entries_max,
        }
    }

    /// Records that `profile`'s nick was given up at `unix_ms`; the oldest entry makes room.
    pub fn record(&mut self, profile: Arc<Profile>, unix_ms: u64) {
        if self.entries.len() >= self.entries_max {
            self.entries.pop_back();
        }
        self.entries.push_front((profile, unix_ms));
    }

    /// Who had `nick`, the latest first, up to `count_max`.
    pub fn find(&self, nick: &str, count_max: usize) -> Vec<(Arc<Profile>, u64)> {
        self.entries
            .iter()
            .filter(|(profile, _)| name::same(&profile.nick, nick))
            .take(count_max)
            .cloned()
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_comes_first_and_the_oldest_is_forgotten() {
        let mut former = Former::new(2);
        for (user, at) in [("a", 1), ("b", 2), ("c", 3)] {
            let profile = Profile {
                nick: "Nick".to_owned(),
                user: user.to_owned(),
                ..Profile::default()
            };
            former.record(Arc::new(profile), at);
        }
        let users: Vec<String> = former
            .find("nick", 9)
            .iter()
            .map(|(profile, _)| profile.user.clone())
            .collect();
        assert_eq!(users, ["c", "b"]);
        assert_eq!(former.find("nick", 1).len(), 1);
    }
}
