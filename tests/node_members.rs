//! Nodes as members of a cluster: the real driver, over a network in memory and on the paused clock.

use std::time::Duration;

use actor_core::System;
use actor_net::{Cluster, Gone, JoinError, Member, MemberEvent, MemberState, Node, Profile, Security, Standing};
use actor_testkit::{Probe, SimulatedNetwork, pass};
use tokio::sync::broadcast;
use tokio::time::timeout;

use crate::telemetry::listen_to;

const SECOND: Duration = Duration::from_secs(1);

/// A network, and the members on it, each on a system of its own.
struct Stage {
    network: SimulatedNetwork,
}

impl Stage {
    fn new(seed: u64) -> Self {
        Self {
            network: SimulatedNetwork::seeded(seed),
        }
    }

    async fn node(&self, name: &str) -> Node {
        let system = System::new(name);
        let node = self.network.node_with(&system, name, |builder| builder.cluster("chat"));
        node.await.expect("it starts")
    }

    /// All of them, which know one address each.
    async fn members(&self, names: &[&str]) -> Vec<Cluster> {
        let mut members = Vec::new();
        for name in names {
            let node = self.node(name).await;
            members.push(Cluster::builder(&node).seeds([names[0]]).begin().expect("it begins"));
        }
        for member in &members {
            timeout(SECOND * 3, member.up()).await.expect("it is up");
        }
        pass(SECOND * 2).await;
        members.iter().for_each(|member| sees(member, names));
        members
    }
}

/// Holds that a member sees exactly these, up and reached.
fn sees(cluster: &Cluster, names: &[&str]) {
    let members = cluster.members();
    let seen: Vec<_> = members.iter().map(|member| member.id.name.as_str()).collect();
    let mut names = names.to_vec();
    names.sort_unstable();
    assert_eq!(seen, names, "at {:?}", cluster.node());
    let is_well = |member: &Member| member.state == MemberState::Up && member.unreachable.is_none();
    assert!(members.iter().all(is_well), "{members:?}");
}

/// How the stay of a member ended, as one that listens was told.
async fn end_of(events: &mut broadcast::Receiver<MemberEvent>, name: &str) -> Gone {
    loop {
        let event = events.recv().await.expect("it lives");
        if let MemberEvent::Gone(member, how) = event
            && member.id.name.as_str() == name
        {
            return how;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn nodes_find_each_other_from_one_address_and_each_knows_all() {
    let stage = Stage::new(1);
    let members = stage.members(&["a", "b", "c", "d", "e"]).await;
    let profile = Profile {
        version: "2".to_owned(),
        roles: ["edge".to_owned()].into(),
        ..Profile::default()
    };
    members[4].set_profile(profile.clone()).await.expect("it is small");
    pass(SECOND).await;
    for member in &members {
        assert_eq!(*member.members()[4].profile, profile);
    }
}

#[tokio::test(start_paused = true)]
async fn members_hear_of_one_that_crashes_and_of_one_that_leaves() {
    let stage = Stage::new(2);
    let mut members = stage.members(&["a", "b", "c", "d"]).await;
    let (mut at_a, mut at_b) = (members[0].events(), members[1].events());

    members[3].leave().await;
    let left = members.pop().expect("there are four");
    for events in [&mut at_a, &mut at_b] {
        let how = timeout(SECOND * 2, end_of(events, "d")).await.expect("it is told");
        assert_eq!(how, Gone::Left);
    }
    left.node().leave().await;

    let crashing = members.pop().expect("there are three");
    let node = crashing.node().clone();
    drop(crashing);
    stage.network.crash(node);
    for events in [&mut at_a, &mut at_b] {
        let how = timeout(SECOND * 5, end_of(events, "c")).await.expect("it is told");
        assert_eq!(how, Gone::Down);
    }
    members.iter().for_each(|member| sees(member, &["a", "b"]));
}

#[tokio::test(start_paused = true)]
async fn a_member_that_was_cut_off_comes_back_in_a_new_stay_and_its_handles_work() {
    let stage = Stage::new(3);
    let names = ["a", "b", "c"];
    let members = stage.members(&names).await;
    let system = System::new("shop");
    let mut shop = Probe::<u64>::spawn(&system, "shop");
    members[2].node().expose("shop", &shop.handle()).expect("it is free");
    let far = members[0].node().lookup::<u64>("shop@c").await.expect("it is there");
    let before = members[2].stay();

    stage.network.partition(&["c"], &["a", "b"]);
    pass(SECOND * 30).await;
    sees(&members[0], &["a", "b"]);
    assert_eq!(members[0].standing(), Standing::Entitled);
    assert_eq!(members[2].standing(), Standing::Minority);
    assert_eq!(members[2].members().len(), 3, "it cannot tell who is cut off");

    stage.network.repair();
    pass(SECOND * 20).await;
    members.iter().for_each(|member| sees(member, &names));
    assert!(members[2].stay() > before);
    assert_eq!(members[2].standing(), Standing::Entitled);
    far.tell(7).await.expect("its actor lives on");
    assert_eq!(shop.expect().await, 7);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_restarts_is_a_member_again_at_once() {
    let stage = Stage::new(4);
    let names = ["a", "b", "c"];
    let mut members = stage.members(&names).await;
    for _ in 0..3 {
        let node = members.pop().expect("there are three").node().clone();
        let before = node.id().clone();
        drop(node);
        let node = stage.node("c").await;
        assert_ne!(*node.id(), before);
        let joined = Cluster::builder(&node).seeds(["a"]).join();
        members.push(
            timeout(SECOND * 3, joined)
                .await
                .expect("it is let in")
                .expect("it joins"),
        );
        pass(SECOND * 3).await;
        members.iter().for_each(|member| sees(member, &names));
    }
}

#[tokio::test(start_paused = true)]
async fn two_clusters_that_know_each_others_addresses_stay_two() {
    let (log, _listening) = listen_to(tracing::Level::WARN);
    let stage = Stage::new(5);
    let ours = stage.members(&["a", "b"]).await;
    let system = System::new("x");
    let stranger = stage.network.node_with(&system, "x", |builder| builder.cluster("shop"));
    let stranger = stranger.await.expect("it starts");
    let theirs = Cluster::builder(&stranger).seeds(["a", "x"]).join();
    let theirs = timeout(SECOND * 5, theirs)
        .await
        .expect("it is the first")
        .expect("it joins");
    pass(SECOND * 20).await;
    sees(&theirs, &["x"]);
    ours.iter().for_each(|member| sees(member, &["a", "b"]));
    // Though it goes on looking, it says once what it finds.
    let told = log.lines_with("is none for this one");
    assert!(told.len() == 1 && told[0].contains("another cluster"), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn a_membership_that_makes_no_sense_is_refused_with_the_way_out() {
    let network = SimulatedNetwork::seeded(6);
    let system = System::new("a");
    let nameless = network.node(&system, "a").await.expect("it starts");
    let refused = |node: &Node| Cluster::builder(node).begin().expect_err("it makes no sense");
    assert_eq!(refused(&nameless), JoinError::NoCluster);

    let node = Stage { network }.node("b").await;
    let cluster = Cluster::builder(&node).join().await.expect("it is the first");
    assert_eq!(refused(&node), JoinError::Joined);
    cluster.leave().await;
    Cluster::builder(&node).join().await.expect("it can join again");

    let profile = Profile {
        version: "1".repeat(2000),
        ..Profile::default()
    };
    let refused = Cluster::builder(&node).profile(profile).begin();
    assert!(matches!(refused, Err(JoinError::Profile(_))));
}

#[tokio::test(start_paused = true)]
async fn a_file_of_addresses_is_looked_at_again() {
    let stage = Stage::new(7);
    let first = stage.node("a").await;
    let first = Cluster::builder(&first).join().await.expect("it is the first");
    let path = std::env::temp_dir().join(format!("members-{}", std::process::id()));
    std::fs::write(&path, "# nobody yet\nnowhere\n").expect("it can be written");
    let node = stage.node("b").await;
    let second = Cluster::builder(&node).seed_file(&path).begin().expect("it begins");
    pass(SECOND * 5).await;
    sees(&first, &["a"]);
    std::fs::write(&path, "a # here\n").expect("it can be written");
    timeout(SECOND * 5, second.up()).await.expect("it finds the first");
    pass(SECOND).await;
    std::fs::remove_file(&path).expect("it is there");
    sees(&first, &["a", "b"]);
}

#[tokio::test]
async fn members_are_found_behind_a_name() {
    // Sockets, and so the real clock.
    let node = async |name: &str| {
        let node = Node::builder(&System::new(name)).name(name).cluster("chat");
        let node = node.security(Security::insecure()).listen("127.0.0.1:0").start().await;
        node.expect("a port is free")
    };
    let first = Cluster::builder(&node("a").await)
        .join()
        .await
        .expect("it is the first");
    let address = first.node().address().expect("it listens");
    let (_, port) = address.rsplit_once(':').expect("it has a port");
    let second = Cluster::builder(&node("b").await).seed_dns(format!("localhost:{port}"));
    let second = second.begin().expect("it makes sense");
    timeout(SECOND * 60, second.up()).await.expect("it is found");
    assert_eq!(second.members().len(), 2);
}
