//! Tables by numbers that a peer may have chosen.
//!
//! It takes a fifth of the time of a tree, and of std's own hash, and is looked into for each message. Nobody outside knows the two secrets of a table, so that nobody can choose
//! numbers which all fall on one place. Whoever goes through one is to sort it: its order is another in each run.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};

/// A table by numbers.
pub(crate) type ByNumber<K, V> = HashMap<K, V, Secrets>;

/// What the places of a table depend on.
#[derive(Clone, Debug)]
pub(crate) struct Secrets(u64, u64);

impl Default for Secrets {
    fn default() -> Self {
        let chance = RandomState::new();
        Self(chance.hash_one(0_u8), chance.hash_one(1_u8) | 1)
    }
}

impl BuildHasher for Secrets {
    type Hasher = Mixed;

    #[inline]
    fn build_hasher(&self) -> Mixed {
        Mixed {
            so_far: self.0,
            by: self.1,
        }
    }
}

/// The numbers so far, each multiplied by a secret with both halves of the product kept.
pub(crate) struct Mixed {
    so_far: u64,
    by: u64,
}

impl Hasher for Mixed {
    #[inline]
    fn write_u64(&mut self, number: u64) {
        let product = u128::from(self.so_far ^ number) * u128::from(self.by);
        self.so_far = product as u64 ^ (product >> 64) as u64;
    }

    #[inline]
    fn write_u128(&mut self, number: u128) {
        let (low, high) = (number as u64, (number >> 64) as u64);
        let product = u128::from(self.so_far ^ low) * u128::from(self.by ^ high);
        self.so_far = product as u64 ^ (product >> 64) as u64;
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(byte.into());
        }
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.so_far
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::ExportId;

    #[test]
    fn numbers_in_a_row_and_those_with_empty_halves_fall_apart() {
        let secrets = Secrets::default();
        for numbers in [0, 64, 116].map(|shift| (0..4_096_u128).map(move |number| number << shift)) {
            let mut full = [0; 256];
            for number in numbers {
                full[secrets.hash_one(ExportId(number)) as usize % 256] += 1;
            }
            assert!(full.iter().all(|&times| times < 64), "{secrets:?}: {full:?}");
        }
    }
}
