//! The same by kameo's remote: a libp2p swarm on each side over TCP, the actor found by its name.

use std::future::pending;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use kameo::prelude::*;
use libp2p::swarm::SwarmEvent;
use libp2p::{Multiaddr, PeerId, SwarmBuilder, noise, tcp, yamux};
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use super::{BYTES, Failed, Sent};

#[derive(Actor, RemoteActor, Default)]
struct Sink {
    count: u64,
}

#[derive(Serialize, Deserialize)]
struct Data(#[serde(with = "serde_bytes")] Vec<u8>);

#[derive(Serialize, Deserialize)]
struct Count;

#[remote_message]
impl Message<Data> for Sink {
    type Reply = ();

    async fn handle(&mut self, _: Data, _: &mut Context<Self, ()>) {
        self.count += 1;
    }
}

#[remote_message]
impl Message<Count> for Sink {
    type Reply = u64;

    async fn handle(&mut self, _: Count, _: &mut Context<Self, u64>) -> u64 {
        self.count
    }
}

/// Starts the swarm of this process; returns who it is and where it listens.
async fn swarm(dials: Option<(PeerId, Multiaddr)>) -> Result<(PeerId, Multiaddr), Failed> {
    let mut swarm = SwarmBuilder::with_new_identity()
        .with_tokio()
        .with_tcp(tcp::Config::default().nodelay(true), noise::Config::new, yamux::Config::default)?
        .with_behaviour(|key| {
            remote::Behaviour::new(key.public().to_peer_id(), remote::messaging::Config::default())
        })?
        // It is closed otherwise where a second passes between two rounds.
        .with_swarm_config(|config| config.with_idle_connection_timeout(Duration::from_secs(600)))
        .build();
    swarm.behaviour().init_global();
    swarm.listen_on("/ip4/127.0.0.1/tcp/0".parse()?)?;
    if let Some((peer, address)) = dials {
        swarm.add_peer_address(peer, address.clone());
        swarm.dial(address)?;
    }
    let id = *swarm.local_peer_id();
    let (sender, listens) = oneshot::channel();
    tokio::spawn(async move {
        let mut sender = Some(sender);
        loop {
            if let SwarmEvent::NewListenAddr { address, .. } = swarm.select_next_some().await
                && let Some(sender) = sender.take()
            {
                let _ = sender.send(address);
            }
        }
    });
    Ok((id, listens.await?))
}

pub(super) async fn serve() -> Result<(), Failed> {
    let (id, address) = swarm(None).await?;
    let sink = Sink::spawn_default();
    // The actor may be registered before anybody else is there to be told.
    let _ = sink.register("sink").await;
    println!("{id} {address}");
    pending().await
}

#[derive(Clone)]
pub(super) struct Sender(RemoteActorRef<Sink>);

impl Sender {
    pub(super) async fn connect(to: &str) -> Result<Self, Failed> {
        let (id, address) = to.split_once(' ').ok_or("the other process did not start")?;
        swarm(Some((id.parse()?, address.parse()?))).await?;
        for _ in 0..500 {
            if let Ok(Some(sink)) = RemoteActorRef::<Sink>::lookup("sink").await {
                return Ok(Self(sink));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Err("kameo did not find the actor".into())
    }

    /// What it accepts does not all come: until no more does.
    pub(super) async fn send(self, count: u64) -> Result<Sent, Failed> {
        let before = self.0.ask(&Count).await?;
        let begun = Instant::now();
        for _ in 0..count {
            self.0.tell(&Data(vec![7; BYTES])).send()?;
        }
        let mut last = (begun.elapsed(), 0);
        while last.1 < count && begun.elapsed() < last.0 + Duration::from_secs(2) {
            tokio::time::sleep(Duration::from_millis(1)).await;
            if let Ok(now) = self.0.ask(&Count).await
                && now - before > last.1
            {
                last = (begun.elapsed(), now - before);
            }
        }
        let (took, arrived) = last;
        Ok(Sent { took, arrived })
    }
}
