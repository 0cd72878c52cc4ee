//! The actor and the task that most cases share: they add numbers up, and answer with the sum.

use actor_core::prelude::*;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::PLACES;

/// An actor that adds up.
#[derive(Default)]
pub(crate) struct Sum(u64);

/// What the actor is told.
pub(crate) enum Msg {
    Add(u64),
    Get(Reply<u64>),
}

impl Actor for Sum {
    type Msg = Msg;

    async fn handle(&mut self, msg: Msg, _ctx: &mut Context<Msg>) -> ActorResult {
        match msg {
            Msg::Add(number) => self.0 = self.0.wrapping_add(number),
            Msg::Get(reply) => reply.send(self.0),
        }
        Ok(())
    }
}

/// What the task is sent.
pub(crate) enum Order {
    Add(u64),
    Get(oneshot::Sender<u64>),
}

/// The same by hand: a task that owns the sum, the sender to it, and its end.
pub(crate) fn task() -> (mpsc::Sender<Order>, JoinHandle<()>) {
    let (sender, mut receiver) = mpsc::channel(PLACES);
    let end = tokio::spawn(async move {
        let mut sum = 0_u64;
        while let Some(order) = receiver.recv().await {
            match order {
                Order::Add(number) => sum = sum.wrapping_add(number),
                Order::Get(reply) => drop(reply.send(sum)),
            }
        }
    });
    (sender, end)
}

/// Asks the task.
pub(crate) async fn get(task: &mpsc::Sender<Order>) -> u64 {
    let (reply, answer) = oneshot::channel();
    task.send(Order::Get(reply)).await.expect("the task lives");
    answer.await.expect("the task answers")
}
