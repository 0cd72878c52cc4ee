//! Questions from one asker, each after the answer to the last.

use std::time::{Duration, Instant};

use actor_core::prelude::*;
use tokio::runtime::Runtime;

use super::sum::{self, Msg, Sum};

pub(super) fn ours(runtime: &Runtime, operations: u64) -> Duration {
    runtime.block_on(async {
        let system = System::new("ask");
        let actor = system.spawn("sum", Sum::default).expect("a fresh system has room");
        let asker = actor.clone();
        let took = tokio::spawn(async move {
            let begun = Instant::now();
            for _ in 0..operations {
                asker.ask(Msg::Get).await.expect("the actor answers");
            }
            begun.elapsed()
        });
        let took = took.await.expect("the asker ends");
        system.shutdown().await;
        took
    })
}

/// Without a deadline: the timer that ours has is part of what it costs.
pub(super) fn raw(runtime: &Runtime, operations: u64) -> Duration {
    runtime.block_on(async {
        let (task, _end) = sum::task();
        let took = tokio::spawn(async move {
            let begun = Instant::now();
            for _ in 0..operations {
                sum::get(&task).await;
            }
            begun.elapsed()
        });
        took.await.expect("the asker ends")
    })
}
