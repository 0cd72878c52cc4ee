//! Comparisons that concern nobody but us: restarts, children, and what a feature of ours costs.

mod children;
mod deadlock;
mod looking;
mod restart;
mod sum;

use std::time::Duration;

use benches::framework::{Threads, runtime};
use benches::measure::{Row, Run};
use tokio::runtime::Runtime;

/// How one side does a number of operations, and how long the part that counts took.
type Work = fn(&Runtime, u64) -> Duration;

/// All of them.
pub(crate) fn rows() -> Vec<Row> {
    vec![
        row("panic to next message", 5_000, restart::ours, restart::raw),
        row(
            "stop of 100,000 children",
            100_000,
            children::stop_of_all,
            children::end_of_all_tasks,
        ),
        row(
            "child in 100,000 / in 10",
            10_000,
            children::one_more_among_many,
            children::one_more_among_few,
        ),
        row(
            "ask that looks / does not",
            40_000,
            deadlock::in_handler,
            deadlock::aside,
        ),
        row(
            "look at one of 100,000",
            1_000_000,
            looking::at_many,
            looking::at_many_locks,
        ),
        row(
            "snapshot, one of 100,000",
            500_000,
            looking::snapshot_of_many,
            looking::at_many_locks,
        ),
        row(
            "longest pause, seen / unseen",
            2_000,
            looking::pause_looked_at,
            looking::pause_unseen,
        ),
        row(
            "longest pause, others seen",
            2_000,
            looking::pause_beside,
            looking::pause_unseen,
        ),
        row(
            "ask while seen / unseen",
            40_000,
            looking::ask_looked_at,
            looking::ask_unseen,
        ),
    ]
}

fn row(name: &str, operations: u64, ours: Work, raw: Work) -> Row {
    let run = |work: Work| -> Run {
        Box::new(move |threads: Threads, operations| {
            let took = work(&runtime(threads), operations);
            Some(took.as_secs_f64() * 1e9 / operations as f64)
        })
    };
    Row {
        name: name.to_owned(),
        operations,
        sides: vec![(benches::OURS.name, run(ours)), (benches::RAW.name, run(raw))],
    }
}
