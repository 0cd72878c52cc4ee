//! For whom a message is being turned into bytes on this thread, or from whom it came.
//!
//! A handle or a reply port has no bytes of its own: what stands for it depends on who reads it. While a message is
//! encoded or decoded for a peer, what is in it finds that peer here. Outside of such a moment it has no wire form, and
//! says so as an error of serde.

use std::cell::Cell;
use std::mem;
use std::sync::Arc;

use super::{Asked, Asker, ExportId, Line, Peer};

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
    /// That it is a question, until the port by which it is one was found in it.
    asked: Option<Asked>,
    /// The ways back of those ports, in the messages that were read one behind the other: they are noted together.
    pub(crate) begun: Vec<Arc<Line>>,
    /// The ways back that were made for the other reply ports that came in it.
    pub(crate) lines: Vec<Arc<Line>>,
    bytes: Vec<u8>,
}

impl Scope {
    pub(crate) fn peer(&self) -> &Arc<dyn Peer> {
        self.peer.as_ref().expect("it has one from its beginning to its end")
    }

    /// Whether nothing was found in the message, as in most.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.replies.len() + self.exports.len() + self.lines.len() == 0
    }

    /// The way back of a reply port that came with this number.
    pub(crate) fn line(&mut self, call: u64) -> Result<Arc<Line>, String> {
        if let Some(asked) = self.asked.take_if(|asked| asked.call == call) {
            let line = Line::asked(self.peer().clone(), asked);
            self.begun.push(line.clone());
            return Ok(line);
        }
        // Those are not noted yet.
        if self.begun.iter().any(|line| line.call() == call) {
            return Err("two reply ports have the same number".to_owned());
        }
        let line = self.peer().clone().line(call)?;
        self.lines.push(line.clone());
        Ok(line)
    }

    /// Keeps the memory for the next message, with that of the bytes.
    #[inline]
    pub(crate) fn keep(mut self: Box<Self>, mut bytes: Vec<u8>) {
        // The next one may be of another peer.
        self.asked = None;
        self.begun.clear();
        if !self.is_empty() {
            self.replies.clear();
            self.exports.clear();
            self.lines.clear();
        }
        if (1..=KEPT_BYTES_MAX).contains(&bytes.capacity()) {
            bytes.clear();
            self.bytes = bytes;
        }
        let _ = SPARE.try_with(|spare| spare.set(Some(self)));
    }
}

/// A message on its way, from its beginning to [`leave`](Self::leave), or to where a user's code unwinds.
pub(crate) struct Within {
    outer: Option<Box<Scope>>,
}

/// Begins to decode a message from a peer.
#[inline]
pub(crate) fn enter(peer: &Arc<dyn Peer>) -> Within {
    begin(scope_for(peer))
}

/// Begins to encode a message for a peer. The buffer is for its bytes, and to be handed to [`leave`](Within::leave).
#[inline]
pub(crate) fn enter_to_write(peer: &Arc<dyn Peer>) -> (Within, Vec<u8>) {
    let mut scope = scope_for(peer);
    let bytes = mem::take(&mut scope.bytes);
    (begin(scope), bytes)
}

#[inline]
fn scope_for(peer: &Arc<dyn Peer>) -> Box<Scope> {
    let mut scope = SPARE.try_with(Cell::take).ok().flatten().unwrap_or_default();
    // Most messages of a thread go to the node of the last one: to count who holds it takes longer than to look.
    if !scope.peer.as_ref().is_some_and(|last| Arc::ptr_eq(last, peer)) {
        scope.peer = Some(peer.clone());
    }
    scope
}

#[inline]
fn begin(scope: Box<Scope>) -> Within {
    Within {
        outer: SCOPE.replace(Some(scope)),
    }
}

impl Within {
    /// Begins to read one of several messages, which is a question.
    #[inline]
    pub(crate) fn ask(&self, asked: Asked) {
        with(|scope| scope.asked = Some(asked));
    }

    /// The way back of the question that was read, if its port was in it.
    #[inline]
    pub(crate) fn begun(&self) -> Option<Arc<Line>> {
        let found = |scope: &mut Scope| match scope.asked.take() {
            None => scope.begun.last().cloned(),
            Some(_) => None,
        };
        with(found).flatten()
    }

    /// What was read of the question is no message: it is as if its port had not been in it.
    pub(crate) fn is_not_begun(&self) {
        let found = with(|scope| match scope.asked.take() {
            None => scope.begun.pop(),
            Some(_) => None,
        });
        drop(found);
    }

    /// Exchanges the other ways back that were found so far for an empty list, to begin the next message of several.
    #[inline]
    pub(crate) fn exchange_lines(&self, lines: &mut Vec<Arc<Line>>) {
        with(|scope| {
            if !scope.lines.is_empty() {
                mem::swap(&mut scope.lines, lines);
            }
        });
    }

    /// Ends it; returns what was found in it, which is to be [kept](Scope::keep) when that was seen to.
    #[inline]
    pub(crate) fn leave(mut self) -> Box<Scope> {
        let outer = self.outer.take();
        mem::forget(self);
        let found = SCOPE.replace(outer);
        found.expect("whoever takes it puts it back")
    }
}

impl Drop for Within {
    #[inline]
    fn drop(&mut self) {
        drop(SCOPE.replace(self.outer.take()));
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
