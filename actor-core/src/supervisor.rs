//! The rules of supervision, as values: no clock, no task and no lock in here.
//!
//! [`policy`] says whether a child is restarted, [`window`] how many restarts are too many, [`backoff`] how long to wait
//! before the next, and [`child`] how a child is made. What they decide is carried out by the child's own run loop in
//! `spawn.rs`, by way of the table of its siblings in `family.rs`.

pub(crate) mod backoff;
pub(crate) mod child;
pub(crate) mod policy;
pub(crate) mod window;
