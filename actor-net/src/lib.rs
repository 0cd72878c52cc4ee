//! Nodes: the same handle on another machine.
//!
//! A [`Node`] joins a system to others. As a member of a [`Cluster`] it finds the others by itself, and knows who is there. What they share
//! without a place of its own is built on that: [`group`]s with members at all of them, [`presence`], who is there, and [`names`], which one
//! actor of all has. Everything that decides is a pure value that takes `now`; see [`wire::protocol`] for what is said on a connection.

// From the bottom up, a blank line between two layers: a room imports from its own layer and from those above it here.
mod chance;
mod clock;
mod id;
mod secret;

mod config;

pub mod wire;

mod error;

#[doc(hidden)]
pub mod membership;

pub mod transport;

mod peer;
mod share;

mod remote;

mod security;

mod courier;
mod node;

pub mod group;
pub mod names;
pub mod presence;

mod cluster;

#[doc(hidden)]
pub mod fuzzing;

pub use actor_core::wire::{Propagator, TraceContext};
pub use actor_wire::{Codec, Wire, assert_survives_the_wire};
pub use cluster::{Cluster, ClusterBuilder, Discovery, JoinError};
pub use config::{NetConfig, Unusable};
pub use error::{Closed, ExposeError, LookupError, StartError};
pub use id::{ExportId, Incarnation, NODE_NAME_BYTES_MAX, NodeId, NodeName};
pub use membership::policy::{Policy, Standing};
pub use membership::{
    ClusterConfig, Gone, Member, MemberEvent, MemberState, PROFILE_BYTES_MAX, Profile, ProfileTooLarge, Stay, Suspicion,
};
pub use node::{Node, NodeBuilder, PeerInfo};
pub use remote::datagrams::DatagramCounts;
pub use remote::encounters::Encounter;
pub use remote::exports::Protocol;
pub use remote::holdings::Holdings;
pub use remote::net::NodeEvent;
pub use secret::Secret;
pub use security::Security;
pub use share::{KeyInfo, ShareInfo, SharerInfo};
