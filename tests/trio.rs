//! What tests of services across nodes share: three nodes on a simulated network.

use std::future::Future;
use std::time::Duration;

use actor_core::System;
use actor_net::{Codec, NetConfig, Node};
use actor_testkit::{SimulatedNetwork, pass};

pub(crate) const NAMES: [&str; 3] = ["a", "b", "c"];

/// Longer than a lost connection, grace and a resync take together.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// What `make` makes for each of the three.
pub(crate) async fn for_each<S, F: Future<Output = S>>(make: impl Fn(&'static str) -> F) -> Vec<S> {
    let mut made = Vec::new();
    for name in NAMES {
        made.push(make(name).await);
    }
    made
}

/// So that each codec is spoken, and what goes to all is encoded in both.
pub(crate) fn codec_of(name: &str) -> Codec {
    Codec::ALL[usize::from(name == "c")]
}

pub(crate) async fn node(network: &SimulatedNetwork, system: &System, name: &str) -> Node {
    let config = NetConfig {
        reconnect_max: Duration::from_secs(2),
        // Rarely, or simulated pings are most of what the machine does.
        heartbeat_interval: Duration::from_secs(3),
        ..NetConfig::default()
    };
    let node = network.node_with(system, name, |builder| {
        builder.config(config.clone()).codec(codec_of(name))
    });
    node.await.expect("the name is free")
}

/// Has each of these nodes connect to the others.
pub(crate) async fn connect(nodes: impl Iterator<Item = &Node>) {
    for node in nodes {
        for name in NAMES.iter().filter(|name| **name != node.id().name.as_str()) {
            // One of them may be away.
            let _ = node.connect(name, None).await;
        }
    }
    on_its_way().await;
}

/// Lets come what is on its way.
pub(crate) async fn on_its_way() {
    pass(Duration::from_millis(100)).await;
}

/// Runs a future on a clock that stands still until nobody has anything to do.
pub(crate) fn on_paused_clock<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    runtime.expect("a runtime").block_on(future)
}
