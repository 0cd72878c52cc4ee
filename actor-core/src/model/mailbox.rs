//! Senders and their actor at one mailbox: order, waking, closing.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use shuttle::future::block_on;
use shuttle::thread;

use crate::mailbox::{Entry, Inbox, Mailbox, MailboxSpec, Overflow};
use crate::question::Envelope;
use crate::signal::Orders;

use super::{in_every_order, in_many_orders};

/// What comes next, or nothing where orders have come and the queue is empty.
pub(super) fn next(mailbox: &Mailbox<u32>, inbox: &mut Inbox<u32>) -> Option<u32> {
    match block_on(poll_fn(|cx| mailbox.poll_next(inbox, cx))) {
        Some(Entry::Message(envelope)) => {
            mailbox.finish_one();
            Some(envelope.msg)
        }
        _ => None,
    }
}

fn push(mailbox: &Mailbox<u32>, word: u32) -> bool {
    mailbox.try_push(Envelope::plain(word)).is_ok()
}

#[test]
fn no_wake_up_is_lost() {
    in_every_order(|| {
        let mailbox = Arc::new(Mailbox::new(MailboxSpec::bounded(8)));
        let sender = mailbox.clone();
        let sender = thread::spawn(move || [1, 2].map(|word| push(&sender, word)));
        let mut inbox = Inbox::new();
        for word in [1, 2] {
            assert_eq!(next(&mailbox, &mut inbox), Some(word));
        }
        assert_eq!(sender.join().expect("it does not fail"), [true; 2]);
    });
}

#[test]
fn each_of_several_senders_keeps_its_order() {
    in_many_orders(|| {
        let mailbox = Arc::new(Mailbox::new(MailboxSpec::bounded(8)));
        for first in [10, 20, 30] {
            let mailbox = mailbox.clone();
            thread::spawn(move || assert!(push(&mailbox, first) && push(&mailbox, first + 1)));
        }
        let mut inbox = Inbox::new();
        let mut seen: Vec<_> = (0..6).filter_map(|_| next(&mailbox, &mut inbox)).collect();
        seen.sort_by_key(|word| word / 10);
        assert_eq!(seen, [10, 11, 20, 21, 30, 31]);
    });
}

#[test]
fn an_order_reaches_an_actor_that_parks_and_comes_before_what_waits() {
    in_every_order(|| {
        let mailbox = Arc::new(Mailbox::<u32>::new(MailboxSpec::bounded(1)));
        let other = mailbox.clone();
        let other = thread::spawn(move || {
            assert!(push(&other, 1));
            other.order(Orders::STOP);
        });
        let mut inbox = Inbox::new();
        let taken = next(&mailbox, &mut inbox);
        if taken.is_some() {
            assert_eq!(next(&mailbox, &mut inbox), None);
        }
        assert!(mailbox.orders() == Orders::STOP);
        other.join().expect("it does not fail");
        let left = mailbox.close(&mut inbox).0.count();
        assert_eq!(
            taken.map_or(0, |_| 1) + left,
            1,
            "the message is taken, or left for dead letters"
        );
    });
}

#[test]
fn an_order_reaches_a_handler_that_waits_and_a_message_is_there_after_it() {
    in_every_order(|| {
        let mailbox = Arc::new(Mailbox::<u32>::new(MailboxSpec::bounded(1)));
        let other = mailbox.clone();
        let other = thread::spawn(move || {
            assert!(push(&other, 1));
            other.order(Orders::KILL);
        });
        let mut inbox = Inbox::new();
        block_on(poll_fn(|cx| {
            mailbox.park_in_handler(cx);
            if mailbox.orders().any_of(Orders::KILL) {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        }));
        assert_eq!(next(&mailbox, &mut inbox), None, "the order comes first");
        mailbox.obeyed(Orders::KILL);
        assert_eq!(next(&mailbox, &mut inbox), Some(1));
        other.join().expect("it does not fail");
    });
}

#[test]
fn an_order_that_comes_while_the_same_is_obeyed_stands() {
    in_every_order(|| {
        let mailbox = Arc::new(Mailbox::<u32>::new(MailboxSpec::bounded(1)));
        mailbox.order(Orders::STOP);
        let other = mailbox.clone();
        let other = thread::spawn(move || {
            let before = other.is_open();
            other.order(Orders::STOP);
            before
        });
        mailbox.obeyed(Orders::STOP);
        mailbox.reopen();
        let came_late = other.join().expect("it does not fail");
        let stands = mailbox.orders().any_of(Orders::STOP);
        assert_eq!(
            stands,
            !mailbox.is_open(),
            "what is ordered and what it closes are seen apart"
        );
        assert!(stands || !came_late, "an order was lost");
    });
}

#[test]
fn what_is_pushed_while_the_mailbox_closes_is_left_or_handed_back() {
    in_every_order(|| {
        let mailbox = Arc::new(Mailbox::new(MailboxSpec::bounded(8)));
        let sender = mailbox.clone();
        let sender = thread::spawn(move || [1, 2].map(|word| push(&sender, word)));
        let (left, accepted) = mailbox.close(&mut Inbox::new());
        let left = left.count();
        let taken = sender.join().expect("it does not fail");
        assert_eq!(left, taken.into_iter().filter(|&taken| taken).count());
        assert_eq!(left as u64, accepted);
        assert!(taken != [false, true], "it took one after it had closed");
    });
}

#[test]
fn of_what_displaces_what_each_message_is_handled_or_displaced() {
    in_many_orders(|| {
        let mailbox = Arc::new(Mailbox::new(MailboxSpec::bounded(1).overflow(Overflow::DropOldest)));
        let senders = [1, 2, 3].map(|word| {
            let mailbox = mailbox.clone();
            thread::spawn(move || {
                let pushed = mailbox.try_push(Envelope::plain(word));
                usize::from(pushed.is_ok_and(|displaced| displaced.is_some()))
            })
        });
        let mut inbox = Inbox::new();
        assert!(next(&mailbox, &mut inbox).is_some());
        let displaced: usize = senders
            .map(|sender| sender.join().expect("it does not fail"))
            .iter()
            .sum();
        assert_eq!(1 + displaced + mailbox.close(&mut inbox).0.count(), 3);
    });
}
