//! Nodes: the same handle on another machine.
//!
//! What is here so far lies beneath nodes: the protocol, what two peers owe each other, and how bytes get from one to the other.
//! Everything that decides is a pure value that takes `now`; see [`wire::protocol`] for what is said on a connection.

// From the bottom up, a blank line between two layers: a room imports from its own layer and from those above it here.
mod chance;
mod id;
mod secret;

mod config;

pub mod wire;

mod error;

pub mod transport;

#[allow(dead_code, reason = "its driver is the one who uses it")]
mod peer;

#[doc(hidden)]
pub mod fuzzing;

pub use config::{NetConfig, Unusable};
pub use error::Closed;
pub use id::{ExportId, Incarnation, NODE_NAME_BYTES_MAX, NodeId, NodeName};
pub use secret::Secret;
