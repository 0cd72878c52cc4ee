//! For whom a message is being turned into bytes on this thread, or from whom it came.
//!
//! A handle or a reply port has no bytes of its own: what stands for it depends on who reads it. While a message is
//! encoded or decoded for a peer, what is in it finds that peer here. Outside of such a moment it has no wire form, and
//! says so as an error of serde.

use std::cell::Cell;
use std::mem;
use std::ops::Deref;
use std::sync::Arc;

use super::{Asker, ExportId, Line, Peer};

thread_local! {
    /// Pointers, so that to begin and to end a message exchanges words.
    static SCOPE: Cell<Option<Box<Scope>>> = const { Cell::new(None) };

    /// One that is not in use, with the memory that it has: a message needs none of its own.
    static SPARE: Cell<Option<Box<Scope>>> = const { Cell::new(None) };
}

/// A buffer larger than this is given back.
const KEPT_BYTES_MAX: usize = 1 << 16;

/// One message on its way to or from a peer.
#[derive(Default)]
pub(crate) struct Scope {
    peer: Option<Arc<dyn Peer>>,
    /// The reply ports that were found in it: who waits here for what number.
    pub(crate) replies: Vec<(u64, Arc<dyn Asker>)>,
    /// The actors of this node whose handles were found in it.
    pub(crate) exports: Vec<ExportId>,
    /// The ways back that were made for the reply ports that came in it.
    pub(crate) lines: Vec<Arc<Line>>,
    bytes: Vec<u8>,
}

impl Scope {
    pub(crate) fn peer(&self) -> &Arc<dyn Peer> {
        self.peer.as_ref().expect("it has one from its beginning to its end")
    }
}

/// What was found in a message, and the bytes that it was turned into.
pub(crate) struct Found {
    scope: Option<Box<Scope>>,
    bytes: Vec<u8>,
}

impl Found {
    /// The bytes, which are there to be taken, beside the rest.
    pub(crate) fn parts(&mut self) -> (&mut Vec<u8>, &Scope) {
        (&mut self.bytes, self.scope.as_deref().expect(HELD))
    }
}

const HELD: &str = "it is held until this is dropped";

impl Deref for Found {
    type Target = Scope;

    fn deref(&self) -> &Scope {
        self.scope.as_deref().expect(HELD)
    }
}

impl Drop for Found {
    fn drop(&mut self) {
        let Some(mut scope) = self.scope.take() else { return };
        scope.peer = None;
        scope.replies.clear();
        scope.exports.clear();
        scope.lines.clear();
        if self.bytes.capacity() <= KEPT_BYTES_MAX {
            self.bytes.clear();
            scope.bytes = mem::take(&mut self.bytes);
        }
        let _ = SPARE.try_with(|spare| spare.set(Some(scope)));
    }
}

/// Encodes or decodes one message for a peer, by `f`, to which a buffer is lent; returns what was found in it.
pub(crate) fn within<R>(peer: Arc<dyn Peer>, f: impl FnOnce(&mut Vec<u8>) -> R) -> (R, Found) {
    let mut scope = SPARE.try_with(Cell::take).ok().flatten().unwrap_or_default();
    let mut bytes = mem::take(&mut scope.bytes);
    scope.peer = Some(peer);
    let mut outer = Restore(SCOPE.replace(Some(scope)));
    let result = f(&mut bytes);
    let scope = SCOPE.replace(outer.0.take());
    // What was there before is back, and `f` did not unwind.
    mem::forget(outer);
    assert!(scope.is_some(), "whoever takes it puts it back");
    (result, Found { scope, bytes })
}

/// Puts back what was there before where a user's code unwinds.
struct Restore(Option<Box<Scope>>);

impl Drop for Restore {
    fn drop(&mut self) {
        drop(SCOPE.replace(self.0.take()));
    }
}

/// Looks at the scope of this thread, if there is one.
pub(crate) fn with<R>(f: impl FnOnce(&mut Scope) -> R) -> Option<R> {
    let mut scope = SCOPE.try_with(Cell::take).ok().flatten()?;
    let seen = f(&mut scope);
    SCOPE.set(Some(scope));
    Some(seen)
}
