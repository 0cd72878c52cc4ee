//! The children of one actor by the order of their start, for one who changes them and others who read on.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use super::child::Child;

/// So many children stand in one leaf at most.
const LEAF: usize = 64;

/// Some children that follow each other, with their keys.
pub(super) type Leaf = Vec<(u64, Child)>;

/// Children by keys that only grow.
///
/// They stand in leaves, each of which is shared with those who read it: they take it under the lock of the table, and read it
/// without, so that nobody waits for them, however they are held up. Who changes a leaf that is read changes a copy of it.
#[derive(Default)]
pub(super) struct Table {
    /// By a key that no key in the leaf is below, and all keys in the leaves before are. None is empty but the last.
    leaves: BTreeMap<u64, Arc<Leaf>>,
    len: usize,
}

impl Table {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Adds a child; its key is above all that there were.
    pub(super) fn push(&mut self, key: u64, child: Child) {
        self.len += 1;
        match self.leaves.last_entry() {
            Some(mut last) if last.get().len() < LEAF => Arc::make_mut(last.get_mut()).push((key, child)),
            last => {
                // Most actors have few children; who has many gets more.
                let room = if last.is_some() { LEAF } else { 1 };
                let mut leaf = Leaf::with_capacity(room);
                leaf.push((key, child));
                self.leaves.insert(key, Arc::new(leaf));
            }
        }
    }

    pub(super) fn get(&self, key: u64) -> Option<&Child> {
        let (_, leaf) = self.leaves.range(..=key).next_back()?;
        Some(&leaf[place(leaf, key)?].1)
    }

    pub(super) fn get_mut(&mut self, key: u64) -> Option<&mut Child> {
        let (_, leaf) = self.leaves.range_mut(..=key).next_back()?;
        let at = place(leaf, key)?;
        Some(&mut Arc::make_mut(leaf)[at].1)
    }

    pub(super) fn remove(&mut self, key: u64) -> Option<Child> {
        let (&first, leaf) = self.leaves.range_mut(..=key).next_back()?;
        let at = place(leaf, key)?;
        let leaf = Arc::make_mut(leaf);
        let (_, child) = leaf.remove(at);
        self.len -= 1;
        let left = leaf.len();
        if left < LEAF / 4 && self.leaves.len() > 1 {
            self.close_up(first, left);
        }
        Some(child)
    }

    /// Joins a leaf that has few left with the one behind it, or many with little in them would stay.
    fn close_up(&mut self, first: u64, left: usize) {
        let mut behind = self.leaves.range((Bound::Excluded(first), Bound::Unbounded));
        let Some((&next, others)) = behind.next() else { return };
        if left == 0 {
            self.leaves.remove(&first);
        } else if left + others.len() <= LEAF / 2
            && let Some(mut others) = self.leaves.remove(&next)
            && let Some(leaf) = self.leaves.get_mut(&first)
        {
            Arc::make_mut(leaf).append(Arc::make_mut(&mut others));
        }
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, &Child)> {
        self.leaves
            .values()
            .flat_map(|leaf| leaf.iter())
            .map(|(key, child)| (*key, child))
    }

    /// The leaf that has the first children behind this key, and which of its places that is.
    pub(super) fn behind(&self, after: Option<u64>) -> Option<(Arc<Leaf>, usize)> {
        let from = match after {
            Some(after) => after.checked_add(1)?,
            None => 0,
        };
        let before = self.leaves.range(..from).next_back();
        let leaves = before.into_iter().chain(self.leaves.range(from..));
        let mut found = leaves.map(|(_, leaf)| (leaf, leaf.partition_point(|(key, _)| *key < from)));
        let (leaf, at) = found.find(|(leaf, at)| *at < leaf.len())?;
        Some((leaf.clone(), at))
    }
}

fn place(leaf: &Leaf, key: u64) -> Option<usize> {
    leaf.binary_search_by_key(&key, |(key, _)| *key).ok()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::cell::Cell;
    use crate::family::{Phase, Treatment};
    use crate::id::ActorPath;
    use crate::mailbox::MailboxSpec;

    fn child() -> Child {
        let cell = Cell::<()>::at_rest(ActorPath::root("x"), MailboxSpec::unbounded());
        Child {
            cell: Arc::new(cell),
            treatment: Treatment::default(),
            phase: Phase::Starting,
            past: None,
        }
    }

    fn keys(table: &Table) -> Vec<u64> {
        let (mut keys, mut after) = (Vec::new(), None);
        while let Some((leaf, at)) = table.behind(after) {
            assert!(leaf.len() <= LEAF, "{} under one hold of the lock", leaf.len());
            keys.extend(leaf[at..].iter().map(|(key, _)| *key));
            after = keys.last().copied();
        }
        keys
    }

    #[test]
    fn however_they_come_and_go_each_is_found_and_those_who_read_see_all() {
        for seed in 0..50 {
            let mut chance = fastrand::Rng::with_seed(seed);
            let (mut table, mut known) = (Table::default(), BTreeSet::new());
            for key in 0..1_000 {
                table.push(key, child());
                known.insert(key);
                let gone = chance.u64(..=key);
                if chance.u32(..100) < 90 && known.remove(&gone) {
                    assert!(table.remove(gone).is_some(), "seed {seed}");
                }
                assert!(table.get_mut(gone).is_some() == known.contains(&gone), "seed {seed}");
            }
            assert!(known.iter().all(|&key| table.get(key).is_some()), "seed {seed}");
            let all: Vec<u64> = known.iter().copied().collect();
            assert_eq!((keys(&table), table.len()), (all.clone(), all.len()), "seed {seed}");
            assert_eq!(table.iter().map(|(key, _)| key).collect::<Vec<_>>(), all, "seed {seed}");
            let leaves = table.leaves.len();
            assert!(
                leaves <= 1 + all.len() / 4,
                "seed {seed}: {leaves} leaves for {}",
                all.len()
            );
            all.iter().for_each(|&key| drop(table.remove(key)));
            assert!(keys(&table).is_empty() && table.leaves.len() == 1, "seed {seed}");
        }
    }

    #[test]
    fn who_reads_a_leaf_sees_it_as_it_was_and_holds_up_nobody() {
        let mut table = Table::default();
        (0..3).for_each(|key| table.push(key, child()));
        let (read, _) = table.behind(None).expect("there are three");
        assert!(table.remove(1).is_some());
        if let Some(child) = table.get_mut(2) {
            child.phase = Phase::Up;
        }
        table.push(3, child());
        let phases = |leaf: &Leaf| leaf.iter().map(|(key, child)| (*key, child.phase)).collect::<Vec<_>>();
        assert_eq!(phases(&read), [0, 1, 2].map(|key| (key, Phase::Starting)));
        let (now, _) = table.behind(None).expect("there are three");
        assert_eq!(
            phases(&now),
            [(0, Phase::Starting), (2, Phase::Up), (3, Phase::Starting)]
        );
    }
}
