//! Which workloads are compared, with how much of each.

use crate::framework::Mailbox::{self, Bounded, Unbounded};
use crate::measure::Row;
use crate::work::{Contestant, Work};

const TIMED: &[(Work, u64)] = &[
    (tell(1, Bounded), 400_000),
    (tell(8, Bounded), 400_000),
    (tell(1, Unbounded), 400_000),
    (tell(8, Unbounded), 400_000),
    (Work::Large { bytes: 256 }, 200_000),
    (Work::Large { bytes: 1024 }, 100_000),
    (Work::Ask { in_flight: 1 }, 40_000),
    (Work::Ask { in_flight: 64 }, 100_000),
    (Work::AskBetween, 40_000),
    (Work::Chain { links: 10 }, 5_000),
    (PING_PONG, 60_000),
    (
        Work::Ring {
            links: 1_000,
            tokens: 1,
        },
        100_000,
    ),
    (RING, 300_000),
    (Work::Broadcast { members: 10_000 }, 300_000),
    (Work::Chat, 8_000),
    (Work::Spawn, 30_000),
    (Work::Tree, 1_000_000),
];

/// Operations of the shorter of two runs, of which the other is three times as long.
const COUNTED: &[(Work, u64)] = &[
    (tell(1, Bounded), 5_000),
    (tell(8, Bounded), 8_000),
    (tell(1, Unbounded), 5_000),
    (Work::Large { bytes: 1024 }, 3_000),
    (Work::Ask { in_flight: 1 }, 2_000),
    (Work::AskBetween, 2_000),
    (Work::Chain { links: 10 }, 200),
    (PING_PONG, 3_000),
    (RING, 20_000),
    (Work::Broadcast { members: 1_000 }, 8_000),
    (Work::Chat, 400),
    (Work::Spawn, 1_000),
];

const PING_PONG: Work = Work::Ring { links: 2, tokens: 1 };
const RING: Work = Work::Ring {
    links: 1_000,
    tokens: 100,
};

const fn tell(senders: u64, mailbox: Mailbox) -> Work {
    Work::Tell { senders, mailbox }
}

/// What is compared by time.
pub fn timed(contestants: &[Contestant]) -> Vec<Row> {
    rows(TIMED, contestants)
}

/// What is compared by counts.
pub fn counted(contestants: &[Contestant]) -> Vec<Row> {
    rows(COUNTED, contestants)
}

/// What an idle actor holds, of so many.
pub fn idle(count: u64, contestants: &[Contestant]) -> Row {
    Row::of(Work::Idle, count, contestants)
}

fn rows(works: &[(Work, u64)], contestants: &[Contestant]) -> Vec<Row> {
    let row = |&(work, operations)| Row::of(work, operations, contestants);
    works.iter().map(row).collect()
}
