//! Who is in the cluster: decided from packets, timers and chance that are given, without a clock or a socket.
//!
//! [`foca`] (SWIM with suspicion) keeps the table of members, spreads what changes in it, and lets one that is suspected refute that.
//! What it has no rule for is added around it, in [`engine`]:
//!
//! - **The ring.** A member is watched by those that come next before it in a ring, each of which asks it for a sign of life
//!   again and again. So a crash is noticed within a time that does not grow with the cluster, while probes of random members,
//!   which foca goes on making at a slow pace, take the longer the less luck they have.
//! - **Witnesses.** Who has not heard of a member for too long suspects it, and asks others to try. A suspicion becomes a verdict only
//!   when as many as [`ClusterConfig::witnesses`] have tried in vain at its end. One that hears nothing, or not all, has no witness.
//! - **Majority.** What [policy](policy::Policy) there is also holds back the verdicts of a side that is the smaller one.
//! - **Being late is no evidence.** Who finds its own timers late was away, and puts everything off by that time: others may have
//!   spoken meanwhile. Foca has no rule of that kind (Lifeguard's local health).
//!
//! A member is a node in one of its *stays*. A stay ends when the member leaves, or when the others find that it is down, and never comes
//! back; a node that learns that its stay has ended, because it was frozen, say, begins another one. The node's incarnation stays the same:
//! its actors live on, and handles to them are good again as soon as it is reached. To end all that for a verdict that concerns the
//! cluster's view alone would make a pause as bad as a crash.
//!
//! # How it is used
//! [`Engine::handle_packet`](engine::Engine::handle_packet) for what comes, [`Engine::handle_timeout`](engine::Engine::handle_timeout) when
//! [`Engine::next_timeout`](engine::Engine::next_timeout) is there; after each call, commands too, all of
//! [`Engine::poll_transmit`](engine::Engine::poll_transmit) and [`Engine::poll_event`](engine::Engine::poll_event).

mod agenda;
mod card;
mod codec;
mod config;
mod doubts;
pub mod engine;
mod identity;
mod member;
mod packet;
pub mod policy;
mod ring;

pub use card::{PROFILE_BYTES_MAX, Profile, ProfileTooLarge};
pub use config::ClusterConfig;
pub use identity::{Identity, Stay};
pub use member::{Gone, Member, MemberEvent, MemberState, Suspicion};
pub(crate) use packet::Packet;
pub use packet::{PACKET_BYTES_MAX, PacketError};
