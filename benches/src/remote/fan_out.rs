//! A broadcast to a hundred thousand members at three nodes, beside one to as many at one.
//!
//! All are in one process, on a runtime of their own with a thread for each core, and what broadcasts is a task of it: so both ways have the
//! same threads. From outside of a runtime with one, members here are told by a thread more, and those elsewhere are not.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use actor_core::prelude::*;
use actor_net::{Cluster, Node, Security};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;
use tokio::time::timeout;

use super::Ends;

/// So many at each of the three nodes; as many as all of them are members of the other group.
const EACH: u64 = 33_333;
pub(super) const ALL: u64 = 3 * EACH;

/// Counts what the members of one group have heard.
#[derive(Default)]
struct Heard {
    count: AtomicU64,
    is_all: Notify,
}

struct Member(Arc<Heard>);

impl Actor for Member {
    type Msg = u64;

    async fn handle(&mut self, _msg: u64, _ctx: &mut Context<u64>) -> ActorResult {
        if (self.0.count.fetch_add(1, Ordering::Relaxed) + 1).is_multiple_of(ALL) {
            self.0.is_all.notify_one();
        }
        Ok(())
    }
}

/// Both groups, seen from the first node.
struct Stage {
    across: actor_net::group::ClusterGroup<u64>,
    heard_across: Arc<Heard>,
    local: Group<u64>,
    heard_here: Arc<Heard>,
    _members: Vec<Cluster>,
}

async fn node(system: &System, name: &str) -> Node {
    let node = Node::builder(system).name(name).cluster("fan-out");
    let node = node.security(Security::insecure()).listen("127.0.0.1:0").start().await;
    node.expect("a port is free")
}

impl Stage {
    async fn new() -> Self {
        let (heard_across, heard_here) = (Arc::<Heard>::default(), Arc::<Heard>::default());
        let (mut members, mut across, mut seeds) = (Vec::new(), Vec::new(), Vec::new());
        for name in ["a", "b", "c"] {
            let system = System::new(name);
            let node = node(&system, name).await;
            let cluster = Cluster::builder(&node).seeds(seeds.clone()).join().await;
            let cluster = cluster.expect("it makes sense");
            let group = cluster.group::<u64>("all").await.expect("it is new");
            for number in 0..EACH {
                let heard = heard_across.clone();
                let member = system.spawn(format!("m{number}"), move || Member(heard.clone()));
                group.join(&member.expect("the name is free"));
            }
            seeds.extend(node.address().map(str::to_owned));
            members.push(cluster);
            across.push((system, group));
        }
        let local = Group::new();
        for number in 0..ALL {
            let heard = heard_here.clone();
            let member = across[0].0.spawn(format!("l{number}"), move || Member(heard.clone()));
            local.join(&member.expect("the name is free"));
        }
        let (_, group) = across.swap_remove(0);
        let found = async {
            while group.nodes().len() < 3 || group.len() < ALL as usize {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            // The ways to the other two are looked for when it is known that there are some.
            while group.broadcast(0).nodes.delivered < 2 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        };
        timeout(Duration::from_secs(60), found)
            .await
            .expect("they find each other");
        heard_across.count.store(0, Ordering::Relaxed);
        let _ = timeout(Duration::from_millis(1), heard_across.is_all.notified()).await;
        Self {
            across: group,
            heard_across,
            local,
            heard_here,
            _members: members,
        }
    }
}

fn stage() -> &'static (Runtime, Stage) {
    static STAGE: OnceLock<(Runtime, Stage)> = OnceLock::new();
    STAGE.get_or_init(|| {
        let runtime = Builder::new_multi_thread().enable_all().build();
        let runtime = runtime.expect("there are threads for it");
        let stage = runtime.block_on(Stage::new());
        (runtime, stage)
    })
}

fn until_all(operations: u64, heard: fn(&Stage) -> &Heard, broadcast: fn(&Stage, u64)) -> Duration {
    let (runtime, stage) = stage();
    let work = async move {
        let begun = Instant::now();
        for number in 0..operations.div_ceil(ALL) {
            broadcast(stage, number);
            heard(stage).is_all.notified().await;
        }
        begun.elapsed()
    };
    runtime.block_on(runtime.spawn(work)).expect("all have heard it")
}

pub(super) fn across(_: &Runtime, _: &Ends, operations: u64) -> Duration {
    until_all(
        operations,
        |stage| &stage.heard_across,
        |stage, number| {
            let told = stage.across.broadcast(number);
            assert_eq!(told.nodes.delivered, 2, "one message for each node");
        },
    )
}

pub(super) fn local(_: &Runtime, _: &Ends, operations: u64) -> Duration {
    until_all(
        operations,
        |stage| &stage.heard_here,
        |stage, number| assert_eq!(stage.local.broadcast(number).delivered, ALL as usize),
    )
}
