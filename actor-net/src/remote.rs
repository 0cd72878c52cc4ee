//! The actors of other nodes, as they are here; and those of this node, as they are there.

mod arriving;
mod complaints;
pub(crate) mod conversation;
pub(crate) mod datagrams;
mod doorway;
pub(crate) mod driver;
pub(crate) mod encounters;
pub(crate) mod exports;
pub(crate) mod far;
mod greeting;
pub(crate) mod holdings;
mod inbound;
mod lingering;
pub(crate) mod lookup;
pub(crate) mod members;
pub(crate) mod net;
pub(crate) mod packets;
mod reading;
mod reason;
mod received;
pub(crate) mod services;
mod traffic;
mod writing;
