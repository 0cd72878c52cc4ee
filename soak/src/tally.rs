//! What is counted while a tree is tormented, by the actors themselves and not by the framework.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// Shared by all actors of one round.
#[derive(Default)]
pub(crate) struct Tally {
    /// Messages handled, ticks of timers included.
    handled: AtomicU64,
    /// Lives that were begun.
    lives: AtomicU64,
    /// States of actors that exist.
    actors: AtomicI64,
    /// Timers that exist.
    timers: AtomicI64,
    /// Questions that were not answered in their time, or watches that did not hear of an end.
    stuck: AtomicU64,
}

/// One thing that exists; dropped, it is no more.
pub(crate) struct Token(Arc<Tally>, fn(&Tally) -> &AtomicI64);

impl Drop for Token {
    fn drop(&mut self) {
        (self.1)(&self.0).fetch_sub(1, Ordering::Relaxed);
    }
}

impl Tally {
    pub(crate) fn a_life(self: &Arc<Self>) -> Token {
        self.lives.fetch_add(1, Ordering::Relaxed);
        self.token(|tally| &tally.actors)
    }

    pub(crate) fn a_timer(self: &Arc<Self>) -> Token {
        self.token(|tally| &tally.timers)
    }

    fn token(self: &Arc<Self>, count: fn(&Tally) -> &AtomicI64) -> Token {
        count(self).fetch_add(1, Ordering::Relaxed);
        Token(self.clone(), count)
    }

    pub(crate) fn one_handled(&self) {
        self.handled.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn one_stuck(&self, what: &str) {
        eprintln!("soak: stuck: {what}");
        self.stuck.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn handled(&self) -> u64 {
        self.handled.load(Ordering::Relaxed)
    }

    pub(crate) fn lives(&self) -> u64 {
        self.lives.load(Ordering::Relaxed)
    }

    pub(crate) fn actors(&self) -> i64 {
        self.actors.load(Ordering::Relaxed)
    }

    pub(crate) fn timers(&self) -> i64 {
        self.timers.load(Ordering::Relaxed)
    }

    pub(crate) fn stuck(&self) -> u64 {
        self.stuck.load(Ordering::Relaxed)
    }
}
