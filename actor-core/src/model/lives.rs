//! Whole actors: their lives, and what is said to them in between.

use shuttle::future::block_on;

use crate::actor::Actor;
use crate::ask::Reply;
use crate::context::Context;
use crate::error::{ActorResult, AskError};
use crate::system::System;

use super::in_many_orders;

struct Echo;

impl Actor for Echo {
    type Msg = Reply<u32>;

    async fn handle(&mut self, reply: Reply<u32>, _ctx: &mut Context<Reply<u32>>) -> ActorResult {
        reply.send(1);
        Ok(())
    }
}

#[test]
fn a_question_to_one_that_is_stopped_has_one_outcome() {
    in_many_orders(|| {
        block_on(async {
            let system = System::new("model");
            let echo = system.spawn("echo", || Echo).expect("it starts");
            let asker = echo.clone();
            let asked = shuttle::future::spawn(async move { asker.ask(|reply| reply).await });
            drop(echo.stop());
            match asked.await.expect("it ends") {
                Ok(1) | Err(AskError::Stopped) => {}
                other => panic!("{other:?}"),
            }
            let report = system.shutdown().await;
            let dead = report.dead_letters;
            assert_eq!(dead.accepted(), dead.handled() + dead.total());
        });
    });
}
