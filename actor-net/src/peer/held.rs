//! What has come before the data that it goes behind was handed on: it is held until then.
//!
//! # How it is used
//! [`Held::arrived`] gives each data frame its number, when it is complete. [`Held::handed_on`] when it lies in its mailbox, or is known never to; that
//! gives what may go now. A frame with an `after` goes through [`Held::hold`].

use std::collections::{BTreeMap, BTreeSet};

/// A frame that says it goes behind data which has not come: that breaks the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FromTheFuture;

#[derive(Debug)]
pub(crate) struct Held<T> {
    arrived: u64,
    /// Numbers of frames that are not handed on yet. The windows of the receivers bound them.
    open: BTreeSet<u64>,
    /// By the frame that they wait for, and the order in which they came.
    held: BTreeMap<(u64, u64), T>,
    next: u64,
}

impl<T> Held<T> {
    pub(crate) fn new() -> Self {
        Self {
            arrived: 0,
            open: BTreeSet::new(),
            held: BTreeMap::new(),
            next: 0,
        }
    }

    /// A data frame is complete. Returns its number.
    pub(crate) fn arrived(&mut self) -> u64 {
        self.arrived += 1;
        self.open.insert(self.arrived);
        self.arrived
    }

    /// A data frame was handed on. Returns what was held for it, in the order in which it came.
    pub(crate) fn handed_on(&mut self, number: u64) -> Vec<T> {
        self.open.remove(&number);
        let mut free = Vec::new();
        while let Some((&(after, _), _)) = self.held.first_key_value()
            && self.is_past(after)
        {
            free.extend(self.held.pop_first().map(|(_, held)| held));
        }
        free
    }

    /// Gives `what` back if everything up to `after` was handed on, or else holds it.
    pub(crate) fn hold(&mut self, after: u64, what: T) -> Result<Option<T>, FromTheFuture> {
        if after > self.arrived {
            return Err(FromTheFuture);
        }
        if self.is_past(after) {
            return Ok(Some(what));
        }
        self.held.insert((after, self.next), what);
        self.next += 1;
        Ok(None)
    }

    fn is_past(&self, after: u64) -> bool {
        self.open.first().is_none_or(|&first| first > after)
    }

    #[cfg(test)]
    /// How many are held.
    pub(crate) fn len(&self) -> usize {
        self.held.len()
    }

    #[cfg(test)]
    /// The connection has ended: everything that is held, in order.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = T> + use<T> {
        std::mem::take(&mut self.held).into_values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_behind_data_waits_until_all_of_it_was_handed_on() {
        let mut held = Held::new();
        assert_eq!(held.hold(0, 'z'), Ok(Some('z')));
        let (one, two, three) = (held.arrived(), held.arrived(), held.arrived());
        assert_eq!(held.hold(two, 'a'), Ok(None));
        assert_eq!(held.hold(three, 'c'), Ok(None));
        assert_eq!(held.hold(two, 'b'), Ok(None));
        assert_eq!(held.handed_on(two), []);
        assert_eq!(held.handed_on(one), ['a', 'b']);
        assert_eq!(held.hold(two, 'd'), Ok(Some('d')));
        assert_eq!(held.drain().collect::<Vec<_>>(), ['c']);
        assert_eq!(held.handed_on(three), []);
    }

    #[test]
    fn what_goes_behind_data_that_has_not_come_is_refused() {
        let mut held = Held::new();
        held.arrived();
        assert_eq!(held.hold(2, ()), Err(FromTheFuture));
        assert_eq!(held.len(), 0);
    }
}
