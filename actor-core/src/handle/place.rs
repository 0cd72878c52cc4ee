//! Where a sender stands that waits for room, with the room that it was given.

use std::sync::Arc;

use crate::cell::AnyCell;
use crate::deadlock::{Owed, Waiting};
use crate::mailbox::Ticket;

/// A sender's place in the queue for room: with one mailbox, or with each of a pool's workers.
#[derive(Default)]
pub(crate) struct Place {
    pub(crate) ticket: Ticket,
    /// How many bytes the message has on its way to another node, once there was no room for so many.
    pub(crate) bytes: usize,
    /// Boxed, as most senders have to do with one mailbox.
    pub(crate) seats: Option<Box<Seats>>,
}

/// A sender's places with the workers of a pool.
pub(crate) struct Seats {
    /// Which workers: those of another era are others.
    pub(crate) era: u64,
    /// Empty until there was no room at once.
    pub(crate) tickets: Vec<Ticket>,
    /// The workers whose room it has been given, and holds until it is known who gets the message.
    pub(crate) held: Vec<usize>,
    /// Workers who could never answer, as they wait for this sender themselves.
    pub(crate) avoided: Vec<usize>,
}

impl Seats {
    pub(crate) fn new(era: u64) -> Self {
        Self {
            era,
            tickets: Vec::new(),
            held: Vec::new(),
            avoided: Vec::new(),
        }
    }
}

/// Room that was given, and is not used yet.
pub(crate) enum Berth {
    /// In the one mailbox there is.
    Here,
    /// Of so many bytes, in the connection to another node.
    #[cfg_attr(not(feature = "wire"), expect(dead_code, reason = "made where nodes are connected"))]
    Bytes(usize),
    /// With one worker of a pool.
    With { era: u64, worker: usize },
    /// With each of these, for a message of which it is not known yet who gets it.
    Each { era: u64, workers: Vec<usize> },
}

/// Room that one who waits has not been given, by any of those who could.
pub(crate) struct Room(pub(crate) Vec<(Arc<dyn AnyCell>, u64)>);

impl Room {
    pub(super) fn givers(&self) -> Vec<Arc<dyn Waiting>> {
        self.0
            .iter()
            .map(|(cell, _)| -> Arc<dyn Waiting> { cell.clone() })
            .collect()
    }
}

impl Owed for Room {
    fn is_owed(&self) -> bool {
        self.0.iter().all(|(cell, ticket)| cell.owes_room(*ticket))
    }
}
