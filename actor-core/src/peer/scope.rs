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

    /// One that is not in use, with the memory that it has, and its last peer: a message needs none of its own.
    static SPARE: Cell<Option<Box<Scope>>> = const { Cell::new(None) };
}

/// A buffer larger than this is given back.
const KEPT_BYTES_MAX: usize = 2 << 20;

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

/// A message on its way, from its beginning to [`leave`](Self::leave), or to where a user's code unwinds.
pub(crate) struct Within {
    outer: Option<Box<Scope>>,
    has_left: bool,
}

/// Begins to encode or to decode a message for a peer.
pub(crate) fn enter(peer: &Arc<dyn Peer>) -> Within {
    let mut scope = SPARE.try_with(Cell::take).ok().flatten().unwrap_or_default();
    // Most messages of a thread go to the node of the last one: to count who holds it takes longer than to look.
    if !scope.peer.as_ref().is_some_and(|last| Arc::ptr_eq(last, peer)) {
        scope.peer = Some(peer.clone());
    }
    Within {
        outer: SCOPE.replace(Some(scope)),
        has_left: false,
    }
}

impl Within {
    /// A buffer for its bytes, to be handed to [`leave`](Self::leave).
    pub(crate) fn buffer(&self) -> Vec<u8> {
        with(|scope| mem::take(&mut scope.bytes)).unwrap_or_default()
    }

    /// Exchanges the ways back that were found so far for an empty list, to begin the next message of several.
    pub(crate) fn exchange_lines(&self, lines: &mut Vec<Arc<Line>>) {
        with(|scope| {
            if !scope.lines.is_empty() {
                mem::swap(&mut scope.lines, lines);
            }
        });
    }

    /// Ends it; returns what was found in it, with the bytes that it was turned into.
    pub(crate) fn leave(mut self, bytes: Vec<u8>) -> Found {
        self.has_left = true;
        let scope = SCOPE.replace(self.outer.take());
        assert!(scope.is_some(), "whoever takes it puts it back");
        Found { scope, bytes }
    }
}

impl Drop for Within {
    fn drop(&mut self) {
        if !self.has_left {
            drop(SCOPE.replace(self.outer.take()));
        }
    }
}

/// What was found in a message, and the bytes that it was turned into.
pub(crate) struct Found {
    scope: Option<Box<Scope>>,
    bytes: Vec<u8>,
}

const HELD: &str = "it is held until this is dropped";

impl Found {
    /// The bytes, which are there to be taken, beside the rest.
    pub(crate) fn parts(&mut self) -> (&mut Vec<u8>, &Scope) {
        (&mut self.bytes, self.scope.as_deref().expect(HELD))
    }
}

impl Deref for Found {
    type Target = Scope;

    fn deref(&self) -> &Scope {
        self.scope.as_deref().expect(HELD)
    }
}

impl Drop for Found {
    fn drop(&mut self) {
        let Some(mut scope) = self.scope.take() else { return };
        scope.replies.clear();
        scope.exports.clear();
        scope.lines.clear();
        if (1..=KEPT_BYTES_MAX).contains(&self.bytes.capacity()) {
            self.bytes.clear();
            scope.bytes = mem::take(&mut self.bytes);
        }
        let _ = SPARE.try_with(|spare| spare.set(Some(scope)));
    }
}

/// Runs `f` as if no message were on its way on this thread.
pub(crate) fn outside<R>(f: impl FnOnce() -> R) -> R {
    struct PutBack(Option<Box<Scope>>);
    impl Drop for PutBack {
        fn drop(&mut self) {
            SCOPE.set(self.0.take());
        }
    }
    let _within = PutBack(SCOPE.take());
    f()
}

/// Looks at the scope of this thread, if there is one.
pub(crate) fn with<R>(f: impl FnOnce(&mut Scope) -> R) -> Option<R> {
    let mut scope = SCOPE.try_with(Cell::take).ok().flatten()?;
    let seen = f(&mut scope);
    SCOPE.set(Some(scope));
    Some(seen)
}
