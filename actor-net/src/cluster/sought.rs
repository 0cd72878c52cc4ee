//! What has become of the places where members may be, and what follows of it: pure.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use crate::error::Closed;
use crate::id::NodeName;
use crate::membership::Member;
use crate::wire::codes::Refusal;

/// A node that finds nobody says so when it has looked so often, and again after so many times more.
const SAID_FIRST: u32 = 5;
const SAID_EVERY: u32 = 60;

/// What a node that has looked at all places does now.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// It is a member, or has met one.
    Joined,
    /// It may begin a cluster of its own.
    First,
    /// It goes on looking; and says so now, if nobody was to be reached for long.
    Vain {
        /// Why nobody was there, for each address.
        told: Option<Vec<String>>,
    },
}

/// What one answer means for whoever runs this node.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// It was this node itself.
    Itself,
    /// That does not pass by itself, and was not said yet.
    ForGood(Closed),
    /// It may be otherwise the next time.
    ForNow(Closed),
}

/// Whether two nodes will refuse each other until somebody changes one of them.
fn is_lasting(why: &Closed) -> bool {
    use Refusal::{Cluster, Codec, Malformed, Method, Name, Proof, Version};
    let (Closed::Refused { code, .. } | Closed::RefusedByPeer { code, .. }) = why else {
        return false;
    };
    matches!(code, Version | Cluster | Name | Proof | Method | Codec | Malformed)
}

/// Where members may be, as far as the sources have said.
fn named(said: &BTreeMap<usize, BTreeSet<String>>) -> BTreeSet<&str> {
    said.values().flatten().map(String::as_str).collect()
}

/// What is known of all places so far.
#[derive(Default)]
pub(super) struct Sought {
    /// What each source has said last, and what was wrong with it since.
    said: BTreeMap<usize, BTreeSet<String>>,
    fails: BTreeMap<usize, String>,
    /// Who was found where: a member may be known by another address than the one that leads to it.
    found: BTreeMap<String, NodeName>,
    /// Whose own address that was when it was looked at last.
    homes: BTreeMap<String, NodeName>,
    refused: BTreeMap<String, Closed>,
    /// Of this time alone.
    has_met: bool,
    vain: BTreeMap<String, Closed>,
    /// How often nobody was there, one time after the other.
    in_vain: u32,
}

impl Sought {
    /// A source has said where members may be; gives what was wrong with it until now.
    pub(super) fn said(&mut self, source: usize, addresses: Vec<String>) -> Option<String> {
        self.said.insert(source, addresses.into_iter().collect());
        self.fails.remove(&source)
    }

    /// A source did not say; gives what is done meanwhile, unless that was said: it is asked again and again.
    pub(super) fn failed(&mut self, source: usize, why: &impl Display) -> Option<String> {
        let why = why.to_string();
        if self.fails.get(&source) == Some(&why) {
            return None;
        }
        self.fails.insert(source, why);
        Some(match self.said.get(&source) {
            Some(addresses) => format!("goes on with what it said last: {addresses:?}"),
            None => "does not begin a cluster of its own until it is known".to_owned(),
        })
    }

    /// Those where no member is known. There is no end to looking, so nobody goes through all members for an address of which it is known whose it
    /// is; they are in the order of their names.
    pub(super) fn open(&mut self, members: &[Member]) -> Vec<String> {
        let member = |name: &str| {
            let at = members
                .binary_search_by(|member| member.id.name.as_str().cmp(name))
                .ok()?;
            Some(&members[at])
        };
        (self.has_met, self.vain) = (false, BTreeMap::new());
        let mut open = Vec::new();
        for address in named(&self.said) {
            let found = self.found.get(address).map(NodeName::as_str);
            let home = self.homes.get(address).and_then(|name| member(name.as_str()));
            if member(address).is_some()
                || found.and_then(member).is_some()
                || home.is_some_and(|member| *member.address == *address)
            {
                continue;
            }
            match members.iter().find(|member| *member.address == *address) {
                Some(member) => drop(self.homes.insert(address.to_owned(), member.id.name.clone())),
                None => open.push(address.to_owned()),
            }
        }
        open
    }

    /// Somebody of this cluster is there.
    pub(super) fn met(&mut self, address: &str, name: &NodeName) {
        self.has_met = true;
        self.refused.remove(address);
        self.found.insert(address.to_owned(), name.clone());
    }

    /// Nobody who wants this node, called `own`, is there. `was_called`: it has heard itself meanwhile, without which anybody could say
    /// of himself that he is this one.
    pub(super) fn refused(&mut self, address: &str, why: Closed, own: &NodeName, was_called: bool) -> Refused {
        let itself = Refusal::Itself;
        if was_called && matches!(&why, Closed::RefusedByPeer { code, .. } if *code == itself) {
            self.found.insert(address.to_owned(), own.clone());
            return Refused::Itself;
        }
        if is_lasting(&why) && self.refused.get(address) != Some(&why) {
            self.refused.insert(address.to_owned(), why.clone());
            return Refused::ForGood(why);
        }
        self.vain.insert(address.to_owned(), why.clone());
        Refused::ForNow(why)
    }

    /// All have been tried, for the node of this name, which is reached at `own_address` and has so many `sources`. It may be the first if it is one of those that
    /// were named, or if nobody was; and never while a source has yet to say: others could be there.
    pub(super) fn turn(&mut self, own: &NodeName, own_address: Option<&str>, sources: usize, is_joining: bool) -> Turn {
        let named = named(&self.said);
        self.found.retain(|address, _| named.contains(address.as_str()));
        self.homes.retain(|address, _| named.contains(address.as_str()));
        self.refused.retain(|address, _| named.contains(address.as_str()));
        let is_named =
            own_address.is_some_and(|address| named.contains(address)) || self.found.values().any(|name| name == own);
        if self.has_met || !is_joining {
            self.in_vain = 0;
            return Turn::Joined;
        }
        if self.said.len() == sources && (named.is_empty() || is_named) {
            return Turn::First;
        }
        self.in_vain += 1;
        let is_due = self.in_vain % SAID_EVERY == SAID_FIRST && !self.vain.is_empty();
        let told = is_due.then(|| {
            self.vain
                .iter()
                .map(|(address, why)| format!("{address}: {why}"))
                .collect()
        });
        Turn::Vain { told }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str) -> NodeName {
        NodeName::new(name).expect("a name")
    }

    fn refusal(code: Refusal) -> Closed {
        let words = String::new();
        Closed::RefusedByPeer { code, words }
    }

    fn unreachable() -> Closed {
        Closed::Lost("nobody listens".to_owned())
    }

    /// What has been said by one source, and what it makes of a node that is reached at `a:1`.
    fn after(addresses: &[&str], see: impl FnOnce(&mut Sought)) -> Turn {
        let mut sought = Sought::default();
        sought.said(0, addresses.iter().map(|&address| address.to_owned()).collect());
        sought.open(&[]);
        see(&mut sought);
        sought.turn(&name("a"), Some("a:1"), 1, true)
    }

    #[test]
    fn one_of_those_that_were_named_may_be_the_first_and_nobody_else() {
        assert_eq!(after(&["a:1", "b:1"], |_| {}), Turn::First);
        assert_eq!(after(&[], |_| {}), Turn::First, "nobody was named");
        assert_eq!(after(&["b:1"], |_| {}), Turn::Vain { told: None });
    }

    #[test]
    fn a_source_that_has_yet_to_say_keeps_a_node_from_being_the_first() {
        let mut sought = Sought::default();
        assert!(sought.failed(0, &"no such file").is_some());
        assert_eq!(sought.failed(0, &"no such file"), None, "it was said");
        sought.said(1, vec!["a:1".to_owned()]);
        assert_eq!(sought.turn(&name("a"), Some("a:1"), 2, true), Turn::Vain { told: None });
        assert_eq!(sought.said(0, Vec::new()).as_deref(), Some("no such file"));
        assert_eq!(sought.turn(&name("a"), Some("a:1"), 2, true), Turn::First);
    }

    #[test]
    fn what_a_source_has_said_holds_while_it_fails() {
        let mut sought = Sought::default();
        sought.said(0, vec!["b:1".to_owned()]);
        let meanwhile = sought.failed(0, &"time-out").expect("it is said");
        assert!(meanwhile.contains("b:1"), "{meanwhile}");
        assert_eq!(sought.open(&[]), ["b:1"]);
    }

    #[test]
    fn a_node_knows_itself_by_another_address_only_where_it_has_heard_itself() {
        let seen = |was_called| {
            after(&["b:1"], |sought| {
                let known = sought.refused("b:1", refusal(Refusal::Itself), &name("a"), was_called);
                assert_eq!(known == Refused::Itself, was_called);
            })
        };
        assert_eq!(seen(true), Turn::First);
        assert_eq!(seen(false), Turn::Vain { told: None });
    }

    #[test]
    fn one_that_has_met_another_does_not_begin_by_itself() {
        assert_eq!(
            after(&["a:1", "b:1"], |sought| sought.met("b:1", &name("b"))),
            Turn::Joined
        );
    }

    #[test]
    fn a_refusal_that_lasts_is_said_once_until_it_is_another() {
        after(&["b:1"], |sought| {
            let mut see = |code| sought.refused("b:1", refusal(code), &name("a"), false);
            assert!(matches!(see(Refusal::Proof), Refused::ForGood(_)));
            assert!(matches!(see(Refusal::Proof), Refused::ForNow(_)));
            assert!(matches!(see(Refusal::Version), Refused::ForGood(_)));
            assert!(matches!(see(Refusal::Busy), Refused::ForNow(_)));
        });
    }

    #[test]
    fn looking_in_vain_is_said_after_a_while_and_then_from_time_to_time() {
        let mut sought = Sought::default();
        sought.said(0, vec!["b:1".to_owned()]);
        let said: Vec<_> = (1..=2 * SAID_EVERY)
            .filter(|_| {
                sought.open(&[]);
                sought.refused("b:1", unreachable(), &name("a"), false);
                let turn = sought.turn(&name("a"), None, 1, true);
                matches!(turn, Turn::Vain { told: Some(why) } if why[0].starts_with("b:1: "))
            })
            .collect();
        assert_eq!(said, [SAID_FIRST, SAID_EVERY + SAID_FIRST]);
    }
}
