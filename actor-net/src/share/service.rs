//! What is made of an exchange: it knows what an entry means.

use std::sync::Arc;
use std::time::Instant;

use crate::id::NodeId;

use super::exchange::Exchange;

/// A value that decides what follows from what nodes say of themselves.
///
/// Whoever drives it calls its exchange as things happen, and then [`settle`](Self::settle).
pub(crate) trait Service: Send + 'static {
    /// What nodes say of themselves.
    type Entry: Clone;

    /// What is known here.
    fn exchange(&mut self) -> &mut Exchange<Self::Entry>;

    /// Takes up all that became known, and what is due.
    fn settle(&mut self, now: Instant);

    /// When [`settle`](Self::settle) is due though nothing happens.
    fn next_wake(&self) -> Option<Instant>;

    /// At most so many of the keys behind this one, in their order, with how many entries each has.
    fn keys(&self, after: Option<&str>, max: usize) -> Vec<(Arc<str>, usize)>;

    /// The nodes that have entries under a key, and how many.
    fn places(&self, key: &str) -> Vec<(NodeId, usize)>;
}
