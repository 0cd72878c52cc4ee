//! Handles that were passed on, which are kept for a while.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actor_core::wire::{Address, Proxy};
use tokio::time::Instant;

use crate::clock::now;
use crate::id::{Incarnation, NodeId, NodeName};

use super::net::{Net, lock};

/// A handle that was passed on is kept for so long, so that its actor's node does not take it for released before the one
/// that it went to has come for it.
const LINGERS: Duration = Duration::from_secs(30);

/// So many of them are kept at a time.
const LINGERING_MAX: usize = 4096;

/// Those that are kept, the first one first.
pub(super) type Lingering = Mutex<VecDeque<(Instant, Arc<Proxy>)>>;

impl Net {
    /// Keeps a handle that was passed on.
    pub(super) fn linger(&self, address: &Address) {
        let Some(name) = NodeName::new(&address.node) else {
            return;
        };
        let far = self.far(&NodeId {
            name,
            incarnation: Incarnation(address.incarnation),
        });
        let Some(proxy) = far.proxy(address.export) else { return };
        self.let_go_of_lingering();
        let mut lingering = lock(&self.lingering);
        let first = (lingering.len() >= LINGERING_MAX)
            .then(|| lingering.pop_front())
            .flatten();
        lingering.push_back((now(), proxy));
        drop(lingering);
        drop(first);
    }

    /// Lets go of handles that were passed on long enough ago.
    pub(super) fn let_go_of_lingering(&self) {
        let now = now();
        let mut lingering = lock(&self.lingering);
        let past = lingering.partition_point(|(since, _)| *since + LINGERS <= now);
        let gone: Vec<_> = lingering.drain(..past).collect();
        drop(lingering);
        drop(gone);
    }
}
