//! The smallest actor: state with one owner, told and asked by messages.
//!
//! `cargo run --example counter`

use actor_core::prelude::*;

enum Counter {
    Add(u64),
    Get(Reply<u64>),
}

#[derive(Default)]
struct Total(u64);

impl Actor for Total {
    type Msg = Counter;

    async fn handle(&mut self, msg: Counter, _ctx: &mut Context<Counter>) -> ActorResult {
        match msg {
            Counter::Add(n) => self.0 += n,
            Counter::Get(reply) => reply.send(self.0),
        }
        Ok(())
    }
}

#[tokio::main]
async fn main() -> ActorResult {
    let system = System::new("demo");
    let counter = system.spawn("counter", Total::default)?;
    counter.tell(Counter::Add(2)).await?;
    counter.tell(Counter::Add(40)).await?;
    println!("{}", counter.ask(Counter::Get).await?);
    system.shutdown().await;
    Ok(())
}
