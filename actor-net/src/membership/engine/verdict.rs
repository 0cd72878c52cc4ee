//! From a suspicion to a verdict, and who may pass one.

use std::time::Instant;

use foca::{Member, State};

use super::{Due, Engine};
use crate::id::NodeName;
use crate::membership::doubts::{Court, Doubt, Look};
use crate::membership::identity::Identity;
use crate::membership::member::{MemberEvent, MemberState};
use crate::membership::packet::Said;
use crate::membership::policy::{Ruling, Standing, View};

impl Engine {
    /// A member was missed here.
    pub(super) fn doubt(&mut self, who: &Identity, incarnation: u16, now: Instant) {
        let name = &who.id.name;
        let is_suspected = |entry: &&super::table::Entry| {
            entry.who == *who && entry.state == State::Suspect && entry.incarnation == incarnation
        };
        if self.doubts.contains_key(name) || self.table.get(name).filter(is_suspected).is_none() {
            return;
        }
        let number = self.token();
        let doubt = Doubt::new(who.clone(), incarnation, self.config.verdict_after, now);
        self.doubts.insert(name.clone(), (number, doubt));
        self.look(&name.clone(), number, now);
    }

    /// Looks at a doubt: asks witnesses, or passes the verdict.
    pub(super) fn look(&mut self, name: &NodeName, number: u64, now: Instant) {
        let round = self.token();
        let court = self.court(name, now);
        let Some((_, doubt)) = self.doubts.get_mut(name).filter(|(other, _)| *other == number) else {
            return;
        };
        tracing::trace!(node = %self.me.id, member = %doubt.who.id, ?court, heard = doubt.witnesses().count(), "doubts");
        match doubt.look(now, round, court) {
            Look::Wait { again } => self.agenda.add(again, Due::Doubt(name.clone(), number)),
            Look::Ask { again } => {
                let (who, incarnation) = (doubt.who.clone(), doubt.incarnation);
                self.agenda.add(again, Due::Doubt(name.clone(), number));
                // Two more than are needed: one may be gone, too, or its answer be lost.
                for witness in self.some_members(self.config.witnesses + 2, |other| other.id.name != *name) {
                    let said = Said::Try {
                        token: round,
                        who: who.clone(),
                        incarnation,
                    };
                    self.send(&witness, said);
                }
            }
            Look::Verdict => {
                let witnesses: Vec<_> = doubt.witnesses().map(NodeName::as_str).collect();
                let (who, incarnation) = (doubt.who.clone(), doubt.incarnation);
                tracing::warn!(node = %self.me.id, member = %who.id, ?witnesses, "found down");
                self.doubts.remove(name);
                let member = Member::new(who.clone(), incarnation, State::Down);
                self.foca(now, |foca, deeds| foca.apply_many(std::iter::once(member), true, deeds));
                // It may hear that, and come back.
                self.send(&who, Said::Out);
            }
        }
    }

    /// A witness has tried.
    pub(super) fn testified(&mut self, round: u64, reached: bool, by: &NodeName, now: Instant) {
        let about = self.doubts.iter_mut().find(|(_, (_, doubt))| doubt.is_round(round));
        let Some((name, (_, doubt))) = about else { return };
        if !reached {
            return doubt.missed(round, by.clone());
        }
        tracing::debug!(node = %self.me.id, member = %doubt.who.id, witness = %by, "is there after all, says a witness");
        let name = name.clone();
        self.doubts.remove(&name);
        if let Some(entry) = self.table.active_mut(&name) {
            entry.heard = entry.heard.max(now);
        }
    }

    fn court(&self, name: &NodeName, now: Instant) -> Court {
        let others = self.table.all_active().filter(|entry| entry.who.id.name != *name);
        let (mut all, mut reached) = (0, 0);
        for entry in others {
            all += 1;
            reached += usize::from(entry.suspicion.is_none());
        }
        Court {
            // Who reaches nobody may be the one that is cut off: where there is another, it must have a say.
            needed: self.config.witnesses.min(reached.max(all.min(1))),
            may_judge: self.ruling().standing == Standing::Entitled,
            is_calm: now >= self.grew + self.config.verdict_after * 3 / 4,
        }
    }

    fn ruling(&self) -> Ruling {
        let mut view = View {
            reached: 1,
            unreached: 0,
            first: (self.state != MemberState::Leaving).then(|| (self.me.id.name.clone(), true)),
        };
        for entry in self.table.all_active() {
            let (name, here) = (&entry.who.id.name, entry.suspicion.is_none());
            if here {
                view.reached += 1;
            } else {
                view.unreached += 1;
            }
            if entry.may_decide() && view.first.as_ref().is_none_or(|(first, _)| name < first) {
                view.first = Some((name.clone(), here));
            }
        }
        self.config.policy.rule(&view)
    }

    /// Who is there, or is reached, has changed.
    pub(super) fn view_changed(&mut self, now: Instant) {
        let after = self.config.policy.stable_after();
        if self.ruling().standing != self.standing {
            self.agenda.add(now + after, Due::Standing(self.view));
        }
    }

    /// Nothing has changed for long enough, unless it has.
    pub(super) fn stand(&mut self, view: u64) {
        let ruling = self.ruling();
        if view == self.view && ruling.standing != self.standing {
            self.standing = ruling.standing;
            tracing::warn!(node = %self.me.id, standing = ?self.standing, why = %ruling, "what must be single");
            self.events.push_back(MemberEvent::Standing(self.standing));
        }
    }
}
