//! Groups under random trouble from a seed: all nodes know the same in the end.
//!
//! `NODE_SEEDS=100000` runs as many; `NODE_SEED=17` runs that one alone.

use std::collections::BTreeMap;
use std::time::Duration;

use actor_core::prelude::*;
use actor_net::group::ClusterGroup;
use actor_testkit::{SimulatedNetwork, pass};

use crate::seeds;
use crate::trio::{self, LONG, NAMES};

use super::{connect, counts, site};

async fn run(seed: u64) {
    let network = SimulatedNetwork::seeded(seed);
    let mut sites = trio::for_each(|name| site(&network, name)).await;
    connect(&sites).await;
    let rooms = ["r0", "r1", "r2", "r3"];
    type Members = Vec<(usize, ClusterGroup<u64>, Handle<u64>)>;
    let mut members: Vec<Members> = NAMES.iter().map(|_| Vec::new()).collect();
    let mut next = 0;
    for _ in 0..60 {
        let (at, room) = (network.chance(3), network.chance(rooms.len()));
        match network.chance(12) {
            0 => network.trouble(),
            1 => network.repair(),
            2 => {
                members[at].clear();
                let old = sites.remove(at);
                network.crash(old.node);
                sites.insert(at, site(&network, NAMES[at]).await);
                connect(&sites).await;
            }
            3 => pass(Duration::from_millis(network.chance(15_000) as u64)).await,
            4..7 if !members[at].is_empty() => {
                let which = network.chance(members[at].len());
                let (_, group, handle) = members[at].swap_remove(which);
                if network.chance(2) == 0 {
                    group.leave(&handle);
                } else {
                    let _ = handle.stop().await;
                }
            }
            _ => {
                next += 1;
                let group = sites[at].groups.group::<u64>(rooms[room]);
                if let Ok(Ok(group)) = tokio::time::timeout(Duration::from_secs(3), group).await {
                    let member = sites[at]
                        .system
                        .spawn(format!("m{next}"), || Silent)
                        .expect("the name is free");
                    group.join(&member);
                    members[at].push((room, group, member));
                }
            }
        }
        pass(Duration::from_millis(network.chance(300) as u64)).await;
    }
    network.repair();
    pass(LONG).await;
    connect(&sites).await;
    pass(LONG).await;
    for (room, name) in rooms.iter().enumerate() {
        let mut truth: BTreeMap<String, usize> = BTreeMap::new();
        for (site, members) in sites.iter().zip(&members) {
            let here = members.iter().filter(|(of, ..)| *of == room).count();
            truth.extend((here > 0).then(|| (site.node.id().name.to_string(), here)));
        }
        for site in &sites {
            let group = site
                .groups
                .group::<u64>(name)
                .await
                .expect("it means the same everywhere");
            let known: BTreeMap<String, usize> = counts(&group).into_iter().collect();
            assert_eq!(known, truth, "NODE_SEED={seed}: {name} at {}", site.node.id());
            let told = group.broadcast(1);
            let others = truth
                .keys()
                .filter(|name| **name != *site.node.id().name.as_str())
                .count();
            assert_eq!(
                told.nodes.delivered,
                others,
                "NODE_SEED={seed}: {name} from {}: {told:?}",
                site.node.id()
            );
            let all = group.members_all().await;
            let count: usize = truth.values().sum();
            assert_eq!(
                (all.members.len(), all.missing.len()),
                (count, 0),
                "NODE_SEED={seed}: {name}"
            );
        }
    }
}

struct Silent;

impl Actor for Silent {
    type Msg = u64;

    async fn handle(&mut self, _msg: u64, _ctx: &mut Context<u64>) -> ActorResult {
        Ok(())
    }
}

#[test]
fn whatever_goes_wrong_all_nodes_know_the_same_groups_in_the_end_and_reach_their_members() {
    seeds::each("NODE", 30, |seed| trio::on_paused_clock(run(seed)));
}
