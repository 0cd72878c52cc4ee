//! What it costs to look: at each of very many actors, and for one that is asked meanwhile.

use std::hint::black_box;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use actor_core::prelude::*;
use tokio::runtime::Runtime;

use super::children::with_children;
use super::sum::{self, Sum};

const MANY: u64 = 100_000;

/// Looks past so many actors, again and again; one operation is one actor.
pub(super) fn at_many(runtime: &Runtime, operations: u64) -> Duration {
    runtime.block_on(async {
        let system = System::new("looking");
        let supervisor = with_children(&system, MANY).await;
        let mut inspector = system.inspector();
        let begun = Instant::now();
        for _ in 0..operations / MANY {
            black_box(inspector.overview(20));
        }
        let took = begun.elapsed();
        drop(supervisor);
        system.shutdown().await;
        took
    })
}

/// By hand: numbers behind locks, of which the largest is wanted.
pub(super) fn at_many_locks(_runtime: &Runtime, operations: u64) -> Duration {
    let numbers: Vec<_> = (0..MANY).map(|number| Arc::new(Mutex::new(number))).collect();
    let begun = Instant::now();
    for _ in 0..operations / MANY {
        let largest = numbers
            .iter()
            .map(|number| *number.lock().expect("nobody panics"))
            .max();
        black_box(largest);
    }
    begun.elapsed()
}

pub(super) fn ask_looked_at(runtime: &Runtime, operations: u64) -> Duration {
    ask(runtime, operations, true)
}

pub(super) fn ask_unseen(runtime: &Runtime, operations: u64) -> Duration {
    ask(runtime, operations, false)
}

fn ask(runtime: &Runtime, questions: u64, is_looked_at: bool) -> Duration {
    runtime.block_on(async {
        let system = System::new("looking");
        let sum = system.spawn("sum", Sum::default).expect("a fresh system has room");
        if is_looked_at {
            // Seen for long enough after it.
            black_box(system.snapshot());
        }
        let took = tokio::spawn(async move {
            let begun = Instant::now();
            for _ in 0..questions {
                sum.ask(sum::Get).await.expect("the actor answers");
            }
            begun.elapsed()
        });
        let took = took.await.expect("the asker ends");
        system.shutdown().await;
        took
    })
}
