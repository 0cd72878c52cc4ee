//! Tokens that go round: between two, and in a ring of a thousand.

use std::time::{Duration, Instant};

use actor_core::prelude::*;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

use super::PLACES;

const RING: usize = 1_000;
const TOKENS: u64 = 100;

pub(super) fn ours_pair(runtime: &Runtime, operations: u64) -> Duration {
    ours(runtime, operations, 2, 1)
}

pub(super) fn raw_pair(runtime: &Runtime, operations: u64) -> Duration {
    raw(runtime, operations, 2, 1)
}

pub(super) fn ours_one_token(runtime: &Runtime, operations: u64) -> Duration {
    ours(runtime, operations, RING, 1)
}

pub(super) fn raw_one_token(runtime: &Runtime, operations: u64) -> Duration {
    raw(runtime, operations, RING, 1)
}

pub(super) fn ours_many_tokens(runtime: &Runtime, operations: u64) -> Duration {
    ours(runtime, operations, RING, TOKENS)
}

pub(super) fn raw_many_tokens(runtime: &Runtime, operations: u64) -> Duration {
    raw(runtime, operations, RING, TOKENS)
}

enum Msg {
    Next(Handle<Msg>),
    /// A token with the steps that it still has to make.
    Token(u64),
}

struct Link {
    next: Option<Handle<Msg>>,
    done: mpsc::Sender<()>,
}

impl Actor for Link {
    type Msg = Msg;

    async fn handle(&mut self, msg: Msg, _ctx: &mut Context<Msg>) -> ActorResult {
        match (msg, &self.next) {
            (Msg::Next(next), _) => self.next = Some(next),
            (Msg::Token(0), _) => self.done.send(()).await?,
            (Msg::Token(steps), Some(next)) => next.tell(Msg::Token(steps - 1)).await?,
            (Msg::Token(_), None) => return Err(ActorError::new("a token came before the ring was closed")),
        }
        Ok(())
    }
}

fn ours(runtime: &Runtime, operations: u64, links: usize, tokens: u64) -> Duration {
    runtime.block_on(async {
        let system = System::new("ring");
        let (done, mut ended) = mpsc::channel(TOKENS as usize);
        let mut ring = Vec::with_capacity(links);
        for number in 0..links {
            let done = done.clone();
            let link = move || Link {
                next: None,
                done: done.clone(),
            };
            ring.push(
                system
                    .spawn(format!("link-{number}"), link)
                    .expect("a fresh system has room"),
            );
        }
        for (number, link) in ring.iter().enumerate() {
            let next = ring[(number + 1) % links].clone();
            link.tell(Msg::Next(next)).await.expect("the link lives");
        }
        let begun = Instant::now();
        for token in 0..tokens {
            let at = (token as usize * links) / tokens as usize;
            let token = Msg::Token(operations / tokens);
            ring[at].tell(token).await.expect("the link lives");
        }
        for _ in 0..tokens {
            ended.recv().await;
        }
        let took = begun.elapsed();
        system.shutdown().await;
        took
    })
}

fn raw(runtime: &Runtime, operations: u64, links: usize, tokens: u64) -> Duration {
    runtime.block_on(async {
        let (done, mut ended) = mpsc::channel(TOKENS as usize);
        let (senders, receivers): (Vec<_>, Vec<_>) = (0..links).map(|_| mpsc::channel::<u64>(PLACES)).unzip();
        let mut tasks = Vec::with_capacity(links);
        for (number, mut receiver) in receivers.into_iter().enumerate() {
            let next = senders[(number + 1) % links].clone();
            let done = done.clone();
            tasks.push(tokio::spawn(async move {
                while let Some(steps) = receiver.recv().await {
                    if steps == 0 {
                        done.send(()).await.expect("somebody waits");
                    } else {
                        next.send(steps - 1).await.expect("the next one lives");
                    }
                }
            }));
        }
        let begun = Instant::now();
        for token in 0..tokens {
            let at = (token as usize * links) / tokens as usize;
            senders[at].send(operations / tokens).await.expect("the task lives");
        }
        for _ in 0..tokens {
            ended.recv().await;
        }
        let took = begun.elapsed();
        // Each task holds the sender of the next one: a ring never ends by itself.
        for task in tasks {
            task.abort();
        }
        took
    })
}
