//! Which of several workers a message goes to.

use std::hash::{Hash, Hasher};

/// The workers from `first` on, around the circle.
pub(super) fn around(first: usize, workers: usize) -> impl Iterator<Item = usize> {
    (0..workers).map(move |step| (first % workers + step) % workers)
}

/// The worker with the smallest load, the first of them around the circle from `first`. Those without a load take
/// nothing.
pub(super) fn least_loaded(first: usize, loads: &[Option<usize>]) -> Option<usize> {
    around(first, loads.len())
        .filter(|&worker| loads[worker].is_some())
        .min_by_key(|&worker| loads[worker])
}

/// The worker of a key among these.
///
/// Each worker has a score for each key, and the highest has it: when a worker comes or goes, only its own keys move.
///
/// Source: rendezvous hashing (Thaler and Ravishankar, 1998).
pub(super) fn of_key(key: u64, workers: impl Iterator<Item = usize>) -> Option<usize> {
    workers.max_by_key(|&worker| mix(key ^ mix(worker as u64 + 1)))
}

/// The same number for the same key in every run, which std's hashers do not promise.
pub(super) fn number<K: Hash + ?Sized>(key: &K) -> u64 {
    let mut hasher = Fixed(0xcbf2_9ce4_8422_2325);
    key.hash(&mut hasher);
    hasher.finish()
}

/// FNV-1a, with its bits mixed at the end: its high ones alone would say little of short keys.
struct Fixed(u64);

impl Hasher for Fixed {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn finish(&self) -> u64 {
        mix(self.0)
    }
}

/// Spreads a change of any bit over all of them: the last step of SplitMix64.
fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_around_begins_anywhere_and_meets_each_once() {
        assert_eq!(around(2, 3).collect::<Vec<_>>(), [2, 0, 1]);
        assert_eq!(around(usize::MAX, 2).collect::<Vec<_>>(), [1, 0]);
    }

    #[test]
    fn the_least_loaded_has_it_and_ties_go_around() {
        assert_eq!(least_loaded(0, &[Some(2), Some(1), None]), Some(1));
        let ties = [Some(1), Some(1), Some(1)];
        assert_eq!(
            [0, 1, 2, 3].map(|first| least_loaded(first, &ties)),
            [0, 1, 2, 0].map(Some)
        );
        assert_eq!(least_loaded(0, &[None, None]), None);
    }

    #[test]
    fn a_key_has_the_same_worker_in_every_run() {
        let workers = ["anna", "bert", "carla", "dora"].map(|key| of_key(number(key), 0..4));
        // As it came out once.
        assert_eq!(workers, [3, 2, 0, 0].map(Some));
    }

    #[test]
    fn keys_are_spread_evenly_and_only_those_of_a_new_worker_move() {
        let of = |key: u32, workers| of_key(number(&key), 0..workers).expect("there are workers");
        let mut counts = [0; 4];
        let mut moved = 0;
        for key in 0..10_000 {
            counts[of(key, 4)] += 1;
            if of(key, 4) != of(key, 5) {
                assert_eq!(of(key, 5), 4, "key {key} moved between two old workers");
                moved += 1;
            }
        }
        assert!(counts.iter().all(|count| (2300..2700).contains(count)), "{counts:?}");
        assert!((1800..2200).contains(&moved), "{moved} keys moved to the fifth worker");
    }

    #[test]
    fn the_keys_of_a_worker_that_is_gone_are_spread_over_the_others() {
        for key in 0..1000u32 {
            let before = of_key(number(&key), 0..4);
            let after = of_key(number(&key), [0, 2, 3].into_iter());
            assert!(before == Some(1) || before == after, "key {key} moved without need");
        }
    }
}
