//! Looks for others where members may be, for as long as the membership lasts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::sleep;

use super::Shared;
use super::discovery::Discovery;
use super::driver::Input;
use crate::error::Closed;
use crate::id::NodeName;
use crate::membership::{Member, MemberState};
use crate::remote::driver::meet;
use crate::remote::net::Net;
use crate::wire::codes::Refusal;

/// How often others are looked for until one was found, and from then on.
const SEEK_FIRST: Duration = Duration::from_secs(1);
const SEEK_LATER: Duration = Duration::from_secs(5);

/// A node that finds nobody says so when it has looked so often, and again after so many times more.
const SAID_FIRST: u32 = 5;
const SAID_EVERY: u32 = 60;

/// So many addresses are tried at a time.
const TRIED_MAX: usize = 8;

/// Whether two nodes will refuse each other until somebody changes one of them.
fn is_lasting(why: &Closed) -> bool {
    use Refusal::{Cluster, Codec, Malformed, Method, Name, Proof, Version};
    let (Closed::Refused { code, .. } | Closed::RefusedByPeer { code, .. }) = why else {
        return false;
    };
    matches!(code, Version | Cluster | Name | Proof | Method | Codec | Malformed)
}

/// Whether this node says of itself that it is this one: anybody can say so of himself, and so it has to have been heard here, too.
fn is_itself(why: &Closed, was_called: bool) -> bool {
    let itself = Refusal::Itself;
    was_called && matches!(why, Closed::RefusedByPeer { code, .. } if *code == itself)
}

/// Looks for others, first of all at the beginning, and later for the sake of a cluster that began in several places.
pub(super) struct Seeker {
    pub(super) net: Arc<Net>,
    pub(super) shared: Arc<Shared>,
    pub(super) sources: Vec<Box<dyn Discovery>>,
    pub(super) inputs: mpsc::Sender<Input>,
}

/// What has become of the addresses so far.
#[derive(Default)]
struct Sought {
    /// Who was found where: a member may be known by another address than the one that leads to it.
    found: BTreeMap<String, NodeName>,
    /// Whose own address that was when it was looked at last.
    homes: BTreeMap<String, NodeName>,
    refused: BTreeMap<String, Closed>,
    /// What each source has said last, and what was wrong with it since.
    said: BTreeMap<usize, BTreeSet<String>>,
    fails: BTreeMap<usize, String>,
    /// How often nobody was there, one time after the other.
    in_vain: u32,
}

impl Sought {
    /// Those where no member is known. There is no end to looking, so nobody goes through all members for an address of which it is known whose it
    /// is; they are in the order of their names.
    fn open(&mut self, addresses: &BTreeSet<String>, members: &[Member]) -> Vec<String> {
        let named = |name: &str| {
            let at = members
                .binary_search_by(|member| member.id.name.as_str().cmp(name))
                .ok()?;
            Some(&members[at])
        };
        let mut open = Vec::new();
        for address in addresses {
            let found = self.found.get(address).map(NodeName::as_str);
            let home = self.homes.get(address).and_then(|name| named(name.as_str()));
            if named(address).is_some()
                || found.and_then(named).is_some()
                || home.is_some_and(|member| *member.address == **address)
            {
                continue;
            }
            match members.iter().find(|member| *member.address == **address) {
                Some(member) => drop(self.homes.insert(address.clone(), member.id.name.clone())),
                None => open.push(address.clone()),
            }
        }
        open
    }

    /// Nobody asks for any others any more.
    fn keep(&mut self, addresses: &BTreeSet<String>) {
        self.found.retain(|address, _| addresses.contains(address));
        self.homes.retain(|address, _| addresses.contains(address));
        self.refused.retain(|address, _| addresses.contains(address));
    }
}

impl Seeker {
    pub(super) async fn run(self) {
        let mut sought = Sought::default();
        while !self.inputs.is_closed() {
            self.seek(&mut sought).await;
            let is_alone = self.shared.view().members.len() == 1;
            sleep(if is_alone { SEEK_FIRST } else { SEEK_LATER }).await;
        }
    }

    async fn seek(&self, sought: &mut Sought) {
        let (addresses, is_all) = self.addresses(sought).await;
        let members = self.shared.view().members.clone();
        let mine = members.binary_search_by(|member| member.id.cmp(&self.net.id));
        let mut may_be_first = addresses.is_empty() || mine.is_ok_and(|at| addresses.contains(&*members[at].address));
        let open = sought.open(&addresses, &members);
        let first = (self.net.chance() * open.len() as f64) as usize;
        let (mut has_met, mut vain) = (false, BTreeMap::new());
        for address in open.iter().cycle().skip(first).take(open.len().min(TRIED_MAX)) {
            let called = self.net.met_itself();
            match meet(&self.net, address).await {
                Ok(id) => {
                    has_met = true;
                    sought.refused.remove(address);
                    sought.found.insert(address.clone(), id.name.clone());
                    let _ = self.inputs.send(Input::Met(id, address.clone())).await;
                }
                Err(why) if is_itself(&why, self.net.met_itself() > called) => {
                    sought.found.insert(address.clone(), self.net.id.name.clone());
                    may_be_first = true;
                }
                // That does not pass by itself: it is said, and once.
                Err(why) if is_lasting(&why) && sought.refused.get(address) != Some(&why) => {
                    tracing::warn!(address, %why, "a node where members may be is none for this one");
                    sought.refused.insert(address.clone(), why);
                }
                Err(why) => {
                    tracing::debug!(address, %why, "no member there");
                    vain.insert(address, why);
                }
            }
        }
        sought.keep(&addresses);
        may_be_first |= sought.found.values().any(|name| *name == self.net.id.name);
        may_be_first &= is_all;
        if has_met || *self.shared.state.borrow() != MemberState::Joining {
            sought.in_vain = 0;
        } else if may_be_first {
            let _ = self.inputs.send(Input::Nobody).await;
        } else {
            sought.in_vain += 1;
            if sought.in_vain % SAID_EVERY == SAID_FIRST && !vain.is_empty() {
                let why: Vec<_> = vain.iter().map(|(address, why)| format!("{address}: {why}")).collect();
                tracing::warn!(
                    ?why,
                    "no other member is reached; goes on looking, and is no member until then"
                );
            }
        }
    }

    /// Where members may be, as far as it is known; and whether all of it is.
    async fn addresses(&self, sought: &mut Sought) -> (BTreeSet<String>, bool) {
        for (number, source) in self.sources.iter().enumerate() {
            match source.addresses().await {
                Ok(addresses) => {
                    sought.said.insert(number, addresses.into_iter().collect());
                    if let Some(why) = sought.fails.remove(&number) {
                        tracing::warn!(before = why, "where members may be is known again");
                    }
                }
                // It is asked again and again: that is said once.
                Err(why) if sought.fails.get(&number) != Some(&why.to_string()) => {
                    let meanwhile = match sought.said.get(&number) {
                        Some(addresses) => format!("goes on with what it said last: {addresses:?}"),
                        None => "does not begin a cluster of its own until it is known".to_owned(),
                    };
                    tracing::warn!(%why, meanwhile, "cannot find out where members may be; tries again every few seconds");
                    sought.fails.insert(number, why.to_string());
                }
                Err(_) => {}
            }
        }
        let all = sought.said.values().flatten().cloned().collect();
        (all, sought.said.len() == self.sources.len())
    }
}
