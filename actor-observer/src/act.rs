//! What one who has the token may do to an actor.

use serde::Deserialize;

use crate::look::Looker;

/// What to do, and to whom: the id says that no other is meant that has the path by now.
#[derive(Deserialize)]
pub(crate) struct Act {
    path: String,
    id: String,
    pub(crate) what: What,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum What {
    Stop,
    Kill,
    Restart,
    /// To look at it closely for 10 s.
    Trace,
}

impl Act {
    /// Does it. `false` if there is no such actor any more.
    pub(crate) fn carry_out(&self, looker: &mut Looker) -> bool {
        let inspector = &looker.inspector;
        let Some(actor) = inspector.actor(&self.path) else {
            return false;
        };
        let id = actor.info.id;
        if id.to_string() != self.id {
            return false;
        }
        tracing::warn!(path = self.path, id = self.id, what = ?self.what, "ordered by the observer");
        match self.what {
            What::Stop => inspector.stop(&self.path, id),
            What::Kill => inspector.kill(&self.path, id),
            What::Restart => inspector.fail(&self.path, id, "restarted by hand, from the observer"),
            What::Trace => looker.closeups.begin(inspector, &self.path, id),
        }
    }
}
