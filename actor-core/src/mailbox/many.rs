//! Messages that come together, queued under one lock.

use std::collections::VecDeque;

use super::{Entry, Mailbox, wake};

impl<M> Mailbox<M> {
    /// Queues messages in their order, as long as nothing stands in their way: those that are left are for [`try_push`](Self::try_push),
    /// one by one.
    pub(crate) fn push_many(&self, messages: &mut VecDeque<Entry<M>>) {
        let mut state = self.state.lock();
        if !state.is_plain || !state.open {
            return;
        }
        let taken = state.room.try_take_many(messages.len());
        if taken == 0 {
            return;
        }
        state.append_many(messages, taken);
        let waker = self.unpark_for_message(&mut state);
        drop(state);
        wake(waker);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mailbox::{Inbox, MailboxSpec, Overflow};
    use crate::question::Envelope;
    use std::task::{Context, Poll, Waker};

    /// Those that are left.
    fn push(mailbox: &Mailbox<u32>, messages: impl IntoIterator<Item = u32>) -> Vec<u32> {
        let entry = |msg| Entry::Message(Envelope::plain(msg));
        let mut messages = messages.into_iter().map(entry).collect();
        mailbox.push_many(&mut messages);
        messages.into_iter().filter_map(message).collect()
    }

    fn message(entry: Entry<u32>) -> Option<u32> {
        match entry {
            Entry::Message(envelope) => Some(envelope.msg),
            _ => None,
        }
    }

    #[test]
    fn what_has_room_is_queued_in_order_and_what_has_none_is_left() {
        let mailbox = Mailbox::new(MailboxSpec::bounded(3));
        assert_eq!(push(&mailbox, [1, 2]), []);
        assert_eq!(push(&mailbox, [3, 4, 5, 6]), [4, 5, 6]);
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
        assert_eq!(push(&mailbox, [1, 2]), [1, 2]);
        let drops = Mailbox::new(MailboxSpec::bounded(3).overflow(Overflow::DropOldest));
        assert_eq!(push(&drops, [1, 2]), [1, 2]);
        assert_eq!(drops.load(), 0);
    }
}
