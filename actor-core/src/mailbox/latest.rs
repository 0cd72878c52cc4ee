//! Where the waiting message of each key stands in the queue of a mailbox that keeps only the latest.

use std::collections::{HashMap, VecDeque};

/// The keys of a queue, in its order.
#[derive(Default)]
pub(super) struct Keys {
    places: HashMap<u64, u64>,
    /// The key of each entry of the queue; signals have none.
    in_order: VecDeque<Option<u64>>,
    /// How many entries have left the front so far, which turns a place into an index.
    left: u64,
}

impl Keys {
    /// The index in the queue of the message with this key.
    pub(super) fn index_of(&self, key: u64) -> Option<usize> {
        self.places.get(&key).map(|place| (place - self.left) as usize)
    }

    /// Follows a push to the back of the queue.
    pub(super) fn push_back(&mut self, key: Option<u64>) {
        if let Some(key) = key {
            self.places.insert(key, self.left + self.in_order.len() as u64);
        }
        self.in_order.push_back(key);
    }

    /// Follows a pop from the front of the queue.
    pub(super) fn pop_front(&mut self) {
        if let Some(key) = self.in_order.pop_front() {
            self.left += 1;
            if let Some(key) = key {
                self.places.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_where_it_stands_after_others_have_left() {
        let mut keys = Keys::default();
        keys.push_back(Some(7));
        keys.push_back(None);
        keys.push_back(Some(9));
        assert_eq!((keys.index_of(7), keys.index_of(9)), (Some(0), Some(2)));
        keys.pop_front();
        assert_eq!((keys.index_of(7), keys.index_of(9)), (None, Some(1)));
        keys.push_back(Some(7));
        assert_eq!(keys.index_of(7), Some(2));
    }
}
