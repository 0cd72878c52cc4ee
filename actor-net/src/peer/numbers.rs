//! Tables by numbers that a peer may have chosen.
//!
//! `foldhash` takes a fifth of the time of a tree, and of std's own hash, and they are looked into for each message. Its seeds come from std's
//! source of chance, and not from the clock and addresses as they would by themselves: nobody outside can choose numbers which all
//! fall on one place. It is the variant that mixes once more: with the quick one, numbers in a row fell four times as often on some places as on
//! others, by some seeds. Whoever goes through one is to sort it: its order is another in each run.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;

use foldhash::SharedSeed;
use foldhash::quality::SeedableRandomState;

/// A table by numbers.
pub(crate) type ByNumber<K, V> = HashMap<K, V, SeedableRandomState>;

/// An empty one, with a seed of its own.
pub(crate) fn by_number<K, V>() -> ByNumber<K, V> {
    static SHARED: LazyLock<SharedSeed> = LazyLock::new(|| SharedSeed::from_u64(chance()));
    ByNumber::with_hasher(SeedableRandomState::with_seed(chance(), &SHARED))
}

fn chance() -> u64 {
    RandomState::new().hash_one(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::ExportId;

    #[test]
    fn numbers_in_a_row_and_those_with_empty_halves_fall_apart() {
        let table = by_number::<ExportId, ()>();
        for numbers in [0, 64, 116].map(|shift| (0..4_096_u128).map(move |number| number << shift)) {
            let mut full = [0; 256];
            for number in numbers {
                full[table.hasher().hash_one(ExportId(number)) as usize % 256] += 1;
            }
            assert!(full.iter().all(|&times| times < 64), "{:?}: {full:?}", table.hasher());
        }
    }

    #[test]
    fn two_tables_have_different_orders() {
        let of = |table: &ByNumber<u64, ()>| [0, 1].map(|number: u64| table.hasher().hash_one(number));
        assert_ne!(of(&by_number()), of(&by_number()));
    }
}
