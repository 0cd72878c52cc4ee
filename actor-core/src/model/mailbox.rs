//! Senders and their actor at one mailbox: order, waking, closing.

use std::future::poll_fn;
use std::sync::Arc;

use shuttle::future::block_on;
use shuttle::thread;

use crate::mailbox::{Entry, Inbox, Mailbox, MailboxSpec};
use crate::question::Envelope;

use super::in_every_order;

fn next(mailbox: &Mailbox<u32>, inbox: &mut Inbox<u32>) -> Option<u32> {
    match block_on(poll_fn(|cx| mailbox.poll_next(inbox, cx))) {
        Some(Entry::Message(envelope)) => Some(envelope.msg),
        _ => None,
    }
}

#[test]
fn no_wake_up_is_lost() {
    in_every_order(|| {
        let mailbox = Arc::new(Mailbox::new(MailboxSpec::bounded(8)));
        let sender = mailbox.clone();
        let sender = thread::spawn(move || {
            for word in [1, 2, 3] {
                assert!(sender.try_push(Envelope::plain(word)).is_ok());
            }
        });
        let mut inbox = Inbox::new(&mailbox);
        for word in [1, 2, 3] {
            assert_eq!(next(&mailbox, &mut inbox), Some(word));
        }
        sender.join().expect("it had room");
    });
}
