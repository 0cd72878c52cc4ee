//! Who waits for whom, so that a wait which could never end is refused.
//!
//! While the handler of an actor waits for another actor, an edge from the one to the other stands at the one who
//! waits. A new edge is put there first, and then followed: of two that close a cycle at the same moment at least one
//! sees it. An edge counts only as long as what it waits for is still owed, so that nobody has to take it away: it goes
//! with its actor's turn.
//!
//! An edge can lead to several actors of which one is enough: any worker of a pool can make the room that is waited for.
//! Such a wait could never end only if that holds for each of them.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::mem;
use std::sync::Arc;

use crate::error::Deadlock;
use crate::id::{ActorId, ActorPath};
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Mutex, MutexGuard};

/// So many edges are kept before a look at which of them are over.
const EDGES_MIN: usize = 8;

/// An actor that can wait, and be waited for.
pub(crate) trait Waiting: Send + Sync {
    fn id(&self) -> ActorId;
    fn path(&self) -> &ActorPath;
    fn waits(&self) -> &Waits;

    /// Gives back the room of the messages that it has finished and still counted.
    fn give_back_finished(&self) {}
}

/// What one actor waits to get from another.
pub(crate) trait Owed: Send + Sync {
    /// Whether the other still has to give it. What was given, or passed on to a third, is not owed.
    fn is_owed(&self) -> bool;
}

/// The edges that start at one actor.
#[derive(Default)]
pub(crate) struct Waits {
    /// In a box, as most actors wait for nobody.
    edges: Mutex<Option<Box<Edges>>>,
    /// Whether there are any. Who puts an edge here sets this before it looks at the same of the other, and so does the
    /// other: of two, at least one sees that there is something to follow.
    any: AtomicBool,
}

type Kept<'a> = MutexGuard<'a, Option<Box<Edges>>>;

#[derive(Default)]
struct Edges {
    list: Vec<Edge>,
    /// The list is looked through at this length, which doubles with what is found to be owed.
    look_at: usize,
}

#[derive(Clone)]
struct Edge {
    on: Arc<dyn Waiting>,
    /// Others who could give the same.
    or: Vec<Arc<dyn Waiting>>,
    owed: Arc<dyn Owed>,
}

/// Whom a new edge leads to, where it may be part of a cycle and is to be [followed](follow).
pub(crate) type Suspect = Option<Arc<dyn Waiting>>;

impl Waits {
    /// Notes that the one whose edges these are waits for what `on` owes it.
    ///
    /// Called in its turn, and so never twice at once. `on` has this `id`, and is asked for where there is no edge to it yet.
    pub(crate) fn begin(&self, id: ActorId, on: impl FnOnce() -> Arc<dyn Waiting>, owed: Arc<dyn Owed>) -> Suspect {
        let mut kept = self.edges.lock();
        // Most who ask again ask the same one.
        if let Some(last) = kept.as_mut().and_then(|edges| edges.list.last_mut())
            && last.or.is_empty()
            && last.on.id() == id
            && !last.owed.is_owed()
        {
            let over = mem::replace(&mut last.owed, owed);
            // That there are edges was said when this one was put here.
            let suspect = last.on.waits().suspect(&last.on);
            drop(kept);
            drop(over);
            return suspect;
        }
        self.add(kept, on(), Vec::new(), owed)
    }

    /// The same where each of `or` could give it as well. It is part of a cycle only if each of them is.
    pub(crate) fn begin_any(&self, on: Arc<dyn Waiting>, or: Vec<Arc<dyn Waiting>>, owed: Arc<dyn Owed>) -> Suspect {
        self.add(self.edges.lock(), on, or, owed)
    }

    fn add<'a>(
        &'a self,
        mut kept: Kept<'a>,
        on: Arc<dyn Waiting>,
        or: Vec<Arc<dyn Waiting>>,
        owed: Arc<dyn Owed>,
    ) -> Suspect {
        let mut edges = kept.get_or_insert_default();
        // Most ask one after the other. What is looked at has a lock of its own at most, whose holder takes no other.
        let last_is_over = edges.list.last().is_some_and(|last| !last.owed.is_owed());
        if !last_is_over && edges.list.len() >= edges.look_at.max(EDGES_MIN) {
            drop(kept);
            self.forget_what_is_over();
            kept = self.edges.lock();
            edges = kept.get_or_insert_default();
        }
        if !self.any.load(Ordering::Relaxed) {
            self.any.store(true, Ordering::SeqCst);
        }
        let suspect = on.waits().suspect(&on);
        let edge = Edge { on, or, owed };
        let over = match edges.list.last_mut() {
            Some(last) if last_is_over => Some(mem::replace(last, edge)),
            _ => {
                edges.list.push(edge);
                None
            }
        };
        drop(kept);
        drop(over);
        suspect
    }

    /// The one whose these are, if it may wait in turn: nearly always it waits for nobody.
    fn suspect(&self, owner: &Arc<dyn Waiting>) -> Suspect {
        self.any.load(Ordering::SeqCst).then(|| owner.clone())
    }

    /// Ends the turn: whatever is still waited for is no longer waited for by the handler.
    pub(crate) fn end_turn(&self) {
        loop {
            let mut kept = self.edges.lock();
            let Some(edges) = &mut *kept else { return };
            let over = edges.list.pop();
            let last = edges.list.is_empty();
            if last {
                self.any.store(false, Ordering::SeqCst);
                edges.look_at = 0;
            }
            drop(kept);
            drop(over);
            if last {
                return;
            }
        }
    }

    /// The paths of those whom the actor waits for now.
    pub(crate) fn on(&self) -> Vec<ActorPath> {
        if !self.any.load(Ordering::Relaxed) {
            return Vec::new();
        }
        let owed = self.owed().into_iter().flatten();
        owed.map(|actor| actor.path().clone()).collect()
    }

    fn forget_what_is_over(&self) {
        // Held until the lock is free again, so that no edge is dropped under it.
        let seen = self.list();
        let owed: Vec<bool> = seen.iter().map(|edge| edge.owed.is_owed()).collect();
        let mut kept = self.edges.lock();
        let Some(edges) = &mut *kept else { return };
        let mut owed = owed.into_iter();
        edges.list.retain(|_| owed.next().unwrap_or(true));
        edges.look_at = 2 * edges.list.len();
    }

    fn list(&self) -> Vec<Edge> {
        let kept = self.edges.lock();
        kept.as_ref().map(|edges| edges.list.clone()).unwrap_or_default()
    }

    /// Whom the actor waits for, in earnest; those of whom one is enough, together.
    fn owed(&self) -> Vec<Vec<Arc<dyn Waiting>>> {
        let owed = self.list().into_iter().filter(|edge| edge.owed.is_owed());
        owed.map(|mut edge| {
            edge.or.push(edge.on);
            edge.or
        })
        .collect()
    }
}

/// Follows the edge from `owner` to `first`.
///
/// # Errors
/// It is part of a cycle: the wait could never end.
pub(crate) fn follow(owner: &Arc<dyn Waiting>, first: Arc<dyn Waiting>) -> Result<(), Deadlock> {
    follow_any(owner, first, false)
}

/// The same; `choices` says that others could end the wait as well as `first`.
pub(crate) fn follow_any(owner: &Arc<dyn Waiting>, first: Arc<dyn Waiting>, mut choices: bool) -> Result<(), Deadlock> {
    let Some(cycle) = way_back(&**owner, vec![first], |_| true, &mut choices) else {
        return Ok(());
    };
    if !choices {
        return Err(Deadlock::new(cycle));
    }
    let Some(knot) = knot(owner) else { return Ok(()) };
    // Each of the knot leads back here, though perhaps not by the way that was found first.
    let first = owner.waits().owed().into_iter().flatten().collect();
    let way = way_back(&**owner, first, |actor| knot.contains(&actor), &mut choices);
    Err(Deadlock::new(way.unwrap_or(cycle)))
}

/// The paths from `owner` by way of `first` back to it, if there is such a way through actors that may be on it.
/// `choices` is set where one was met that waits for any of several.
fn way_back(
    owner: &dyn Waiting,
    first: Vec<Arc<dyn Waiting>>,
    may_pass: impl Fn(ActorId) -> bool,
    choices: &mut bool,
) -> Option<Vec<ActorPath>> {
    let mut seen = HashSet::new();
    let mut trail = vec![owner.path().clone()];
    // Each level holds the actors that are still to be looked at there.
    let mut levels = vec![first];
    while let Some(level) = levels.last_mut() {
        let Some(actor) = level.pop() else {
            levels.pop();
            trail.pop();
            continue;
        };
        if actor.id() == owner.id() {
            trail.push(owner.path().clone());
            return Some(trail);
        }
        if !may_pass(actor.id()) {
            continue;
        }
        let owed = actor.waits().owed();
        if !owed.is_empty() && seen.insert(actor.id()) {
            *choices |= owed.iter().any(|any| any.len() > 1);
            trail.push(actor.path().clone());
            levels.push(owed.into_iter().flatten().collect());
        }
    }
    None
}

/// The actors that can never go on, if `owner` is among them: of each, one wait leads to nobody but others of them.
fn knot(owner: &Arc<dyn Waiting>) -> Option<HashSet<ActorId>> {
    let mut waits: HashMap<ActorId, Vec<Vec<ActorId>>> = HashMap::new();
    let mut found = vec![owner.clone()];
    while let Some(actor) = found.pop() {
        if let Entry::Vacant(unseen) = waits.entry(actor.id()) {
            let owed = actor.waits().owed();
            let ids = owed.iter().map(|any| any.iter().map(|actor| actor.id()).collect());
            unseen.insert(ids.collect());
            found.extend(owed.into_iter().flatten());
        }
    }
    loop {
        let goes_on = waits.iter().find_map(|(&id, owed)| {
            let mut owed = owed.iter();
            owed.all(|any| any.iter().any(|giver| !waits.contains_key(giver)))
                .then_some(id)
        });
        match goes_on {
            Some(id) if id == owner.id() => return None,
            Some(id) => waits.remove(&id),
            None => return Some(waits.into_keys().collect()),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Node(ActorId, ActorPath, Waits);
    impl Waiting for Node {
        fn id(&self) -> ActorId {
            self.0
        }
        fn path(&self) -> &ActorPath {
            &self.1
        }
        fn waits(&self) -> &Waits {
            &self.2
        }
    }
    struct Debt(AtomicBool);
    impl Owed for Debt {
        fn is_owed(&self) -> bool {
            self.0.load(Ordering::Relaxed)
        }
    }

    impl Debt {
        fn is_over(&self) {
            self.0.store(false, Ordering::Relaxed);
        }
    }

    fn nodes<const N: usize>() -> [Arc<Node>; N] {
        std::array::from_fn(|n| {
            Arc::new(Node(
                ActorId::next(),
                ActorPath::root(&format!("n{n}")),
                Waits::default(),
            ))
        })
    }
    fn debt() -> Arc<Debt> {
        Arc::new(Debt(AtomicBool::new(true)))
    }
    fn wait(owner: &Arc<Node>, on: &Arc<Node>) -> Result<Arc<Debt>, Deadlock> {
        let owed = debt();
        let suspect = owner.waits().begin(on.id(), || on.clone(), owed.clone());
        let owner: Arc<dyn Waiting> = owner.clone();
        let refused = suspect.map_or(Ok(()), |first| follow(&owner, first));
        refused.inspect_err(|_| owed.is_over()).map(|()| owed)
    }

    #[test]
    fn waiting_for_oneself_is_the_shortest_cycle() {
        let [a] = nodes();
        assert_eq!(
            wait(&a, &a).err().expect("a cycle").to_string(),
            "deadlock: /n0 waits for itself"
        );
    }

    #[test]
    fn a_cycle_is_refused_with_its_way() {
        let [a, b, c] = nodes();
        wait(&a, &b).expect("no cycle yet");
        wait(&b, &c).expect("no cycle yet");
        let refused = wait(&c, &a).err().expect("a cycle");
        assert_eq!(
            refused.to_string(),
            "deadlock: /n2 waits for /n0, which waits for /n1, which waits for /n2"
        );
        assert!(wait(&c, &b).is_err(), "a refused wait left the others undone");
    }

    #[test]
    fn many_ways_to_one_place_are_no_cycle() {
        let [a, b, c, d] = nodes();
        for (from, to) in [(&a, &b), (&a, &c), (&b, &d), (&c, &d)] {
            wait(from, to).expect("no cycle");
        }
        assert!(wait(&d, &a).is_err());
    }

    fn wait_for_any(owner: &Arc<Node>, on: &Arc<Node>, or: &Arc<Node>) -> Result<Arc<Debt>, Deadlock> {
        let owed = debt();
        let suspect = owner.waits().begin_any(on.clone(), vec![or.clone()], owed.clone());
        let owner: Arc<dyn Waiting> = owner.clone();
        let refused = suspect.map_or(Ok(()), |first| follow_any(&owner, first, true));
        refused.inspect_err(|_| owed.is_over()).map(|()| owed)
    }

    #[test]
    fn a_wait_for_any_of_several_is_refused_only_when_none_of_them_can_go_on() {
        let [a, b, c, idle] = nodes();
        wait(&b, &a).expect("no cycle yet");
        wait_for_any(&a, &b, &idle).expect("the idle one can give it").is_over();
        wait_for_any(&c, &a, &idle).expect("the idle one can give it");
        wait_for_any(&a, &b, &c)
            .expect("and so can the one that waits for it")
            .is_over();
        wait(&idle, &b).expect("no cycle yet");
        let refused = wait_for_any(&a, &c, &idle).err().expect("nobody is left who could");
        assert!(refused.to_string().starts_with("deadlock: /n0 waits for "), "{refused}");
    }

    #[test]
    fn a_cycle_that_one_of_several_can_undo_holds_up_nobody() {
        let [a, b, c, idle] = nodes();
        wait_for_any(&a, &b, &idle).expect("no cycle yet");
        wait(&b, &a).expect("the idle one can undo it");
        wait(&c, &b).expect("and then this one can go on, too");
    }

    #[test]
    fn one_who_can_go_on_is_no_help_to_those_who_wait_for_others_as_well() {
        // They are looked at in an order that is by chance.
        for _ in 0..100 {
            let [a, b, c, idle] = nodes();
            wait(&b, &a).expect("no cycle yet");
            wait(&b, &idle).expect("no cycle yet");
            wait(&c, &a).expect("no cycle yet");
            assert!(wait_for_any(&a, &b, &c).is_err());
        }
    }

    #[test]
    fn what_was_given_is_not_waited_for() {
        let [a, b] = nodes();
        wait(&a, &b).expect("no cycle").is_over();
        assert!(wait(&b, &a).is_ok());
    }

    #[test]
    fn one_who_asks_the_same_again_waits_again() {
        let [a, b] = nodes();
        for _ in 0..3 {
            wait(&a, &b).expect("no cycle").is_over();
            wait(&b, &a).expect("no cycle").is_over();
        }
        assert_eq!(a.waits().list().len(), 1);
        let owed = wait(&a, &b).expect("no cycle");
        assert!(wait(&b, &a).is_err());
        owed.is_over();
        let owes = wait(&b, &a).expect("no cycle");
        assert!(
            wait(&a, &b).is_err(),
            "who takes the place of an earlier wait looks where it leads"
        );
        owes.is_over();
    }

    #[test]
    fn a_wait_of_an_earlier_turn_closes_no_cycle() {
        let [a, b] = nodes();
        wait(&a, &b).expect("no cycle");
        wait(&a, &b).expect("no cycle");
        a.waits().end_turn();
        assert!(wait(&b, &a).is_ok());
    }

    #[test]
    fn a_long_turn_keeps_what_is_owed_and_little_of_what_is_over() {
        let [a, b, c] = nodes();
        for _ in 0..EDGES_MIN {
            wait(&a, &b).expect("no cycle");
        }
        for _ in 0..1_000 {
            wait(&a, &c).expect("no cycle").is_over();
        }
        assert!(a.waits().list().len() <= 2 * EDGES_MIN);
        assert!(wait(&b, &a).is_err());
        for _ in 0..1_000 {
            wait(&c, &b).expect("no cycle").is_over();
        }
        assert!(c.waits().list().len() <= EDGES_MIN);
    }
}
