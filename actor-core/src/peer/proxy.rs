//! What stands here for an actor at another node: who watches it, and what is known of its end.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use crate::cell::{AnyCell, Core};
use crate::deadlock::{Waiting, Waits};
use crate::error::StopError;
use crate::exit::{ExitReason, Failure, FailureKind};
use crate::id::{ActorId, ActorPath};
use crate::ledger::Ledger;
use crate::mailbox::Glance;
use crate::scheduler::{Look, Scheduler, Sight};
use crate::signal::{LinkBroken, LinkEnd, LinkId, Orders, Signal};
use crate::sync::atomic::{AtomicBool, Ordering};

use super::{Address, Order, Peer};

/// An actor at another node. All handles to it that came to this node share one, so that they are equal.
pub struct Proxy {
    core: Core,
    /// What polls the actors of its system here.
    scheduler: Arc<Scheduler>,
    peer: Arc<dyn Peer>,
    address: Address,
    /// The same as its core says, without a lock: each message looks at it.
    is_over: AtomicBool,
}

impl Proxy {
    pub(crate) fn of(
        ledger: Arc<Ledger>,
        scheduler: Arc<Scheduler>,
        peer: Arc<dyn Peer>,
        address: Address,
    ) -> Arc<Self> {
        let path = ActorPath::far(&address.path, &address.node);
        Arc::new(Self {
            core: Core::new(path, ledger),
            scheduler,
            peer,
            address,
            is_over: AtomicBool::new(false),
        })
    }

    /// Where it is.
    #[inline]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The node that it is on.
    #[inline]
    pub(crate) fn peer(&self) -> &Arc<dyn Peer> {
        &self.peer
    }

    /// Notes that the connection is lost: those who watch are told, once each. The actor may live, and can be watched
    /// again.
    pub fn lost(&self) {
        self.core.tell_of_loss();
    }

    /// Notes that a life of it has ended by an order from here.
    pub fn life_ended(&self, reason: &ExitReason) {
        self.core.life_ended(reason);
    }

    /// Notes that its node does not allow an order from here.
    pub fn order_refused(&self) {
        self.core.tell_those_who_wait(&Err(StopError::NotAllowed));
    }

    /// The id of all handles to it.
    pub fn id(&self) -> ActorId {
        self.core.id
    }

    /// The links of actors here to it: each by its number, with the id and the path of the actor.
    pub fn links(&self) -> Vec<(u64, ActorId, ActorPath)> {
        let links = self.core.links().into_iter();
        links
            .map(|(link, by)| (link.number(), by.linked_id(), by.linked_path().clone()))
            .collect()
    }

    /// Notes that its life at the other end of a link has ended.
    pub fn link_broken(&self, link: u64, reason: ExitReason) {
        let link = LinkId::of(link);
        if let Some(by) = self.core.remove_link(link) {
            by.link_broken(self.core.broken(link, reason));
        }
    }

    /// Notes that there can be no such link, for this reason.
    pub fn link_refused(&self, link: u64, why: &str) {
        let failure = Failure::new(self.core.path.clone(), FailureKind::Linked, why.to_owned());
        self.link_broken(link, ExitReason::Failed(failure));
    }

    pub(crate) fn scheduler(&self) -> &Scheduler {
        &self.scheduler
    }

    #[inline]
    pub(crate) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Acquire)
    }

    /// Notes that it has ended for good.
    pub fn ended(&self, reason: ExitReason) {
        self.is_over.store(true, Ordering::Release);
        if let Some(releases) = self.core.begin_end() {
            self.core.release(releases);
            self.core.tell_watchers(reason);
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.peer.released(self.address.export);
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({})", self.core.path)
    }
}

impl LinkEnd for Proxy {
    fn linked_path(&self) -> &ActorPath {
        &self.core.path
    }

    fn linked_id(&self) -> ActorId {
        self.core.id
    }

    fn link_broken(&self, broken: LinkBroken) {
        if self.core.remove_link(broken.link).is_some() {
            self.peer.break_link(broken.link.number(), &broken.reason);
        }
    }

    fn unlinked(&self, link: LinkId) {
        if self.core.remove_link(link).is_some() {
            self.peer.unlink(link.number());
        }
    }
}

impl AnyCell for Proxy {
    fn core(&self) -> &Core {
        &self.core
    }

    fn link(&self, link: LinkId, other: Arc<dyn LinkEnd>) -> bool {
        let (by, path) = (other.linked_id(), other.linked_path().clone());
        let is_there = self.core.add_link(link, other);
        if is_there {
            self.peer.link(self.address.export, link.number(), by, &path);
        }
        is_there
    }

    fn order(&self, orders: Orders) {
        let order = if orders.any_of(Orders::KILL) {
            Order::Kill
        } else if orders.any_of(Orders::DRAIN) {
            Order::Drain
        } else if orders.any_of(Orders::STOP) {
            Order::Stop
        } else {
            // The rest is for a family, of which the other node knows nothing.
            return;
        };
        self.peer.order(self.address.export, order);
    }

    /// What waits there is not known here.
    fn glance(&self) -> Option<Glance> {
        None
    }

    fn sight(&self, _look: Look) -> Option<Sight> {
        None
    }

    /// What was sent cannot be taken back.
    fn withdraw(&self, _orders: Orders) {}

    /// Signals are for actors, and go to the one that this stands for by other ways.
    fn push_signal(&self, _signal: Signal) {}

    /// A cycle through another node ends by its deadline.
    fn owes_room(&self, _ticket: u64) -> bool {
        false
    }

    fn abandon(&self, reason: ExitReason) {
        self.ended(reason);
    }

    /// Nothing runs it here.
    fn let_go(&self) {}

    /// It takes up nothing here.
    fn film(&self) {}

    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }

    fn message_type(&self) -> &'static str {
        "messages of another node"
    }
}

impl Waiting for Proxy {
    fn id(&self) -> ActorId {
        self.core.id
    }

    fn path(&self) -> &ActorPath {
        &self.core.path
    }

    fn waits(&self) -> &Waits {
        self.core.waits()
    }
}
