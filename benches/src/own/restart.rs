//! A worker that panics, and the next message that is handled after it.

use std::panic;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actor_core::Supervisor;
use actor_core::prelude::*;
use tokio::runtime::Runtime;
use tokio::sync::{Mutex, mpsc, oneshot};

use benches::framework::PLACES;

struct Fragile;

enum Blow {
    Panic,
    Answer(Reply<()>),
}

impl Actor for Fragile {
    type Msg = Blow;

    async fn handle(&mut self, msg: Blow, _ctx: &mut Context<Blow>) -> ActorResult {
        match msg {
            Blow::Panic => panic!("on purpose"),
            Blow::Answer(reply) => reply.send(()),
        }
        Ok(())
    }
}

/// Without the report of each panic, which costs more than the rest.
fn silently<T>(f: impl FnOnce() -> T) -> T {
    let before = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let result = f();
    panic::set_hook(before);
    result
}

pub(super) fn ours(runtime: &Runtime, operations: u64) -> Duration {
    let work = async {
        let system = System::new("restart");
        let supervisor = Supervisor::one_for_one()
            .intensity(usize::MAX, Duration::from_secs(1))
            .child(ChildSpec::new("fragile", || Fragile));
        let supervisor = system.start(supervisor.named("supervisor")).await.expect("it starts");
        let fragile = supervisor.child::<Blow>("fragile").await.expect("it is there");
        let took = tokio::spawn(async move {
            let begun = Instant::now();
            for _ in 0..operations {
                fragile.tell(Blow::Panic).await.expect("it comes back each time");
                fragile.ask(Blow::Answer).await.expect("it comes back each time");
            }
            begun.elapsed()
        });
        let took = took.await.expect("the one who throws ends");
        system.shutdown().await;
        took
    };
    silently(|| runtime.block_on(work))
}

enum Order {
    Panic,
    Answer(oneshot::Sender<()>),
}

/// By hand: a task that starts another each time it has panicked, and gives it the receiver again.
pub(super) fn raw(runtime: &Runtime, operations: u64) -> Duration {
    let work = async {
        let (sender, receiver) = mpsc::channel(PLACES);
        let receiver = Arc::new(Mutex::new(receiver));
        let supervisor = tokio::spawn(async move {
            loop {
                let receiver = receiver.clone();
                if tokio::spawn(fragile(receiver)).await.is_ok() {
                    return;
                }
            }
        });
        let took = tokio::spawn(async move {
            let begun = Instant::now();
            for _ in 0..operations {
                sender.send(Order::Panic).await.expect("it comes back each time");
                let (reply, answer) = oneshot::channel();
                sender
                    .send(Order::Answer(reply))
                    .await
                    .expect("it comes back each time");
                answer.await.expect("it comes back each time");
            }
            begun.elapsed()
        });
        let took = took.await.expect("the one who throws ends");
        supervisor.await.expect("it ends with its senders");
        took
    };
    silently(|| runtime.block_on(work))
}

async fn fragile(receiver: Arc<Mutex<mpsc::Receiver<Order>>>) {
    let mut receiver = receiver.lock().await;
    while let Some(order) = receiver.recv().await {
        match order {
            Order::Panic => panic!("on purpose"),
            Order::Answer(reply) => drop(reply.send(())),
        }
    }
}
