//! What stands here for an actor of another node that linked itself to one of this.

use std::fmt;
use std::sync::Arc;

use crate::cell::AnyCell;
use crate::exit::ExitReason;
use crate::id::{ActorId, ActorPath};
use crate::signal::{LinkBroken, LinkEnd, LinkId};
use crate::sync::Mutex;

use super::Then;

/// A link of an actor at another node to one here; dropped, it is taken away.
#[must_use = "dropped, there is no link"]
pub struct Linked {
    cell: Arc<dyn AnyCell>,
    link: LinkId,
    far: Arc<FarEnd>,
}

/// The other end, as the actor here sees it.
struct FarEnd {
    id: ActorId,
    path: ActorPath,
    then: Mutex<Option<Then>>,
}

impl Linked {
    pub(crate) fn new(cell: Arc<dyn AnyCell>, path: ActorPath, then: Then) -> Self {
        let link = LinkId::next();
        let far = Arc::new(FarEnd {
            id: ActorId::next(),
            path,
            then: Mutex::new(Some(then)),
        });
        if !cell.link(link, far.clone()) {
            let reason = cell.core().ended().unwrap_or(ExitReason::Killed);
            far.link_broken(cell.core().broken(link, reason));
        }
        Self { cell, link, far }
    }

    /// Notes that the life at the other end has ended, of an actor to which handles here have this id, if there are any.
    pub fn broken(self, reason: ExitReason, id: Option<ActorId>) {
        self.cell.link_broken(LinkBroken {
            link: self.link,
            id: id.unwrap_or(self.far.id),
            path: self.far.path.clone(),
            reason,
            life: 0,
        });
    }
}

impl Drop for Linked {
    fn drop(&mut self) {
        self.cell.unlinked(self.link);
    }
}

impl LinkEnd for FarEnd {
    fn linked_path(&self) -> &ActorPath {
        &self.path
    }

    fn linked_id(&self) -> ActorId {
        self.id
    }

    fn link_broken(&self, broken: LinkBroken) {
        let then = self.then.lock().take();
        if let Some(then) = then {
            then(broken.reason);
        }
    }

    /// Only the one who linked knows how to take it away.
    fn unlinked(&self, _link: LinkId) {}
}

impl fmt::Debug for Linked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Linked({}, {})", self.far.path, self.cell.core().path)
    }
}
