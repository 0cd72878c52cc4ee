//! What is open by number, where each number mostly is the one after the last, and most is over soon.
//!
//! Those stand in a row, and are found by counting. What stays while all around it goes, or has a number far from the others, stands in a table: a peer may
//! choose any numbers, and can cost little more by that than it would with nothing but the table.

use std::collections::VecDeque;
use std::collections::hash_map::Entry;

use super::numbers::{ByNumber, by_number};

/// A row with so many empty places is not too long.
const EMPTY_MIN: usize = 64;

/// So many numbers may be left out before one that still comes into the row: each is a place to be made, and taken away again.
const LEFT_OUT_MAX: usize = 8;

#[derive(Debug)]
pub(crate) struct Sequence<T> {
    /// From this number on they stand in the row, below it in the table.
    first: u64,
    /// Its first place is not empty.
    row: VecDeque<Option<T>>,
    table: ByNumber<u64, T>,
    in_row: usize,
}

impl<T> Default for Sequence<T> {
    fn default() -> Self {
        Self {
            first: 0,
            row: VecDeque::new(),
            table: by_number(),
            in_row: 0,
        }
    }
}

impl<T> Sequence<T> {
    pub(crate) fn len(&self) -> usize {
        self.in_row + self.table.len()
    }

    #[inline]
    fn place(&self, number: u64) -> Option<usize> {
        usize::try_from(number.checked_sub(self.first)?).ok()
    }

    pub(crate) fn get_mut(&mut self, number: u64) -> Option<&mut T> {
        if number < self.first {
            return self.table.get_mut(&number);
        }
        let place = self.place(number)?;
        self.row.get_mut(place)?.as_mut()
    }

    /// Enters it, unless there is one of that number: then it comes back.
    #[inline]
    pub(crate) fn insert(&mut self, number: u64, value: T) -> Result<(), T> {
        if self.place(number) != Some(self.row.len()) {
            return self.insert_elsewhere(number, value);
        }
        self.row.push_back(Some(value));
        self.in_row += 1;
        if self.row.len() > EMPTY_MIN + 2 * self.in_row {
            self.shorten();
        }
        Ok(())
    }

    /// The same, where it is not the next of the row.
    fn insert_elsewhere(&mut self, number: u64, value: T) -> Result<(), T> {
        if number < self.first {
            return match self.table.entry(number) {
                Entry::Occupied(_) => Err(value),
                Entry::Vacant(free) => {
                    free.insert(value);
                    Ok(())
                }
            };
        }
        let place = self.place(number).unwrap_or(usize::MAX);
        if let Some(known) = self.row.get_mut(place) {
            if known.is_some() {
                return Err(value);
            }
            *known = Some(value);
        } else {
            if self.row.is_empty() || place > self.row.len() + LEFT_OUT_MAX {
                while !self.row.is_empty() {
                    self.leave_row();
                }
                self.first = number;
            }
            while self.place(number) != Some(self.row.len()) {
                self.row.push_back(None);
            }
            self.row.push_back(Some(value));
        }
        self.in_row += 1;
        self.shorten();
        Ok(())
    }

    #[inline]
    pub(crate) fn remove(&mut self, number: u64) -> Option<T> {
        if number < self.first {
            return self.table.remove(&number);
        }
        let place = self.place(number)?;
        // Most end in the order in which they began.
        if place == 0 {
            return self.pop();
        }
        let removed = self.row.get_mut(place)?.take()?;
        self.in_row -= 1;
        Some(removed)
    }

    /// Takes out the first of the row.
    #[inline]
    fn pop(&mut self) -> Option<T> {
        let first = self.row.pop_front()?;
        self.in_row -= 1;
        // Behind the highest number there is none.
        self.first = self.first.saturating_add(1);
        while let Some(None) = self.row.front() {
            self.row.pop_front();
            self.first = self.first.saturating_add(1);
        }
        first
    }

    /// Takes all out in the order of their numbers.
    pub(crate) fn take_all(&mut self) -> impl Iterator<Item = T> + use<T> {
        let Self { row, table, .. } = std::mem::take(self);
        let mut apart: Vec<_> = table.into_iter().collect();
        apart.sort_unstable_by_key(|(number, _)| *number);
        let apart = apart.into_iter().map(|(_, value)| value);
        apart.chain(row.into_iter().flatten())
    }

    /// Has those leave the row that stay while the others go.
    #[cold]
    fn shorten(&mut self) {
        while self.row.len() > EMPTY_MIN + 2 * self.in_row {
            self.leave_row();
        }
    }

    /// The first of the row goes into the table. Each does so once at most.
    fn leave_row(&mut self) {
        let number = self.first;
        if let Some(value) = self.pop() {
            self.table.insert(number, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// As any map: with numbers in a row, some of which stay, and some that make no sense.
        #[test]
        fn it_is_a_map_whose_row_is_not_longer_than_it_needs(
            steps in prop::collection::vec((0..9_u8, prop_oneof![any::<u64>(), u64::MAX - 5..=u64::MAX], 0..300_u64), 1..600),
        ) {
            let (mut sequence, mut map, mut next) = (Sequence::default(), BTreeMap::new(), 1);
            for (step, wild, back) in steps {
                let near = u64::saturating_sub(next, back);
                match step {
                    0..=2 => {
                        prop_assert_eq!(sequence.insert(next, next), Ok(()));
                        map.insert(next, next);
                        next += 1;
                    }
                    3 | 4 => {
                        let number = if step == 3 && back < 3 { wild } else { near };
                        let is_known = map.contains_key(&number);
                        prop_assert_eq!(sequence.insert(number, back), if is_known { Err(back) } else { Ok(()) });
                        map.entry(number).or_insert(back);
                        next = if number < u64::MAX - 1_000 { next.max(number + 1) } else { next };
                        while map.contains_key(&next) {
                            next += 1;
                        }
                    }
                    5 => prop_assert_eq!(sequence.get_mut(near), map.get_mut(&near)),
                    6 => prop_assert_eq!(sequence.remove(wild), map.remove(&wild)),
                    _ => prop_assert_eq!(sequence.remove(near), map.remove(&near)),
                }
                prop_assert_eq!(sequence.len(), map.len());
                prop_assert!(step > 4 || sequence.row.len() <= EMPTY_MIN + 2 * sequence.in_row);
            }
            prop_assert!(sequence.take_all().eq(map.into_values()));
            prop_assert_eq!(sequence.len(), 0);
        }
    }

    #[test]
    fn the_highest_number_can_be_used_again_and_again() {
        let mut sequence = Sequence::default();
        for _ in 0..3 {
            assert_eq!(sequence.insert(u64::MAX, 1), Ok(()));
            assert_eq!(sequence.insert(u64::MAX, 2), Err(2));
            assert_eq!(sequence.insert(3, 3), Ok(()));
            assert_eq!((sequence.remove(3), sequence.remove(u64::MAX)), (Some(3), Some(1)));
        }
    }

    #[test]
    fn the_highest_numbers_end_in_any_order() {
        let mut sequence = Sequence::default();
        for number in [7, u64::MAX - 1, u64::MAX] {
            assert_eq!(sequence.insert(number, number), Ok(()));
        }
        for number in [u64::MAX, u64::MAX - 1, 7] {
            assert_eq!(sequence.remove(number), Some(number));
        }
        assert_eq!(sequence.len(), 0);
    }

    #[test]
    fn one_that_stays_does_not_keep_the_row_from_getting_shorter() {
        let mut sequence = Sequence::default();
        for number in 0..10_000 {
            assert_eq!(sequence.insert(number, number), Ok(()));
            assert!(number == 0 || sequence.remove(number) == Some(number));
            assert!(sequence.row.len() <= EMPTY_MIN + 4);
        }
        assert_eq!((sequence.table.len(), sequence.remove(0)), (1, Some(0)));
    }
}
