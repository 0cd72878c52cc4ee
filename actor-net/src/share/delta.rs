//! What happened to a share between two of its versions.

use serde::{Deserialize, Serialize};

/// The number of an entry, which is that of the change that put it. It is never used again.
pub(crate) type Dot = u64;

/// What happened to a share behind version `since` and up to `upto`.
///
/// Its causal context are the dots from `since` to `upto`, and those in `gone`: of these, only what stands in `put` is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Delta<T> {
    /// Who joins it has to know everything up to here.
    pub(crate) since: u64,
    /// Who has joined it knows everything up to here.
    pub(crate) upto: u64,
    /// The entries that were put meanwhile and are still there, in the order of their dots.
    pub(crate) put: Vec<(Dot, T)>,
    /// The dots of entries that were taken out meanwhile, among others that nobody was told of.
    pub(crate) gone: Vec<Dot>,
}
