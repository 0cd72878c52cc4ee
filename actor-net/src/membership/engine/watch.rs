//! Watching those that come next in the ring, and trying for others whether one is reached.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use foca::{Member, State};

use super::{Due, Engine, Trial};
use crate::id::NodeName;
use crate::membership::identity::Identity;
use crate::membership::packet::Said;

/// So many of those that are suspected already are asked at each look, so that they hear of it and can say that they are there.
const SUSPECTS_PER_LOOK: usize = 4;

/// So many trials are under way for others at a time.
const TRIALS_MAX: usize = 1024;

impl Engine {
    /// Asks those that are watched for a sign of life, and suspects who has not given one for too long.
    pub(super) fn watch(&mut self, now: Instant) {
        let watched = self.whom_to_watch();
        let (mut silent, mut unjudged) = (Vec::new(), Vec::new());
        let mut asked = Vec::new();
        // Where some are missed more may be: those behind them in the ring are given less time, so that the extent of it is known
        // before anybody judges.
        let credit = if self.table.suspected().is_empty() {
            Duration::ZERO
        } else {
            self.config.silence_max / 2
        };
        for name in &watched {
            let is_new = !self.watching.contains(name) && !self.hinted.contains_key(name);
            let Some(entry) = self.table.active_mut(name) else {
                continue;
            };
            if is_new {
                entry.watched_since = now.checked_sub(credit).unwrap_or(now);
            }
            let since = if self.hinted.contains_key(name) {
                entry.heard
            } else {
                entry.heard.max(entry.watched_since)
            };
            let is_silent = now.saturating_duration_since(since) >= self.config.silence_max;
            if entry.suspicion.is_none() && is_silent {
                silent.push((entry.who.clone(), entry.incarnation));
            }
            let told = entry.suspicion.as_ref().map(|suspicion| suspicion.since);
            if told.is_some_and(|since| now.saturating_duration_since(since) >= self.config.verdict_after * 2) {
                unjudged.push((entry.who.clone(), entry.incarnation));
            }
            asked.push(entry.who.clone());
        }
        let table = &self.table;
        self.hinted.retain(|name, since| {
            table
                .get(name)
                .is_some_and(|entry| entry.heard < *since && entry.suspicion.is_none())
        });
        self.watching = watched;
        asked.iter().for_each(|who| self.ping(who));
        for (who, incarnation) in silent {
            let member = Member::new(who.clone(), incarnation, State::Suspect);
            self.foca(now, |foca, deeds| foca.apply_many(std::iter::once(member), true, deeds));
            let me = self.me.id.name.clone();
            self.reconcile(&me, now);
            self.doubt(&who, incarnation, now);
        }
        // Whoever suspected it may be gone itself, or have been told nothing that settles it.
        for (who, incarnation) in unjudged {
            self.doubt(&who, incarnation, now);
        }
        let jitter = 0.9 + self.chance.f64() / 5.0;
        self.agenda
            .add(now + self.config.watch_interval.mul_f64(jitter), Due::Watch);
    }

    /// The next in the ring, as many as are reached; and some of those that are not. While all are, it does not matter how many there are.
    fn whom_to_watch(&mut self) -> BTreeSet<NodeName> {
        let mut watched: BTreeSet<_> = self.hinted.keys().cloned().collect();
        let suspected = self.table.suspected();
        let around = self.table.ring.after(&self.me.id.name);
        let reached = around.filter(|name| !suspected.contains(*name));
        watched.extend(reached.take(self.config.watched).cloned());
        let mut suspects: Vec<_> = suspected.iter().cloned().collect();
        self.chance.shuffle(&mut suspects);
        watched.extend(suspects.into_iter().take(SUSPECTS_PER_LOOK));
        watched
    }

    /// Asks for a sign of life, and says if it is suspected.
    pub(super) fn ping(&mut self, who: &Identity) {
        let doubted = self.table.get(&who.id.name).and_then(|entry| {
            let is_doubted = entry.who == *who && entry.suspicion.is_some();
            is_doubted.then_some(entry.incarnation.into())
        });
        self.send(who, Said::Ping { token: 0, doubted });
    }

    /// Another member wants to know whether one is reached from here.
    pub(super) fn try_for(&mut self, for_whom: &Identity, token: u64, who: &Identity, incarnation: u16, now: Instant) {
        let is_past = self.table.get(&who.id.name).is_some_and(|entry| entry.is_past(who));
        let in_vain = Said::Tried { token, reached: false };
        if is_past {
            // It is down for this node, too.
            self.send(for_whom, in_vain);
        } else if self.trials.len() < TRIALS_MAX && who.id.name != self.me.id.name {
            let number = self.token();
            self.trials.insert(
                number,
                Trial {
                    for_whom: for_whom.clone(),
                    token,
                    who: who.id.name.clone(),
                },
            );
            self.agenda.add(now + self.config.witness_wait, Due::Trial(number));
            let doubted = Some(incarnation.into());
            self.send(who, Said::Ping { token: number, doubted });
        }
    }

    /// A trial has ended.
    pub(super) fn tried(&mut self, number: u64, reached: bool) {
        if let Some(Trial { for_whom, token, .. }) = self.trials.remove(&number) {
            self.send(&for_whom, Said::Tried { token, reached });
        }
    }

    /// A sign of life has come, maybe for a trial.
    pub(super) fn answered(&mut self, token: u64, from: &NodeName) {
        if self.trials.get(&token).is_some_and(|trial| trial.who == *from) {
            self.tried(token, true);
        }
    }
}
