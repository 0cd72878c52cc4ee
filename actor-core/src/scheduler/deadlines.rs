//! Who is to be woken when: pure.
//!
//! Most deadlines are as far away as each other, and so come in the order of their time: those stand in a queue, whose end
//! costs next to nothing. The others stand in a tree.

use std::collections::{BTreeMap, VecDeque};

/// A queue of fewer is not worth to be cleared of what has been taken out of it.
const CLEAR_MIN: usize = 64;

/// Those who wait for a time `I`, by what wakes them.
pub(super) struct Deadlines<I, W> {
    queue: VecDeque<Waiting<I, W>>,
    /// Places in the queue whose waker has been taken out.
    empty: usize,
    early: BTreeMap<(I, u64), W>,
    next: u64,
}

struct Waiting<I, W> {
    number: u64,
    at: I,
    waker: Option<W>,
}

/// Which of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key<I> {
    at: I,
    number: u64,
}

impl<I: Copy> Key<I> {
    /// Its time.
    pub(crate) fn at(&self) -> I {
        self.at
    }
}

impl<I, W> Default for Deadlines<I, W> {
    fn default() -> Self {
        Self {
            queue: VecDeque::new(),
            empty: 0,
            early: BTreeMap::new(),
            next: 0,
        }
    }
}

impl<I: Copy + Ord, W> Deadlines<I, W> {
    pub(super) fn insert(&mut self, at: I, waker: W) -> Key<I> {
        let number = self.next;
        self.next += 1;
        if self.queue.back().is_none_or(|last| last.at <= at) {
            let waker = Some(waker);
            self.queue.push_back(Waiting { number, at, waker });
        } else {
            self.early.insert((at, number), waker);
        }
        Key { at, number }
    }

    /// What wakes this one, if it still waits.
    pub(super) fn get_mut(&mut self, key: Key<I>) -> Option<&mut W> {
        match self.place(key) {
            Some(place) => self.queue[place].waker.as_mut(),
            None => self.early.get_mut(&(key.at, key.number)),
        }
    }

    pub(super) fn remove(&mut self, key: Key<I>) -> Option<W> {
        // Most who ask one after the other are answered before anybody else asks.
        if self.queue.back().is_some_and(|last| last.number == key.number) {
            return self.queue.pop_back().and_then(|last| last.waker);
        }
        let Some(place) = self.place(key) else {
            return self.early.remove(&(key.at, key.number));
        };
        let waker = self.queue[place].waker.take();
        self.empty += usize::from(waker.is_some());
        self.clear_front();
        if self.empty > CLEAR_MIN.max(self.queue.len() / 2) {
            self.queue.retain(|waiting| waiting.waker.is_some());
            self.empty = 0;
        }
        waker
    }

    /// Takes out those whose time has come by `now`.
    pub(super) fn due(&mut self, now: I) -> Vec<W> {
        let mut due = Vec::new();
        while self.queue.front().is_some_and(|first| first.at <= now) {
            due.extend(self.queue.pop_front().and_then(|first| first.waker));
            self.clear_front();
        }
        while let Some(first) = self.early.first_entry()
            && first.key().0 <= now
        {
            due.push(first.remove());
        }
        due
    }

    /// The time of the first of them.
    pub(super) fn first(&self) -> Option<I> {
        let queued = self.queue.front().map(|first| first.at);
        let early = self.early.first_key_value().map(|((at, _), _)| *at);
        queued.into_iter().chain(early).min()
    }

    fn place(&self, key: Key<I>) -> Option<usize> {
        // Where each number stands in the queue, and not in the tree, it says the place.
        let guess = usize::try_from(key.number.checked_sub(self.queue.front()?.number)?).ok()?;
        if self
            .queue
            .get(guess)
            .is_some_and(|waiting| waiting.number == key.number)
        {
            return Some(guess);
        }
        self.queue
            .binary_search_by_key(&key.number, |waiting| waiting.number)
            .ok()
    }

    fn clear_front(&mut self) {
        while self.queue.front().is_some_and(|first| first.waker.is_none()) {
            self.queue.pop_front();
            self.empty -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_due_at_its_time_whatever_the_order_in_which_they_came() {
        let mut deadlines = Deadlines::default();
        for (at, name) in [(5, 'a'), (9, 'b'), (3, 'c'), (9, 'd'), (7, 'e')] {
            deadlines.insert(at, name);
        }
        assert_eq!(deadlines.first(), Some(3));
        assert_eq!(deadlines.due(2), []);
        assert_eq!(deadlines.due(5), ['a', 'c']);
        assert_eq!(deadlines.first(), Some(7));
        assert_eq!(deadlines.due(100), ['b', 'd', 'e']);
        assert_eq!(deadlines.first(), None);
    }

    #[test]
    fn one_that_is_taken_out_is_due_no_more() {
        let mut deadlines = Deadlines::default();
        let keys = [5, 6, 2, 7].map(|at| deadlines.insert(at, at));
        assert_eq!(deadlines.remove(keys[1]), Some(6));
        assert_eq!(deadlines.remove(keys[1]), None);
        assert_eq!(deadlines.remove(keys[2]), Some(2));
        assert_eq!(deadlines.first(), Some(5));
        *deadlines.get_mut(keys[3]).expect("it waits") = 70;
        assert_eq!(deadlines.remove(keys[0]), Some(5));
        assert_eq!(deadlines.first(), Some(7), "what was taken out stands in nobody's way");
        assert_eq!(deadlines.due(7), [70]);
        assert!(deadlines.get_mut(keys[3]).is_none());
    }

    #[test]
    fn those_who_were_answered_take_no_room_behind_one_who_waits() {
        let mut deadlines = Deadlines::default();
        let slow = deadlines.insert(0, 0);
        for at in 1..100_000 {
            let quick = deadlines.insert(at, at);
            assert_eq!(deadlines.remove(quick), Some(at));
            assert!(deadlines.queue.len() <= 2 * CLEAR_MIN + 2);
        }
        assert_eq!(deadlines.remove(slow), Some(0));
        assert!(deadlines.queue.is_empty());
    }

    #[test]
    fn by_chance_it_does_what_a_plain_list_does() {
        let seed = fastrand::u64(..);
        eprintln!("seed {seed}");
        let mut chance = fastrand::Rng::with_seed(seed);
        let (mut deadlines, mut list, mut now) = (Deadlines::default(), Vec::new(), 0);
        for name in 0..20_000_u32 {
            match chance.u8(..10) {
                0..6 => {
                    let at = now + if chance.bool() { 50 } else { chance.u32(..100) };
                    list.push((at, name, deadlines.insert(at, name)));
                }
                6..9 if !list.is_empty() => {
                    let (_, name, key) = list.swap_remove(chance.usize(..list.len()));
                    assert_eq!(deadlines.remove(key), Some(name));
                }
                _ => {
                    now += chance.u32(..20);
                    let mut due = deadlines.due(now);
                    due.sort_unstable();
                    let mut expected: Vec<_> = list
                        .extract_if(.., |(at, ..)| *at <= now)
                        .map(|(_, name, _)| name)
                        .collect();
                    expected.sort_unstable();
                    assert_eq!(due, expected);
                }
            }
            assert_eq!(deadlines.first(), list.iter().map(|(at, ..)| *at).min());
        }
    }
}
