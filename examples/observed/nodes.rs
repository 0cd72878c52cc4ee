//! Other nodes, each in a process of its own.

use std::fmt::Write as _;
use std::process::Stdio;

use actor_core::prelude::*;
use actor_net::group::ClusterGroup;
use actor_net::presence::Tracked;
use actor_net::{Cluster, Node, Secret, Security};
use anyhow::Context as _;
use tokio::process::{Child, Command};

/// Where the others find what all of this run have in common.
const SECRET: &str = "OBSERVED_SECRET";
const SEED: &str = "OBSERVED_SEED";

/// Begins a cluster, and starts so many others that join it. They end with what is returned.
pub(crate) async fn with_others(system: &System, others: usize) -> anyhow::Result<(Cluster, Shared, Vec<Child>)> {
    let mut random = [0_u8; 32];
    getrandom::fill(&mut random).context("no random bytes to be had")?;
    let secret = random.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    });
    let node = node(system, "demo", &secret).await?;
    let seed = node.address().context("it listens")?.to_owned();
    let cluster = Cluster::builder(&node).join().await?;
    let shared = share(system, &cluster).await?;
    let start = |n| {
        Command::new(std::env::current_exe()?)
            .args(["--member", &format!("node-{n}")])
            .env(SECRET, &secret)
            .env(SEED, &seed)
            .stdin(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
    };
    let others = (1..=others).map(start).collect::<Result<_, _>>()?;
    Ok((cluster, shared, others))
}

/// Is one of the others, until the first has gone.
pub(crate) async fn be(name: &str) -> anyhow::Result<()> {
    let system = System::new(name);
    let node = node(&system, name, &std::env::var(SECRET)?).await?;
    let cluster = Cluster::builder(&node).seeds([std::env::var(SEED)?]).join().await?;
    let _shared = share(&system, &cluster).await?;
    // It ends when the first does, which holds the other end.
    tokio::io::copy(&mut tokio::io::stdin(), &mut tokio::io::sink()).await?;
    Ok(())
}

/// What each node shares with the others, for as long as it is held.
pub(crate) struct Shared {
    _hall: ClusterGroup<String>,
    _visitor: Tracked<String>,
}

/// Joins a group, and says of a visitor that it is there.
async fn share(system: &System, cluster: &Cluster) -> anyhow::Result<Shared> {
    let hall = cluster.group("town hall").await?;
    hall.join(&system.spawn("citizen", || Citizen)?);
    let visitors = cluster.presence("visitors")?;
    let visitor = visitors.track("postman", "with letters".to_owned())?;
    Ok(Shared {
        _hall: hall,
        _visitor: visitor,
    })
}

/// Hears what is said in the town hall.
struct Citizen;

impl Actor for Citizen {
    type Msg = String;

    async fn handle(&mut self, _said: String, _ctx: &mut Context<String>) -> ActorResult {
        Ok(())
    }
}

async fn node(system: &System, name: &str, secret: &str) -> anyhow::Result<Node> {
    let secret = Secret::new(secret.as_bytes()).context("a secret is too short")?;
    let node = Node::builder(system)
        .name(name)
        .cluster("observed")
        .listen("127.0.0.1:0");
    Ok(node.security(Security::secret(secret)).start().await?)
}
