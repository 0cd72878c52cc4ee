//! Messages that come together, queued under one lock.

use crate::question::Envelope;

use super::{Mailbox, wake};

impl<M> Mailbox<M> {
    /// Queues messages in their order, up to the first that something stands in the way of. That one comes back, and those
    /// behind it are still in `messages`, which must run no user's code: it is used under the lock.
    pub(crate) fn push_many<T>(
        &self,
        messages: &mut impl Iterator<Item = (Envelope<M>, T)>,
    ) -> Option<(Envelope<M>, T)> {
        if !self.is_plain {
            return messages.next();
        }
        let (mut waker, mut left) = (None, None);
        let mut state = self.state.lock();
        for (envelope, beside) in messages {
            if !state.open || !state.room.try_take() {
                left = Some((envelope, beside));
                break;
            }
            let parked = self.append(&mut state, envelope, None);
            waker = waker.or(parked);
        }
        drop(state);
        wake(waker);
        left
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mailbox::{Inbox, MailboxSpec, Overflow};
    use std::task::{Context, Poll, Waker};

    fn push(mailbox: &Mailbox<u32>, messages: impl IntoIterator<Item = u32>) -> (Option<u32>, usize) {
        let mut messages = messages.into_iter().map(|msg| (Envelope::plain(msg), ()));
        let left = mailbox.push_many(&mut messages);
        (left.map(|(envelope, ())| envelope.msg), messages.count())
    }

    #[test]
    fn what_has_room_is_queued_in_order_and_the_first_that_has_none_comes_back() {
        let mailbox = Mailbox::new(MailboxSpec::bounded(3));
        assert_eq!(push(&mailbox, [1, 2]), (None, 0));
        assert_eq!(push(&mailbox, [3, 4, 5, 6]), (Some(4), 2));
        let mut inbox = Inbox::new();
        let mut cx = Context::from_waker(Waker::noop());
        for expected in 1..=3 {
            let Poll::Ready(Some(super::super::Entry::Message(envelope))) = mailbox.poll_next(&mut inbox, &mut cx)
            else {
                panic!("a message is there");
            };
            assert_eq!(envelope.msg, expected);
        }
        assert!(mailbox.poll_next(&mut inbox, &mut cx).is_pending());
    }

    #[test]
    fn a_closed_one_takes_nothing_and_one_whose_policy_has_a_say_is_asked_for_each() {
        let mailbox = Mailbox::new(MailboxSpec::bounded(3));
        mailbox.shut();
        assert_eq!(push(&mailbox, [1, 2]), (Some(1), 1));
        let drops = Mailbox::new(MailboxSpec::bounded(3).overflow(Overflow::DropOldest));
        assert_eq!(push(&drops, [1, 2]), (Some(1), 1));
        assert_eq!(drops.load(), 0);
    }
}
