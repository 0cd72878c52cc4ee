//! Looking at one actor closely.

use std::time::Duration;

use crate::clock;
use crate::closeup::{CloseUp, Footage};
use crate::id::ActorId;

use super::Inspector;

impl Inspector {
    /// Writes down each message that the actor at `path` handles, for so long from now on, and logs it. `None` if there is no such actor, or
    /// another than the one with this id. Who looked at it closely before sees no more of it.
    pub fn close_up(&self, path: &str, id: ActorId, time: Duration) -> Option<CloseUp> {
        let (_, child) = self.child_at(path)?;
        let core = child.cell.core();
        if core.id != id {
            return None;
        }
        let until = clock::now().into_std().checked_add(time)?;
        let seen = self.home.closeups.begin(id, core.path.clone(), until);
        core.set_close_up(true);
        Some(seen)
    }
}

impl CloseUp {
    /// What there was so far.
    pub fn read(&self) -> Footage {
        self.read_at(clock::now().into_std())
    }
}
