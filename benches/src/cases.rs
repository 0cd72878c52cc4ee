//! The cases: the same work by actors, and by tasks with channels as one would write them by hand.

mod ask;
mod broadcast;
mod children;
mod deadlock;
mod restart;
mod ring;
mod spawning;
pub(crate) mod sum;
mod tell;

use std::time::Duration;

use tokio::runtime::Runtime;

/// Places in every channel and mailbox, unless a case says otherwise.
pub(crate) const PLACES: usize = 1024;

/// Who does the work.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Ours,
    Raw,
}

/// How one side does a number of operations, and how long the part that counts took.
type Work = fn(&Runtime, u64) -> Duration;

/// One comparison.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// Operations of one run, chosen so that it takes about a tenth of a second.
    pub(crate) operations: u64,
    ours: Work,
    raw: Work,
}

/// Every case, in the order of the table.
pub(crate) const ALL: &[Case] = &[
    case("tell, one sender", 400_000, tell::ours_one, tell::raw_one),
    case("tell, eight senders", 400_000, tell::ours_eight, tell::raw_eight),
    case("ask, one after the other", 40_000, ask::ours, ask::raw),
    case("ping-pong", 60_000, ring::ours_pair, ring::raw_pair),
    case(
        "ring of 1,000, one token",
        100_000,
        ring::ours_one_token,
        ring::raw_one_token,
    ),
    case(
        "ring of 1,000, 100 tokens",
        300_000,
        ring::ours_many_tokens,
        ring::raw_many_tokens,
    ),
    case("broadcast to 10,000", 300_000, broadcast::ours, broadcast::raw),
    case("spawn, then stop", 30_000, spawning::ours, spawning::raw),
    case("panic to next message", 5_000, restart::ours, restart::raw),
    case(
        "stop of 100,000 children",
        100_000,
        children::stop_of_all,
        children::end_of_all_tasks,
    ),
    case(
        "child in 100,000 / in 10",
        10_000,
        children::one_more_among_many,
        children::one_more_among_few,
    ),
    case(
        "ask that looks / does not",
        40_000,
        deadlock::in_handler,
        deadlock::aside,
    ),
];

const fn case(name: &'static str, operations: u64, ours: Work, raw: Work) -> Case {
    Case {
        name,
        operations,
        ours,
        raw,
    }
}

impl Case {
    pub(crate) fn run(&self, side: Side, runtime: &Runtime, operations: u64) -> Duration {
        match side {
            Side::Ours => (self.ours)(runtime, operations),
            Side::Raw => (self.raw)(runtime, operations),
        }
    }
}

impl Side {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Raw => "raw",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Ours, Self::Raw].into_iter().find(|side| side.name() == name)
    }
}
