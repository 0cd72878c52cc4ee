//! For whom a message is being turned into bytes on this thread, or from whom it came.
//!
//! A handle or a reply port has no bytes of its own: what stands for it depends on who reads it. While a message is
//! encoded or decoded for a peer, what is in it finds that peer here. Outside of such a moment it has no wire form, and
//! says so as an error of serde.

use std::cell::RefCell;
use std::sync::Arc;

use super::{Asker, ExportId, Line, Peer};

thread_local! {
    static SCOPE: RefCell<Option<Scope>> = const { RefCell::new(None) };
}

/// One message on its way to or from a peer.
pub(crate) struct Scope {
    pub(crate) peer: Arc<dyn Peer>,
    /// The reply ports that were found in it: who waits here for what number.
    pub(crate) replies: Vec<(u64, Arc<dyn Asker>)>,
    /// The actors of this node whose handles were found in it.
    pub(crate) exports: Vec<ExportId>,
    /// The ways back that were made for the reply ports that came in it.
    pub(crate) lines: Vec<Arc<Line>>,
}

/// Encodes or decodes one message for a peer, by `f`; returns what was found in it.
pub(crate) fn within<R>(peer: Arc<dyn Peer>, f: impl FnOnce() -> R) -> (R, Scope) {
    let scope = Scope {
        peer,
        replies: Vec::new(),
        exports: Vec::new(),
        lines: Vec::new(),
    };
    let restore = Restore(SCOPE.replace(Some(scope)));
    let result = f();
    let inner = SCOPE.replace(None);
    drop(restore);
    let scope = inner.expect("it was put there, and whoever changes it puts it back");
    (result, scope)
}

/// Puts back what was there before, also when a user's code unwinds.
struct Restore(Option<Scope>);

impl Drop for Restore {
    fn drop(&mut self) {
        drop(SCOPE.replace(self.0.take()));
    }
}

/// Looks at the scope of this thread, if there is one.
pub(crate) fn with<R>(f: impl FnOnce(&mut Scope) -> R) -> Option<R> {
    let mut scope = SCOPE.try_with(|slot| slot.take()).ok().flatten()?;
    let seen = f(&mut scope);
    SCOPE.set(Some(scope));
    Some(seen)
}
