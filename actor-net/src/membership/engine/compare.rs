//! Comparing whom two members know, where they do not know the same: whatever was missed is made up for.

use std::ops::Bound;
use std::time::{Duration, Instant};

use foca::{Member, State};

use super::Engine;
use crate::id::NodeName;
use crate::membership::identity::Identity;
use crate::membership::packet::{Head, PacketError, Rank, Said};

/// News are given so much time to come by themselves, and after a comparison there is as much before the next.
const SETTLES: Duration = Duration::from_secs(1);

/// So many are compared in one packet.
const KNOWN_PER_PACKET: usize = 100;

/// So many news go in one packet.
const NEWS_PER_PACKET: usize = 50;

/// What a member counts for in the number that stands for all of them.
pub(super) fn digest(name: &NodeName, rank: Rank) -> u64 {
    let count = u64::from(rank.incarnation) * 2 + u64::from(rank.is_suspect);
    let latest = rank.stay.0 ^ count.rotate_right(20);
    name.number() ^ latest.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
}

impl Engine {
    /// A number made of all members, this node among them.
    pub(super) fn digest(&self) -> u64 {
        self.table.digest() ^ digest(&self.me.id.name, self.my_rank())
    }

    fn my_rank(&self) -> Rank {
        Rank {
            stay: self.me.stay,
            is_down: false,
            incarnation: self.incarnation,
            is_suspect: false,
        }
    }

    /// A member seems to know others than this node does.
    pub(super) fn compare(&mut self, head: &Head, now: Instant) {
        let is_settled = now >= self.changed + SETTLES && now >= self.compared + SETTLES;
        if head.view != self.digest() && is_settled {
            self.tell_known(&head.src, now);
        }
    }

    /// Says whom this node knows, to one that says what is wrong with that.
    pub(super) fn tell_known(&mut self, to: &Identity, now: Instant) {
        self.compared = now;
        let mut members: Vec<_> = self
            .table
            .all_active()
            .map(|entry| (entry.who.id.name.clone(), entry.rank()))
            .collect();
        members.push((self.me.id.name.clone(), self.my_rank()));
        members.sort();
        let mut after = None;
        let mut rest = &members[..];
        while !rest.is_empty() {
            let (part, left) = rest.split_at(rest.len().min(KNOWN_PER_PACKET));
            let last = part.last().map(|(name, _)| name.clone());
            let up_to = last.clone().filter(|_| !left.is_empty());
            let members = part.to_vec();
            self.send(to, Said::Known { after, up_to, members });
            (after, rest) = (last, left);
        }
    }

    /// Says of whom the other does not know, or not that they are gone.
    pub(super) fn answer_known(
        &mut self,
        to: &Identity,
        after: Option<NodeName>,
        up_to: Option<NodeName>,
        members: &[(NodeName, Rank)],
    ) {
        let rank_of = |name: &NodeName| {
            let at = members.binary_search_by(|(other, _)| other.cmp(name)).ok()?;
            Some(members[at].1)
        };
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let up_to = up_to.map_or(Bound::Unbounded, Bound::Included);
        if matches!((&from, &up_to), (Bound::Excluded(from), Bound::Included(up_to)) if from >= up_to) {
            return;
        }
        let news = self.table.range((from, up_to)).filter(|entry| {
            // Of one that is gone only those are told that believe it is there.
            rank_of(&entry.who.id.name).map_or(entry.is_active(), |rank| rank < entry.rank())
        });
        let news = news.map(|entry| Member::new(entry.who.clone(), entry.incarnation, entry.state));
        let news: Vec<_> = news.collect();
        for part in news.chunks(NEWS_PER_PACKET) {
            self.send(to, Said::News(part.to_vec()));
        }
    }

    /// What a comparison has brought.
    pub(super) fn news(
        &mut self,
        news: Vec<Member<Identity>>,
        from: &NodeName,
        now: Instant,
    ) -> Result<(), PacketError> {
        let unknown = self.unknown(news.iter().map(Member::id));
        self.has_room_for(unknown)?;
        let me = self.me.clone();
        let (mine, others): (Vec<_>, Vec<_>) = news.into_iter().partition(|member| member.id().id.name == me.id.name);
        for member in mine.into_iter().filter(|member| *member.id() == me) {
            match member.state() {
                State::Suspect => self.refute(member.incarnation().into(), now),
                State::Down => self.over(me.stay, now),
                State::Alive => {}
            }
        }
        self.foca(now, |foca, deeds| foca.apply_many(others.into_iter(), true, deeds));
        self.reconcile(from, now);
        Ok(())
    }
}
