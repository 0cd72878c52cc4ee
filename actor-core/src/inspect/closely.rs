//! Looking at one actor closely.

use std::time::Duration;

use crate::clock;
use crate::closeup::{CloseUp, Footage};
use crate::id::ActorId;

use super::Inspector;

/// One who looks for longer looks away meanwhile.
const TIME_MAX: Duration = Duration::from_secs(24 * 3600);

impl Inspector {
    /// Writes down each message that the actor at `path` handles, for so long from now on, a day at most, and logs it. `None` if there is no
    /// such actor, or another than the one with this id. Who looked at it closely before sees no more of it.
    pub fn close_up(&self, path: &str, id: ActorId, time: Duration) -> Option<CloseUp> {
        let (_, child) = self.child_at(path)?;
        let core = child.cell.core();
        if core.id != id {
            return None;
        }
        let until = clock::now().into_std() + time.min(TIME_MAX);
        let seen = self.home.closeups.begin(id, core.path.clone(), until);
        child.cell.film();
        Some(seen)
    }
}

impl CloseUp {
    /// What there was so far.
    pub fn read(&self) -> Footage {
        self.read_at(clock::now().into_std())
    }
}
