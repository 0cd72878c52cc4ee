//! An actor's queue: two buffers that change places under one short lock.
//!
//! Senders push to the buffer behind the lock. The actor takes the whole of it by leaving its own, empty one there,
//! and works through what it took without the lock. That lock also guards the waker of the parked actor and the
//! [permits](room::Room) of the senders who wait for room. No user value is dropped, and nobody woken, under it.
//!
//! A message that came alone is taken by an actor which parks in the same moment, so that the next time it needs the lock
//! is when it is woken again. What it has finished by then is a number that a sender reads who finds no room.
//!
//! Beside the queue is the lane of [`Orders`]: a set of flags that is never full, and is looked at between any two
//! messages by one load.

mod credit;
mod glance;
mod latest;
#[cfg(feature = "wire")]
mod many;
mod reserve;
mod room;
mod spec;
#[cfg(feature = "metrics")]
mod stamp;
mod state;

use std::collections::VecDeque;
use std::mem;
use std::task::{Context, Poll, Waker};

#[cfg(feature = "metrics")]
use tokio::time::Instant;

use crate::ledger::DeadReason;
use crate::question::Envelope;
use crate::signal::{Orders, Signal};

use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use credit::Credit;
use spec::Policy;
use state::State;

pub(crate) use glance::Glance;
pub(crate) use room::Ticket;
pub use spec::{MailboxSpec, Overflow};

/// Room goes back to the senders in portions of so many messages at least, at the end of a batch, or when a handler waits.
const PORTION_MIN: usize = 16;

/// A portion is one of so many of a mailbox. A sender waits longer for it than it must, and by one part in so many of what its
/// message will wait in the queue.
const PORTIONS: usize = 8;

/// What an actor is parked for: it is not, or not any more; messages and orders; orders alone.
const NOTHING: u8 = 0;
const MESSAGES: u8 = 1;
const ORDERS: u8 = 2;

/// One thing in the queue. Signals that have a place in the order stand between the messages, and need no room.
pub(crate) enum Entry<M> {
    Message(Envelope<M>),
    Signal(Box<Signal>),
    /// When the message behind it was queued. It stands before one in so many, and needs no room.
    #[cfg(feature = "metrics")]
    Stamp(Instant),
}

/// Why a message was not taken.
pub(crate) enum Refused<M> {
    Full(Envelope<M>),
    Closed(Envelope<M>),
}

/// A message that the overflow policy put aside for another, or instead of taking it.
pub(crate) struct Displaced<M> {
    pub(crate) envelope: Envelope<M>,
    pub(crate) reason: DeadReason,
}

pub(crate) type Pushed<M> = Result<Option<Displaced<M>>, Refused<M>>;

/// The shared half.
///
/// In this order, with a line of memory (64 bytes) between what the actor looks at and writes for each message and the lock with what is
/// behind it: where both run at once, a sender would else take away with each message what the actor needs for the next, and the
/// actor what the sender needs.
#[repr(C)]
pub(crate) struct Mailbox<M> {
    credit: Credit,
    orders: AtomicU8,
    /// What the actor is parked for, if nothing of it has come since. Changed under the lock.
    parked_for: AtomicU8,
    /// Whether messages leave the queue one by one, because one that was taken can no longer be dropped. Their room goes
    /// back as they leave.
    pops_one: bool,
    /// Whether somebody wants to know of each message.
    is_filmed: AtomicBool,
    /// The room of so many messages goes back at once.
    portion: u32,
    policy: Policy<M>,
    apart: [u64; APART],
    state: Mutex<State<M>>,
}

/// What is missing to a line between the two.
const APART: usize = 4;

#[cfg(test)]
impl<M> Mailbox<M> {
    /// Where that is which the actor looks at and writes for each message, and that which its senders do.
    pub(crate) fn written() -> (std::ops::Range<usize>, std::ops::Range<usize>) {
        use std::mem::offset_of;
        let earned = offset_of!(Self, credit) + Credit::EARNED;
        let state = offset_of!(Self, state);
        (
            earned..offset_of!(Self, portion) + size_of::<u32>(),
            state..state + size_of::<Mutex<State<M>>>(),
        )
    }
}

/// The actor's half: what it has taken and not yet handled. It outlives a restart, and the rest of the batch with it.
pub(crate) struct Inbox<M> {
    batch: VecDeque<Entry<M>>,
    /// It has found nothing when it looked last.
    has_waited: bool,
    /// A message that was taken out of it is being handled.
    pub(crate) in_hand: bool,
}

impl<M> Inbox<M> {
    pub(crate) fn new() -> Self {
        Self {
            batch: VecDeque::new(),
            has_waited: false,
            in_hand: false,
        }
    }
}

impl<M> Displaced<M> {
    fn of(entry: Entry<M>, reason: DeadReason) -> Option<Self> {
        match entry {
            Entry::Message(envelope) => Some(Self { envelope, reason }),
            _ => None,
        }
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

fn wake_all(woken: Vec<Waker>) {
    if !woken.is_empty() {
        woken.into_iter().for_each(Waker::wake);
    }
}

impl<M> Mailbox<M> {
    pub(crate) fn new(spec: MailboxSpec<M>) -> Self {
        let keyed = matches!(spec.policy, Policy::LatestBy(_));
        let portion = (spec.capacity / PORTIONS).max(PORTION_MIN);
        let is_plain = matches!(
            spec.policy,
            Policy::Unbounded | Policy::Overflow(Overflow::Wait | Overflow::Refuse)
        );
        Self {
            orders: AtomicU8::new(0),
            pops_one: matches!(
                spec.policy,
                Policy::LatestBy(_) | Policy::Overflow(Overflow::DropOldest)
            ),
            credit: Credit::default(),
            portion: portion.try_into().unwrap_or(u32::MAX),
            parked_for: AtomicU8::new(NOTHING),
            is_filmed: AtomicBool::new(false),
            apart: [0; APART],
            state: Mutex::new(State::new(spec.capacity, keyed, is_plain)),
            policy: spec.policy,
        }
    }

    /// Queues the message that `take` takes where nothing stands in its way: what a tell comes down to, but for the rare one. One
    /// that was not queued is not taken; [`try_push`](Self::try_push) says why.
    ///
    /// Taken out of its place under the lock, as a message that is passed on from call to call is copied by each.
    #[inline]
    pub(crate) fn push_at_once(&self, take: impl FnOnce() -> Option<Envelope<M>>) -> bool {
        let mut state = self.state.lock();
        if !state.is_plain || !state.open || state.room.is_full() {
            return false;
        }
        let Some(envelope) = take() else { return false };
        state.room.take();
        state.append_plain(envelope);
        let waker = self.unpark_for_message(&mut state);
        drop(state);
        wake(waker);
        true
    }

    /// Queues a message if there is room, or if the policy makes room.
    pub(crate) fn try_push(&self, envelope: Envelope<M>) -> Pushed<M> {
        let key = self.key_of(&envelope.msg);
        let mut state = self.lock_for_room();
        if !state.open {
            return Err(Refused::Closed(envelope));
        }
        let displaced = match &self.policy {
            Policy::Unbounded => {
                state.room.take();
                None
            }
            Policy::LatestBy(_) => match state.index_of(key) {
                Some(index) => {
                    let before = mem::replace(&mut state.queue[index], Entry::Message(envelope));
                    state.accepted += 1;
                    return Ok(Displaced::of(before, DeadReason::Replaced));
                }
                None if state.room.try_take() => None,
                None => return Err(Refused::Full(envelope)),
            },
            Policy::Overflow(_) if state.room.try_take() => None,
            Policy::Overflow(Overflow::Wait | Overflow::Refuse) => return Err(Refused::Full(envelope)),
            Policy::Overflow(Overflow::DropNewest) => {
                state.accepted += 1;
                return Ok(Some(Displaced {
                    envelope,
                    reason: DeadReason::DroppedNewest,
                }));
            }
            Policy::Overflow(Overflow::DropOldest) => {
                let oldest = state.take_oldest();
                oldest.and_then(|entry| Displaced::of(entry, DeadReason::DroppedOldest))
            }
        };
        let waker = self.append(&mut state, envelope, key);
        drop(state);
        wake(waker);
        Ok(displaced)
    }

    /// Queues the message in `envelope` when there is room for it, first come, first served.
    pub(crate) fn poll_push(
        &self,
        envelope: &mut Option<Envelope<M>>,
        ticket: &mut Ticket,
        cx: &mut Context<'_>,
    ) -> Poll<Pushed<M>> {
        if !self.waits() {
            return match envelope.take() {
                Some(envelope) => Poll::Ready(self.try_push(envelope)),
                None => Poll::Pending,
            };
        }
        let mut stale = None;
        let mut state = self.lock_for_room();
        if state.open && !state.room.take_or_wait(ticket, cx.waker(), &mut stale) {
            self.wait_for_room(state);
            drop(stale);
            return Poll::Pending;
        }
        let Some(envelope) = envelope.take() else {
            return Poll::Pending;
        };
        if !state.open {
            drop(state);
            self.forget(ticket);
            return Poll::Ready(Err(Refused::Closed(envelope)));
        }
        let waker = self.append(&mut state, envelope, None);
        drop(state);
        wake(waker);
        Poll::Ready(Ok(None))
    }

    /// Queues a message that has room; returns who is to be woken.
    #[inline]
    fn append(&self, state: &mut State<M>, envelope: Envelope<M>, key: Option<u64>) -> Option<Waker> {
        state.append(envelope, key);
        self.unpark_for_message(state)
    }

    #[inline]
    fn unpark_for_message(&self, state: &mut State<M>) -> Option<Waker> {
        let parked = state.parked.take_if(|_| state.messages_wake);
        if parked.is_some() {
            self.parked_for.store(NOTHING, Ordering::Release);
        }
        parked
    }

    /// Puts a signal behind all that is queued. After the end there is nobody to tell, and it is dropped.
    pub(crate) fn push_signal(&self, signal: Signal) {
        let entry = Entry::Signal(Box::new(signal));
        let mut state = self.state.lock();
        if state.ended {
            drop(state);
            drop(entry);
            return;
        }
        if let Some(keys) = &mut state.keys {
            keys.push_back(None);
        }
        state.queue.push_back(entry);
        let waker = self.unpark_for_message(&mut state);
        drop(state);
        wake(waker);
    }

    /// Adds to the orders that the actor is under. Nothing is accepted any more after one that ends it in order.
    ///
    /// The flags change under the lock, so that they and what they close are never seen apart.
    pub(crate) fn order(&self, orders: Orders) {
        let mut state = self.state.lock();
        self.orders.fetch_or(orders.bits(), Ordering::AcqRel);
        let mut dismissed = Vec::new();
        if orders.any_of(Orders::CLOSING) {
            state.open = false;
            dismissed = state.room.dismiss();
        }
        let waker = self.unpark(&mut state);
        drop(state);
        wake(waker);
        wake_all(dismissed);
    }

    /// Accepts nothing more, for the rest of this life, and sends away those who wait.
    pub(crate) fn shut(&self) {
        let mut state = self.state.lock();
        state.open = false;
        let dismissed = state.room.dismiss();
        drop(state);
        wake_all(dismissed);
    }

    /// Takes back orders that were obeyed. One that comes after this stands, though it be the same again.
    pub(crate) fn obeyed(&self, orders: Orders) {
        if !self.orders().any_of(orders) {
            return;
        }
        let _state = self.state.lock();
        self.orders.fetch_and(!orders.bits(), Ordering::AcqRel);
    }

    /// The orders that the actor is under.
    pub(crate) fn orders(&self) -> Orders {
        Orders::from_bits(self.orders.load(Ordering::Acquire))
    }

    /// Whether messages are accepted.
    pub(crate) fn is_open(&self) -> bool {
        self.state.lock().open
    }

    /// Has the actor tell of each message that it takes up, or not any more.
    pub(crate) fn set_filmed(&self, on: bool) {
        self.is_filmed.store(on, Ordering::Relaxed);
    }

    #[inline(always)]
    pub(crate) fn is_filmed(&self) -> bool {
        self.is_filmed.load(Ordering::Relaxed)
    }

    /// Takes the next thing out of what was taken out of the queue before.
    #[inline]
    pub(crate) fn next_in_batch(&self, inbox: &mut Inbox<M>) -> Option<Entry<M>> {
        if self.credit.owed() >= self.portion as usize {
            self.give_back_finished();
        }
        inbox.batch.pop_front()
    }

    /// Notes that a message is dealt with, so that its room can go back.
    #[inline]
    pub(crate) fn finish_one(&self) {
        if !self.pops_one {
            self.credit.earn();
        }
    }

    /// Takes the next thing to do; `None` says that the queue is empty while there are orders to look at.
    ///
    /// To be polled with one waker for all of an actor's lives.
    pub(crate) fn poll_next(&self, inbox: &mut Inbox<M>, cx: &mut Context<'_>) -> Poll<Option<Entry<M>>> {
        if let Some(entry) = self.next_in_batch(inbox) {
            return Poll::Ready(Some(entry));
        }
        if self.parked_for.load(Ordering::Acquire) == MESSAGES {
            inbox.has_waited = true;
            return Poll::Pending;
        }
        let mut woken = Vec::new();
        let mut state = self.state.lock();
        state.room.give_back(self.credit.take(), &mut woken);
        let orders = self.orders();
        // One that was woken by a message and an order obeys the order first.
        let next = if orders.any_of(Orders::BEFORE_MESSAGES) {
            None
        } else {
            state.take(&mut inbox.batch, self.pops_one)
        };
        // One that was woken for a message has most often been sent no other, and parks here and now. While it works
        // without a pause there is more to come, and who sends it should find nobody to wake. And who waits for room
        // already waits for that of this very message.
        let has_waited = mem::take(&mut inbox.has_waited);
        let is_alone = || state.queue.is_empty() && inbox.batch.is_empty() && !state.room.has_waiting();
        let parks = next.is_none() || (has_waited && is_alone());
        let mut stale = None;
        if parks && orders.is_none() {
            state.keep_one_buffer(&mut inbox.batch);
            stale = state.park(cx.waker(), true);
            self.parked_for.store(MESSAGES, Ordering::Release);
        }
        drop(state);
        drop(stale);
        wake_all(woken);
        match next {
            None if orders.is_none() => {
                inbox.has_waited = true;
                Poll::Pending
            }
            next => Poll::Ready(next),
        }
    }

    /// Parks an actor whose handler waits, to be woken by orders alone. Room goes back now and not at the end of a
    /// batch: a slow handler must not hold the room of what it has long finished.
    ///
    /// To be polled with one waker, as above: where that is kept already, there is nothing to do.
    pub(crate) fn park_in_handler(&self, cx: &mut Context<'_>) {
        if self.parked_for.load(Ordering::Acquire) == ORDERS && self.credit.owed() == 0 {
            return;
        }
        let mut woken = Vec::new();
        let mut state = self.state.lock();
        state.room.give_back(self.credit.take(), &mut woken);
        let stale = state.park(cx.waker(), false);
        self.parked_for.store(ORDERS, Ordering::Release);
        drop(state);
        drop(stale);
        wake_all(woken);
    }

    /// Takes the waker of the parked actor, whatever it is parked for.
    fn unpark(&self, state: &mut State<M>) -> Option<Waker> {
        self.parked_for.store(NOTHING, Ordering::Release);
        state.parked.take()
    }

    /// Makes ready for another life. It stays closed where an order stands that closes it.
    pub(crate) fn reopen(&self) {
        let mut state = self.state.lock();
        state.open = !self.orders().any_of(Orders::CLOSING);
    }

    /// Accepts nothing more, sends away those who wait, and returns what was left, with how many messages it has accepted.
    pub(crate) fn close(&self, inbox: &mut Inbox<M>) -> (impl Iterator<Item = Entry<M>> + use<M>, u64) {
        let mut state = self.state.lock();
        state.open = false;
        state.ended = true;
        let dismissed = state.room.dismiss();
        let queue = mem::take(&mut state.queue);
        let (keys, accepted) = (state.keys.take(), state.accepted);
        // It keeps its own actor.
        let parked = self.unpark(&mut state);
        drop(state);
        drop((keys, parked));
        wake_all(dismissed);
        (mem::take(&mut inbox.batch).into_iter().chain(queue), accepted)
    }

    /// Takes out what is queued. The room of it goes back as that of handled messages does.
    ///
    /// If it `shuts`, accepts nothing more, for the rest of this life, and sends away those who wait.
    pub(crate) fn clear(&self, inbox: &mut Inbox<M>, shuts: bool) -> VecDeque<Entry<M>> {
        let mut state = self.state.lock();
        state.open &= !shuts;
        let dismissed = if shuts { state.room.dismiss() } else { Vec::new() };
        let mut left = mem::take(&mut inbox.batch);
        let pops_one = self.pops_one;
        while let Some(entry) = if pops_one {
            state.pop_one()
        } else {
            state.queue.pop_front()
        } {
            left.push_back(entry);
        }
        drop(state);
        wake_all(dismissed);
        for _ in left.iter().filter(|entry| matches!(entry, Entry::Message(_))) {
            self.finish_one();
        }
        left
    }

    fn key_of(&self, msg: &M) -> Option<u64> {
        match &self.policy {
            Policy::LatestBy(key) => Some(key(msg)),
            _ => None,
        }
    }

    fn waits(&self) -> bool {
        matches!(self.policy, Policy::Overflow(Overflow::Wait))
    }

    /// Whether room can be taken ahead; under the other policies a push finds its room itself.
    fn reserves(&self) -> bool {
        matches!(self.policy, Policy::Overflow(Overflow::Wait | Overflow::Refuse))
    }
}
