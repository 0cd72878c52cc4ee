//! How actors ended that others could reach, for those who come to ask when they are gone.
//!
//! # How it is used
//! [`Endings::note`] when one ends; [`Endings::of`] for each question about one that is not there.

use std::collections::{BTreeMap, VecDeque};

use crate::id::ExportId;

/// So many are known; the oldest are forgotten.
const KNOWN_MAX: usize = 4096;

#[derive(Debug)]
pub(crate) struct Endings<R> {
    known: BTreeMap<ExportId, R>,
    in_order: VecDeque<ExportId>,
}

impl<R> Default for Endings<R> {
    fn default() -> Self {
        Self {
            known: BTreeMap::new(),
            in_order: VecDeque::new(),
        }
    }
}

impl<R> Endings<R> {
    /// Returns the one that is forgotten for it.
    pub(crate) fn note(&mut self, ended: ExportId, reason: R) -> Option<R> {
        self.known.insert(ended, reason);
        self.in_order.push_back(ended);
        if self.in_order.len() <= KNOWN_MAX {
            return None;
        }
        self.known.remove(&self.in_order.pop_front()?)
    }

    /// `None` if it was never there, or ended too long ago.
    pub(crate) fn of(&self, ended: ExportId) -> Option<&R> {
        self.known.get(&ended)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ones_are_known() {
        let mut endings = Endings::default();
        let noted = (0..KNOWN_MAX as u128 + 2).filter_map(|number| endings.note(ExportId(number), number));
        assert_eq!(noted.collect::<Vec<_>>(), [0, 1]);
        assert_eq!((endings.of(ExportId(1)), endings.of(ExportId(2))), (None, Some(&2)));
    }
}
