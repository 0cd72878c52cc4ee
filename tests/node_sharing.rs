//! What the members of a cluster share: groups, presence and names find all members by themselves.

use std::time::Duration;

use actor_core::System;
use actor_core::prelude::*;
use actor_net::group::ClusterGroup;
use actor_net::presence::{Presence, Tracked};
use actor_net::{Cluster, ClusterConfig, ExposeError, NetConfig, Node, NodeEvent};
use actor_testkit::{Probe, SimulatedNetwork, pass};
use futures_util::FutureExt as _;

use crate::trio::{self, on_its_way};

const SECOND: Duration = Duration::from_secs(1);

/// A member with what it shares.
struct Site {
    system: System,
    cluster: Cluster,
    lobby: ClusterGroup<u64>,
    member: Probe<u64>,
    users: Presence<String>,
    _session: Tracked<String>,
}

/// Each knows the address of the first alone, and asks nobody for anything but what members share.
async fn site(network: &SimulatedNetwork, name: &str, config: NetConfig) -> Site {
    let system = System::new(name);
    let node = network.node_with(&system, name, |builder| builder.cluster("chat").config(config.clone()));
    let node = node.await.expect("the name is free");
    let config = ClusterConfig {
        // Or the membership itself looks for who is gone, now and then.
        regain_interval: SECOND * 3600,
        ..ClusterConfig::default()
    };
    let joining = Cluster::builder(&node).seeds(["a"]).config(config).join();
    let cluster = joining.await.expect("it makes sense");
    let lobby = cluster.group::<u64>("lobby").await.expect("it is new");
    let member = Probe::spawn(&system, "member");
    assert!(lobby.join(&member.handle()));
    let users = cluster.presence::<String>("users").expect("it is new");
    let session = users.track(name, "here".to_owned()).expect("it is short");
    Site {
        system,
        cluster,
        lobby,
        member,
        users,
        _session: session,
    }
}

async fn three(config: NetConfig) -> (SimulatedNetwork, Vec<Site>) {
    let network = SimulatedNetwork::seeded(1);
    let sites = trio::for_each(|name| site(&network, name, config.clone())).await;
    pass(SECOND * 3).await;
    (network, sites)
}

fn node(site: &Site) -> &Node {
    site.cluster.node()
}

#[tokio::test(start_paused = true)]
async fn members_share_groups_presence_and_names_though_nobody_has_spoken_before() {
    let (_network, mut sites) = three(NetConfig::default()).await;
    let told = sites[1].lobby.broadcast(7);
    assert_eq!((told.here.delivered, told.nodes.delivered), (1, 2));
    for site in &mut sites {
        assert_eq!(site.member.expect().await, 7);
        assert_eq!(site.users.len(), 3);
    }
    let claim = sites[1].cluster.names().claim("ann", &sites[1].member.handle()).await;
    let claim = claim.expect("nobody has it");
    let ann = sites[2].cluster.names();
    on_its_way().await;
    let ann = ann.lookup::<u64>("ann").await.expect("it is known");
    ann.tell(8).await.expect("it lives");
    assert_eq!(sites[1].member.expect().await, 8);
    drop(claim);

    // What was opened on the node by hand is the same.
    let again = actor_net::group::Groups::open(node(&sites[0]), actor_net::group::GroupsConfig::default());
    assert!(matches!(again, Err(ExposeError::NameTaken(_))));
    assert_eq!(sites[0].cluster.groups().len(), 1);
    let other = sites[0].cluster.presence::<u64>("users");
    assert!(matches!(other, Err(ExposeError::NameTaken(_))));
}

#[tokio::test(start_paused = true)]
async fn who_joins_later_takes_part_without_being_spoken_to() {
    let (network, mut sites) = three(NetConfig::default()).await;
    sites.push(site(&network, "d", NetConfig::default()).await);
    pass(SECOND * 2).await;
    for site in &sites {
        assert_eq!((site.lobby.len(), site.users.len()), (4, 4), "{:?}", site.cluster);
    }
    assert_eq!(sites[3].lobby.broadcast(1).nodes.delivered, 3);
}

#[tokio::test(start_paused = true)]
async fn the_connection_of_a_member_that_was_found_down_is_cut_on_the_verdict() {
    let config = NetConfig {
        heartbeat_timeout: SECOND * 600,
        ..NetConfig::default()
    };
    let (network, mut sites) = three(config).await;
    let shop = Probe::<u64>::spawn(&sites[2].system, "shop");
    node(&sites[2]).expose("shop", &shop.handle()).expect("it is free");
    let far = node(&sites[0]).lookup::<u64>("shop@c").await.expect("it is there");
    let watch = far.watch();
    tokio::pin!(watch);
    let _lost = sites.remove(2);
    network.partition(&["c"], &["a", "b"]);
    pass(SECOND * 2).await;
    let early = (&mut watch).now_or_never();
    assert!(early.is_none(), "it is only suspected: {early:?}");
    pass(SECOND * 4).await;
    let down = (&mut watch).now_or_never().expect("it was found down");
    assert!(matches!(down.reason, ExitReason::NodeDown));
    // What it had goes after its grace from then on.
    pass(SECOND * 6).await;
    for site in &sites {
        assert_eq!((site.lobby.len(), site.users.len()), (2, 2));
    }
}

#[tokio::test(start_paused = true)]
async fn a_member_that_was_found_down_is_not_dialled_again_for_what_it_shared() {
    let (network, mut sites) = three(NetConfig::default()).await;
    let lost = sites.remove(2);
    let crashed = node(&lost).clone();
    drop(lost);
    network.cut("a", "c");
    network.cut("b", "c");
    network.crash(crashed);
    pass(SECOND * 10).await;
    let mut events = node(&sites[0]).events();
    pass(SECOND * 120).await;
    while let Ok(event) = events.try_recv() {
        assert!(!matches!(event, NodeEvent::Lost(..)), "{event:?}");
    }
}
