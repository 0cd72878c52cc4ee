//! The few of many that come first by some measure.

/// Keeps the `max` with the highest ranks; of equals, those that came first.
pub(super) struct Top<T> {
    max: usize,
    /// The highest first.
    kept: Vec<(u64, T)>,
}

impl<T> Top<T> {
    pub(super) fn new(max: usize) -> Self {
        Self { max, kept: Vec::new() }
    }

    /// Offers one; a rank of zero is never among the first. `make` is called only for one that is kept for now.
    pub(super) fn offer(&mut self, rank: u64, make: impl FnOnce() -> T) {
        let is_full = self.kept.len() >= self.max;
        if rank == 0 || is_full && self.kept.last().is_none_or(|&(lowest, _)| rank <= lowest) {
            return;
        }
        let place = self.kept.partition_point(|&(other, _)| other >= rank);
        self.kept.insert(place, (rank, make()));
        self.kept.truncate(self.max);
    }

    pub(super) fn into_vec(self) -> Vec<T> {
        self.kept.into_iter().map(|(_, kept)| kept).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_are_kept_and_of_equals_the_first() {
        let mut top = Top::new(3);
        for (rank, name) in [(2, "a"), (0, "none"), (5, "b"), (2, "c"), (2, "d"), (9, "e")] {
            top.offer(rank, || name);
        }
        assert_eq!(top.into_vec(), ["e", "b", "a"]);
    }

    #[test]
    fn of_none_nobody_is_kept() {
        let mut top = Top::new(0);
        top.offer(1, || ());
        assert!(top.into_vec().is_empty());
    }
}
