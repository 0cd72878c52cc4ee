//! The protocol as bytes: how frames are cut out of a stream, and what each of them says. Pure.

pub mod codes;
pub(crate) mod field;
pub mod frame;
pub(crate) mod message;
pub mod protocol;

pub use field::{Cause, HandleRef, Reason, Rest};

/// The longest name of an actor, or of a kind of actors, that others can ask for, in bytes.
pub const EXPOSED_BYTES_MAX: usize = field::WORDS_BYTES_MAX;

/// The longest name of a cluster, in bytes.
pub const CLUSTER_BYTES_MAX: usize = 255;
