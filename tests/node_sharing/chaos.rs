//! Members under random trouble from a seed: what they know of each other and what they share is the truth in the end.
//!
//! `CLUSTER_SEEDS=100000` plays as many; `CLUSTER_SEED=17` plays that one alone.

use std::collections::BTreeMap;
use std::time::Duration;

use actor_core::prelude::*;
use actor_net::group::ClusterGroup;
use actor_net::names::Claim;
use actor_net::presence::{Presence, Tracked};
use actor_net::{Cluster, MemberState, NetConfig, Node, Standing};
use actor_testkit::{SimulatedNetwork, pass};
use futures_util::FutureExt as _;
use tokio::time::timeout;

use crate::{seeds, trio};

const SECOND: Duration = Duration::from_secs(1);

/// Within so much after the last fault all is as it is to be: members agree, connections are made again, what was lost is given up.
const MENDED_WITHIN: Duration = Duration::from_secs(40);

/// Where each looks for the others.
const FIRST: [&str; 3] = ["n00", "n01", "n02"];

/// A member with what it has in what all share.
struct Site {
    system: System,
    cluster: Cluster,
    lobby: ClusterGroup<u64>,
    users: Presence<String>,
    members: Vec<Handle<u64>>,
    sessions: Vec<(String, Tracked<String>)>,
    claims: Vec<Claim>,
}

impl Site {
    async fn new(network: &SimulatedNetwork, name: &str) -> Self {
        let system = System::new(name);
        let config = NetConfig {
            // Rarely, or simulated pings are most of what the machine does.
            heartbeat_interval: SECOND * 3,
            reconnect_max: SECOND * 2,
            ..NetConfig::default()
        };
        let node = network.node_with(&system, name, |builder| {
            let builder = builder.cluster("chat").config(config.clone());
            builder.codec(trio::codec_of(name))
        });
        let node = node.await.expect("the name is free");
        let cluster = Cluster::builder(&node).seeds(FIRST).begin().expect("it makes sense");
        let lobby = timeout(SECOND * 5, cluster.group::<u64>("lobby")).await;
        cluster.names();
        Self {
            lobby: lobby.ok().and_then(Result::ok).expect("nobody has another type of it"),
            users: cluster.presence("users").expect("it is new"),
            members: Vec::new(),
            sessions: Vec::new(),
            claims: Vec::new(),
            system,
            cluster,
        }
    }

    fn node(&self) -> &Node {
        self.cluster.node()
    }

    fn id(&self) -> String {
        self.node().id().to_string()
    }

    /// Something changes in what it has.
    async fn change(&mut self, network: &SimulatedNetwork, number: usize) {
        match network.chance(7) {
            0 | 1 => {
                let member = self.system.spawn(format!("m{number}"), || Silent);
                let member = member.expect("the name is free");
                self.lobby.join(&member);
                self.members.push(member);
            }
            2 if !self.members.is_empty() => {
                let member = self.members.swap_remove(network.chance(self.members.len()));
                self.lobby.leave(&member);
            }
            3 | 4 => {
                let key = format!("k{}", network.chance(6));
                let session = self.users.track(&key, key.clone()).expect("it is short");
                self.sessions.push((key, session));
            }
            5 if !self.sessions.is_empty() => {
                drop(self.sessions.swap_remove(network.chance(self.sessions.len())));
            }
            _ => {
                let holder = self
                    .system
                    .spawn(format!("h{number}"), || Silent)
                    .expect("the name is free");
                let name = format!("n{}", network.chance(4));
                self.claims.extend(self.cluster.names().claim(&name, &holder).await);
            }
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

async fn play(seed: u64) {
    let network = SimulatedNetwork::seeded(seed);
    let nodes = match seed % 100 {
        99 => 50,
        one if one % 10 == 9 => 9,
        one if one % 10 >= 7 => 5,
        _ => 3,
    };
    let names: Vec<String> = (0..=nodes).map(|at| format!("n{at:02}")).collect();
    let mut sites: BTreeMap<&str, Site> = BTreeMap::new();
    for name in &names[..nodes] {
        sites.insert(name, Site::new(&network, name).await);
    }
    pass(SECOND * 2).await;
    for number in 0..30 {
        let name = names[network.chance(nodes + 1)].as_str();
        match network.chance(12) {
            0 | 1 => network.trouble(),
            2 => network.repair(),
            3 if sites.len() > 2 => {
                if let Some(site) = sites.remove(name) {
                    let node = site.node().clone();
                    drop(site);
                    network.crash(node);
                }
            }
            4 if sites.len() > 2 => {
                if let Some(site) = sites.remove(name) {
                    network.tell(format!("{name} leaves"));
                    site.cluster.leave().await;
                    site.node().leave().await;
                }
            }
            5 => {
                // It starts, or starts again at once.
                drop(sites.remove(name));
                sites.insert(name, Site::new(&network, name).await);
            }
            6 => pass(SECOND * network.chance(15) as u32).await,
            _ => {
                if let Some(site) = sites.get_mut(name) {
                    site.change(&network, number).await;
                }
            }
        }
        pass(Duration::from_millis(network.chance(1000) as u64)).await;
    }
    network.repair();
    for name in FIRST {
        if !sites.contains_key(name) {
            sites.insert(name, Site::new(&network, name).await);
        }
    }
    network.tell("it is over");
    pass(MENDED_WITHIN).await;
    if sites.values().any(|site| site.cluster.standing() == Standing::Minority) {
        // More than half are gone, and nobody may say so: it takes those that are known to come back.
        for name in &names {
            if !sites.contains_key(name.as_str()) {
                sites.insert(name, Site::new(&network, name).await);
            }
        }
        pass(MENDED_WITHIN).await;
    }
    hold_to_the_truth(&sites);
}

fn hold_to_the_truth(sites: &BTreeMap<&str, Site>) {
    let (mut members, mut lobby, mut users, mut holders) = (Vec::new(), Vec::new(), Vec::new(), BTreeMap::new());
    for site in sites.values() {
        members.push(site.id());
        lobby.extend((!site.members.is_empty()).then(|| (site.id(), site.members.len())));
        users.extend(site.sessions.iter().map(|(key, _)| (key.clone(), site.id())));
        for claim in &site.claims {
            if claim.lost().now_or_never().is_none() {
                let other = holders.insert(claim.name().to_owned(), site.id());
                assert_eq!(other, None, "{} has two holders", claim.name());
            }
        }
    }
    users.sort();
    for site in sites.values() {
        let at = site.id();
        let seen = site.cluster.members();
        let well = |state: MemberState| state == MemberState::Up;
        let well: Vec<_> = seen
            .iter()
            .filter(|member| well(member.state) && member.unreachable.is_none())
            .map(|member| member.id.to_string())
            .collect();
        assert_eq!((well, seen.len()), (members.clone(), members.len()), "members at {at}");
        let nodes: Vec<_> = site
            .lobby
            .nodes()
            .into_iter()
            .map(|(id, count)| (id.to_string(), count))
            .collect();
        assert_eq!(nodes, lobby, "the group at {at}");
        let others = nodes.iter().filter(|(id, _)| *id != at).count();
        assert_eq!(site.lobby.broadcast(1).nodes.delivered, others, "the group from {at}");
        let listed = site.users.list().into_iter();
        let listed = listed.flat_map(|(key, sessions)| {
            sessions
                .into_iter()
                .map(move |one| (key.to_string(), one.node.to_string()))
        });
        let mut listed: Vec<_> = listed.collect();
        listed.sort();
        assert_eq!(listed, users, "the presence at {at}");
        let names = site.cluster.names();
        let known: BTreeMap<_, _> = (0..4)
            .map(|number| format!("n{number}"))
            .filter_map(|name| Some((name.clone(), names.holder(&name)?.to_string())))
            .collect();
        assert_eq!(known, holders, "the names at {at}");
    }
}

#[test]
fn whatever_goes_wrong_members_and_what_they_share_are_the_truth_in_the_end() {
    seeds::each("CLUSTER", 100, |seed| trio::on_paused_clock(play(seed)));
}
