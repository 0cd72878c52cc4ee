//! What the tests and their puppets say to each other: both are built of this one file.

use actor_core::{Handle, Reply};
use actor_net::Protocol;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub(crate) enum Room {
    Say(u64),
    Said(Reply<Vec<u64>>),
    /// Never answered.
    Keep(Reply<()>),
    /// The puppet watches this one and has it keep a question, and tells of both ends on its output.
    Meet(Handle<Room>),
    /// How the question that was kept has ended.
    KeptUntil(String),
}

/// Named by hand: the type lies in another module in each of the two programs.
pub(crate) fn protocol(version: u32) -> Protocol {
    Protocol::new("room", version)
}
