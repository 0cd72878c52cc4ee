//! Who watches whom: the members in a ring, each followed by those that it watches.

use std::collections::BTreeSet;

use crate::id::NodeName;

/// The members in an order that all of them know.
#[derive(Debug, Default)]
pub(super) struct Ring(BTreeSet<(u64, NodeName)>);

/// Names that follow each other are often machines that fail together: the ring scatters them.
fn place(name: &NodeName) -> (u64, NodeName) {
    (name.number(), name.clone())
}

impl Ring {
    pub(super) fn add(&mut self, name: &NodeName) {
        self.0.insert(place(name));
    }

    pub(super) fn remove(&mut self, name: &NodeName) {
        self.0.remove(&place(name));
    }

    /// All others, as they follow.
    pub(super) fn after<'a>(&'a self, name: &'a NodeName) -> impl Iterator<Item = &'a NodeName> {
        let place = place(name);
        let around = self.0.range(place.clone()..).chain(self.0.range(..place));
        around.map(|(_, other)| other).filter(move |other| *other != name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_follows_everybody_once_and_nobody_itself() {
        let name = |number: u32| NodeName::new(&format!("n{number}")).expect("a name");
        let mut ring = Ring::default();
        (0..20).for_each(|number| ring.add(&name(number)));
        for number in 0..20 {
            let me = name(number);
            let others: BTreeSet<_> = ring.after(&me).collect();
            assert_eq!((others.len(), ring.after(&me).count()), (19, 19));
            assert!(!others.contains(&me));
        }
        // Each is watched by as many as it watches.
        let watches = |me: u32| ring.after(&name(me)).take(3).cloned().collect::<Vec<_>>();
        let watched: Vec<_> = (0..20).flat_map(watches).collect();
        for number in 0..20 {
            assert_eq!(watched.iter().filter(|other| **other == name(number)).count(), 3);
        }
        ring.remove(&name(3));
        assert!(ring.after(&name(0)).all(|other| *other != name(3)));
    }
}
