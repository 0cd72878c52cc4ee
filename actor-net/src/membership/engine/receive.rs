//! What a node does about a packet.

use std::time::Instant;

use foca::{Member, Message, State};

use super::Engine;
use crate::id::{NodeId, NodeName};
use crate::membership::codec::spoken_of;
use crate::membership::identity::Identity;
use crate::membership::member::MemberState;
use crate::membership::packet::{Head, Packet, PacketError, Said};

impl Engine {
    /// Takes a packet that came from this node.
    ///
    /// # Errors
    /// It says nothing to this node, and was dropped; why.
    pub fn handle_packet(&mut self, from: &NodeId, bytes: &[u8], now: Instant) -> Result<(), PacketError> {
        self.wake(now);
        let Packet { head, said, cards } = Packet::parse(bytes, self.cluster)?;
        let src = &head.src;
        if src.id != *from {
            return Err(PacketError::Sender);
        }
        if self.state == MemberState::Down || src.id.name == self.me.id.name {
            return Ok(());
        }
        let is_out = matches!(said, Said::Out);
        if head.your_stay > self.me.stay || (is_out && head.your_stay == self.me.stay) {
            self.over(head.your_stay, now);
        }
        if self.table.get(&src.id.name).is_some_and(|entry| entry.is_past(src)) {
            // Two that take each other for down both hear of it: nothing is answered to an `Out`.
            if !is_out {
                self.send(src, Said::Out);
            }
            return Ok(());
        }
        if is_out {
            return Ok(());
        }
        match said {
            Said::Gossip(gossip) => self.gossip(gossip, src, now)?,
            said => {
                self.introduce(&head, now)?;
                self.direct(&head, said, now)?;
            }
        }
        if let Some(entry) = self.table.active_mut(&src.id.name) {
            entry.heard = entry.heard.max(now);
        }
        let has_cards = !cards.is_empty();
        cards.iter().for_each(|card| self.card_came(card));
        self.ask_for_cards(&head, has_cards, now);
        self.compare(&head, now);
        Ok(())
    }

    fn gossip(&mut self, gossip: &[u8], src: &Identity, now: Instant) -> Result<(), PacketError> {
        let (message, members) = spoken_of(gossip)?;
        let unknown = self.unknown(members.iter().map(Member::id));
        self.has_room_for(unknown)?;
        self.foca(now, |foca, deeds| foca.handle_data(gossip, deeds));
        // Nothing that is known already changes anything; and to compare both tables takes as long as there are many members.
        if members.iter().any(|member| self.table.differs(member)) {
            self.reconcile(&src.id.name, now);
        }
        debug_assert!(self.is_in_step(), "{members:?}");
        if message == Message::Feed {
            // In a large cluster one knows more than fits into one answer.
            self.tell_known(src, now);
        }
        Ok(())
    }

    pub(super) fn unknown<'a>(&self, members: impl Iterator<Item = &'a Identity>) -> usize {
        let is_unknown = |who: &&Identity| who.id.name != self.me.id.name && self.table.get(&who.id.name).is_none();
        members.filter(is_unknown).count()
    }

    pub(super) fn has_room_for(&self, unknown: usize) -> Result<(), PacketError> {
        let fits = unknown == 0 || self.table.len() + unknown <= self.config.members_max;
        fits.then_some(()).ok_or(PacketError::TooMany)
    }

    /// Lets foca know that the sender of a packet of our own is there.
    fn introduce(&mut self, head: &Head, now: Instant) -> Result<(), PacketError> {
        let Head { src, incarnation, .. } = head;
        let entry = self.table.get(&src.id.name);
        if entry.is_some_and(|entry| entry.who == *src && entry.incarnation >= *incarnation) {
            return Ok(());
        }
        self.has_room_for(usize::from(entry.is_none()))?;
        let member = Member::new(src.clone(), *incarnation, State::Alive);
        self.foca(now, |foca, deeds| foca.apply_many(std::iter::once(member), true, deeds));
        self.reconcile(&src.id.name, now);
        Ok(())
    }

    fn direct(&mut self, head: &Head, said: Said<'_>, now: Instant) -> Result<(), PacketError> {
        let src = &head.src;
        match said {
            Said::Ping { token, doubted } => {
                if let Some(incarnation) = doubted
                    && head.your_stay <= self.me.stay
                {
                    self.refute(incarnation, now);
                }
                self.send(src, Said::Pong { token });
            }
            Said::Pong { token } => self.answered(token, &src.id.name),
            Said::Try {
                token,
                who,
                incarnation,
            } => self.try_for(src, token, &who, incarnation, now),
            Said::Tried { token, reached } => self.testified(token, reached, &src.id.name, now),
            Said::Want(names) => self.send_cards(src, &names),
            Said::Known { after, up_to, members } => self.answer_known(src, after, up_to, &members),
            Said::News(members) => self.news(members, &src.id.name, now)?,
            Said::Cards | Said::Gossip(_) | Said::Out => {}
        }
        Ok(())
    }

    /// Others suspect us: what we say from now on says that we are there.
    pub(super) fn refute(&mut self, incarnation: u32, now: Instant) {
        let Ok(incarnation) = u16::try_from(incarnation) else {
            return;
        };
        if incarnation < self.incarnation || self.over.is_some() {
            return;
        }
        // Foca counts in the same way; what it sends for it may go to nobody.
        self.incarnation = incarnation.saturating_add(1);
        let me = Member::new(self.me.clone(), incarnation, State::Suspect);
        self.foca(now, |foca, deeds| foca.apply_many(std::iter::once(me), true, deeds));
    }

    /// Asks for what members say of themselves, where it is not known here, or not the latest.
    fn ask_for_cards(&mut self, head: &Head, has_cards: bool, now: Instant) {
        let src = &head.src;
        let name: &NodeName = &src.id.name;
        let Some(entry) = self.table.get(name).filter(|entry| entry.who == *src) else {
            return;
        };
        let known = entry.card_number();
        if known > 0 && known < head.card_number {
            self.send(src, Said::Want(vec![name.clone()]));
        }
        // One asks on as long as something comes of it, and otherwise now and then.
        if has_cards || !self.is_fetching {
            self.want(src, now);
        }
    }
}
