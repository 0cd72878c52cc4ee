//! What a node says to others: packets, and the cards that travel with them.

use std::time::{Duration, Instant};

use foca::{Notification, Timer};

use super::{Due, Engine, SPREADS, Transmit};
use crate::id::NodeName;
use crate::membership::codec::incarnation_in;
use crate::membership::identity::{Identity, Stay};
use crate::membership::member::MemberState;
use crate::membership::packet::{CardOf, Head, PACKET_BYTES_MAX, Packet, Said};

/// So many cards go with a packet that is sent for another reason.
const CARDS_WITH_OTHERS: usize = 4;

/// So many cards are asked for at a time.
const WANTED_MAX: usize = 100;

/// How long an answer to that is waited for.
const FETCH_WAIT: Duration = Duration::from_millis(250);

/// What foca wants done.
#[derive(Default)]
pub(super) struct Deeds {
    sends: Vec<(Identity, Vec<u8>)>,
    timers: Vec<(Timer<Identity>, Duration)>,
    is_changed: bool,
    is_active: bool,
    is_defunct: bool,
}

impl foca::Runtime<Identity> for Deeds {
    fn notify(&mut self, notification: Notification<'_, Identity>) {
        match notification {
            Notification::Active => self.is_active = true,
            Notification::Defunct => self.is_defunct = true,
            Notification::MemberUp(_) | Notification::MemberDown(_) | Notification::Rename(..) => {
                self.is_changed = true;
            }
            Notification::Idle | Notification::Rejoin(_) => {}
        }
    }

    fn send_to(&mut self, to: Identity, data: &[u8]) {
        self.sends.push((to, data.to_vec()));
    }

    fn submit_after(&mut self, event: Timer<Identity>, after: Duration) {
        self.timers.push((event, after));
    }
}

impl Engine {
    pub(super) fn carry_out(&mut self, deeds: Deeds, now: Instant) {
        let mut suspected = Vec::new();
        for (timer, after) in deeds.timers {
            match timer {
                // When a suspicion becomes a verdict is decided here.
                Timer::ChangeSuspectToDown {
                    member_id, incarnation, ..
                } => suspected.push((member_id, incarnation)),
                timer => self.agenda.add(now + after, Due::Foca(timer)),
            }
        }
        for (to, bytes) in deeds.sends {
            // It is told in what foca sends, and nowhere else.
            self.incarnation = incarnation_in(&bytes).unwrap_or(self.incarnation);
            self.send(&to, Said::Gossip(&bytes));
        }
        if deeds.is_changed || !suspected.is_empty() {
            let me = self.me.id.name.clone();
            self.reconcile(&me, now);
        }
        if deeds.is_active {
            if self.state == MemberState::Joining {
                self.is_up();
            }
            // It may be that others have found this node, and that nobody has told it who is there.
            for who in self.some_members(1, |_| true) {
                self.foca(now, |foca, deeds| foca.announce(who, deeds));
            }
        }
        for (who, incarnation) in suspected {
            self.doubt(&who, incarnation, now);
        }
        if deeds.is_defunct {
            self.over(self.me.stay, now);
        }
    }

    pub(super) fn send(&mut self, to: &Identity, said: Said<'_>) {
        let cards = match said {
            Said::Out => 0,
            Said::Cards => usize::MAX,
            _ => CARDS_WITH_OTHERS,
        };
        let names = self.take_from_spread(cards);
        self.send_with(to, said, &names);
    }

    fn send_with(&mut self, to: &Identity, said: Said<'_>, cards: &[NodeName]) -> usize {
        let mut bytes = Vec::with_capacity(256);
        let packet = Packet {
            head: Head {
                src: self.me.clone(),
                incarnation: self.incarnation,
                your_stay: self.table.get(&to.id.name).map_or(Stay(0), |entry| entry.who.stay),
                card_number: self.card.number,
                view: self.digest(),
            },
            said,
            cards: cards.iter().filter_map(|name| self.card_of(name)).collect(),
        };
        let held = packet.encode(self.cluster, &mut bytes);
        if bytes.len() <= PACKET_BYTES_MAX {
            self.transmits.push_back(Transmit {
                to: to.id.clone(),
                address: to.address.clone(),
                bytes,
            });
        }
        held
    }

    fn card_of(&self, name: &NodeName) -> Option<CardOf<'_>> {
        if *name == self.me.id.name {
            return Some(CardOf {
                id: self.me.id.clone(),
                stay: self.me.stay,
                card: &self.card_bytes,
            });
        }
        let entry = self.table.get(name).filter(|entry| entry.is_active())?;
        let (_, card) = entry.card.as_ref()?;
        Some(CardOf {
            id: entry.who.id.clone(),
            stay: entry.who.stay,
            card,
        })
    }

    /// Passes on what a member says of itself with the next packets.
    pub(super) fn spread_card(&mut self, name: &NodeName) {
        self.spread.retain(|(other, _)| other != name);
        self.spread.push_front((name.clone(), SPREADS));
    }

    /// Whose cards go with the next packet.
    fn take_from_spread(&mut self, most: usize) -> Vec<NodeName> {
        let most = most.min(self.spread.len());
        let mut names = Vec::with_capacity(most);
        for _ in 0..most {
            let Some((name, left)) = self.spread.pop_front() else {
                break;
            };
            if left > 1 {
                self.spread.push_back((name.clone(), left - 1));
            }
            names.push(name);
        }
        names
    }

    /// Sends the cards that were asked for.
    pub(super) fn send_cards(&mut self, to: &Identity, names: &[NodeName]) {
        let known = names.iter().filter(|name| self.card_of(name).is_some());
        let known: Vec<_> = known.cloned().collect();
        let mut rest = &known[..known.len().min(WANTED_MAX)];
        while !rest.is_empty() {
            let sent = self.send_with(to, Said::Cards, rest);
            if sent == 0 {
                return;
            }
            rest = &rest[sent..];
        }
    }

    /// Asks for the cards that are missing, one who might have them.
    pub(super) fn want(&mut self, from: &Identity, now: Instant) {
        let names: Vec<_> = self.table.missing().take(WANTED_MAX).cloned().collect();
        if names.is_empty() {
            return;
        }
        self.send(from, Said::Want(names));
        if !std::mem::replace(&mut self.is_fetching, true) {
            self.agenda.add(now + FETCH_WAIT, Due::Fetch);
        }
    }

    /// Asks for what is missing still: one of those themselves.
    pub(super) fn fetch(&mut self, now: Instant) {
        self.is_fetching = false;
        let missing: Vec<_> = self.table.missing().cloned().collect();
        if missing.is_empty() {
            return;
        }
        let name = &missing[self.chance.usize(..missing.len())];
        if let Some(who) = self.table.get(name).map(|entry| entry.who.clone()) {
            self.want(&who, now);
        }
    }

    /// Some of the members, by chance.
    pub(super) fn some_members(&mut self, most: usize, which: impl Fn(&Identity) -> bool) -> Vec<Identity> {
        let reached = |entry: &&super::table::Entry| entry.suspicion.is_none() && which(&entry.who);
        let all = self.table.all_active().filter(reached);
        let mut all: Vec<_> = all.map(|entry| entry.who.clone()).collect();
        self.chance.shuffle(&mut all);
        all.truncate(most);
        all
    }
}
