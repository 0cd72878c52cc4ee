//! The actor and the task that some cases share.

use actor_core::prelude::*;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use benches::framework::PLACES;

/// An actor with a number.
#[derive(Default)]
pub(crate) struct Sum(u64);

/// What the actor is asked.
pub(crate) struct Get(pub(crate) Reply<u64>);

impl Actor for Sum {
    type Msg = Get;

    async fn handle(&mut self, Get(reply): Get, _ctx: &mut Context<Get>) -> ActorResult {
        reply.send(self.0);
        Ok(())
    }
}

/// The same by hand: a task that owns the sum, the sender to it, and its end.
pub(crate) fn task() -> (mpsc::Sender<u64>, JoinHandle<()>) {
    let (sender, mut receiver) = mpsc::channel(PLACES);
    let end = tokio::spawn(async move {
        let mut sum = 0_u64;
        while let Some(number) = receiver.recv().await {
            sum = sum.wrapping_add(number);
        }
    });
    (sender, end)
}
