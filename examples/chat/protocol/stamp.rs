//! When something was done, as servers with different clocks can agree on.
//!
//! A hybrid logical clock (S. Kulkarni, M. Demirbas, D. Madeppa, B. Avva, M. Leone: *Logical physical clocks*, 2014): close to the time of day, never
//! behind anything that was heard of, and different for each server.

use serde::{Deserialize, Serialize};

/// A moment at one server. What is done after one has heard of something is later than that.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Stamp {
    /// In milliseconds since the Unix epoch, as far as clocks are right.
    pub at_ms: u64,
    count: u32,
    server: u64,
}

/// Gives stamps, each later than all that were given or seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Clock {
    last: Stamp,
}

impl Clock {
    /// A new stamp of this server.
    pub fn tick(&mut self, server: u64, now_ms: u64) -> Stamp {
        let (at_ms, count) = if now_ms > self.last.at_ms {
            (now_ms, 0)
        } else {
            (self.last.at_ms, self.last.count.saturating_add(1))
        };
        self.last = Stamp { at_ms, count, server };
        self.last
    }

    /// Takes note of another's.
    pub fn see(&mut self, stamp: Stamp) {
        self.last = self.last.max(stamp);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_later_is_later_whatever_the_clocks_say() {
        let (mut fast, mut slow) = (Clock::default(), Clock::default());
        let first = fast.tick(1, 5_000);
        slow.see(first);
        let second = slow.tick(2, 1_000);
        let third = slow.tick(2, 999);
        fast.see(third);
        let fourth = fast.tick(1, 5_000);
        assert!(first < second && second < third && third < fourth);
    }
}
