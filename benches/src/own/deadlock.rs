//! What it costs to look for a deadlock: a handler that asks is looked after, work attached to its actor is not.

use std::time::{Duration, Instant};

use actor_core::prelude::*;
use tokio::runtime::Runtime;

use super::sum::{self, Sum};

struct Asker(Handle<sum::Get>);

enum Ask {
    InHandler(Series),
    Aside(Series),
    Done,
}

/// So many questions, one after the other.
struct Series {
    questions: u64,
    done: Reply<Duration>,
}

impl Actor for Asker {
    type Msg = Ask;

    async fn handle(&mut self, msg: Ask, ctx: &mut Context<Ask>) -> ActorResult {
        match msg {
            Ask::InHandler(series) => series.ask(&self.0).await,
            Ask::Aside(series) => {
                let whom = self.0.clone();
                ctx.attach(async move {
                    series.ask(&whom).await;
                    Ask::Done
                });
            }
            Ask::Done => {}
        }
        Ok(())
    }
}

impl Series {
    async fn ask(self, whom: &Handle<sum::Get>) {
        let begun = Instant::now();
        for _ in 0..self.questions {
            whom.ask(sum::Get).await.expect("the actor answers");
        }
        self.done.send(begun.elapsed());
    }
}

pub(super) fn in_handler(runtime: &Runtime, operations: u64) -> Duration {
    run(runtime, operations, Ask::InHandler)
}

pub(super) fn aside(runtime: &Runtime, operations: u64) -> Duration {
    run(runtime, operations, Ask::Aside)
}

fn run(runtime: &Runtime, questions: u64, how: impl FnOnce(Series) -> Ask) -> Duration {
    runtime.block_on(async {
        let system = System::new("deadlock");
        let sum = system.spawn("sum", Sum::default).expect("a fresh system has room");
        let asker = system
            .spawn_once("asker", move || Asker(sum))
            .expect("a fresh system has room");
        let series = |done| how(Series { questions, done });
        let took = asker.ask(series).no_timeout().await.expect("the asker answers");
        system.shutdown().await;
        took
    })
}
