//! One peer: what is said to it, what is owed to it, and when it is gone. Pure, but for the driver to come.

pub(crate) mod handshake;
pub(crate) mod heartbeat;
pub(crate) mod roster;
