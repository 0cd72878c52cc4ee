//! What a node knows of another one's share.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound::{Excluded, Unbounded};

use super::delta::{Delta, Dot};

/// A share of another node as it was at one of its versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mirror<T> {
    version: u64,
    entries: BTreeMap<Dot, T>,
}

/// What a delta builds on is not known here, and it was not joined: what is lacking is behind [`Mirror::version`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gap;

/// What a delta changed.
#[derive(Debug)]
pub(crate) struct Joined<T> {
    pub(crate) put: Vec<Dot>,
    pub(crate) gone: Vec<(Dot, T)>,
}

impl<T> Default for Joined<T> {
    fn default() -> Self {
        let (put, gone) = (Vec::new(), Vec::new());
        Self { put, gone }
    }
}

impl<T> Mirror<T> {
    pub(crate) fn new() -> Self {
        Self {
            version: 0,
            entries: BTreeMap::new(),
        }
    }

    /// Everything up to here is known.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn get(&self, dot: Dot) -> Option<&T> {
        self.entries.get(&dot)
    }

    pub(crate) fn into_entries(self) -> impl Iterator<Item = (Dot, T)> {
        self.entries.into_iter()
    }

    /// Learns what the delta says. One that says nothing new changes nothing, whenever it comes.
    ///
    /// # Errors
    /// [`Gap`]: the delta builds on what is not known here.
    pub(crate) fn join(&mut self, delta: Delta<T>) -> Result<Joined<T>, Gap> {
        let Delta { since, upto, put, gone } = delta;
        if since > self.version {
            return Err(Gap);
        }
        let mut joined = Joined::default();
        if upto <= self.version {
            return Ok(joined);
        }
        let gone: BTreeSet<Dot> = gone.into_iter().collect();
        let named: BTreeSet<Dot> = put.iter().map(|(dot, _)| *dot).collect();
        let covered = self.entries.range((Excluded(since), Unbounded)).map(|(&dot, _)| dot);
        let mut leaves: Vec<Dot> = covered
            .filter(|dot| !named.contains(dot) || gone.contains(dot))
            .collect();
        leaves.extend(gone.range(..=since));
        for dot in leaves {
            joined.gone.extend(self.entries.remove(&dot).map(|entry| (dot, entry)));
        }
        // What was put before `version` and is not here was taken out before `version`.
        let known = self.version;
        for (dot, entry) in put {
            let is_new = dot > known && dot <= upto && !gone.contains(&dot);
            if is_new && self.entries.insert(dot, entry).is_none() {
                joined.put.push(dot);
            }
        }
        self.version = upto;
        Ok(joined)
    }
}

#[cfg(test)]
mod tests;
