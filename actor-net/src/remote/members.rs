//! What this node's membership says of the others, for those who keep ways to them.

use std::collections::BTreeMap;
use std::sync::Mutex;

use tokio::sync::{broadcast, watch};

use crate::error::Closed;
use crate::id::{NodeId, NodeName};
use crate::membership::{Gone, Member, MemberEvent, MemberState};

use super::net::{Net, lock};

/// So many events wait for one who listens; beyond it the oldest are lost to that one, who is told how many.
const EVENTS_MAX: usize = 1024;

/// The other members; none, where this node is no member.
pub(crate) struct Members {
    pub(crate) events: broadcast::Sender<MemberEvent>,
    /// It has left, and shares nothing until it joins again.
    pub(crate) is_apart: watch::Sender<bool>,
    others: Mutex<BTreeMap<NodeName, NodeId>>,
}

impl Default for Members {
    fn default() -> Self {
        Self {
            events: broadcast::Sender::new(EVENTS_MAX),
            is_apart: watch::Sender::new(false),
            others: Mutex::default(),
        }
    }
}

impl Members {
    /// Whether this life of a node is a member.
    pub(crate) fn has(&self, id: &NodeId) -> bool {
        lock(&self.others).get(&id.name) == Some(id)
    }

    pub(crate) fn others(&self) -> Vec<NodeId> {
        lock(&self.others).values().cloned().collect()
    }
}

impl Net {
    /// Takes up what the membership says: who is there, and what has become of whom.
    pub(crate) fn members_are(&self, members: &[Member]) {
        let is_other = |member: &&Member| member.id != self.id && member.state != MemberState::Down;
        let others = members.iter().filter(is_other);
        let others = others
            .map(|member| (member.id.name.clone(), member.id.clone()))
            .collect();
        let before = std::mem::replace(&mut *lock(&self.members.others), others);
        drop(before);
    }

    /// Tells those who listen, and lets go of one that was found down: who waits for it need not wait until it is missed here, too.
    pub(crate) fn member_event(&self, event: MemberEvent) {
        if let (MemberEvent::Gone(member, _), Some(datagrams)) = (&event, self.packets.datagrams()) {
            datagrams.forget(&member.id);
        }
        match &event {
            MemberEvent::Up(member) if !member.address.is_empty() => {
                self.set_address(member.id.name.clone(), member.address.to_string());
            }
            MemberEvent::Gone(member, Gone::Down) => {
                let far = self.newest(&member.id.name).filter(|far| far.id == member.id);
                if let Some(conversation) = far.and_then(|far| far.last_conversation()) {
                    conversation.end(Closed::Lost("the members have found it down".to_owned()));
                }
            }
            _ => {}
        }
        let _ = self.members.events.send(event);
    }
}
