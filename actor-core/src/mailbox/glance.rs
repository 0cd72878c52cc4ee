//! What one sees of a mailbox without taking anything out of it.

use super::spec::Policy;
use super::{Inbox, Mailbox};

/// Taken at one moment, under its lock.
#[derive(Default)]
pub(crate) struct Glance {
    pub(crate) load: usize,
    /// `None`: it takes what comes.
    pub(crate) bound: Option<usize>,
    pub(crate) accepted: u64,
    /// Dealt with; where the oldest is dropped or the latest kept, also what was put aside.
    pub(crate) finished: u64,
    /// Its actor has nothing to do before there is a message.
    pub(crate) awaits_messages: bool,
    pub(crate) is_open: bool,
}

impl<M> Mailbox<M> {
    /// What one sees of it from outside.
    pub(crate) fn glance(&self) -> Glance {
        let state = self.state.lock();
        let load = state.room.used() - self.credit.owed();
        Glance {
            load,
            bound: (!matches!(self.policy, Policy::Unbounded)).then(|| state.room.capacity()),
            accepted: state.accepted,
            finished: if self.pops_one {
                state.accepted - load as u64
            } else {
                self.credit.earned() as u64
            },
            awaits_messages: state.parked.is_some() && state.messages_wake,
            is_open: state.open,
        }
    }

    /// Whether there is more to take at this moment.
    pub(crate) fn has_more(&self, inbox: &Inbox<M>) -> bool {
        !inbox.batch.is_empty() || !self.state.lock().queue.is_empty()
    }

    /// How much of its room is taken, also by those who were given it and have not used it yet.
    pub(crate) fn load(&self) -> usize {
        self.state.lock().room.used() - self.credit.owed()
    }
}
