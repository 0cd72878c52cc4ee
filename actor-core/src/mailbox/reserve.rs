//! Room as those see it who need some: taken ahead of a message, waited for, given back.

use std::task::{Context, Poll, Waker};

#[cfg(feature = "wire")]
use crate::error::NoRoom;
use crate::question::Envelope;
use crate::sync::MutexGuard;

use super::room::{Forgotten, Ticket};
use super::state::State;
use super::{Mailbox, Pushed, Refused, wake, wake_all};

impl<M> Mailbox<M> {
    /// Takes room ahead of a message that is still to be made. `Err(true)` says closed, `Err(false)` full.
    pub(crate) fn try_reserve(&self) -> Result<(), bool> {
        let mut state = self.lock_for_room();
        if !state.open {
            Err(true)
        } else if !self.reserves() || state.room.try_take() {
            Ok(())
        } else {
            Err(false)
        }
    }

    /// Takes room for a message that cannot be kept waiting elsewhere, beyond the bound if it must be.
    #[cfg(feature = "wire")]
    pub(crate) fn reserve_anyway(&self) -> Result<(), NoRoom> {
        let mut state = self.state.lock();
        if !state.open {
            Err(NoRoom::Stopped)
        } else if !self.waits() {
            Err(NoRoom::Full)
        } else {
            state.room.take();
            Ok(())
        }
    }

    /// The same, waiting for room where the policy waits.
    pub(crate) fn poll_reserve(&self, ticket: &mut Ticket, cx: &mut Context<'_>) -> Poll<Result<(), bool>> {
        if !self.waits() {
            return Poll::Ready(self.try_reserve());
        }
        let mut stale = None;
        let mut state = self.lock_for_room();
        if !state.open {
            drop(state);
            self.forget(ticket);
            return Poll::Ready(Err(true));
        }
        if state.room.take_or_wait(ticket, cx.waker(), &mut stale) {
            return Poll::Ready(Ok(()));
        }
        self.wait_for_room(state);
        drop(stale);
        Poll::Pending
    }

    /// Queues a message for which room was reserved.
    pub(crate) fn push_reserved(&self, envelope: Envelope<M>) -> Pushed<M> {
        if !self.reserves() {
            return self.try_push(envelope);
        }
        let mut state = self.state.lock();
        if !state.open {
            drop(state);
            self.unreserve();
            return Err(Refused::Closed(envelope));
        }
        let waker = self.append(&mut state, envelope, None);
        drop(state);
        wake(waker);
        Ok(None)
    }

    /// Locks the state for one who needs room, which its actor may have made and not given back.
    #[inline]
    pub(super) fn lock_for_room(&self) -> MutexGuard<'_, State<M>> {
        let state = self.state.lock();
        if !state.room.is_full() {
            return state;
        }
        drop(state);
        self.give_back_finished();
        self.state.lock()
    }

    /// Called by one who has begun to wait: a parked actor gives back what it has finished since it parked.
    pub(super) fn wait_for_room(&self, mut state: MutexGuard<'_, State<M>>) {
        let waker = self.unpark_for_message(&mut state);
        drop(state);
        wake(waker);
    }

    /// Gives back the room of what is dealt with.
    pub(crate) fn give_back_finished(&self) {
        if self.credit.owed() > 0 {
            let mut woken = Vec::new();
            self.state.lock().room.give_back(self.credit.take(), &mut woken);
            wake_all(woken);
        }
    }

    /// Gives back the room of so many messages.
    pub(super) fn give_back(&self, count: usize) {
        let mut woken = Vec::new();
        self.state.lock().room.give_back(count, &mut woken);
        wake_all(woken);
    }

    /// Gives back room that was reserved and not used.
    pub(crate) fn unreserve(&self) {
        if self.reserves() {
            self.give_back(1);
        }
    }

    /// Gives up a place in the queue for room.
    pub(crate) fn forget(&self, ticket: &mut Ticket) {
        if ticket.is_some() {
            let forgotten = self.state.lock().room.forget(ticket);
            if let Forgotten::Granted(woken) = forgotten {
                woken.into_iter().for_each(Waker::wake);
            }
        }
    }

    /// Whether a sender with this ticket still waits for the actor to make room.
    pub(crate) fn owes_room(&self, ticket: u64) -> bool {
        self.state.lock().room.is_waiting(ticket)
    }
}

#[cfg(all(test, feature = "wire"))]
mod tests {
    use super::*;
    use crate::mailbox::{MailboxSpec, Overflow};

    #[test]
    fn room_is_taken_beyond_the_bound_where_a_sender_would_wait_and_the_mailbox_is_open() {
        let mailbox = Mailbox::<u32>::new(MailboxSpec::bounded(1));
        assert!(mailbox.reserve_anyway().is_ok() && mailbox.reserve_anyway().is_ok());
        assert_eq!(mailbox.load(), 2);
        mailbox.shut();
        assert!(matches!(mailbox.reserve_anyway(), Err(NoRoom::Stopped)));
        let refuses = Mailbox::<u32>::new(MailboxSpec::bounded(1).overflow(Overflow::Refuse));
        assert!(matches!(refuses.reserve_anyway(), Err(NoRoom::Full)));
    }
}
