//! What the members of a cluster share: groups, presence and names find all members by themselves.

mod chaos;

use std::time::Duration;

use actor_core::System;
use actor_core::prelude::*;
use actor_net::group::ClusterGroup;
use actor_net::presence::{Movement, News, Presence, Tracked};
use actor_net::{Cluster, ClusterConfig, ExposeError, MemberState, NetConfig, Node, NodeEvent};
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
    session: Tracked<String>,
}

/// Each knows the address of the first alone, and asks nobody for anything but what members share.
async fn site(network: &SimulatedNetwork, name: &str, config: NetConfig) -> Site {
    let system = System::new(name);
    let node = network.node_with(&system, name, |builder| {
        let builder = builder.cluster("chat").config(config.clone());
        builder.codec(trio::codec_of(name))
    });
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
    cluster.names();
    Site {
        system,
        cluster,
        lobby,
        member,
        users,
        session,
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

/// How far a member has come, as another sees it.
fn state_of(name: &str, at: &Site) -> Option<MemberState> {
    let members = at.cluster.members();
    let member = members.iter().find(|member| member.id.name.as_str() == name);
    member.map(|member| member.state)
}

#[tokio::test(start_paused = true)]
async fn one_that_leaves_says_so_first_and_what_it_had_is_gone_at_once_before_it_goes() {
    let (_network, sites) = three(NetConfig::default()).await;
    let _claim = sites[2].cluster.names().claim("ann", &sites[2].member.handle()).await;
    on_its_way().await;
    assert!(sites[0].cluster.names().holder("ann").is_some());
    let drained = async {
        pass(SECOND * 3).await;
        for site in &sites[..2] {
            assert_eq!(state_of("c", site), Some(MemberState::Leaving));
            assert_eq!((site.lobby.len(), site.users.len()), (3, 3), "it takes part as before");
        }
    };
    let leaving = sites[2].cluster.leave_after(drained);
    let others = async {
        pass(SECOND * 3).await;
        on_its_way().await;
        for site in &sites[..2] {
            assert_eq!(state_of("c", site), Some(MemberState::Leaving), "not yet");
            assert_eq!(site.lobby.len(), 2);
            assert_eq!(site.cluster.names().holder("ann"), None);
            assert!(site.users.is_there("c"), "it may come back elsewhere");
        }
        pass(SECOND).await;
        assert!(sites[..2].iter().all(|site| !site.users.is_there("c")));
    };
    tokio::join!(leaving, others);
    assert!(sites[..2].iter().all(|site| state_of("c", site).is_none()));
}

#[tokio::test(start_paused = true)]
async fn what_was_accepted_before_a_node_left_comes() {
    let (_network, mut sites) = three(NetConfig::default()).await;
    node(&sites[0])
        .expose("member", &sites[0].member.handle())
        .expect("it is free");
    let far = node(&sites[2]).lookup::<u64>("member@a").await.expect("it is there");
    for number in 0..500 {
        far.try_tell(number).expect("there is room");
    }
    for number in 500..600 {
        assert_eq!(sites[2].lobby.broadcast(number).nodes.delivered, 2);
    }
    let leaving = sites.remove(2);
    leaving.cluster.leave().await;
    node(&leaving).leave().await;
    let mut heard: Vec<_> = sites[0].member.try_next().into_iter().collect();
    while let Some(next) = sites[0].member.try_next() {
        heard.push(next);
    }
    // They came by two ways, each of which keeps its order.
    let (told, broadcast): (Vec<u64>, Vec<u64>) = heard.into_iter().partition(|number| *number < 500);
    assert_eq!(told, (0..500).collect::<Vec<_>>());
    assert_eq!(broadcast, (500..600).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn sessions_that_move_before_their_node_leaves_do_not_flicker() {
    let (_network, mut sites) = three(NetConfig::default()).await;
    let ann = sites[2].users.track("ann", "at c".to_owned()).expect("it is short");
    let bob = sites[2].users.track("bob", "at c".to_owned()).expect("it is short");
    on_its_way().await;
    let mut watch = sites[0].users.watch();
    assert!(matches!(watch.next().await, News::Everybody { list, .. } if list.len() == 5));
    let moved = async { sites[1].users.track("ann", "at b".to_owned()).expect("it is short") };
    let mut session = None;
    let leaving = sites[2].cluster.leave_after(async {
        session = Some(moved.await);
        on_its_way().await;
    });
    leaving.await;
    // One who comes to another node only when this one has gone is there in time, too.
    let bob_at_b = sites[1].users.track("bob", "at b".to_owned()).expect("it is short");
    pass(SECOND * 10).await;
    while let Some(News::Diff(diff)) = watch.next().now_or_never() {
        for (key, movement) in &diff.changes {
            match &**key {
                "ann" | "bob" => assert!(matches!(movement, Movement::Updated { .. }), "{key}: {movement:?}"),
                _ => assert!(
                    matches!(movement, Movement::Left(_)) && &**key == "c",
                    "{key}: {movement:?}"
                ),
            }
        }
    }
    let left = sites.remove(2);
    drop((ann, bob, bob_at_b, session, left.session));
}

#[tokio::test(start_paused = true)]
async fn a_node_whose_membership_is_dropped_shares_nothing_until_it_joins_again() {
    let (_network, mut sites) = three(NetConfig::default()).await;
    let Site {
        system: _system,
        cluster,
        lobby,
        member: _member,
        users,
        session: _session,
    } = sites.pop().expect("there are three");
    let last = cluster.node().clone();
    drop(cluster);
    pass(SECOND * 2).await;
    let seen = |site: &Site| (site.lobby.len(), site.users.len());
    assert!(sites.iter().all(|site| seen(site) == (2, 2)), "before it is found down");
    assert_eq!((lobby.len(), users.len()), (1, 1), "it knows itself alone");
    assert_eq!(sites[0].lobby.broadcast(1).nodes.delivered, 1);

    let again = Cluster::builder(&last).seeds(["a"]).join().await;
    let again = again.expect("it may join again");
    pass(SECOND * 3).await;
    assert!(sites.iter().all(|site| seen(site) == (3, 3)), "{again:?}");
}

#[tokio::test(start_paused = true)]
async fn a_node_that_has_left_shares_nothing_until_it_joins_again() {
    let (_network, sites) = three(NetConfig::default()).await;
    sites[2].cluster.leave().await;
    pass(SECOND * 60).await;
    let seen = |site: &Site| (site.lobby.len(), site.users.len());
    assert_eq!(seen(&sites[2]), (1, 1), "it knows itself alone");
    assert!(sites[..2].iter().all(|site| seen(site) == (2, 2)));
    assert_eq!(sites[0].lobby.broadcast(1).nodes.delivered, 1);
    assert_eq!(node(&sites[2]).peers().len(), 2, "its connections are still there");

    let again = Cluster::builder(node(&sites[2])).seeds(["a"]).join().await;
    let again = again.expect("it may join again");
    pass(SECOND * 3).await;
    assert!(sites.iter().all(|site| seen(site) == (3, 3)), "{again:?}");
    assert_eq!(sites[0].lobby.broadcast(2).nodes.delivered, 2);
}
