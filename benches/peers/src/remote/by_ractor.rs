//! The same by ractor_cluster: a node server on each side, the actor found in a process group.

use std::future::pending;
use std::net::{Ipv4Addr, TcpListener};
use std::time::{Duration, Instant};

use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort, pg, rpc::CallResult};
use ractor_cluster::{NodeServer, RactorClusterMessage};

use super::{BYTES, Failed, Sent};

#[derive(RactorClusterMessage)]
enum Msg {
    Data(Vec<u8>),
    #[rpc]
    Count(RpcReplyPort<u64>),
}

struct Sink;

impl Actor for Sink {
    type Msg = Msg;
    type State = u64;
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<Msg>, _: ()) -> Result<u64, ActorProcessingErr> {
        Ok(0)
    }

    async fn handle(&self, _: ActorRef<Msg>, msg: Msg, count: &mut u64) -> Result<(), ActorProcessingErr> {
        match msg {
            Msg::Data(_) => *count += 1,
            Msg::Count(reply) => reply.send(std::mem::take(count))?,
        }
        Ok(())
    }
}

async fn node(name: &str) -> Result<(ActorRef<ractor_cluster::NodeServerMessage>, u16), Failed> {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
    let node = NodeServer::new(port, "cookie".into(), name.into(), "localhost".into(), None, None)
        .with_listen_addr(Ipv4Addr::LOCALHOST.into());
    let (node, _) = Actor::spawn(None, node, ()).await?;
    Ok((node, port))
}

pub(super) async fn serve() -> Result<(), Failed> {
    let (_node, port) = node("there").await?;
    let (sink, _) = Actor::spawn(Some("sink".into()), Sink, ()).await?;
    pg::join("sinks".into(), vec![sink.get_cell()]);
    println!("{port}");
    pending().await
}

#[derive(Clone)]
pub(super) struct Sender(ActorRef<Msg>);

impl Sender {
    pub(super) async fn connect(to: &str) -> Result<Self, Failed> {
        let (node, _) = node("here").await?;
        ractor_cluster::client_connect(&node, ("127.0.0.1", to.parse::<u16>()?)).await?;
        loop {
            if let Some(sink) = pg::get_members(&"sinks".to_owned()).into_iter().next() {
                return Ok(Self(sink.into()));
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub(super) async fn send(self, count: u64) -> Result<Sent, Failed> {
        let begun = Instant::now();
        for _ in 0..count {
            self.0.cast(Msg::Data(vec![7; BYTES])).map_err(|why| why.to_string())?;
        }
        let answer = self.0.call(Msg::Count, None).await.map_err(|why| why.to_string())?;
        let CallResult::Success(arrived) = answer else {
            return Err("the count was not answered".into());
        };
        let took = begun.elapsed();
        Ok(Sent { took, arrived })
    }
}
