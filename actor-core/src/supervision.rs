//! The rules of supervision, as values: no clock, no task and no lock in here.
//!
//! [`policy`] says whether a child is restarted, [`strategy`] whom that touches, [`window`] how many restarts are too
//! many, and [`backoff`] how long to wait before the next. `family.rs` keeps the values for the children of an actor;
//! the child's own run loop, or a supervisor for several together, carries out what they say.

pub(crate) mod backoff;
pub(crate) mod policy;
pub(crate) mod strategy;
pub(crate) mod window;
