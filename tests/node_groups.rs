//! Promises about groups with members at all nodes.

mod chaos;
mod figures;

use std::cell::Cell;
use std::time::Duration;

use actor_core::prelude::*;
use actor_net::group::{ClusterGroup, GROUP_BYTES_MAX, GroupError, Groups, GroupsConfig};
use actor_net::{ExposeError, LookupError, Node};
use actor_testkit::{Probe, SimulatedNetwork};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::trio::{self, on_its_way};

struct Site {
    system: System,
    node: Node,
    groups: Groups,
}

async fn site(network: &SimulatedNetwork, name: &str) -> Site {
    let system = System::new(name);
    let node = trio::node(network, &system, name).await;
    let groups = Groups::open(&node, GroupsConfig::default()).expect("it is the first");
    Site { system, node, groups }
}

async fn connect(sites: &[Site]) {
    trio::connect(sites.iter().map(|site| &site.node)).await;
}

async fn three() -> (SimulatedNetwork, Vec<Site>) {
    let network = SimulatedNetwork::seeded(1);
    let sites = trio::for_each(|name| site(&network, name)).await;
    connect(&sites).await;
    (network, sites)
}

/// A group at each site, with a member at each of the first so many.
async fn lobby<M: actor_net::Wire + Clone>(sites: &[Site], members: usize) -> (Vec<ClusterGroup<M>>, Vec<Probe<M>>) {
    let (mut groups, mut probes) = (Vec::new(), Vec::new());
    for (at, site) in sites.iter().enumerate() {
        let group = site
            .groups
            .group::<M>("lobby")
            .await
            .expect("it means the same everywhere");
        if at < members {
            let probe = Probe::spawn(&site.system, "member");
            assert!(group.join(&probe.handle()));
            probes.push(probe);
        }
        groups.push(group);
    }
    on_its_way().await;
    (groups, probes)
}

fn counts(group: &ClusterGroup<impl actor_net::Wire + Clone>) -> Vec<(String, usize)> {
    let nodes = group.nodes().into_iter();
    nodes.map(|(id, members)| (id.name.to_string(), members)).collect()
}

fn expected(counts: &[(&str, usize)]) -> Vec<(String, usize)> {
    counts
        .iter()
        .map(|(name, members)| ((*name).to_owned(), *members))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn members_at_all_nodes_are_told_and_leave_by_their_ends() {
    let (_network, sites) = three().await;
    let (groups, mut probes) = lobby::<String>(&sites, 3).await;
    for (at, group) in groups.iter().enumerate() {
        let told = group.broadcast(format!("from {at}"));
        assert_eq!(
            (told.here.delivered, told.nodes.delivered, told.out_of_reach),
            (1, 2, 0)
        );
        for probe in &mut probes {
            assert_eq!(probe.expect().await, format!("from {at}"));
        }
        assert_eq!(counts(group), expected(&[("a", 1), ("b", 1), ("c", 1)]));
        assert_eq!((group.members_local().len(), group.len()), (1, 3));
    }
    let _ = probes[2].handle().stop().await;
    assert!(groups[1].leave(&probes[1].handle()));
    on_its_way().await;
    for group in &groups {
        assert_eq!(counts(group), expected(&[("a", 1)]));
    }
    let told = groups[2].broadcast("again".to_owned());
    assert_eq!((told.here.delivered, told.nodes.delivered), (0, 1));
    assert_eq!(probes[0].expect().await, "again");
}

#[tokio::test(start_paused = true)]
async fn who_the_members_are_is_known_from_every_node() {
    let (_network, sites) = three().await;
    let (groups, mut probes) = lobby::<u64>(&sites, 2).await;
    let crowd: Vec<Probe<u64>> = (0..2500)
        .map(|n| Probe::spawn(&sites[1].system, format!("p{n}")))
        .collect();
    crowd.iter().for_each(|probe| assert!(groups[1].join(&probe.handle())));
    on_its_way().await;
    let all = groups[2].members_all().await;
    assert_eq!((all.members.len(), all.missing.len()), (2502, 0));
    let first = all
        .members
        .iter()
        .find(|member| member.path().name().starts_with("member"));
    first.expect("they have their names").tell(7).await.expect("it lives");
    let heard = [probes[0].try_next(), probes[1].try_next()];
    on_its_way().await;
    let heard = heard
        .into_iter()
        .chain(probes.iter_mut().map(Probe::try_next))
        .flatten();
    assert_eq!(heard.collect::<Vec<_>>(), [7]);
}

thread_local! {
    static ENCODED: Cell<usize> = const { Cell::new(0) };
    static DECODED: Cell<usize> = const { Cell::new(0) };
}

/// Counts how often it is turned into bytes and back.
#[derive(Clone, Debug)]
struct Counted(u64);

impl Serialize for Counted {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        ENCODED.set(ENCODED.get() + 1);
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Counted {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        DECODED.set(DECODED.get() + 1);
        Deserialize::deserialize(deserializer).map(Self)
    }
}

#[tokio::test(start_paused = true)]
async fn a_broadcast_is_encoded_once_and_sent_once_to_each_node_with_members() {
    const EACH: usize = 33_334;
    let (_network, sites) = three().await;
    let (groups, _probes) = lobby::<Counted>(&sites, 0).await;
    let heard = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    for (site, group) in sites.iter().zip(&groups) {
        for n in 0..EACH {
            let member = Member(heard.clone());
            let member = site
                .system
                .spawn_once(format!("m{n}"), || member)
                .expect("the name is free");
            group.join(&member);
        }
    }
    on_its_way().await;
    ENCODED.set(0);
    DECODED.set(0);
    let told = groups[0].broadcast(Counted(1));
    on_its_way().await;
    assert_eq!((told.here.delivered, told.nodes.delivered), (EACH, 2));
    assert_eq!(heard.load(std::sync::atomic::Ordering::Relaxed), 3 * EACH);
    assert_eq!((ENCODED.get(), DECODED.get()), (1, 2), "100,002 members at three nodes");
}

struct Member(std::sync::Arc<std::sync::atomic::AtomicUsize>);

impl Actor for Member {
    type Msg = Counted;

    async fn handle(&mut self, _msg: Counted, _ctx: &mut Context<Counted>) -> ActorResult {
        self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Ok(())
    }
}

#[derive(Clone, Serialize, Deserialize)]
struct Invitation(Handle<String>);

#[tokio::test(start_paused = true)]
async fn a_broadcast_takes_handles_along() {
    let (_network, sites) = three().await;
    let (groups, mut probes) = lobby::<Invitation>(&sites, 3).await;
    let mut host = Probe::<String>::spawn(&sites[0].system, "host");
    let told = groups[0].broadcast(Invitation(host.handle()));
    assert_eq!((told.here.delivered, told.nodes.delivered), (1, 2));
    for probe in &mut probes {
        let Invitation(host) = probe.expect().await;
        host.tell("coming".to_owned()).await.expect("it lives");
    }
    for _ in 0..3 {
        assert_eq!(host.expect().await, "coming");
    }
}

#[tokio::test(start_paused = true)]
async fn what_one_sender_broadcasts_comes_in_its_order() {
    let (_network, sites) = three().await;
    let (groups, mut probes) = lobby::<u64>(&sites, 3).await;
    for number in 0..500 {
        assert_eq!(groups[1].broadcast(number).nodes.delivered, 2);
        if number % 50 == 0 {
            on_its_way().await;
        }
    }
    for probe in &mut probes {
        for number in 0..500 {
            assert_eq!(probe.expect().await, number);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_group_that_means_something_else_is_a_typed_error() {
    let (_network, sites) = three().await;
    let (groups, _probes) = lobby::<u64>(&sites[..1], 1).await;
    let here = sites[0].groups.group::<String>("lobby").await;
    assert!(matches!(here, Err(GroupError::WrongType(found)) if found.contains("u64")));
    let there = sites[1].groups.group::<String>("lobby").await;
    assert!(
        matches!(there, Err(GroupError::Elsewhere(node, LookupError::OtherProtocol(_))) if node == *sites[0].node.id())
    );
    // What was not opened does not keep the name.
    on_its_way().await;
    let again = sites[1].groups.group::<u64>("lobby").await.expect("it means the same");
    assert_eq!(again.broadcast(1).nodes.delivered, 1);
    let long = "g".repeat(GROUP_BYTES_MAX + 1);
    assert!(matches!(
        sites[0].groups.group::<u64>(&long).await,
        Err(GroupError::TooLong)
    ));
    let twice = Groups::open(&sites[0].node, GroupsConfig::default());
    assert!(matches!(twice, Err(ExposeError::NameTaken(_))));
    let probe = Probe::<u64>::spawn(&sites[0].system, "reserved");
    assert!(matches!(
        sites[0].node.expose("~groups", &probe.handle()),
        Err(ExposeError::Reserved(_))
    ));
    sites[0].node.leave().await;
    assert!(matches!(
        sites[0].groups.group::<u64>("other").await,
        Err(GroupError::Left)
    ));
    drop(groups);
}

#[tokio::test(start_paused = true)]
async fn who_watches_a_group_is_told_how_many_members_each_node_has() {
    let (network, mut sites) = three().await;
    let (groups, _probes) = lobby::<u64>(&sites, 1).await;
    let mut watch = groups[1].watch();
    let names = |nodes: Vec<(actor_net::NodeId, usize)>| -> Vec<String> {
        nodes
            .into_iter()
            .map(|(id, members)| format!("{} {members}", id.name))
            .collect()
    };
    assert_eq!(names(watch.next().await), ["a 1"]);
    let probe = Probe::<u64>::spawn(&sites[2].system, "late");
    groups[2].join(&probe.handle());
    assert_eq!(names(watch.next().await), ["a 1", "c 1"]);
    let lost = sites.remove(0);
    network.cut("a", "b");
    network.cut("a", "c");
    network.crash(lost.node);
    let began = tokio::time::Instant::now();
    assert_eq!(names(watch.next().await), ["c 1"]);
    assert!(
        began.elapsed() >= Duration::from_secs(4),
        "not before its grace is over"
    );
    sites[1].node.leave().await;
    assert_eq!(names(watch.next().await), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_group_nobody_holds_is_forgotten_when_its_last_member_is_gone() {
    let (_network, sites) = three().await;
    let (groups, probes) = lobby::<u64>(&sites, 3).await;
    drop(groups);
    on_its_way().await;
    assert!(sites.iter().all(|site| site.groups.len() == 1), "it has members");
    for probe in &probes {
        let _ = probe.handle().stop().await;
    }
    on_its_way().await;
    for site in &sites {
        assert!(site.groups.is_empty());
        let gates = site
            .system
            .snapshot()
            .into_iter()
            .filter(|child| child.path.name().starts_with("~group-"));
        assert_eq!(gates.count(), 0);
    }
    // Its name is free for something else.
    let words = sites[0].groups.group::<String>("lobby").await.expect("nobody has it");
    assert!(words.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_group_that_was_closed_and_opened_again_is_reached() {
    let (_network, sites) = three().await;
    let here = sites[0].groups.group::<u64>("lobby").await.expect("it is new");
    for number in 0..3 {
        let mut probe = Probe::spawn(&sites[1].system, format!("member{number}"));
        let there = sites[1].groups.group::<u64>("lobby").await.expect("it means the same");
        there.join(&probe.handle());
        on_its_way().await;
        assert_eq!(here.broadcast(number).nodes.delivered, 1);
        assert_eq!(probe.expect().await, number);
        there.leave(&probe.handle());
    }
}
