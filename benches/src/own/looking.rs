//! What it costs to look: at each of very many actors, and for one that is asked meanwhile.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use actor_core::prelude::*;
use tokio::runtime::Runtime;

use super::children::{add, with_children};
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

/// Takes the whole tree of so many actors, again and again; one operation is one actor.
pub(super) fn snapshot_of_many(runtime: &Runtime, operations: u64) -> Duration {
    runtime.block_on(async {
        let system = System::new("looking");
        let supervisor = with_children(&system, MANY).await;
        let begun = Instant::now();
        for _ in 0..operations / MANY {
            black_box(system.snapshot());
        }
        let took = begun.elapsed();
        drop(supervisor);
        system.shutdown().await;
        took
    })
}

pub(super) fn pause_looked_at(runtime: &Runtime, operations: u64) -> Duration {
    longest_pause(runtime, operations, Some(Whom::Itself))
}

pub(super) fn pause_beside(runtime: &Runtime, operations: u64) -> Duration {
    longest_pause(runtime, operations, Some(Whom::Others))
}

pub(super) fn pause_unseen(runtime: &Runtime, operations: u64) -> Duration {
    longest_pause(runtime, operations, None)
}

/// At whom another thread looks meanwhile.
#[derive(PartialEq)]
enum Whom {
    Itself,
    /// At as many of another system, which takes as much of the machine, and no lock of those that are asked.
    Others,
}

/// The longest that one of very many actors took to start, answer and stop, while another thread took a whole tree again and again, or
/// did not. It stands for each operation, as it is one figure. On a machine that does other things as well, it is theirs.
fn longest_pause(runtime: &Runtime, operations: u64, looked_at: Option<Whom>) -> Duration {
    runtime.block_on(async {
        let [system, others] = ["looking", "others"].map(System::new);
        let supervisor = with_children(&system, MANY).await;
        if looked_at == Some(Whom::Others) {
            with_children(&others, MANY).await;
        }
        let is_over = Arc::new(AtomicBool::new(false));
        let looking = looked_at.map(|whom| {
            let system = if whom == Whom::Itself {
                system.clone()
            } else {
                others.clone()
            };
            let over = is_over.clone();
            std::thread::spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    black_box(system.snapshot());
                }
            })
        });
        let living = tokio::spawn(async move {
            let mut longest = Duration::ZERO;
            for number in 0..operations {
                let begun = Instant::now();
                let child = add(&supervisor, format!("more-{number}")).await;
                child.ask(sum::Get).await.expect("the actor answers");
                let _ = child.stop().await;
                longest = longest.max(begun.elapsed());
            }
            longest
        });
        let longest = living.await.expect("nobody panics");
        is_over.store(true, Ordering::Relaxed);
        if let Some(looking) = looking {
            looking.join().expect("a look does not panic");
        }
        system.shutdown().await;
        others.shutdown().await;
        longest * operations as u32
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
