//! A set of numbers that come nearly in order, as the few ranges that they make.

use std::collections::BTreeMap;
use std::fmt;

/// It takes the memory of its gaps, and not of its numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Numbers {
    /// First to last, both included; no two touch.
    ranges: BTreeMap<u64, u64>,
}

impl Numbers {
    pub(crate) fn insert(&mut self, number: u64) {
        let before = self
            .ranges
            .range(..=number)
            .next_back()
            .map(|(&first, &last)| (first, last));
        let first = match before {
            Some((_, last)) if number <= last => return,
            Some((first, last)) if last + 1 == number => first,
            _ => number,
        };
        let last = self.ranges.remove(&(number + 1)).unwrap_or(number);
        self.ranges.insert(first, last);
    }

    /// Those from 1 to `last` that are not in it.
    pub(crate) fn missing(&self, last: u64) -> Numbers {
        let mut missing = Numbers::default();
        let mut next = 1;
        for (&first, &end) in self.ranges.range(..=last) {
            if next < first {
                missing.ranges.insert(next, first - 1);
            }
            next = end + 1;
        }
        if next <= last {
            missing.ranges.insert(next, last);
        }
        missing
    }

    pub(crate) fn count(&self) -> u64 {
        self.ranges.iter().map(|(first, last)| last - first + 1).sum()
    }
}

impl fmt::Display for Numbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (first, last)) in self.ranges.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            if first == last {
                write!(f, "{comma}{first}")?;
            } else {
                write!(f, "{comma}{first}-{last}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_what_did_not_come() {
        let mut numbers = Numbers::default();
        for number in [2, 1, 5, 7, 6, 5, 12] {
            numbers.insert(number);
        }
        assert_eq!(numbers.to_string(), "1-2, 5-7, 12");
        assert_eq!(numbers.missing(14).to_string(), "3-4, 8-11, 13-14");
        assert_eq!(numbers.missing(14).count(), 8);
        assert_eq!(numbers.missing(2).count(), 0);
    }
}
