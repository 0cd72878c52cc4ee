//! Who waits for whom, so that a wait which could never end is refused.
//!
//! While the handler of an actor waits for another actor, an edge from the one to the other stands at the one who
//! waits. A new edge is put there first, and then followed: of two that close a cycle at the same moment at least one
//! sees it. Edges belong to one turn of their actor, and count only as long as what they wait for is still owed.

use std::collections::HashSet;
use std::sync::Arc;

use crate::error::Deadlock;
use crate::id::{ActorId, ActorPath};
use crate::sync::Mutex;

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
pub(crate) struct Waits(Mutex<Edges>);

#[derive(Default)]
struct Edges {
    list: Vec<Edge>,
    next: u64,
}

struct Edge {
    number: u64,
    on: Arc<dyn Waiting>,
    owed: Arc<dyn Owed>,
}

/// A wait that goes on; dropped, it is over.
pub(crate) struct Wait {
    owner: Arc<dyn Waiting>,
    number: u64,
}

impl Wait {
    /// Has `owner` wait for what `on` owes it, unless that closes a cycle.
    pub(crate) fn begin(owner: Arc<dyn Waiting>, on: Arc<dyn Waiting>, owed: Arc<dyn Owed>) -> Result<Self, Deadlock> {
        let target = on.clone();
        let number = {
            let mut edges = owner.waits().0.lock();
            let number = edges.next;
            edges.next += 1;
            edges.list.push(Edge { number, on, owed });
            number
        };
        let wait = Self { owner, number };
        match way_back(&*wait.owner, target) {
            None => Ok(wait),
            Some(cycle) => Err(Deadlock::new(cycle)),
        }
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        let over = {
            let mut edges = self.owner.waits().0.lock();
            let index = edges.list.iter().position(|edge| edge.number == self.number);
            index.map(|index| edges.list.swap_remove(index))
        };
        drop(over);
    }
}

impl Waits {
    /// Ends the turn: whatever is still waited for is no longer waited for by the handler.
    pub(crate) fn end_turn(&self) {
        let over = std::mem::take(&mut self.0.lock().list);
        drop(over);
    }

    /// Whom the actor waits for, in earnest.
    fn targets(&self) -> Vec<Arc<dyn Waiting>> {
        let edges: Vec<_> = self
            .0
            .lock()
            .list
            .iter()
            .map(|edge| (edge.on.clone(), edge.owed.clone()))
            .collect();
        edges
            .into_iter()
            .filter(|(_, owed)| owed.is_owed())
            .map(|(on, _)| on)
            .collect()
    }
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
    use std::sync::atomic::{AtomicBool, Ordering};

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
    fn wait(owner: &Arc<Node>, on: &Arc<Node>) -> Result<Wait, Deadlock> {
        Wait::begin(owner.clone(), on.clone(), debt())
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
        let _first = wait(&a, &b).expect("no cycle yet");
        let _second = wait(&b, &c).expect("no cycle yet");
        let refused = wait(&c, &a).err().expect("a cycle");
        assert_eq!(
            refused.to_string(),
            "deadlock: /n2 waits for /n0, which waits for /n1, which waits for /n2"
        );
        assert!(
            wait(&c, &b).is_err(),
            "a refused wait leaves nothing behind, and the others stand"
        );
    }

    #[test]
    fn many_ways_to_one_place_are_no_cycle() {
        let [a, b, c, d] = nodes();
        let _waits = [wait(&a, &b), wait(&a, &c), wait(&b, &d), wait(&c, &d)].map(|wait| wait.expect("no cycle"));
        assert!(wait(&d, &a).is_err());
    }

    #[test]
    fn what_was_given_is_not_waited_for() {
        let [a, b] = nodes();
        let owed = debt();
        let _wait = Wait::begin(a.clone(), b.clone(), owed.clone()).expect("no cycle");
        owed.0.store(false, Ordering::Relaxed);
        assert!(wait(&b, &a).is_ok());
    }

    #[test]
    fn a_wait_that_is_over_and_one_of_an_earlier_turn_close_no_cycle() {
        let [a, b] = nodes();
        drop(wait(&a, &b));
        drop(wait(&b, &a).expect("it is over"));
        let kept = wait(&a, &b).expect("no cycle");
        a.waits().end_turn();
        let other = wait(&b, &a).expect("the turn is over");
        drop(kept);
        drop(other);
    }
}
