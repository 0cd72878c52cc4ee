//! A life: an actor or a task is made, takes one message, is stopped, and is waited for.

use std::time::{Duration, Instant};

use actor_core::prelude::*;
use tokio::runtime::Runtime;

use super::sum::{self, Msg, Order, Sum};

pub(super) fn ours(runtime: &Runtime, operations: u64) -> Duration {
    runtime.block_on(async {
        let system = System::new("spawning");
        let lives = system.clone();
        let took = tokio::spawn(async move {
            let begun = Instant::now();
            for number in 0..operations {
                let actor = lives
                    .spawn_once(format!("life-{number}"), Sum::default)
                    .expect("the name is new");
                actor.tell(Msg::Add(number)).await.expect("the actor lives");
                let _ = actor.drain().await;
            }
            begun.elapsed()
        });
        let took = took.await.expect("the last life ends");
        system.shutdown().await;
        took
    })
}

pub(super) fn raw(runtime: &Runtime, operations: u64) -> Duration {
    runtime.block_on(async {
        let took = tokio::spawn(async move {
            let begun = Instant::now();
            for number in 0..operations {
                let (task, end) = sum::task();
                task.send(Order::Add(number)).await.expect("the task lives");
                drop(task);
                end.await.expect("the task ends");
            }
            begun.elapsed()
        });
        took.await.expect("the last life ends")
    })
}
