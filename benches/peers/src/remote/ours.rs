//! The same by actor-net: a node on each side, the actor found by its name.

use std::future::pending;
use std::time::Instant;

use actor_core::prelude::*;
use actor_net::{Node, Security};
use serde::{Deserialize, Serialize};

use super::{BYTES, Failed, Sent};

#[derive(Serialize, Deserialize)]
enum Msg {
    Data(#[serde(with = "serde_bytes")] Vec<u8>),
    Count(Reply<u64>),
}

#[derive(Default)]
struct Sink(u64);

impl Actor for Sink {
    type Msg = Msg;

    async fn handle(&mut self, msg: Msg, _ctx: &mut Context<Msg>) -> ActorResult {
        match msg {
            Msg::Data(_) => self.0 += 1,
            Msg::Count(reply) => reply.send(std::mem::take(&mut self.0)),
        }
        Ok(())
    }
}

pub(super) async fn serve() -> Result<(), Failed> {
    let system = System::new("there");
    let sink = system.spawn("sink", Sink::default)?;
    let node = Node::builder(&system)
        .name("there")
        .listen("127.0.0.1:0")
        .security(Security::insecure());
    let node = node.start().await?;
    node.expose("sink", &sink)?;
    println!("{}", node.address().unwrap_or_default());
    pending().await
}

#[derive(Clone)]
pub(super) struct Sender {
    _node: std::sync::Arc<Node>,
    sink: Handle<Msg>,
}

impl Sender {
    pub(super) async fn connect(to: &str) -> Result<Self, Failed> {
        let node = Node::builder(&System::new("here"))
            .name("here")
            .security(Security::insecure())
            .peer("there", to);
        let node = node.start().await?;
        let sink = node.lookup("sink@there").await?;
        let _node = std::sync::Arc::new(node);
        Ok(Self { _node, sink })
    }

    pub(super) async fn send(self, count: u64) -> Result<Sent, Failed> {
        let begun = Instant::now();
        for _ in 0..count {
            self.sink
                .tell(Msg::Data(vec![7; BYTES]))
                .await
                .map_err(|why| why.to_string())?;
        }
        let arrived = self.sink.ask(Msg::Count).no_timeout().await?;
        let took = begun.elapsed();
        Ok(Sent { took, arrived })
    }
}
