//! Several servers that are one network: users of any of them meet in the same channels.
//!
//! Each server holds all users and channels of the network, as every IRC server does; `docs` beside this file (`NETWORK.md`) say what becomes of
//! conflicts. Who is there is known by `actor-net`'s membership, and whose a nick is by its names. To each other server goes one
//! [`envoy`], which tells of what happens here in its order, by the [`trunk`] that users, rooms and the directory say it into. For each other server
//! there is a [`deputy`] here, which does for its users what connections do for ours. The [`hub`] has both for whoever is a member.
//!
//! A server that is on its own has none of these, and pays for nothing.

pub mod deputy;
pub mod envoy;
pub mod hub;
pub mod mirror;
pub mod peering;
pub mod servers;
pub mod trunk;
pub mod word;
