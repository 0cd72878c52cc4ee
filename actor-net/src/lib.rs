//! Nodes: the same handle on another machine.
//!
//! What is here so far lies beneath nodes: the protocol, what two peers owe each other, and how bytes get from one to the other.
//! Everything that decides is a pure value that takes `now`; see [`wire::protocol`] for what is said on a connection.

// From the bottom up, a blank line between two layers: a room imports from its own layer and from those above it here.
mod chance;
mod clock;
mod id;
mod secret;

mod config;

pub mod wire;

mod error;

pub mod transport;

mod peer;

mod remote;

mod security;

mod node;

#[doc(hidden)]
pub mod fuzzing;

pub use actor_wire::{Codec, Wire, assert_survives_the_wire};
pub use config::{NetConfig, Unusable};
pub use error::{Closed, ExposeError, LookupError, StartError};
pub use id::{ExportId, Incarnation, NODE_NAME_BYTES_MAX, NodeId, NodeName};
pub use node::{Node, NodeBuilder, PeerInfo};
pub use remote::exports::Protocol;
pub use remote::holdings::Holdings;
pub use remote::net::NodeEvent;
pub use secret::Secret;
pub use security::Security;
