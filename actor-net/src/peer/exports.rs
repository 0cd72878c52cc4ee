//! Which of our actors others may reach: those that were exposed, and those whose handles were sent away.
//!
//! One table for a node. Each conversation holds an export as often as it was sent in it, and lets go of it by `Release`, or by ending. An export that nobody
//! holds and that is not exposed is forgotten; one whose actor has ended too.
//!
//! # How it is used
//! [`Exports::expose`] and [`Exports::conceal`] for names; [`Exports::send`] for each handle that is encoded, and [`Exports::unsend`] if that message does
//! not leave after all; [`Exports::get`] for each frame that comes; [`Exports::release`], [`Exports::lost`] and [`Exports::ended`] as they
//! happen.

use std::collections::BTreeMap;

use crate::id::ExportId;

/// A conversation, by a number of its own.
pub(crate) type SessionId = u64;

/// Why a handle cannot be sent, or a release makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoExport {
    /// The peer holds as many as it may.
    TooMany,
    /// The peer does not hold it so often: it broke the protocol.
    NotHeld,
}

/// `A` is what tells actors apart, `H` what reaches one.
#[derive(Debug)]
pub(crate) struct Exports<A, H> {
    by_id: BTreeMap<ExportId, Entry<A, H>>,
    by_actor: BTreeMap<A, ExportId>,
    /// Actors whose ids were said without their being exported: how often, until each is taken back.
    named: BTreeMap<A, usize>,
    held: BTreeMap<SessionId, BTreeMap<ExportId, u32>>,
    for_each_max: usize,
}

#[derive(Debug)]
struct Entry<A, H> {
    actor: A,
    handle: H,
    /// How many conversations hold it, and how many names expose it.
    holders: usize,
    names: usize,
}

impl<A: Copy + Ord, H> Exports<A, H> {
    /// One conversation holds at most `for_each_max`.
    pub(crate) fn new(for_each_max: usize) -> Self {
        Self {
            by_id: BTreeMap::new(),
            by_actor: BTreeMap::new(),
            named: BTreeMap::new(),
            held: BTreeMap::new(),
            for_each_max,
        }
    }

    /// The export of an actor; under the id `fresh`, if it has none yet.
    fn entry(&mut self, actor: A, fresh: ExportId, handle: impl FnOnce() -> H) -> (ExportId, &mut Entry<A, H>) {
        let id = *self.by_actor.entry(actor).or_insert(fresh);
        let entry = self.by_id.entry(id).or_insert_with(|| Entry {
            actor,
            handle: handle(),
            holders: 0,
            names: 0,
        });
        (id, entry)
    }

    /// The id that the actor has, or is going to have: nothing is reached by it until it is exported. It stays that until it was [taken
    /// back](Self::unname) as often.
    pub(crate) fn name(&mut self, actor: A, fresh: ExportId) -> ExportId {
        *self.named.entry(actor).or_insert(0) += 1;
        *self.by_actor.entry(actor).or_insert(fresh)
    }

    /// Its id is not needed any more, unless it is exported.
    pub(crate) fn unname(&mut self, actor: A) {
        let Some(times) = self.named.get_mut(&actor) else {
            return;
        };
        *times -= 1;
        if *times == 0 {
            self.named.remove(&actor);
            self.forget_if_unknown(actor);
        }
    }

    /// Forgets the id of an actor that is neither exported nor named.
    fn forget_if_unknown(&mut self, actor: A) {
        let id = self.by_actor.get(&actor);
        if id.is_some_and(|id| !self.by_id.contains_key(id)) && !self.named.contains_key(&actor) {
            self.by_actor.remove(&actor);
        }
    }

    /// A name stands for the actor from now on.
    pub(crate) fn expose(&mut self, actor: A, fresh: ExportId, handle: impl FnOnce() -> H) -> ExportId {
        let (id, entry) = self.entry(actor, fresh, handle);
        entry.names += 1;
        id
    }

    /// A name stands for it no longer. Returns the handle if nobody reaches it any more.
    pub(crate) fn conceal(&mut self, actor: A) -> Option<H> {
        let id = *self.by_actor.get(&actor)?;
        let entry = self.by_id.get_mut(&id)?;
        entry.names = entry.names.saturating_sub(1);
        self.forget_if_unheld(id)
    }

    /// A handle of the actor is sent to a peer. `fresh` is an id that nobody can guess, for one that has none yet.
    pub(crate) fn send(
        &mut self,
        session: SessionId,
        actor: A,
        fresh: ExportId,
        handle: impl FnOnce() -> H,
    ) -> Result<ExportId, NoExport> {
        let known = self.by_actor.get(&actor).copied();
        let held = self.held.entry(session).or_default();
        let is_held = known.is_some_and(|id| held.contains_key(&id));
        if !is_held && held.len() >= self.for_each_max {
            return Err(NoExport::TooMany);
        }
        let (id, entry) = self.entry(actor, fresh, handle);
        entry.holders += usize::from(!is_held);
        let held = self.held.entry(session).or_default().entry(id).or_insert(0);
        *held = held.saturating_add(1);
        Ok(id)
    }

    /// A peer has been given an export by a third node, which holds it: from now on it holds it too. `None` if there is none.
    pub(crate) fn adopt(&mut self, session: SessionId, id: ExportId) -> Option<Result<(), NoExport>> {
        let actor = self.by_id.get(&id)?.actor;
        let adopted = self.send(session, actor, id, || unreachable!("it has an export"));
        Some(adopted.map(drop))
    }

    /// What was sent is not sent after all. Returns the handle if nobody reaches it any more.
    pub(crate) fn unsend(&mut self, session: SessionId, id: ExportId) -> Option<H> {
        self.release(session, id, 1).ok().flatten()
    }

    /// What an id leads to. Ids cannot be guessed: who names one has been given it.
    pub(crate) fn get(&self, id: ExportId) -> Option<&H> {
        self.by_id.get(&id).map(|entry| &entry.handle)
    }

    /// The peer lets go of an export, as often as `count` says. Returns the handle if nobody reaches it any more.
    pub(crate) fn release(&mut self, session: SessionId, id: ExportId, count: u32) -> Result<Option<H>, NoExport> {
        let held = self.held.get_mut(&session);
        if !self.by_id.contains_key(&id) {
            // It has ended, before or after the peer came to hold it.
            held.and_then(|held| held.remove(&id));
            return Ok(None);
        }
        let held = held.ok_or(NoExport::NotHeld)?;
        let left = held.get_mut(&id).ok_or(NoExport::NotHeld)?;
        *left = left.checked_sub(count).ok_or(NoExport::NotHeld)?;
        if *left > 0 {
            return Ok(None);
        }
        held.remove(&id);
        Ok(self.let_go(id))
    }

    /// The conversation has ended. Returns the handles that nobody reaches any more.
    pub(crate) fn lost(&mut self, session: SessionId) -> Vec<H> {
        let held = self.held.remove(&session).unwrap_or_default();
        held.into_keys().filter_map(|id| self.let_go(id)).collect()
    }

    /// The actor has ended: its export leads nowhere from now on.
    pub(crate) fn ended(&mut self, actor: A) -> Option<(ExportId, H)> {
        let id = *self.by_actor.get(&actor)?;
        let entry = self.by_id.remove(&id);
        self.forget_if_unknown(actor);
        entry.map(|entry| (id, entry.handle))
    }

    fn let_go(&mut self, id: ExportId) -> Option<H> {
        let entry = self.by_id.get_mut(&id)?;
        entry.holders = entry.holders.saturating_sub(1);
        self.forget_if_unheld(id)
    }

    fn forget_if_unheld(&mut self, id: ExportId) -> Option<H> {
        let entry = self.by_id.get(&id)?;
        if entry.holders + entry.names > 0 {
            return None;
        }
        let entry = self.by_id.remove(&id)?;
        self.forget_if_unknown(entry.actor);
        Some(entry.handle)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: SessionId = 1;
    const B: SessionId = 2;

    fn send(exports: &mut Exports<u8, &'static str>, session: SessionId, actor: u8, fresh: u128) -> ExportId {
        exports
            .send(session, actor, ExportId(fresh), || "handle")
            .expect("there is room")
    }

    #[test]
    fn an_actor_has_one_id_for_everyone_and_is_forgotten_with_its_last_holder() {
        let mut exports = Exports::new(8);
        let id = send(&mut exports, A, 7, 100);
        assert_eq!(send(&mut exports, A, 7, 101), id);
        assert_eq!(send(&mut exports, B, 7, 102), id);
        assert_eq!(exports.release(A, id, 1), Ok(None));
        assert_eq!(exports.release(A, id, 1), Ok(None));
        assert_eq!(exports.get(id), Some(&"handle"));
        assert_eq!(exports.lost(B), ["handle"]);
        assert_eq!((exports.get(id), exports.len()), (None, 0));
        assert_ne!(
            send(&mut exports, A, 7, 103),
            id,
            "an id that was forgotten does not come back"
        );
    }

    #[test]
    fn an_id_that_was_said_before_is_that_of_the_export() {
        let mut exports = Exports::new(8);
        let id = exports.name(7, ExportId(100));
        assert_eq!(exports.name(7, ExportId(101)), id);
        assert_eq!((exports.get(id), exports.len()), (None, 0), "nothing is reached by it");
        exports.unname(7);
        assert_eq!(send(&mut exports, A, 7, 102), id);
        exports.unname(7);
        assert_eq!(exports.get(id), Some(&"handle"));
        exports.name(7, ExportId(103));
        assert_eq!(exports.ended(7), Some((id, "handle")));
        exports.unname(7);
        assert!(exports.by_actor.is_empty() && exports.named.is_empty());
    }

    #[test]
    fn what_is_exposed_stays_without_a_holder() {
        let mut exports = Exports::new(8);
        let id = exports.expose(7, ExportId(1), || "handle");
        assert_eq!(send(&mut exports, A, 7, 2), id);
        assert!(exports.lost(A).is_empty());
        assert_eq!(exports.conceal(7), Some("handle"));
    }

    #[test]
    fn an_actor_that_ended_is_gone_at_once_and_late_releases_do_no_harm() {
        let mut exports = Exports::new(8);
        let id = send(&mut exports, A, 7, 1);
        assert_eq!(exports.ended(7), Some((id, "handle")));
        assert_eq!(exports.get(id), None);
        assert_eq!(exports.release(A, id, 1), Ok(None));
        assert!(exports.lost(A).is_empty());
    }

    #[test]
    fn what_has_ended_can_be_released_however_often_it_was_held() {
        let mut exports = Exports::new(8);
        let id = send(&mut exports, A, 7, 1);
        exports.ended(7);
        assert_eq!(exports.release(A, id, 2), Ok(None));
        assert_eq!(exports.release(A, ExportId(9), 1), Ok(None));
        assert!(exports.held[&A].is_empty());
    }

    #[test]
    fn a_peer_cannot_release_what_it_does_not_hold() {
        let mut exports = Exports::new(8);
        let id = send(&mut exports, A, 7, 1);
        assert_eq!(exports.release(B, id, 1), Err(NoExport::NotHeld));
        assert_eq!(exports.release(A, id, 2), Err(NoExport::NotHeld));
        assert!(exports.get(id).is_some());
    }

    #[test]
    fn a_third_node_holds_what_it_was_handed() {
        let mut exports = Exports::new(8);
        let id = send(&mut exports, A, 7, 1);
        assert_eq!(exports.adopt(B, id), Some(Ok(())));
        assert_eq!(exports.adopt(B, ExportId(9)), None);
        assert!(exports.lost(A).is_empty());
        assert_eq!(exports.lost(B), ["handle"]);
    }

    #[test]
    fn what_was_not_sent_after_all_is_not_held() {
        let mut exports = Exports::new(1);
        let id = send(&mut exports, A, 7, 1);
        assert_eq!(exports.send(A, 8, ExportId(2), || "other"), Err(NoExport::TooMany));
        assert_eq!(exports.unsend(A, id), Some("handle"));
        assert_eq!(exports.len(), 0);
        send(&mut exports, A, 8, 2);
    }
}
