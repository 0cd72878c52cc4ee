//! Many who come in from one address, and say nothing.

use std::time::Duration;

use actor_core::prelude::*;
use actor_net::transport::{MemoryNetwork, Transport};
use actor_net::{NetConfig, Node, NodeBuilder, Security};
use tokio::time::Instant;

use super::stage::{Counter, Msg};

const EACH_MAX: usize = 4;

fn node(system: &System, network: &MemoryNetwork, name: &str) -> NodeBuilder {
    let config = NetConfig {
        handshakes_max: 2 * EACH_MAX,
        handshakes_each_max: EACH_MAX,
        handshake_timeout: Duration::from_secs(3600),
        ..NetConfig::default()
    };
    Node::builder(system)
        .name(name)
        .listen(name)
        .security(Security::memory(network.transport(name), None))
        .config(config)
}

#[tokio::test(start_paused = true)]
async fn half_handshakes_from_one_address_keep_nobody_else_out() {
    let (network, system, other) = (MemoryNetwork::new(), System::new("a"), System::new("b"));
    let a = node(&system, &network, "a").start().await.expect("it starts");
    let counter = ChildSpec::once("counter", || Counter { seen: 0, gate: None });
    let counter = system.spawn_spec(counter).expect("the name is free");
    a.expose("counter", &counter).expect("it is free");
    let stranger = network.transport("stranger");
    let mut silent = Vec::new();
    for _ in 0..4 * EACH_MAX {
        silent.push(stranger.dial("a").await.expect("it listens"));
    }
    let begun = Instant::now();
    let b = node(&other, &network, "b").start().await.expect("it starts");
    let far = b.lookup::<Msg>("counter@a").await.expect("it is let in");
    far.tell(Msg::Text("hello".to_owned())).await.expect("it lives");
    assert_eq!(far.ask(Msg::Count).await, Ok(1));
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    drop(silent);
}
