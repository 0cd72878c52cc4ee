//! Children of one dynamic supervisor: what one more costs, and what it takes to stop them all.

use std::time::{Duration, Instant};

use actor_core::prelude::*;
use actor_core::{Supervise, Supervisor};
use tokio::runtime::Runtime;

use super::sum::{self, Sum};

const MANY: u64 = 100_000;
const FEW: u64 = 10;

pub(super) fn one_more_among_many(runtime: &Runtime, operations: u64) -> Duration {
    one_more_among(MANY, runtime, operations)
}

pub(super) fn one_more_among_few(runtime: &Runtime, operations: u64) -> Duration {
    one_more_among(FEW, runtime, operations)
}

/// Adds a child, and stops it again, so that there are always as many.
fn one_more_among(others: u64, runtime: &Runtime, operations: u64) -> Duration {
    runtime.block_on(async {
        let system = System::new("children");
        let supervisor = with_children(&system, others).await;
        let took = tokio::spawn(async move {
            let begun = Instant::now();
            for number in 0..operations {
                let child = add(&supervisor, format!("more-{number}")).await;
                let _ = child.stop().await;
            }
            begun.elapsed()
        });
        let took = took.await.expect("the one who adds ends");
        system.shutdown().await;
        took
    })
}

pub(super) fn stop_of_all(runtime: &Runtime, operations: u64) -> Duration {
    runtime.block_on(async {
        let system = System::new("children");
        let supervisor = with_children(&system, operations).await;
        let begun = Instant::now();
        supervisor.stop().await.expect("nobody here waits for it");
        let took = begun.elapsed();
        system.shutdown().await;
        took
    })
}

/// By hand: every sender is dropped, and every task waited for.
pub(super) fn end_of_all_tasks(runtime: &Runtime, operations: u64) -> Duration {
    runtime.block_on(async {
        let tasks: Vec<_> = (0..operations).map(|_| sum::task()).collect();
        let begun = Instant::now();
        let (senders, ends): (Vec<_>, Vec<_>) = tasks.into_iter().unzip();
        drop(senders);
        for end in ends {
            end.await.expect("a task ends with its senders");
        }
        begun.elapsed()
    })
}

pub(super) async fn with_children(system: &System, number: u64) -> Handle<Supervise> {
    let supervisor = system
        .start(Supervisor::dynamic().named("supervisor"))
        .await
        .expect("it starts");
    for number in 0..number {
        add(&supervisor, format!("child-{number}")).await;
    }
    supervisor
}

pub(super) async fn add(supervisor: &Handle<Supervise>, name: String) -> Handle<sum::Get> {
    supervisor
        .start_child(ChildSpec::new(name, Sum::default))
        .await
        .expect("the name is new")
}
