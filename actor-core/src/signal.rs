//! What the system says to an actor.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::exit::ExitReason;
use crate::id::{ActorId, ActorPath};

/// What the system tells an actor, in [`Actor::on_signal`](crate::Actor::on_signal).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Signal {
    /// A child has ended for good: it was not, or will not be, restarted. By then its name is free again.
    ChildExit(ChildExit),
    /// A watched actor has ended. It comes behind every message that the actor had sent to this one.
    Down(Down),
    /// A life of a linked actor has ended. Only an actor that [traps](crate::Context::trap_links) its links is told so.
    LinkBroken(LinkBroken),
}

/// The end of a life of a linked actor.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LinkBroken {
    /// The link, which is no more.
    pub link: LinkId,
    /// The other actor: the [id](crate::Handle::id) of every handle to it. Of one at another node that linked itself to this, and to which
    /// nobody here has a handle, it is an id that is nobody else's.
    pub id: ActorId,
    /// Its path.
    pub path: ActorPath,
    /// Why that life ended.
    pub reason: ExitReason,
    /// The life of the one who is told.
    pub(crate) life: u64,
}

/// The end of a child.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ChildExit {
    /// The child's id.
    pub id: ActorId,
    /// The child's path; its last part is the name given at spawn.
    pub path: ActorPath,
    /// Why it ended.
    pub reason: ExitReason,
    /// Whether its specification calls it [significant](crate::ChildSpec::significant).
    pub significant: bool,
    /// Whether it ended without its parent's having told it to.
    pub(crate) by_itself: bool,
    /// The life of the parent that it was a child in.
    pub(crate) life: u64,
}

/// The end of a watched actor: exactly one comes for each watch, unless the watch is withdrawn before.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Down {
    /// The watch that this answers.
    pub watch: WatchId,
    /// The actor that ended.
    pub id: ActorId,
    /// Its path.
    pub path: ActorPath,
    /// Why it ended.
    pub reason: ExitReason,
}

/// Names one watch, so that its `Down` can be told from others and the watch withdrawn.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WatchId(u64);

impl WatchId {
    pub(crate) fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

impl fmt::Debug for WatchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "watch {}", self.0)
    }
}

/// Names one link, at both of its ends.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(u64);

impl LinkId {
    pub(crate) fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    #[cfg(feature = "wire")]
    pub(crate) fn of(number: u64) -> Self {
        Self(number)
    }

    #[cfg(feature = "wire")]
    pub(crate) fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Debug for LinkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "link {}", self.0)
    }
}

/// One who is told of an actor's end.
pub(crate) trait Watcher: Send + Sync {
    fn down(self: Arc<Self>, down: Down);
    /// The actor that watches, if one does.
    fn path(&self) -> Option<&ActorPath> {
        None
    }
}

/// One end of a link, as the other end sees it.
pub(crate) trait LinkEnd: Send + Sync {
    /// Who is at it, for people.
    fn linked_path(&self) -> &ActorPath;
    #[cfg(feature = "wire")]
    fn linked_id(&self) -> ActorId;
    /// Hears that the life at the other end has ended.
    fn link_broken(&self, broken: LinkBroken);
    /// Hears that the link was taken away.
    fn unlinked(&self, link: LinkId);
}

/// The orders that an actor can be under: a set and not a queue, so that it is never full and saying one twice is
/// saying it once.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Orders(u8);

impl Orders {
    pub(crate) const NONE: Self = Self(0);
    /// Drop the handler at its next await, and end.
    pub(crate) const KILL: Self = Self(1);
    /// The same, because of another's failure: a child that could not be kept alive, or a linked actor. `on_stop` runs,
    /// and the reason is that failure.
    pub(crate) const GIVE_UP: Self = Self(2);
    /// Finish the message in hand, and end.
    pub(crate) const STOP: Self = Self(4);
    /// The same, said by the parent.
    pub(crate) const SHUTDOWN: Self = Self(8);
    /// Handle what is queued, and end.
    pub(crate) const DRAIN: Self = Self(16);

    /// Finish the message in hand, end this life, and wait for [`BEGIN`](Self::BEGIN): the supervisor restarts several
    /// together.
    pub(crate) const CYCLE: Self = Self(32);
    /// Begin the next life.
    pub(crate) const BEGIN: Self = Self(64);

    /// The orders to end that others than the parent can give: who obeys one obeys both.
    pub(crate) const STOPPING: Self = Self(Self::STOP.0 | Self::DRAIN.0);

    /// The orders that do not wait for the handler in hand.
    pub(crate) const INTERRUPTING: Self = Self(Self::KILL.0 | Self::GIVE_UP.0);
    /// The orders that come before any message that waits.
    pub(crate) const BEFORE_MESSAGES: Self =
        Self(Self::INTERRUPTING.0 | Self::STOP.0 | Self::SHUTDOWN.0 | Self::CYCLE.0);
    /// The orders after which nothing more is accepted.
    pub(crate) const CLOSING: Self = Self(Self::STOP.0 | Self::SHUTDOWN.0 | Self::DRAIN.0);

    pub(crate) fn from_bits(bits: u8) -> Self {
        Self(bits)
    }

    pub(crate) fn bits(self) -> u8 {
        self.0
    }

    pub(crate) fn any_of(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(crate) fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(crate) fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) fn is_none(self) -> bool {
        self.0 == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_of_orders_holds_those_that_it_was_made_of() {
        const EACH: [Orders; 7] = [
            Orders::KILL,
            Orders::GIVE_UP,
            Orders::STOP,
            Orders::SHUTDOWN,
            Orders::DRAIN,
            Orders::CYCLE,
            Orders::BEGIN,
        ];
        let [kill, give_up, stop, shutdown, drain, cycle, _] = EACH;
        for (set, made_of) in [
            (Orders::NONE, vec![]),
            (Orders::STOPPING, vec![stop, drain]),
            (Orders::INTERRUPTING, vec![kill, give_up]),
            (Orders::BEFORE_MESSAGES, vec![kill, give_up, stop, shutdown, cycle]),
            (Orders::CLOSING, vec![stop, shutdown, drain]),
        ] {
            assert!(EACH.into_iter().filter(|&order| set.any_of(order)).eq(made_of));
        }
    }

    #[test]
    fn an_order_said_twice_is_said_once() {
        let both = Orders::STOP.with(Orders::DRAIN);
        assert!(both.with(Orders::STOP) == both);
        assert!(both.without(Orders::STOP) == Orders::DRAIN);
        assert!(Orders::DRAIN.without(Orders::STOP) == Orders::DRAIN);
    }

    #[test]
    fn what_is_named_by_an_id_is_shown_with_it() {
        assert_eq!(format!("{:?}, {:?}", WatchId(7), LinkId(8)), "watch 7, link 8");
    }

    #[cfg(feature = "wire")]
    #[test]
    fn a_link_has_its_number_at_both_ends() {
        let links = [LinkId(7), LinkId(8)];
        assert_eq!(links.map(|link| LinkId::of(link.number())), links);
    }
}
