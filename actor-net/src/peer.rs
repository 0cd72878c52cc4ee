//! One peer: what is said to it, what is owed to it, and when it is gone. Pure, but for the driver to come.

pub(crate) mod budget;
pub(crate) mod callers;
pub(crate) mod datagram;
pub(crate) mod endings;
pub(crate) mod exports;
pub(crate) mod handshake;
pub(crate) mod heartbeat;
pub(crate) mod late;
pub(crate) mod numbers;
pub(crate) mod outbox;
pub(crate) mod packing;
pub(crate) mod reassembly;
pub(crate) mod roster;
pub(crate) mod sequence;
pub(crate) mod session;
