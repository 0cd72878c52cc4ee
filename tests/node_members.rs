//! Nodes as members of a cluster: the real driver, over a network in memory and on the paused clock.

use std::time::Duration;

use actor_core::System;
use actor_net::{Cluster, Gone, JoinError, Member, MemberEvent, MemberState, Node, Profile, Security, Standing};
use actor_testkit::{Probe, SimulatedNetwork, pass};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
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

/// A node on a socket, which it says the address of.
async fn on_a_socket(name: &str) -> (Node, String) {
    let node = Node::builder(&System::new(name)).name(name).cluster("chat");
    let node = node.security(Security::insecure()).listen("127.0.0.1:0").start().await;
    let node = node.expect("a port is free");
    let address = node.address().expect("it listens").to_owned();
    (node, address)
}

#[tokio::test]
async fn a_node_that_finds_itself_behind_another_address_of_its_list_may_be_the_first() {
    let (node, address) = on_a_socket("a").await;
    let (_, port) = address.rsplit_once(':').expect("it has a port");
    let first = Cluster::builder(&node).seeds([format!("localhost:{port}")]).begin();
    let first = first.expect("it makes sense");
    timeout(SECOND * 60, first.up()).await.expect("nobody else is there");
    assert_eq!(first.members().len(), 1);
}

#[tokio::test]
async fn who_claims_to_be_the_very_node_that_calls_keeps_it_from_nothing() {
    const REFUSED_ITSELF: [u8; 8] = [4, 0, 0, 0, 5, 13, 0, 0];
    let impostor = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = impostor.local_addr().expect("it listens").to_string();
    let (node, _) = on_a_socket("a").await;
    let joining = Cluster::builder(&node)
        .seeds([address])
        .begin()
        .expect("it makes sense");
    for _ in 0..2 {
        let called = timeout(SECOND * 60, impostor.accept())
            .await
            .expect("it goes on looking");
        let (mut caller, _) = called.expect("it calls");
        caller.write_all(&REFUSED_ITSELF).await.expect("it listens");
        // Until it has heard that.
        let _ = caller.read_to_end(&mut Vec::new()).await;
    }
    assert_eq!(joining.members()[0].state, MemberState::Joining);
}

#[tokio::test]
async fn of_two_nodes_of_one_name_the_second_is_no_member_and_says_why() {
    let (log, _listening) = listen_to(tracing::Level::WARN);
    let ((one, address), (other, _)) = (on_a_socket("a").await, on_a_socket("a").await);
    let first = Cluster::builder(&one).join().await.expect("it is the first");
    let second = Cluster::builder(&other).seeds([address.clone()]).begin();
    let second = second.expect("it makes sense");
    let said = async {
        loop {
            let said = log.lines_with(&address);
            if !said.is_empty() {
                return said;
            }
            tokio::task::yield_now().await;
        }
    };
    let said = timeout(SECOND * 60, said).await.expect("it says so");
    let why = "both nodes are called a; each needs a name of its own";
    assert!(
        said[0].contains(why) && said[0].contains("none for this one"),
        "{said:?}"
    );
    assert_eq!((first.members().len(), second.members().len()), (1, 1));
    assert_eq!(second.members()[0].state, MemberState::Joining);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_fails_is_said_once_and_no_reason_to_begin_alone_or_to_forget() {
    let (log, _listening) = listen_to(tracing::Level::WARN);
    let stage = Stage::new(9);
    let first = Cluster::builder(&stage.node("a").await).join().await;
    let first = first.expect("it is the first");
    let path = std::env::temp_dir().join(format!("seeds-{}", std::process::id()));
    let shown = path.display().to_string();
    // Also where its own address is known from elsewhere.
    let second = Cluster::builder(&stage.node("b").await)
        .seeds(["b"])
        .seed_file(&path)
        .begin();
    let second = second.expect("it begins");
    pass(SECOND * 20).await;
    assert_eq!(second.members()[0].state, MemberState::Joining);
    assert_eq!(log.lines_with(&shown).len(), 1, "{:?}", log.lines_with(""));
    let said = &log.lines_with("does not begin a cluster of its own until it is known");
    assert!(said.len() == 1 && said[0].contains(&shown), "{said:?}");

    std::fs::write(&path, "a\n").expect("it can be written");
    timeout(SECOND * 5, second.up()).await.expect("it finds the first");
    assert_eq!(log.lines_with("is known again").len(), 1, "{:?}", log.lines_with(""));
    std::fs::remove_file(&path).expect("it is there");
    pass(SECOND * 20).await;
    assert_eq!(
        log.lines_with("goes on with what it said last").len(),
        1,
        "{:?}",
        log.lines_with("")
    );
    sees(&first, &["a", "b"]);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_finds_nobody_says_where_it_looks_and_why_that_is_in_vain() {
    let (log, _listening) = listen_to(tracing::Level::WARN);
    let node = Stage::new(10).node("b").await;
    let alone = Cluster::builder(&node).seeds(["nowhere"]).begin().expect("it begins");
    pass(SECOND * 30).await;
    let said = log.lines_with("no other member is reached");
    assert!(said.len() == 1 && said[0].contains("nowhere: "), "{said:?}");
    assert_eq!(alone.members()[0].state, MemberState::Joining);
}
