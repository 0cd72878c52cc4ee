//! A node's own share, which nobody else writes.

use std::collections::{BTreeMap, VecDeque};

use super::delta::{Delta, Dot};

/// So many entries that were taken out are remembered. One who lags behind more than these is sent everything again.
const REMOVALS_KEPT: usize = 16_384;

/// A set of entries, and as much of its history as others are likely to lack.
///
/// Each change has a number, one higher than the one before; the number of the last is the version of the share.
#[derive(Debug)]
pub(crate) struct Share<T> {
    version: u64,
    entries: BTreeMap<Dot, T>,
    /// What was taken out, by which change.
    removals: VecDeque<(u64, Dot)>,
    /// Every removal behind this version is remembered.
    remembers_since: u64,
}

/// How far a peer was told of a share, where that takes several pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// What the peer knew in the beginning.
    pub(crate) since: u64,
    /// The version of the share at that time.
    as_of: u64,
    /// All entries up to this dot were told.
    at: Dot,
}

impl<T: Clone> Share<T> {
    pub(crate) fn new() -> Self {
        Self {
            version: 0,
            entries: BTreeMap::new(),
            removals: VecDeque::new(),
            remembers_since: 0,
        }
    }

    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn get(&self, dot: Dot) -> Option<&T> {
        self.entries.get(&dot)
    }

    pub(crate) fn put(&mut self, entry: T) -> Dot {
        self.version += 1;
        self.entries.insert(self.version, entry);
        self.version
    }

    pub(crate) fn remove(&mut self, dot: Dot) -> Option<T> {
        let entry = self.entries.remove(&dot)?;
        self.version += 1;
        self.removals.push_back((self.version, dot));
        if self.removals.len() > REMOVALS_KEPT
            && let Some((version, _)) = self.removals.pop_front()
        {
            self.remembers_since = version;
        }
        Some(entry)
    }

    /// Where to begin with one who knows everything up to `known`: there, or from scratch, where what was taken out since is forgotten.
    pub(crate) fn begin(&self, known: u64) -> Cursor {
        let is_remembered = (self.remembers_since..=self.version).contains(&known);
        let since = if is_remembered { known } else { 0 };
        Cursor {
            since,
            as_of: self.version,
            at: since,
        }
    }

    /// The next piece, of at most so many entries, and where the one behind it begins; none, if it is the last. The pieces
    /// of one cursor are one delta, up to the version that the share has with the last of them.
    ///
    /// `None`: more was taken out meanwhile than is remembered, and it has to begin again.
    pub(crate) fn piece(&self, cursor: Cursor, entries_max: usize) -> Option<(Delta<T>, Option<Cursor>)> {
        let Cursor { since, as_of, at } = cursor;
        let mut rest = self.entries.range(at + 1..).map(|(&dot, entry)| (dot, entry));
        let put: Vec<_> = rest
            .by_ref()
            .take(entries_max)
            .map(|(dot, entry)| (dot, entry.clone()))
            .collect();
        let last = put.last().map_or(at, |(dot, _)| *dot);
        if rest.next().is_some() {
            let piece = Delta {
                since,
                upto: last,
                put,
                gone: Vec::new(),
            };
            return Some((piece, Some(Cursor { at: last, ..cursor })));
        }
        // One who begins from scratch knows that what is not told is not there, but for what was told in an earlier piece.
        let unknown_behind = if since == 0 { as_of } else { since };
        if unknown_behind < self.remembers_since {
            return None;
        }
        let first = self.removals.partition_point(|(version, _)| *version <= unknown_behind);
        let piece = Delta {
            since,
            upto: self.version,
            put,
            gone: self.removals.range(first..).map(|(_, dot)| *dot).collect(),
        };
        Some((piece, None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(share: &Share<&'static str>, known: u64) -> Delta<&'static str> {
        let (delta, more) = share
            .piece(share.begin(known), usize::MAX)
            .expect("nothing is forgotten");
        assert_eq!(more, None);
        delta
    }

    #[test]
    fn a_delta_holds_what_happened_since_and_nothing_of_what_came_and_went() {
        let mut share = Share::new();
        let early = share.put("early");
        let known = share.version();
        let brief = share.put("brief");
        let late = share.put("late");
        share.remove(brief);
        share.remove(early);
        let delta = whole(&share, known);
        assert_eq!((delta.since, delta.upto), (known, share.version()));
        assert_eq!(delta.put, [(late, "late")]);
        assert!(delta.gone.contains(&early));
    }

    #[test]
    fn who_lags_behind_what_is_remembered_begins_from_scratch() {
        let mut share = Share::new();
        let stays = share.put("stays");
        let known = share.version();
        for _ in 0..=REMOVALS_KEPT {
            let dot = share.put("goes");
            share.remove(dot);
        }
        let delta = whole(&share, known);
        assert_eq!(delta.since, 0);
        assert_eq!(delta.put, [(stays, "stays")]);
        assert!(delta.gone.is_empty());
    }

    #[test]
    fn what_goes_between_two_pieces_is_said_with_the_last() {
        let mut share = Share::new();
        let dots: Vec<_> = (0..4).map(|_| share.put("entry")).collect();
        let (first, more) = share.piece(share.begin(0), 2).expect("nothing is forgotten");
        assert_eq!(first.put.len(), 2);
        share.remove(dots[0]);
        share.remove(dots[3]);
        let (last, more) = share
            .piece(more.expect("there are two more"), 2)
            .expect("nothing is forgotten");
        assert_eq!(more, None);
        assert_eq!(last.put, [(dots[2], "entry")]);
        assert!(last.gone.contains(&dots[0]));
        assert_eq!(last.upto, share.version());
    }
}
