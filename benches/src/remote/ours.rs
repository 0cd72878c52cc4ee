//! The same by actors.

use std::time::{Duration, Instant};

use actor_core::prelude::*;
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use super::{Ends, IN_FLIGHT, LARGE_BYTES, SMALL_BYTES};

#[derive(Serialize, Deserialize)]
pub(super) enum Msg {
    Data(#[serde(with = "serde_bytes")] Vec<u8>),
    Echo(u64, Reply<u64>),
}

pub(super) struct Sink;

impl Actor for Sink {
    type Msg = Msg;

    async fn handle(&mut self, msg: Msg, _ctx: &mut Context<Msg>) -> ActorResult {
        if let Msg::Echo(number, reply) = msg {
            reply.send(number);
        }
        Ok(())
    }
}

pub(super) fn tell_small(runtime: &Runtime, ends: &Ends, operations: u64) -> Duration {
    tell(runtime, &ends.sink, operations, SMALL_BYTES)
}

pub(super) fn tell_large(runtime: &Runtime, ends: &Ends, operations: u64) -> Duration {
    tell(runtime, &ends.sink, operations, LARGE_BYTES)
}

pub(super) fn tell_over_tls(runtime: &Runtime, ends: &Ends, operations: u64) -> Duration {
    tell(runtime, &ends.sink_over_tls, operations, SMALL_BYTES)
}

fn tell(runtime: &Runtime, far: &Handle<Msg>, operations: u64, bytes: usize) -> Duration {
    let far = far.clone();
    let work = async move {
        let begun = Instant::now();
        send_all(&far, operations, bytes).await;
        begun.elapsed()
    };
    runtime.block_on(async { tokio::spawn(work).await.expect("the sender ends") })
}

/// Until all was handled: the last question is answered behind it.
async fn send_all(far: &Handle<Msg>, operations: u64, bytes: usize) {
    for _ in 0..operations {
        far.tell(Msg::Data(vec![7; bytes])).await.expect("it lives");
    }
    far.ask(|reply| Msg::Echo(0, reply))
        .no_timeout()
        .await
        .expect("it answers");
}

pub(super) fn ask(runtime: &Runtime, ends: &Ends, operations: u64) -> Duration {
    let far = ends.sink.clone();
    let work = async move {
        let begun = Instant::now();
        for number in 0..operations {
            far.ask(|reply| Msg::Echo(number, reply)).await.expect("it answers");
        }
        begun.elapsed()
    };
    runtime.block_on(async { tokio::spawn(work).await.expect("the asker ends") })
}

pub(super) fn ask_many(runtime: &Runtime, ends: &Ends, operations: u64) -> Duration {
    let far = ends.sink.clone();
    runtime.block_on(async move {
        let begun = Instant::now();
        let mut askers = JoinSet::new();
        for _ in 0..IN_FLIGHT {
            let far = far.clone();
            askers.spawn(async move {
                for number in 0..operations / IN_FLIGHT {
                    far.ask(|reply| Msg::Echo(number, reply)).await.expect("it answers");
                }
            });
        }
        while askers.join_next().await.is_some() {}
        begun.elapsed()
    })
}

/// How long questions to one actor take, one after the other, while large messages go to another; all of them, in order
/// of their length.
pub(super) fn ask_beside_large(runtime: &Runtime, ends: &Ends, operations: u64) -> Vec<Duration> {
    let (sink, echo) = (ends.sink.clone(), ends.echo.clone());
    let asked = runtime.block_on(async move {
        let large = tokio::spawn(async move { send_all(&sink, operations, LARGE_BYTES).await });
        let asking = async move {
            let mut took = Vec::new();
            while !large.is_finished() {
                let begun = Instant::now();
                echo.ask(|reply| Msg::Echo(0, reply)).await.expect("it answers");
                took.push(begun.elapsed());
            }
            took
        };
        tokio::spawn(asking).await
    });
    let mut took = asked.expect("the asker ends");
    took.sort_unstable();
    took
}
