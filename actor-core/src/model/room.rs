//! Senders that wait for room: first come, first served, and no permit lost or doubled.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use shuttle::future::{block_on, spawn, yield_now};
use shuttle::thread;

use crate::mailbox::{Inbox, Mailbox, MailboxSpec, Ticket};
use crate::question::Envelope;
use crate::signal::Orders;

use super::in_many_orders;
use super::mailbox::next;

type Shared = Arc<Mailbox<u32>>;

/// One who has a message for a mailbox; when it goes, it gives up its place.
struct Sender {
    mailbox: Shared,
    envelope: Option<Envelope<u32>>,
    ticket: Ticket,
}

impl Sender {
    fn new(mailbox: &Shared, word: u32) -> Self {
        Self {
            mailbox: mailbox.clone(),
            envelope: Some(Envelope::plain(word)),
            ticket: None,
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        let pushed = self.mailbox.poll_push(&mut self.envelope, &mut self.ticket, cx);
        pushed.map(|pushed| pushed.is_ok())
    }

    /// Waits until the message is taken; `false` says that the mailbox closed first.
    async fn send(mut self) -> bool {
        poll_fn(|cx| self.poll(cx)).await
    }

    /// Looks twice whether there is room, and goes.
    async fn send_or_go(mut self) -> bool {
        for _ in 0..2 {
            let polled = poll_fn(|cx| Poll::Ready(self.poll(cx))).await;
            if let Poll::Ready(sent) = polled {
                return sent;
            }
            yield_now().await;
        }
        false
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.mailbox.forget(&mut self.ticket);
    }
}

/// A mailbox for one message, which is in it.
fn full() -> Shared {
    let mailbox = Arc::new(Mailbox::new(MailboxSpec::bounded(1)));
    assert!(mailbox.try_push(Envelope::plain(0)).is_ok());
    mailbox
}

/// Handles all that comes until a drain is ordered and obeyed.
fn handle_all(mailbox: &Shared) -> Vec<u32> {
    let mut inbox = Inbox::new();
    let mut seen = Vec::new();
    loop {
        match next(mailbox, &mut inbox) {
            Some(word) => seen.push(word),
            None if mailbox.orders().any_of(Orders::DRAIN) => return seen,
            None => {}
        }
    }
}

/// Has the mailbox take messages again, and finds that it takes exactly as many as it holds.
fn assert_room_is_whole(mailbox: &Shared) {
    mailbox.obeyed(Orders::DRAIN.with(Orders::STOP));
    mailbox.reopen();
    assert!(mailbox.try_push(Envelope::plain(0)).is_ok(), "a permit was lost");
    assert!(mailbox.try_push(Envelope::plain(0)).is_err(), "a permit was doubled");
}

#[test]
fn a_sender_that_goes_takes_nobodys_room_along() {
    in_many_orders(|| {
        let mailbox = full();
        let patient = [1, 2].map(|word| spawn(Sender::new(&mailbox, word).send()));
        let hasty = [3, 4].map(|word| spawn(Sender::new(&mailbox, word).send_or_go()));
        let actor = mailbox.clone();
        let actor = thread::spawn(move || handle_all(&actor));
        let mut sent = vec![0];
        for (word, sender) in (1..).zip(patient.into_iter().chain(hasty)) {
            if block_on(sender).expect("it does not fail") {
                sent.push(word);
            }
        }
        mailbox.order(Orders::DRAIN);
        let mut seen = actor.join().expect("it does not fail");
        seen.sort_unstable();
        assert_eq!(seen, sent);
        assert!(sent.starts_with(&[0, 1, 2]), "one that waited was not served");
        assert_room_is_whole(&mailbox);
    });
}

#[test]
fn who_waits_longer_is_served_first_whoever_goes() {
    in_many_orders(|| {
        let mailbox = full();
        let mut waiting = [1, 2, 3].map(|word| Sender::new(&mailbox, word));
        for sender in &mut waiting {
            assert!(sender.poll(&mut Context::from_waker(Waker::noop())).is_pending());
        }
        let [first, second, third] = waiting;
        let (third, first) = (spawn(third.send()), spawn(first.send()));
        let second = thread::spawn(move || drop(second));
        let newcomer = spawn(Sender::new(&mailbox, 4).send());
        let mut inbox = Inbox::new();
        let seen: Vec<_> = (0..4).filter_map(|_| next(&mailbox, &mut inbox)).collect();
        assert_eq!(seen, [0, 1, 3, 4]);
        second.join().expect("it does not fail");
        for sender in [first, third, newcomer] {
            assert!(block_on(sender).expect("it does not fail"));
        }
    });
}

#[test]
fn who_waits_when_the_mailbox_shuts_is_sent_away_or_served_by_the_next_life() {
    in_many_orders(|| {
        let mailbox = full();
        let senders = [1, 2].map(|word| spawn(Sender::new(&mailbox, word).send()));
        let stopper = mailbox.clone();
        let stopper = thread::spawn(move || stopper.order(Orders::STOP));
        let actor = mailbox.clone();
        let actor = thread::spawn(move || {
            let mut inbox = Inbox::new();
            let mut seen = Vec::new();
            while !actor.orders().any_of(Orders::STOP) {
                seen.extend(next(&actor, &mut inbox));
            }
            // What waits is lost to the order, as at the end of a life; then comes another.
            actor.obeyed(Orders::STOP);
            let lost = actor.clear(&mut inbox, false).len();
            actor.reopen();
            while !actor.orders().any_of(Orders::DRAIN) {
                seen.extend(next(&actor, &mut inbox));
            }
            seen.extend(std::iter::from_fn(|| next(&actor, &mut inbox)));
            seen.len() + lost
        });
        let sent = senders.map(|sender| block_on(sender).expect("it does not fail"));
        stopper.join().expect("it does not fail");
        mailbox.order(Orders::DRAIN);
        let taken = actor.join().expect("it does not fail");
        assert_eq!(taken, 1 + sent.into_iter().filter(|&sent| sent).count());
        assert_room_is_whole(&mailbox);
    });
}

#[test]
fn room_that_was_reserved_goes_back_whatever_happens_first() {
    in_many_orders(|| {
        let mailbox = full();
        let reserving = [true, false].map(|uses| {
            let mailbox = mailbox.clone();
            spawn(async move {
                let mut ticket = None;
                let reserved = poll_fn(|cx| mailbox.poll_reserve(&mut ticket, cx)).await;
                match reserved {
                    Ok(()) if uses => mailbox.push_reserved(Envelope::plain(1)).is_ok(),
                    Ok(()) => {
                        mailbox.unreserve();
                        false
                    }
                    Err(_) => false,
                }
            })
        });
        let shutting = mailbox.clone();
        let shutting = thread::spawn(move || shutting.order(Orders::DRAIN));
        let seen = handle_all(&mailbox).len();
        let used = reserving.map(|one| block_on(one).expect("it does not fail"));
        shutting.join().expect("it does not fail");
        assert_eq!(seen, 1 + usize::from(used[0]));
        assert_room_is_whole(&mailbox);
    });
}

#[test]
fn a_sender_that_is_dropped_at_any_moment_leaves_the_room_whole() {
    in_many_orders(|| {
        let mailbox = full();
        let sender = mailbox.clone();
        let sender = spawn(async move {
            // The wait is a future: one that is polled, and then dropped with its sender.
            let mut wait = pin!(Sender::new(&sender, 1).send());
            let polled = poll_fn(|cx| Poll::Ready(wait.as_mut().poll(cx))).await;
            yield_now().await;
            polled.is_ready()
        });
        let actor = mailbox.clone();
        let actor = thread::spawn(move || handle_all(&actor));
        let sent = block_on(sender).expect("it does not fail");
        mailbox.order(Orders::DRAIN);
        assert_eq!(actor.join().expect("it does not fail").len(), 1 + usize::from(sent));
        assert_room_is_whole(&mailbox);
    });
}
