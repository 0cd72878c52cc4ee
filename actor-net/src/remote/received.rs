//! What came for our actors and was not given back to its senders' windows yet.
//!
//! # How it is used
//! [`Received::credit`] for messages that are in their mailbox. For one that is there beyond its bound [`Received::waits`], and [`Received::taken`]
//! when it is taken up. [`Received::take_credit`] then says what to give back. [`Received::released`] when the peer lets go of an actor.

use std::collections::BTreeMap;

use crate::id::ExportId;

#[derive(Debug, Default)]
pub(super) struct Received {
    by_export: BTreeMap<ExportId, Window>,
    /// Those with something to give back that is worth a frame.
    to_credit: Vec<ExportId>,
}

#[derive(Debug, Default)]
struct Window {
    /// What waits beyond the bound of the mailbox.
    waiting: isize,
    to_credit: usize,
    is_listed: bool,
    /// The peer has let go of the actor: what is left here goes when nothing waits.
    is_released: bool,
}

impl Window {
    fn is_over(&self) -> bool {
        self.is_released && self.waiting == 0
    }
}

impl Received {
    /// A message of this cost waits beyond the bound of its mailbox. Returns how much does, for that actor.
    pub(super) fn waits(&mut self, to: ExportId, cost: usize) -> usize {
        let window = self.by_export.entry(to).or_default();
        window.waiting = window.waiting.wrapping_add_unsigned(cost);
        window.is_released = false;
        usize::try_from(window.waiting).unwrap_or(0)
    }

    /// One that waited was taken up. What was taken is given back when it is `worth` a frame.
    pub(super) fn taken(&mut self, to: ExportId, cost: usize, worth: usize) {
        // It may be taken up before it is known here that it waits.
        let window = self.by_export.entry(to).or_default();
        window.waiting = window.waiting.wrapping_sub_unsigned(cost);
        if window.is_over() {
            self.by_export.remove(&to);
        } else {
            self.credit(to, cost, worth);
        }
    }

    /// Messages of this cost were taken, and are to be given back when that is `worth` a frame.
    pub(super) fn credit(&mut self, to: ExportId, cost: usize, worth: usize) {
        if cost == 0 {
            return;
        }
        let window = self.by_export.entry(to).or_default();
        window.to_credit += cost;
        if window.to_credit >= worth && !window.is_listed {
            window.is_listed = true;
            self.to_credit.push(to);
        }
    }

    /// The peer holds no handle of this actor any more.
    pub(super) fn released(&mut self, to: ExportId) {
        if let Some(window) = self.by_export.get_mut(&to) {
            window.is_released = true;
            if window.is_over() {
                self.by_export.remove(&to);
            }
        }
    }

    /// Hands `give` what is to be given back.
    pub(super) fn take_credit(&mut self, mut give: impl FnMut(ExportId, usize)) {
        for to in self.to_credit.drain(..) {
            let Some(window) = self.by_export.get_mut(&to) else {
                continue;
            };
            let bytes = std::mem::take(&mut window.to_credit);
            window.is_listed = false;
            if window.waiting == 0 {
                self.by_export.remove(&to);
            }
            give(to, bytes);
        }
    }

    /// How much waits beyond the bounds of mailboxes.
    pub(super) fn waiting(&self) -> usize {
        let waiting = self.by_export.values().map(|window| window.waiting);
        usize::try_from(waiting.sum::<isize>()).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: ExportId = ExportId(1);
    const WORTH: usize = 100;

    fn credit_of(received: &mut Received) -> Vec<(ExportId, usize)> {
        let mut given = Vec::new();
        received.take_credit(|to, bytes| given.push((to, bytes)));
        given
    }

    #[test]
    fn what_was_taken_is_given_back_when_it_is_worth_a_frame() {
        let mut received = Received::default();
        received.credit(A, 60, WORTH);
        assert_eq!(credit_of(&mut received), []);
        received.credit(A, 60, WORTH);
        assert_eq!(credit_of(&mut received), [(A, 120)]);
        assert_eq!(credit_of(&mut received), []);
        assert!(received.by_export.is_empty());
    }

    #[test]
    fn what_waits_is_given_back_only_when_it_is_taken_up() {
        let mut received = Received::default();
        assert_eq!(received.waits(A, 80), 80);
        assert_eq!(received.waits(A, 80), 160);
        assert_eq!((credit_of(&mut received), received.waiting()), (vec![], 160));
        received.taken(A, 80, WORTH);
        received.taken(A, 80, WORTH);
        assert_eq!((credit_of(&mut received), received.waiting()), (vec![(A, 160)], 0));
    }

    #[test]
    fn one_that_was_let_go_of_is_forgotten_when_nothing_waits() {
        let mut received = Received::default();
        received.waits(A, 80);
        received.released(A);
        assert_eq!(received.waiting(), 80);
        received.taken(A, 80, WORTH);
        assert!(received.by_export.is_empty());
    }
}
