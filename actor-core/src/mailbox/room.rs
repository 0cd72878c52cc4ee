//! Who may put a message into a full mailbox next: permits, handed on in the order in which they were asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::task::Waker;

/// The place of a sender in the queue for room; `None` until it has to wait.
pub(crate) type Ticket = Option<u64>;

/// Counts the room of a mailbox and hands what is free to those who wait for it.
///
/// A waiting sender keeps its message and is given a *permit*, which counts as used room until the message comes or
/// the sender goes. So nothing is lost when it goes, and nobody who comes later takes the room that it was given.
pub(super) struct Room {
    capacity: usize,
    /// Messages accepted and not yet handled, and permits granted and not yet used.
    used: usize,
    /// Made when somebody has to wait, which at most mailboxes nobody ever has.
    line: Option<Box<Line>>,
}

#[derive(Default)]
struct Line {
    waiting: BTreeMap<u64, Waker>,
    granted: BTreeSet<u64>,
    next_ticket: u64,
}

impl Room {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            used: 0,
            line: None,
        }
    }

    /// Takes room for one message, unless there is none or others wait for it.
    #[inline]
    pub(super) fn try_take(&mut self) -> bool {
        let free = !self.is_full();
        if free {
            self.used += 1;
        }
        free
    }

    /// Takes room for so many messages, or for as many as there is room for. Returns for how many.
    #[cfg(feature = "wire")]
    pub(super) fn try_take_many(&mut self, count: usize) -> usize {
        let free = self.capacity.saturating_sub(self.used);
        let taken = if self.has_waiting() { 0 } else { count.min(free) };
        self.used += taken;
        taken
    }

    /// Whether one who needs room would have to wait.
    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.used >= self.capacity || self.has_waiting()
    }

    /// Whether somebody waits for room.
    #[inline]
    pub(super) fn has_waiting(&self) -> bool {
        self.line.as_ref().is_some_and(|line| !line.waiting.is_empty())
    }

    /// For how many messages there is room.
    pub(super) fn capacity(&self) -> usize {
        self.capacity
    }

    /// How much of it is taken.
    pub(super) fn used(&self) -> usize {
        self.used
    }

    /// Takes room whether there is any or not.
    #[inline]
    pub(super) fn take(&mut self) {
        self.used += 1;
    }

    /// Takes room for one message, or keeps a place in the queue for it. Returns whether there was room.
    ///
    /// The waker that is no longer needed is left in `stale`, for the caller to drop when its lock is free.
    pub(super) fn take_or_wait(&mut self, ticket: &mut Ticket, waker: &Waker, stale: &mut Option<Waker>) -> bool {
        // One who was sent away, and comes again, has neither a permit nor a place: it waits anew.
        if let Some(line) = &self.line {
            ticket.take_if(|number| !line.granted.contains(number) && !line.waiting.contains_key(number));
        }
        if ticket.is_none() && self.try_take() {
            return true;
        }
        let line = self.line.get_or_insert_default();
        let number = *ticket.get_or_insert_with(|| {
            line.next_ticket += 1;
            line.next_ticket
        });
        if line.granted.remove(&number) {
            *ticket = None;
            return true;
        }
        if !line.waiting.get(&number).is_some_and(|known| known.will_wake(waker)) {
            *stale = line.waiting.insert(number, waker.clone());
        }
        false
    }

    /// Gives up a place in the queue, or the permit that came of it.
    pub(super) fn forget(&mut self, ticket: &mut Ticket) -> Forgotten {
        let (Some(number), Some(line)) = (ticket.take(), &mut self.line) else {
            return Forgotten::Nothing;
        };
        if line.granted.remove(&number) {
            let mut next = Vec::new();
            self.give_back(1, &mut next);
            return Forgotten::Granted(next);
        }
        match line.waiting.remove(&number) {
            Some(waker) => Forgotten::Waited(waker),
            None => Forgotten::Nothing,
        }
    }

    /// Whether the one with this ticket has not been given room yet.
    pub(super) fn is_waiting(&self, ticket: u64) -> bool {
        self.line
            .as_ref()
            .is_some_and(|line| line.waiting.contains_key(&ticket))
    }

    /// Gives back the room of `count` messages; adds to `wake` those who have it now.
    #[inline]
    pub(super) fn give_back(&mut self, count: usize, wake: &mut Vec<Waker>) {
        self.used -= count;
        if self.has_waiting() {
            self.hand_on(wake);
        }
    }

    fn hand_on(&mut self, wake: &mut Vec<Waker>) {
        while self.used < self.capacity
            && let Some(line) = &mut self.line
            && let Some((number, waker)) = line.waiting.pop_first()
        {
            self.used += 1;
            line.granted.insert(number);
            wake.push(waker);
        }
    }

    /// Sends everyone away who waits. Those who were given room keep it.
    pub(super) fn dismiss(&mut self) -> Vec<Waker> {
        let Some(line) = &mut self.line else { return Vec::new() };
        std::mem::take(&mut line.waiting).into_values().collect()
    }
}

/// What a sender that went away left behind.
pub(super) enum Forgotten {
    Nothing,
    Waited(#[expect(dead_code, reason = "held to be dropped outside the lock")] Waker),
    Granted(Vec<Waker>),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(room: &mut Room, ticket: &mut Ticket) -> bool {
        room.take_or_wait(ticket, Waker::noop(), &mut None)
    }

    #[test]
    fn room_is_handed_on_in_the_order_in_which_it_was_asked_for() {
        let mut room = Room::new(1);
        let [mut first, mut second, mut third] = [None; 3];
        assert!(room.try_take());
        assert!(!ask(&mut room, &mut first));
        assert!(!ask(&mut room, &mut second));
        assert!(!ask(&mut room, &mut third));
        let mut woken = Vec::new();
        room.give_back(1, &mut woken);
        assert_eq!(woken.len(), 1);
        assert!(!ask(&mut room, &mut third));
        assert!(!ask(&mut room, &mut second));
        assert!(ask(&mut room, &mut first));
    }

    #[test]
    fn newcomers_do_not_barge() {
        let mut room = Room::new(2);
        let mut waiting = None;
        assert!(room.try_take() && room.try_take());
        assert!(!ask(&mut room, &mut waiting));
        room.give_back(1, &mut Vec::new());
        assert!(!room.try_take(), "the permit was taken by one who came later");
        assert!(ask(&mut room, &mut waiting));
        room.give_back(1, &mut Vec::new());
        assert!(room.try_take());
    }

    #[test]
    fn a_sender_that_goes_hands_its_permit_to_the_next() {
        let mut room = Room::new(1);
        let [mut first, mut second] = [None; 2];
        assert!(room.try_take());
        assert!(!ask(&mut room, &mut first));
        assert!(!ask(&mut room, &mut second));
        room.give_back(1, &mut Vec::new());
        assert!(matches!(room.forget(&mut first), Forgotten::Granted(wake) if wake.len() == 1));
        assert!(ask(&mut room, &mut second));
    }

    #[test]
    fn one_who_was_sent_away_takes_nobodys_permit_when_it_comes_again() {
        let mut room = Room::new(1);
        let [mut sent_away, mut later] = [None; 2];
        assert!(room.try_take());
        assert!(!ask(&mut room, &mut sent_away));
        assert_eq!(room.dismiss().len(), 1);
        assert!(!ask(&mut room, &mut later));
        room.give_back(1, &mut Vec::new());
        assert!(!ask(&mut room, &mut sent_away), "it took the permit of the other");
        assert!(ask(&mut room, &mut later));
        room.give_back(1, &mut Vec::new());
        assert!(ask(&mut room, &mut sent_away));
    }

    #[test]
    fn a_sender_that_goes_while_it_waits_takes_nothing_along() {
        let mut room = Room::new(1);
        let [mut first, mut second] = [None; 2];
        assert!(room.try_take());
        assert!(!ask(&mut room, &mut first));
        assert!(!ask(&mut room, &mut second));
        assert!(matches!(room.forget(&mut first), Forgotten::Waited(_)));
        room.give_back(1, &mut Vec::new());
        assert!(ask(&mut room, &mut second));
        room.give_back(1, &mut Vec::new());
        assert!(room.try_take());
        assert!(!room.try_take());
    }
}
