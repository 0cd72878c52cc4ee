//! A node in a process of its own, for the tests that stop, continue and kill one.
//!
//! `puppet name=b listen=127.0.0.1:0 secret=…` tells on its output what happens to it, a line each, and does what it is told on its
//! input. It ends when its input does, so that none is left behind by a test that fails.

mod spoken;

use std::collections::HashMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use actor_core::prelude::*;
use actor_net::transport::{CertificateError, Tls, TlsFiles};
use actor_net::{NetConfig, Node, NodeEvent, Secret, Security};
use spoken::{Room, protocol};
use tokio::io::{AsyncBufReadExt, BufReader, stdin};

#[derive(Default)]
struct Lobby {
    said: Vec<u64>,
    kept: Vec<Reply<()>>,
}

impl Actor for Lobby {
    type Msg = Room;

    async fn handle(&mut self, msg: Room, ctx: &mut Context<Room>) -> ActorResult {
        match msg {
            Room::Say(number) => self.said.push(number),
            Room::Said(reply) => reply.send(self.said.clone()),
            Room::Keep(reply) => self.kept.push(reply),
            Room::Meet(other) => {
                ctx.watch(&other);
                ctx.attach(async move {
                    let kept = other.ask(Room::Keep).no_timeout().await;
                    Room::KeptUntil(format!("{kept:?}"))
                });
            }
            Room::KeptUntil(end) => println!("kept until {end}"),
        }
        Ok(())
    }

    async fn on_signal(&mut self, signal: Signal, _ctx: &mut Context<Room>) -> ActorResult {
        if let Signal::Down(down) = signal {
            println!("down {:?}", down.reason);
        }
        Ok(())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let words = std::env::args().skip(1).collect::<Vec<_>>();
    let flags: HashMap<&str, &str> = words.iter().filter_map(|word| word.split_once('=')).collect();
    let flag = |name: &str| flags.get(name).copied();
    let name = flag("name").ok_or("name=")?;
    let silence = Duration::from_millis(flag("silence").unwrap_or("10000").parse()?);
    let tls = flag("tls").map(|folder| tls(Path::new(folder), flag("certificate").unwrap_or(name), silence));
    let tls = tls.transpose()?;
    let security = match &tls {
        Some(tls) => Security::tls(tls.clone()),
        None => {
            let secret = Secret::new(flag("secret").ok_or("secret= or tls=")?.as_bytes());
            Security::secret(secret.ok_or("a longer secret")?)
        }
    };

    let system = System::new("puppet");
    let mut node = Node::builder(&system).name(name).security(security).config(NetConfig {
        heartbeat_timeout: silence,
        heartbeat_interval: silence / 20,
        ..NetConfig::default()
    });
    if let Some((peer, address)) = flag("peer").and_then(|peer| peer.split_once('@')) {
        node = node.peer(peer, address);
    }
    let node = node.listen(flag("listen").unwrap_or("127.0.0.1:0")).start().await?;
    let version = flag("version").unwrap_or("1").parse()?;
    let lobby = system.spawn("lobby", Lobby::default)?;
    node.expose_as("lobby", &lobby, protocol(version))?;
    let mut events = node.events();
    println!("ready {}", node.address().unwrap_or_default());

    let mut orders = BufReader::new(stdin()).lines();
    loop {
        tokio::select! {
            order = orders.next_line() => match order? {
                None => return Ok(()),
                Some(order) => match (order.split_once(' '), &tls) {
                    (Some(("find", name)), _) => match node.lookup_as::<Room>(name, protocol(version)).await {
                        Ok(found) => println!("found {}", found.path()),
                        Err(why) => println!("not found: {why}"),
                    },
                    (None, Some(tls)) if order == "reload" => println!("reloaded {:?}", tls.reload()),
                    _ => println!("not understood: {order}"),
                },
            },
            event = events.recv() => match event? {
                NodeEvent::Connected(peer) => println!("connected {}", peer.name),
                NodeEvent::Lost(peer, why) => println!("lost {peer}: {why}"),
                _ => {}
            },
        }
    }
}

fn tls(folder: &Path, certificate: &str, silence: Duration) -> Result<Tls, CertificateError> {
    let file = |name: &str| -> PathBuf { folder.join(name) };
    let files = TlsFiles {
        certificate: file(&format!("{certificate}.pem")),
        key: file(&format!("{certificate}.key")),
        authorities: file("authority.pem"),
    };
    Tls::new(files, silence)
}
