//! Many messages to one actor: from one sender, and from eight at once.

use std::time::{Duration, Instant};

use actor_core::prelude::*;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use super::sum::{self, Msg, Order, Sum};

pub(super) fn ours_one(runtime: &Runtime, operations: u64) -> Duration {
    ours(runtime, operations, 1)
}

pub(super) fn raw_one(runtime: &Runtime, operations: u64) -> Duration {
    raw(runtime, operations, 1)
}

pub(super) fn ours_eight(runtime: &Runtime, operations: u64) -> Duration {
    ours(runtime, operations, 8)
}

pub(super) fn raw_eight(runtime: &Runtime, operations: u64) -> Duration {
    raw(runtime, operations, 8)
}

fn ours(runtime: &Runtime, operations: u64, senders: u64) -> Duration {
    runtime.block_on(async {
        let system = System::new("tell");
        let actor = system.spawn("sum", Sum::default).expect("a fresh system has room");
        let begun = Instant::now();
        let mut telling = JoinSet::new();
        for _ in 0..senders {
            let actor = actor.clone();
            telling.spawn(async move {
                for number in 0..operations / senders {
                    actor.tell(Msg::Add(number)).await.expect("the actor lives");
                }
            });
        }
        telling.join_all().await;
        actor.ask(Msg::Get).await.expect("the actor answers");
        let took = begun.elapsed();
        system.shutdown().await;
        took
    })
}

fn raw(runtime: &Runtime, operations: u64, senders: u64) -> Duration {
    runtime.block_on(async {
        let (task, _end) = sum::task();
        let begun = Instant::now();
        let mut sending = JoinSet::new();
        for _ in 0..senders {
            let task = task.clone();
            sending.spawn(async move {
                for number in 0..operations / senders {
                    task.send(Order::Add(number)).await.expect("the task lives");
                }
            });
        }
        sending.join_all().await;
        sum::get(&task).await;
        begun.elapsed()
    })
}
