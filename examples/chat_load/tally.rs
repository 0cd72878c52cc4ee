//! Counts deliveries, and notices each that is lost, doubled or out of order for its (sender, room).

use std::collections::HashSet;

use hdrhistogram::Histogram;

use crate::line::Delivery;

/// Latencies above a minute are counted as a minute.
const LATENCY_MICROS_MAX: u64 = 60_000_000;

/// What arrived so far; a client sits in one room, so a sender stands for a (sender, room).
pub(crate) struct Tally {
    rooms: usize,
    /// Members of the largest room: the width of one receiver's row in `next`.
    seats: usize,
    /// The number which each receiver expects next from each sender of its room.
    next: Vec<u32>,
    /// Numbers that were jumped over, by (receiver, sender): late or lost.
    missing: HashSet<(usize, usize, u32)>,
    pub(crate) heard: u64,
    pub(crate) reordered: u64,
    pub(crate) doubled: u64,
    /// Deliveries to a room in which the receiver does not sit, or from a sender who does not exist.
    pub(crate) strayed: u64,
    pub(crate) gone: Vec<bool>,
    pub(crate) latency_micros: Histogram<u64>,
}

impl Tally {
    pub(crate) fn new(clients: usize, rooms: usize) -> Self {
        let seats = clients.div_ceil(rooms);
        Self {
            rooms,
            seats,
            next: vec![0; clients * seats],
            missing: HashSet::new(),
            heard: 0,
            reordered: 0,
            doubled: 0,
            strayed: 0,
            gone: vec![false; clients],
            latency_micros: Histogram::new_with_max(LATENCY_MICROS_MAX, 3).expect("fixed bounds"),
        }
    }

    pub(crate) fn hear(&mut self, receiver: usize, delivery: &Delivery, now_micros: u64) {
        let Delivery {
            sender,
            number,
            sent_micros,
        } = *delivery;
        if sender >= self.gone.len() || sender % self.rooms != receiver % self.rooms || sender == receiver {
            self.strayed += 1;
            return;
        }
        self.heard += 1;
        self.latency_micros
            .saturating_record(now_micros.saturating_sub(sent_micros));
        let next = &mut self.next[receiver * self.seats + sender / self.rooms];
        if number == *next {
            *next += 1;
        } else if number > *next {
            self.missing
                .extend((*next..number).map(|jumped| (receiver, sender, jumped)));
            *next = number + 1;
        } else if self.missing.remove(&(receiver, sender, number)) {
            self.reordered += 1;
        } else {
            self.heard -= 1;
            self.doubled += 1;
        }
    }

    pub(crate) fn leave(&mut self, client: usize) {
        self.gone[client] = true;
    }

    pub(crate) fn gone(&self) -> usize {
        self.gone.iter().filter(|gone| **gone).count()
    }

    /// How many deliveries the sent messages make, when nobody leaves.
    pub(crate) fn expected(&self, sent: &[u32]) -> u64 {
        let mut members = vec![0_u64; self.rooms];
        for client in 0..sent.len() {
            members[client % self.rooms] += 1;
        }
        sent.iter()
            .enumerate()
            .map(|(sender, &sent)| u64::from(sent) * (members[sender % self.rooms] - 1))
            .sum()
    }

    /// How many deliveries never came to clients that are still here.
    pub(crate) fn lost(&self, sent: &[u32]) -> u64 {
        let mut lost = self
            .missing
            .iter()
            .filter(|(receiver, ..)| !self.gone[*receiver])
            .count() as u64;
        for receiver in (0..sent.len()).filter(|receiver| !self.gone[*receiver]) {
            for sender in (receiver % self.rooms..sent.len())
                .step_by(self.rooms)
                .filter(|sender| *sender != receiver)
            {
                let next = self.next[receiver * self.seats + sender / self.rooms];
                lost += u64::from(sent[sender].saturating_sub(next));
            }
        }
        lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four clients in two rooms: 0 and 2, 1 and 3.
    fn heard(numbers: &[u32]) -> Tally {
        let mut tally = Tally::new(4, 2);
        for &number in numbers {
            tally.hear(
                2,
                &Delivery {
                    sender: 0,
                    number,
                    sent_micros: 5,
                },
                12,
            );
        }
        tally
    }

    #[test]
    fn all_in_order_is_no_complaint() {
        let tally = heard(&[0, 1, 2]);
        let sent = [3, 0, 0, 0];
        assert_eq!(
            (tally.lost(&sent), tally.reordered, tally.doubled, tally.heard),
            (0, 0, 0, 3)
        );
        assert_eq!(tally.expected(&sent), 3);
        assert_eq!(tally.latency_micros.max(), 7);
    }

    #[test]
    fn a_gap_is_lost_until_it_is_filled_and_then_it_is_out_of_order() {
        assert_eq!(heard(&[0, 2]).lost(&[3, 0, 0, 0]), 1);
        assert_eq!(heard(&[0]).lost(&[3, 0, 0, 0]), 2);
        let filled = heard(&[0, 2, 1]);
        assert_eq!((filled.lost(&[3, 0, 0, 0]), filled.reordered, filled.heard), (0, 1, 3));
    }

    #[test]
    fn the_same_message_twice_is_doubled() {
        let tally = heard(&[0, 1, 1]);
        assert_eq!((tally.doubled, tally.heard), (1, 2));
    }

    #[test]
    fn a_message_from_another_room_has_strayed() {
        let mut tally = heard(&[]);
        tally.hear(
            2,
            &Delivery {
                sender: 1,
                number: 0,
                sent_micros: 0,
            },
            1,
        );
        tally.hear(
            2,
            &Delivery {
                sender: 99,
                number: 0,
                sent_micros: 0,
            },
            1,
        );
        assert_eq!((tally.strayed, tally.heard), (2, 0));
    }
}
