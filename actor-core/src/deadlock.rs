//! Who waits for whom, so that a wait which could never end is refused.
//!
//! While the handler of an actor waits for another actor, an edge from the one to the other stands at the one who
//! waits. A new edge is put there first, and then followed: of two that close a cycle at the same moment at least one
//! sees it. An edge counts only as long as what it waits for is still owed, so that nobody has to take it away: it goes
//! with its actor's turn.

use std::collections::HashSet;
use std::sync::Arc;

use crate::error::Deadlock;
use crate::id::{ActorId, ActorPath};
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, Ordering};

/// So many edges are kept before a look at which of them are over.
const EDGES_MIN: usize = 8;

/// An actor that can wait, and be waited for.
pub(crate) trait Waiting: Send + Sync {
    fn id(&self) -> ActorId;
    fn path(&self) -> &ActorPath;
    fn waits(&self) -> &Waits;
}

/// What one actor waits to get from another.
pub(crate) trait Owed: Send + Sync {
    /// Whether the other still has to give it. What was given, or passed on to a third, is not owed.
    fn is_owed(&self) -> bool;
}

/// The edges that start at one actor.
#[derive(Default)]
pub(crate) struct Waits {
    edges: Mutex<Edges>,
    /// Whether there are any. Who puts an edge here sets this before it looks at the same of the other, and so does the
    /// other: of two, at least one sees that there is something to follow.
    any: AtomicBool,
}

#[derive(Default)]
struct Edges {
    list: Vec<Edge>,
    /// The list is looked through at this length, which doubles with what is found to be owed.
    look_at: usize,
}

#[derive(Clone)]
struct Edge {
    on: Arc<dyn Waiting>,
    owed: Arc<dyn Owed>,
}

/// Whom a new edge leads to, where it may be part of a cycle and is to be [followed](follow).
pub(crate) type Suspect = Option<Arc<dyn Waiting>>;

impl Waits {
    /// Notes that `owner`, whose edges these are, waits for what `on` owes it.
    ///
    /// Called in the turn of the owner, and so never twice at once.
    pub(crate) fn begin(&self, owner: ActorId, on: Arc<dyn Waiting>, owed: Arc<dyn Owed>) -> Suspect {
        let mut edges = self.edges.lock();
        if edges.list.len() >= edges.look_at.max(EDGES_MIN) {
            drop(edges);
            self.forget_what_is_over();
            edges = self.edges.lock();
        }
        if !self.any.load(Ordering::Relaxed) {
            self.any.store(true, Ordering::SeqCst);
        }
        // Nearly always the other waits for nobody.
        let suspect = on.id() == owner || on.waits().any.load(Ordering::SeqCst);
        let suspect = suspect.then(|| on.clone());
        edges.list.push(Edge { on, owed });
        suspect
    }

    /// Ends the turn: whatever is still waited for is no longer waited for by the handler.
    pub(crate) fn end_turn(&self) {
        loop {
            let mut edges = self.edges.lock();
            let over = edges.list.pop();
            let last = edges.list.is_empty();
            if last {
                self.any.store(false, Ordering::SeqCst);
                edges.look_at = 0;
            }
            drop(edges);
            drop(over);
            if last {
                return;
            }
        }
    }

    fn forget_what_is_over(&self) {
        // Held until the lock is free again, so that no edge is dropped under it.
        let seen = self.edges.lock().list.clone();
        let owed: Vec<bool> = seen.iter().map(|edge| edge.owed.is_owed()).collect();
        let mut edges = self.edges.lock();
        let mut owed = owed.into_iter();
        edges.list.retain(|_| owed.next().unwrap_or(true));
        edges.look_at = 2 * edges.list.len();
    }

    /// Whom the actor waits for, in earnest.
    fn targets(&self) -> Vec<Arc<dyn Waiting>> {
        let edges = self.edges.lock().list.clone();
        edges
            .into_iter()
            .filter(|edge| edge.owed.is_owed())
            .map(|edge| edge.on)
            .collect()
    }
}

/// Follows the edge from `owner` to `first`.
///
/// # Errors
/// It is part of a cycle: the wait could never end.
pub(crate) fn follow(owner: &dyn Waiting, first: Arc<dyn Waiting>) -> Result<(), Deadlock> {
    way_back(owner, first).map_or(Ok(()), |cycle| Err(Deadlock::new(cycle)))
}

/// The paths from `owner` by way of `first` back to it, if there is such a way.
fn way_back(owner: &dyn Waiting, first: Arc<dyn Waiting>) -> Option<Vec<ActorPath>> {
    let mut seen = HashSet::new();
    let mut trail = vec![owner.path().clone()];
    // Each level holds the actors that are still to be looked at there.
    let mut levels = vec![vec![first]];
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
        let targets = actor.waits().targets();
        if !targets.is_empty() && seen.insert(actor.id()) {
            trail.push(actor.path().clone());
            levels.push(targets);
        }
    }
    None
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
        let suspect = owner.waits().begin(owner.id(), on.clone(), owed.clone());
        let refused = suspect.map_or(Ok(()), |first| follow(&**owner, first));
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

    #[test]
    fn what_was_given_is_not_waited_for() {
        let [a, b] = nodes();
        wait(&a, &b).expect("no cycle").is_over();
        assert!(wait(&b, &a).is_ok());
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
        wait(&a, &b).expect("no cycle");
        for _ in 0..1_000 {
            wait(&a, &c).expect("no cycle").is_over();
        }
        assert!(a.waits().edges.lock().list.len() <= EDGES_MIN);
        assert!(wait(&b, &a).is_err());
    }
}
