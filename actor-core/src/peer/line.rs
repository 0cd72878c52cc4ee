//! The way back to an asker at another node.

use std::fmt;
use std::sync::Arc;

use tokio::time::Instant;

use crate::error::AskError;
use crate::question::{Question, Wait};
use crate::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use super::{Asked, Parcel, Peer};

/// Not all of its message was read yet: nothing is said over it.
const MADE: u8 = 0;
const OPEN: u8 = 1;
const DONE: u8 = 2;

/// What is left of a question that came from another node: answered once, or not at all.
pub struct Line {
    peer: Arc<dyn Peer>,
    call: u64,
    deadline: Option<Instant>,
    state: AtomicU8,
    /// The reply port was sent on to a third node: what becomes of it here means nothing from then on.
    has_gone_on: AtomicBool,
}

impl Line {
    /// A way back for the call of this number, by which no message is asked.
    pub fn new(peer: Arc<dyn Peer>, call: u64) -> Arc<Self> {
        Self::asked(peer, Asked { call, deadline: None })
    }

    /// That by which a message is asked.
    pub(crate) fn asked(peer: Arc<dyn Peer>, Asked { call, deadline }: Asked) -> Arc<Self> {
        Arc::new(Self {
            peer,
            call,
            deadline,
            state: AtomicU8::new(MADE),
            has_gone_on: AtomicBool::new(false),
        })
    }

    /// Its number.
    pub fn call(&self) -> u64 {
        self.call
    }

    /// Notes that the asker has gone, or that the conversation with its node is over: nothing more is sent.
    pub fn hang_up(&self) {
        self.state.store(DONE, Ordering::Release);
    }

    pub(crate) fn peer(&self) -> &Arc<dyn Peer> {
        &self.peer
    }

    pub(crate) fn goes_on(&self) {
        self.has_gone_on.store(true, Ordering::Release);
    }

    /// Its message was read: from now on it can be answered. It is noted before anybody who could answer is handed the message.
    pub fn open(&self) {
        let _ = self
            .state
            .compare_exchange(MADE, OPEN, Ordering::AcqRel, Ordering::Acquire);
    }

    pub(crate) fn is_open(&self) -> bool {
        self.state.load(Ordering::Acquire) == OPEN
    }

    /// Sends an answer, if it is the first and somebody waits.
    pub(crate) fn answer(&self, answer: Result<Parcel<'_>, AskError>) {
        if self.close() {
            self.peer.answer(self.call, answer);
        }
    }

    /// Ends it without a word. Returns whether it was open.
    pub(crate) fn close(&self) -> bool {
        self.state.swap(DONE, Ordering::AcqRel) == OPEN
    }
}

impl Question for Line {
    fn wait(&self) -> Wait {
        if self.is_open() && !self.has_gone_on.load(Ordering::Acquire) {
            Wait::Until(self.deadline)
        } else {
            Wait::Over
        }
    }

    fn refuse(&self, why: AskError) {
        self.answer(Err(why));
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Line({})", self.call)
    }
}
