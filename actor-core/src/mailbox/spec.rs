//! How much a mailbox holds, with what happens to the message for which there is no room.

use std::fmt;
use std::sync::Arc;

/// What happens to a message when the mailbox is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Overflow {
    /// `tell` waits for room and `try_tell` refuses: backpressure.
    #[default]
    Wait,
    /// Both refuse with `Full`.
    Refuse,
    /// The new message is dropped, and counted as a dead letter.
    DropNewest,
    /// The message that has waited longest is dropped, and counted as a dead letter.
    DropOldest,
}

/// The size of an actor's mailbox, and its overflow policy.
///
/// The default is [`bounded(1024)`](Self::bounded), which waits.
pub struct MailboxSpec<M> {
    pub(super) capacity: usize,
    pub(super) policy: Policy<M>,
}

/// `dyn`, because it is chosen at run time; it is called once a message and outside the lock.
pub(super) type KeyOf<M> = Arc<dyn Fn(&M) -> u64 + Send + Sync>;

pub(super) enum Policy<M> {
    Overflow(Overflow),
    LatestBy(KeyOf<M>),
    Unbounded,
}

impl<M> MailboxSpec<M> {
    /// The bound of a mailbox for which none was chosen, in messages.
    pub const CAPACITY_DEFAULT: usize = 1024;

    /// Holds at most `messages`, the one being handled included. Zero is refused at spawn.
    pub fn bounded(messages: usize) -> Self {
        Self {
            capacity: messages,
            policy: Policy::Overflow(Overflow::Wait),
        }
    }

    /// Chooses what happens when it is full.
    ///
    /// Under [`Overflow::DropOldest`] the bound counts what waits, without the message being handled, which nobody
    /// can drop any more. A mailbox that keeps the latest, or is unbounded, stays what it is.
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        if let Policy::Overflow(chosen) = &mut self.policy {
            *chosen = overflow;
        }
        self
    }

    /// Keeps only the latest message that waits.
    pub fn latest() -> Self {
        Self {
            capacity: 1,
            policy: Policy::Overflow(Overflow::DropOldest),
        }
    }

    /// Keeps only the latest message of each key; a new one takes the place in the order of the one it replaces.
    ///
    /// At most `keys` of them wait at a time: beyond it, a message with another key is refused with `Full`. `key` is
    /// called by the sender, once for each message; if it panics, the sender does.
    pub fn latest_by(keys: usize, key: impl Fn(&M) -> u64 + Send + Sync + 'static) -> Self {
        Self {
            capacity: keys,
            policy: Policy::LatestBy(Arc::new(key)),
        }
    }

    /// Holds whatever comes, until memory ends. Choose it only where something else bounds the senders.
    pub fn unbounded() -> Self {
        Self {
            capacity: usize::MAX,
            policy: Policy::Unbounded,
        }
    }

    /// Says what makes this specification unusable.
    pub(crate) fn fault(&self) -> Option<String> {
        (self.capacity == 0).then(|| "a mailbox of capacity 0 could never take a message; give it at least 1".into())
    }
}

impl<M> Default for MailboxSpec<M> {
    fn default() -> Self {
        Self::bounded(Self::CAPACITY_DEFAULT)
    }
}

impl<M> Clone for MailboxSpec<M> {
    fn clone(&self) -> Self {
        let policy = match &self.policy {
            Policy::Overflow(overflow) => Policy::Overflow(*overflow),
            Policy::LatestBy(key) => Policy::LatestBy(key.clone()),
            Policy::Unbounded => Policy::Unbounded,
        };
        Self {
            capacity: self.capacity,
            policy,
        }
    }
}

impl<M> fmt::Debug for MailboxSpec<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.policy {
            Policy::Overflow(overflow) => write!(f, "bounded({}), {overflow:?}", self.capacity),
            Policy::LatestBy(_) => write!(f, "latest_by({})", self.capacity),
            Policy::Unbounded => f.write_str("unbounded"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_specification_is_shown_as_it_is_written() {
        let specs = [
            MailboxSpec::<u64>::default(),
            MailboxSpec::bounded(8).overflow(Overflow::DropOldest),
            MailboxSpec::latest_by(3, |&key| key),
            MailboxSpec::unbounded(),
        ];
        let shown = specs.map(|spec| format!("{:?}", spec.clone()));
        let written = [
            "bounded(1024), Wait",
            "bounded(8), DropOldest",
            "latest_by(3)",
            "unbounded",
        ];
        assert_eq!(shown, written);
    }
}
