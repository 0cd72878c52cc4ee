//! What a channel is apart from who is in it: topic, switches, key, limit, lists.

use serde::{Deserialize, Serialize};

use crate::protocol::mask;
use crate::protocol::mode::{Change, FLAGS, Flag, ListKind};

/// A channel's settings. A room keeps a copy of them outside of itself, so that a restart loses none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charter {
    /// When it came to be, in seconds since the Unix epoch.
    pub created_s: u64,
    /// What it is about.
    pub topic: Option<Topic>,
    flags: u8,
    /// The word that a JOIN must bring.
    pub key: Option<String>,
    /// How many members it may have.
    pub limit: Option<u32>,
    masks: Vec<Mask>,
}

/// A topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Topic {
    /// The text, never empty.
    pub text: String,
    /// Who set it, as `nick!user@host`.
    pub by: String,
    /// When, in seconds since the Unix epoch.
    pub at_s: u64,
}

/// An entry of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mask {
    /// Which list.
    pub kind: ListKind,
    /// The mask, complete.
    pub mask: String,
    /// Who set it, as `nick!user@host`.
    pub by: String,
    /// When, in seconds since the Unix epoch.
    pub at_s: u64,
}

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It is made.
    Made,
    /// It was so already.
    Idle,
    /// The lists have no room.
    Full,
}

impl Charter {
    /// A new channel: nobody speaks from outside, and operators set the topic.
    pub fn new(created_s: u64) -> Self {
        let flags = bit(Flag::NoExternal) | bit(Flag::TopicLocked);
        Self {
            created_s,
            topic: None,
            flags,
            key: None,
            limit: None,
            masks: Vec::new(),
        }
    }

    /// Whether a switch is on.
    pub fn has(&self, flag: Flag) -> bool {
        self.flags & bit(flag) != 0
    }

    /// Whether somebody with this source is on a list.
    pub fn lists(&self, kind: ListKind, source: &str) -> bool {
        self.masks
            .iter()
            .any(|entry| entry.kind == kind && mask::matches(&entry.mask, source))
    }

    /// Banned, and not excepted.
    pub fn bans(&self, source: &str) -> bool {
        self.lists(ListKind::Ban, source) && !self.lists(ListKind::Exception, source)
    }

    /// The entries of one list, in the order in which they were set.
    pub fn list(&self, kind: ListKind) -> impl Iterator<Item = &Mask> {
        self.masks.iter().filter(move |entry| entry.kind == kind)
    }

    /// Makes a change that concerns no member. Ranks are none of its business and are [`Effect::Idle`].
    pub fn change(&mut self, change: &Change, by: &str, at_s: u64, masks_max: usize) -> Effect {
        let changed = match change {
            Change::Flag(set, flag) => {
                let before = self.flags;
                self.flags = if *set {
                    before | bit(*flag)
                } else {
                    before & !bit(*flag)
                };
                self.flags != before
            }
            Change::Key(key) => std::mem::replace(&mut self.key, key.clone()) != *key,
            Change::Limit(limit) => std::mem::replace(&mut self.limit, *limit) != *limit,
            Change::List(true, kind, mask) => {
                if self.list(*kind).any(|entry| entry.mask.eq_ignore_ascii_case(mask)) {
                    return Effect::Idle;
                }
                if self.masks.len() >= masks_max {
                    return Effect::Full;
                }
                self.masks.push(Mask {
                    kind: *kind,
                    mask: mask.clone(),
                    by: by.to_owned(),
                    at_s,
                });
                true
            }
            Change::List(false, kind, mask) => {
                let before = self.masks.len();
                self.masks
                    .retain(|entry| entry.kind != *kind || !entry.mask.eq_ignore_ascii_case(mask));
                self.masks.len() != before
            }
            Change::Rank(..) => false,
        };
        if changed { Effect::Made } else { Effect::Idle }
    }

    /// The changes that make this of `before`. The topic is none of them.
    pub fn differences(&self, before: &Self) -> Vec<Change> {
        let mut changes = Vec::new();
        for mask in before.masks.iter().filter(|mask| !self.holds(mask)) {
            changes.push(Change::List(false, mask.kind, mask.mask.clone()));
        }
        for mask in self.masks.iter().filter(|mask| !before.holds(mask)) {
            changes.push(Change::List(true, mask.kind, mask.mask.clone()));
        }
        if self.key != before.key {
            changes.push(Change::Key(self.key.clone()));
        }
        if self.limit != before.limit {
            changes.push(Change::Limit(self.limit));
        }
        let turned = FLAGS.into_iter().filter(|flag| self.has(*flag) != before.has(*flag));
        changes.extend(turned.map(|flag| Change::Flag(self.has(flag), flag)));
        changes
    }

    fn holds(&self, mask: &Mask) -> bool {
        self.list(mask.kind)
            .any(|entry| entry.mask.eq_ignore_ascii_case(&mask.mask))
    }

    /// The mode string and its parameters for `RPL_CHANNELMODEIS`; the key only for those who are inside.
    pub fn modes(&self, inside: bool) -> Vec<String> {
        let mut modes: String = std::iter::once('+')
            .chain(FLAGS.into_iter().filter(|flag| self.has(*flag)).map(Flag::letter))
            .collect();
        let mut params = Vec::new();
        if let Some(key) = &self.key {
            modes.push('k');
            params.push(if inside { key.clone() } else { "*".to_owned() });
        }
        if let Some(limit) = self.limit {
            modes.push('l');
            params.push(limit.to_string());
        }
        params.insert(0, modes);
        params
    }

    /// The sign before the channel in `RPL_NAMREPLY`.
    pub fn symbol(&self) -> &'static str {
        if self.has(Flag::Secret) { "@" } else { "=" }
    }
}

fn bit(flag: Flag) -> u8 {
    1 << (flag as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_say_whether_they_changed_anything() {
        let mut charter = Charter::new(0);
        let mut change = |change| charter.change(&change, "op", 1, 2);
        assert_eq!(change(Change::Flag(true, Flag::NoExternal)), Effect::Idle);
        assert_eq!(change(Change::Key(Some("k".to_owned()))), Effect::Made);
        let ban = |set, mask: &str| Change::List(set, ListKind::Ban, mask.to_owned());
        assert_eq!(change(ban(true, "a!*@*")), Effect::Made);
        assert_eq!(change(ban(true, "A!*@*")), Effect::Idle);
        assert_eq!(change(ban(true, "b!*@*")), Effect::Made);
        assert_eq!(change(ban(true, "c!*@*")), Effect::Full);
        assert_eq!(change(ban(false, "A!*@*")), Effect::Made);
        assert_eq!(charter.modes(true), ["+ntk", "k"]);
        assert_eq!(charter.modes(false), ["+ntk", "*"]);
    }

    #[test]
    fn the_differences_make_one_of_the_other() {
        let mut before = Charter::new(0);
        for change in [
            Change::Key(Some("k".to_owned())),
            Change::List(true, ListKind::Ban, "a!*@*".to_owned()),
            Change::Flag(true, Flag::Moderated),
        ] {
            before.change(&change, "op", 1, 9);
        }
        let mut after = Charter::new(0);
        for change in [
            Change::Limit(Some(3)),
            Change::List(true, ListKind::Exception, "a!*@*".to_owned()),
            Change::Flag(false, Flag::NoExternal),
        ] {
            after.change(&change, "op", 1, 9);
        }
        let changes = after.differences(&before);
        assert_eq!(changes.len(), 6, "{changes:?}");
        for change in &changes {
            assert_eq!(before.change(change, "op", 1, 9), Effect::Made);
        }
        assert_eq!(before, after);
        assert!(after.differences(&before).is_empty());
    }

    #[test]
    fn an_exception_lifts_a_ban() {
        let mut charter = Charter::new(0);
        charter.change(&Change::List(true, ListKind::Ban, "*!*@*".to_owned()), "op", 1, 9);
        assert!(charter.bans("a!b@c"));
        charter.change(&Change::List(true, ListKind::Exception, "a!*@*".to_owned()), "op", 1, 9);
        assert!(!charter.bans("a!b@c") && charter.bans("x!b@c"));
    }
}
