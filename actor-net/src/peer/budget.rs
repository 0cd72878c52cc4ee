//! Who may use bytes of a bounded store next: permits, handed on in the order in which they were asked for.
//!
//! It is to bytes what a mailbox's room is to messages: a waiting sender keeps its message and is given a *permit*, which counts as used until
//! the bytes come or the sender goes; nobody who comes later takes it.

use std::collections::BTreeMap;
use std::task::Waker;

/// The place of a sender in the queue; `None` until it has to wait.
pub(crate) type Ticket = Option<u64>;

#[derive(Debug)]
pub(crate) struct Budget {
    bytes_max: usize,
    lends: bool,
    /// Bytes taken, and permits granted and not yet used.
    used: usize,
    waiting: BTreeMap<u64, (usize, Waker)>,
    granted: BTreeMap<u64, usize>,
    next_ticket: u64,
}

impl Budget {
    /// A single request for more than `bytes_max` is granted when nothing else is used: it could never be otherwise.
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self {
            bytes_max,
            lends: false,
            used: 0,
            waiting: BTreeMap::new(),
            granted: BTreeMap::new(),
            next_ticket: 0,
        }
    }

    /// The last request is granted whole, as long as anything is left. For what is given back only in parts: a large request would
    /// wait for the rest of it for ever.
    pub(crate) fn lending(bytes_max: usize) -> Self {
        Self {
            lends: true,
            ..Self::new(bytes_max)
        }
    }

    #[inline]
    fn has_room(&self, bytes: usize) -> bool {
        let needed = if self.lends { 1 } else { bytes };
        self.used == 0 || self.used.saturating_add(needed) <= self.bytes_max
    }

    /// Takes bytes, unless there is no room or others wait for it.
    #[inline]
    pub(crate) fn try_take(&mut self, bytes: usize) -> bool {
        let free = self.is_free(bytes);
        if free {
            self.used += bytes;
        }
        free
    }

    /// Whether there is room, and nobody waits for it.
    #[inline]
    pub(crate) fn is_free(&self, bytes: usize) -> bool {
        self.waiting.is_empty() && self.has_room(bytes)
    }

    /// Whether nothing is taken or given, and nobody waits.
    pub(crate) fn is_unused(&self) -> bool {
        self.used == 0 && self.waiting.is_empty()
    }

    /// Takes bytes whether there is room or not.
    pub(crate) fn take(&mut self, bytes: usize) {
        self.used += bytes;
    }

    /// Takes bytes, or keeps a place in the queue for them. Returns whether there was room.
    ///
    /// The waker that is no longer needed is left in `stale`, for the caller to drop when its lock is free.
    pub(crate) fn take_or_wait(
        &mut self,
        bytes: usize,
        ticket: &mut Ticket,
        waker: &Waker,
        stale: &mut Option<Waker>,
    ) -> bool {
        ticket.take_if(|number| !self.granted.contains_key(number) && !self.waiting.contains_key(number));
        let number = match *ticket {
            Some(number) if self.granted.remove(&number).is_some() => {
                *ticket = None;
                return true;
            }
            Some(number) => number,
            None if self.try_take(bytes) => return true,
            None => {
                let number = self.next_ticket;
                self.next_ticket += 1;
                *ticket = Some(number);
                number
            }
        };
        match self.waiting.get_mut(&number) {
            Some((_, known)) if known.will_wake(waker) => {}
            Some((_, known)) => *stale = Some(std::mem::replace(known, waker.clone())),
            None => {
                self.waiting.insert(number, (bytes, waker.clone()));
            }
        }
        false
    }

    /// Gives up a place in the queue, or the permit that came of it. Wakers to be woken, and one to be dropped, are added to `wake`.
    pub(crate) fn forget(&mut self, ticket: &mut Ticket, wake: &mut Vec<Waker>) {
        let Some(number) = ticket.take() else {
            return;
        };
        if let Some(bytes) = self.granted.remove(&number) {
            self.give_back(bytes, wake);
        } else if let Some((_, waker)) = self.waiting.remove(&number) {
            wake.push(waker);
            // It may have been the one at the head, which others that need less were waiting behind.
            self.give_back(0, wake);
        }
    }

    /// Gives bytes back; adds to `wake` those who have them now. More than was taken is as much as was taken.
    pub(crate) fn give_back(&mut self, bytes: usize, wake: &mut Vec<Waker>) {
        self.used = self.used.saturating_sub(bytes);
        while let Some((&number, &(bytes, _))) = self.waiting.first_key_value()
            && self.has_room(bytes)
        {
            let (_, waker) = self.waiting.remove(&number).expect("it is the first");
            self.used += bytes;
            self.granted.insert(number, bytes);
            wake.push(waker);
        }
    }

    /// Sends everyone away who waits.
    pub(crate) fn dismiss(&mut self, wake: &mut Vec<Waker>) {
        wake.extend(std::mem::take(&mut self.waiting).into_values().map(|(_, waker)| waker));
    }

    pub(crate) fn used(&self) -> usize {
        self.used
    }

    pub(crate) fn is_over(&self) -> bool {
        self.used > self.bytes_max
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ask(budget: &mut Budget, bytes: usize, ticket: &mut Ticket) -> bool {
        budget.take_or_wait(bytes, ticket, Waker::noop(), &mut None)
    }

    #[test]
    fn a_small_one_does_not_pass_a_large_one_that_waits() {
        let mut budget = Budget::new(10);
        let [mut large, mut small] = [None; 2];
        assert!(budget.try_take(8));
        assert!(!ask(&mut budget, 9, &mut large));
        assert!(!ask(&mut budget, 1, &mut small));
        assert!(!budget.try_take(1));
        budget.give_back(8, &mut Vec::new());
        assert!(ask(&mut budget, 1, &mut small));
        assert!(ask(&mut budget, 9, &mut large));
    }

    #[test]
    fn a_large_one_that_goes_lets_the_small_ones_behind_it_pass() {
        let mut budget = Budget::new(10);
        let [mut large, mut small] = [None; 2];
        assert!(budget.try_take(8));
        assert!(!ask(&mut budget, 9, &mut large));
        assert!(!ask(&mut budget, 1, &mut small));
        let mut wake = Vec::new();
        budget.forget(&mut large, &mut wake);
        assert_eq!(wake.len(), 2, "its own, and the other one's");
        assert!(ask(&mut budget, 1, &mut small));
    }

    #[test]
    fn what_is_larger_than_all_goes_alone() {
        let mut budget = Budget::new(10);
        let mut ticket = None;
        assert!(budget.try_take(25));
        assert!(budget.is_over());
        assert!(!ask(&mut budget, 30, &mut ticket));
        budget.give_back(25, &mut Vec::new());
        assert!(ask(&mut budget, 30, &mut ticket));
        assert!(!budget.try_take(1));
    }

    proptest! {
        /// However senders come and go, what is used is what is held, and whoever waits is served in the end, in order.
        #[test]
        fn nothing_is_lost_and_nobody_is_forgotten(steps in prop::collection::vec((0..4_u8, 1..15_usize), 1..100)) {
            let mut budget = Budget::new(20);
            let mut held: Vec<usize> = Vec::new();
            let mut waiting: Vec<(usize, Ticket)> = Vec::new();
            for (step, bytes) in steps {
                match step {
                    0 | 1 => {
                        let mut ticket = None;
                        if ask(&mut budget, bytes, &mut ticket) {
                            held.push(bytes);
                        } else {
                            waiting.push((bytes, ticket));
                        }
                    }
                    2 => if let Some(bytes) = held.pop() {
                        budget.give_back(bytes, &mut Vec::new());
                    },
                    _ => if !waiting.is_empty() {
                        let (_, mut ticket) = waiting.remove(bytes % waiting.len());
                        budget.forget(&mut ticket, &mut Vec::new());
                    },
                }
                // Whoever has a permit takes it up: only ever those who came first.
                let mut passed_over = false;
                waiting.retain_mut(|(bytes, ticket)| {
                    let served = ask(&mut budget, *bytes, ticket);
                    if served {
                        held.push(*bytes);
                        assert!(!passed_over, "out of turn");
                    }
                    passed_over |= !served;
                    !served
                });
                prop_assert_eq!(budget.used(), held.iter().sum::<usize>());
                prop_assert!(!budget.is_over() || held.len() == 1);
                prop_assert!(!held.is_empty() || waiting.is_empty());
            }
        }
    }
}
