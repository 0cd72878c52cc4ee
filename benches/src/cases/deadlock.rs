//! What it costs to look for a deadlock: a handler that asks is looked after, work attached to its actor is not.

use std::time::{Duration, Instant};

use actor_core::prelude::*;
use tokio::runtime::Runtime;

use super::sum::{self, Sum};

struct Asker(Handle<sum::Msg>);

enum Ask {
    InHandler(Round),
    Aside(Round),
    Nothing,
}

/// So many questions are still to be asked, each in a turn of its own.
struct Round {
    left: u64,
    begun: Instant,
    done: Reply<Duration>,
}

impl Actor for Asker {
    type Msg = Ask;

    async fn handle(&mut self, msg: Ask, ctx: &mut Context<Ask>) -> ActorResult {
        match msg {
            Ask::InHandler(round) => {
                ask(&self.0).await;
                if let Some(round) = round.next() {
                    ctx.handle().tell(Ask::InHandler(round)).await?;
                }
            }
            Ask::Aside(round) => {
                let whom = self.0.clone();
                ctx.attach(async move {
                    ask(&whom).await;
                    round.next().map_or(Ask::Nothing, Ask::Aside)
                });
            }
            Ask::Nothing => {}
        }
        Ok(())
    }
}

impl Round {
    fn next(mut self) -> Option<Self> {
        self.left -= 1;
        if self.left > 0 {
            return Some(self);
        }
        self.done.send(self.begun.elapsed());
        None
    }
}

async fn ask(whom: &Handle<sum::Msg>) {
    whom.ask(sum::Msg::Get).await.expect("the actor answers");
}

pub(super) fn in_handler(runtime: &Runtime, operations: u64) -> Duration {
    run(runtime, operations, Ask::InHandler)
}

pub(super) fn aside(runtime: &Runtime, operations: u64) -> Duration {
    run(runtime, operations, Ask::Aside)
}

fn run(runtime: &Runtime, left: u64, how: impl FnOnce(Round) -> Ask) -> Duration {
    runtime.block_on(async {
        let system = System::new("deadlock");
        let sum = system.spawn("sum", Sum::default).expect("a fresh system has room");
        let asker = system
            .spawn_once("asker", move || Asker(sum))
            .expect("a fresh system has room");
        let begun = Instant::now();
        let first = |done| how(Round { left, begun, done });
        let took = asker.ask(first).no_timeout().await.expect("the asker answers");
        system.shutdown().await;
        took
    })
}
