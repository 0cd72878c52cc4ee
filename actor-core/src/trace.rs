//! The trace that a message is part of, which goes where the message goes.
//!
//! With the feature `traces` a message carries the span in which it was sent, and is handled in a child of that span: so what one
//! request brings about is one tree, whoever does it. Without the feature all of this is nothing, in no place.
//!
//! Nothing is carried where no span would be a child: while no subscriber takes spans of the target `actor_core::trace` at level
//! `INFO`, where the sender stands in no span, and where that is only the one in which an actor lives.

#[cfg(not(feature = "traces"))]
mod absent;
#[cfg(feature = "traces")]
mod carried;
#[cfg(feature = "wire")]
mod context;

#[cfg(not(feature = "traces"))]
pub(crate) use absent::{Handling, Origin, Within, is_handling};
#[cfg(feature = "traces")]
pub(crate) use carried::{Handling, Origin, Within, is_handling, somebody_listens};
#[cfg(feature = "wire")]
pub use context::{Propagator, TraceContext};
