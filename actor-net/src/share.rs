//! What each node says of itself to all others, and how every node comes to know the same.
//!
//! A node is the only one that writes its own [`Share`]: a set of entries, each with a number of its own, its *dot*. Every other
//! node has a [`Mirror`] of it, which follows by [`Delta`]s: what was put and taken out between two versions. All shares
//! together are a delta-state CRDT (P. S. Almeida, A. Shoker, C. Baquero: *Delta state replicated data types*, 2018): an
//! observed-remove set of dots, whose causal context is one number for each node, as nobody else counts up that number. A delta is joined
//! only where everything before it is known, which the paper calls the causal delta-merging condition; who lacks it asks again from
//! where it is. So neither loss nor repetition nor another order does harm, and there is nothing to decide when two halves meet.
//!
//! The [`Exchange`] is one node's share with its mirrors of the others, and what there is to say to each. Groups, presence and names
//! are made of it, and differ in what an entry is, and in what follows from it.

mod delta;
mod exchange;
mod mirror;
mod own;
mod seen;
mod service;
mod text;

#[cfg(test)]
pub(crate) mod bad_network;

pub(crate) use delta::Dot;
pub(crate) use exchange::{Change, Exchange, Timing, Who, Word};
pub(crate) use seen::Seen;
pub use seen::{KeyInfo, ShareInfo, SharerInfo};
pub(crate) use service::Service;
pub(crate) use text::{Text, behind};
