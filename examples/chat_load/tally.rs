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
    /// What each receiver expects next from each sender of its room.
    next: Vec<Expected>,
    /// Numbers that were jumped over, by (receiver, sender, life): late or lost.
    missing: HashSet<(usize, usize, u32, u32)>,
    /// How often each client has come in again, and when that was, as others count.
    lives: Vec<u32>,
    came: Vec<u64>,
    moments: u64,
    pub(crate) heard: u64,
    pub(crate) reordered: u64,
    pub(crate) doubled: u64,
    /// Deliveries to a room in which the receiver does not sit, or from a sender who does not exist.
    pub(crate) strayed: u64,
    pub(crate) gone: Vec<bool>,
    pub(crate) latency_micros: Histogram<u64>,
}

/// What one receiver expects of one sender.
#[derive(Clone, Copy, Default)]
struct Expected {
    life: u32,
    number: u32,
    /// Whether the receiver has been there for all of what the sender says: it came in later, and has to hear one message to know
    /// where the sender is.
    is_open: bool,
}

impl Tally {
    pub(crate) fn new(clients: usize, rooms: usize) -> Self {
        let seats = clients.div_ceil(rooms);
        Self {
            rooms,
            seats,
            next: vec![Expected::default(); clients * seats],
            missing: HashSet::new(),
            lives: vec![0; clients],
            came: vec![0; clients],
            moments: 0,
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
            life,
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
        if next.is_open && life >= next.life {
            *next = Expected {
                life,
                number,
                is_open: false,
            };
        } else if life > next.life {
            // What is missing of the life before it was killed with it, and is only missing at its end.
            *next = Expected {
                life,
                ..Expected::default()
            };
        }
        if life < next.life {
            self.reordered += 1;
        } else if number == next.number {
            next.number += 1;
        } else if number > next.number {
            self.missing
                .extend((next.number..number).map(|jumped| (receiver, sender, life, jumped)));
            next.number = number + 1;
        } else if self.missing.remove(&(receiver, sender, life, number)) {
            self.reordered += 1;
        } else {
            self.heard -= 1;
            self.doubled += 1;
        }
    }

    /// A client has lost its connection: what it was to hear is lost with it.
    pub(crate) fn leave(&mut self, client: usize) {
        self.gone[client] = true;
        self.missing.retain(|(receiver, ..)| *receiver != client);
    }

    /// A client is back. Returns the number of its life.
    pub(crate) fn come_back(&mut self, client: usize) -> u32 {
        self.gone[client] = false;
        self.moments += 1;
        self.came[client] = self.moments;
        self.lives[client] += 1;
        for seat in &mut self.next[client * self.seats..(client + 1) * self.seats] {
            seat.is_open = true;
        }
        self.lives[client]
    }

    pub(crate) fn life(&self, client: usize) -> u32 {
        self.lives[client]
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

    /// How many deliveries never came to clients that are still here: of the messages `sent` by each client that is here in its present life, and of
    /// those in between of any life.
    pub(crate) fn lost(&self, sent: &[u32]) -> u64 {
        let mut lost = self
            .missing
            .iter()
            .filter(|(receiver, ..)| !self.gone[*receiver])
            .count() as u64;
        for receiver in (0..sent.len()).filter(|receiver| !self.gone[*receiver]) {
            for sender in (receiver % self.rooms..sent.len())
                .step_by(self.rooms)
                .filter(|sender| *sender != receiver && !self.gone[*sender])
            {
                let next = self.next[receiver * self.seats + sender / self.rooms];
                let had = if next.is_open {
                    // Of one who came in later than the receiver all is heard; of others there is nothing to tell from.
                    if self.came[sender] < self.came[receiver] {
                        sent[sender]
                    } else {
                        0
                    }
                } else if next.life == self.lives[sender] {
                    next.number
                } else {
                    0
                };
                lost += u64::from(sent[sender].saturating_sub(had));
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
                    life: 0,
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
                life: 0,
                number: 0,
                sent_micros: 0,
            },
            1,
        );
        tally.hear(
            2,
            &Delivery {
                sender: 99,
                life: 0,
                number: 0,
                sent_micros: 0,
            },
            1,
        );
        assert_eq!((tally.strayed, tally.heard), (2, 0));
    }

    fn say(tally: &mut Tally, life: u32, number: u32) {
        let said = Delivery {
            sender: 0,
            life,
            number,
            sent_micros: 0,
        };
        tally.hear(2, &said, 1);
    }

    #[test]
    fn a_sender_that_was_killed_begins_anew_and_its_last_words_may_be_missing() {
        let mut tally = heard(&[0, 1]);
        tally.leave(0);
        assert_eq!(tally.lost(&[9, 0, 0, 0]), 0, "what it said last was killed with it");
        assert_eq!(tally.come_back(0), 1);
        assert_eq!(tally.lost(&[2, 0, 0, 0]), 2, "the receiver was there all the time");
        say(&mut tally, 1, 1);
        assert_eq!(tally.lost(&[2, 0, 0, 0]), 1);
        say(&mut tally, 1, 0);
        assert_eq!((tally.lost(&[2, 0, 0, 0]), tally.reordered), (0, 1));
        say(&mut tally, 0, 2);
        assert_eq!(
            tally.reordered, 2,
            "words of an earlier life behind those of a later one"
        );
    }

    #[test]
    fn a_receiver_that_was_killed_hears_everything_from_its_first_message_on() {
        let mut tally = heard(&[0, 2]);
        tally.leave(2);
        assert_eq!(tally.lost(&[3, 0, 0, 0]), 0);
        tally.come_back(2);
        assert_eq!(tally.lost(&[9, 0, 0, 0]), 0, "it has heard nothing yet");
        say(&mut tally, 0, 5);
        assert_eq!(tally.lost(&[6, 0, 0, 0]), 0);
        say(&mut tally, 0, 7);
        assert_eq!((tally.lost(&[9, 0, 0, 0]), tally.doubled), (2, 0));
        say(&mut tally, 0, 7);
        assert_eq!(tally.doubled, 1);
    }
}
