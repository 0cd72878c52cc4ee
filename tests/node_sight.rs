//! Promises about what one sees of other nodes from here.

use std::time::Duration;

use actor_core::System;
use actor_net::group::{Groups, GroupsConfig};
use actor_net::names::{Names, NamesConfig};
use actor_net::presence::{Presence, PresenceConfig};
use actor_net::{Closed, Node, ShareInfo};
use actor_testkit::{Probe, SimulatedNetwork, pass};

use crate::sites::{Say, Sites, in_each_codec};
use crate::trio::{self, on_its_way};

#[tokio::test(start_paused = true)]
async fn a_peer_is_shown_with_its_traffic_and_what_is_owed_to_it() {
    in_each_codec(async |sites: Sites| {
        let far = sites.a.far("b").await;
        let asking = tokio::spawn(async move { far.ask(Say::Wait).no_timeout().await });
        sites.b.gate.reached().await;
        pass(Duration::from_secs(8)).await;
        let peers = sites.a.node.peers();
        let [peer] = &peers[..] else {
            panic!("{} peers", peers.len())
        };
        assert_eq!((peer.id.name.as_str(), peer.holdings.calls), ("b", 1));
        assert!(
            peer.read_bytes > 0 && peer.written_bytes > 0 && peer.round_trip.is_some(),
            "{peer:?}"
        );
        assert!(peer.silent_for < Duration::from_secs(5), "it answers pings");
        let there = &sites.b.node.peers()[0];
        assert_eq!((there.holdings.their_calls, there.read_bytes), (1, peer.written_bytes));
        assert!(peer.holdings.outbox_bytes <= peer.outbox_bytes_max);
        sites.b.gate.open();
        assert!(asking.await.expect("no panic").is_ok());
        assert_eq!(sites.a.node.peers()[0].holdings.calls, 0);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn why_a_connection_was_lost_is_remembered_when_there_is_another() {
    in_each_codec(async |sites: Sites| {
        let far = sites.a.far("b").await;
        let of_b = |sites: &Sites| {
            let encounters = sites.a.node.encounters();
            encounters
                .into_iter()
                .find(|one| one.name.as_str() == "b")
                .expect("it was met")
        };
        let met = of_b(&sites);
        assert_eq!((met.begun, met.lost, met.last_loss.is_none()), (1, 0, true));
        sites.network.cut("a", "b");
        pass(Duration::from_secs(60)).await;
        assert!(
            far.ask(|reply| Say::Echo(1, reply)).await.is_ok(),
            "it was connected again"
        );
        let met = of_b(&sites);
        assert!(met.begun >= 2 && met.lost >= 1, "{met:?}");
        let (ago, why) = met.last_loss.expect("it was lost");
        assert_eq!(ago.as_secs(), 60);
        assert!(matches!(why, Closed::Lost(_)), "{why}");
    })
    .await;
}

/// What is shared by this service, in words.
fn share(node: &Node, service: &str) -> (Vec<String>, Vec<String>) {
    let shares = node.shares(2);
    let ShareInfo {
        keys, nodes, largest, ..
    } = shares
        .iter()
        .find(|share| share.service == service)
        .unwrap_or_else(|| panic!("no {service} in {shares:?}"));
    let sharers = nodes
        .iter()
        .map(|sharer| format!("{}: {}", sharer.id.name, sharer.entries));
    let largest = largest.iter().map(|key| {
        let nodes: Vec<_> = key
            .nodes
            .iter()
            .map(|(id, count)| format!("{}: {count}", id.name))
            .collect();
        format!("{}, one of {keys}, {}", key.name, nodes.join(", "))
    });
    (sharers.collect(), largest.collect())
}

#[tokio::test(start_paused = true)]
async fn what_nodes_share_is_shown_with_who_takes_part_and_the_largest_of_it() {
    let network = SimulatedNetwork::seeded(1);
    let mut sites = Vec::new();
    for name in trio::NAMES {
        let system = System::new(name);
        let node = trio::node(&network, &system, name).await;
        sites.push((system, node));
    }
    trio::connect(sites.iter().map(|(_, node)| node)).await;
    let mut held: Vec<Box<dyn std::any::Any>> = Vec::new();
    for (at, (system, node)) in sites.iter().enumerate() {
        let groups = Groups::open(node, GroupsConfig::default()).expect("it is the first");
        let users = Presence::<String>::open(node, "users", PresenceConfig::default()).expect("it is the first");
        let names = Names::open(node, NamesConfig::default()).expect("it is the first");
        // The lobby has three members at each node, each room one at two of them.
        let probe = Probe::<u8>::spawn(system, "probe");
        for (group, members) in [
            ("lobby", 3),
            ("room", usize::from(at > 0)),
            ("attic", usize::from(at == 2)),
        ] {
            let group = groups.group::<u8>(group).await.expect("it means the same everywhere");
            for _ in 0..members {
                let member = Probe::<u8>::spawn(system, format!("{}-{}", group.name(), held.len()));
                group.join(&member.handle());
                held.push(Box::new(member));
            }
            held.push(Box::new(group));
        }
        held.push(Box::new(users.track("ann", "here".to_owned()).expect("it is short")));
        held.push(Box::new(
            names
                .claim(&format!("name-{at}"), &probe.handle())
                .await
                .expect("it is free"),
        ));
        held.push(Box::new((groups, users, names, probe)));
    }
    on_its_way().await;
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let (_, a) = &sites[0];
    assert!(a.shares(0).iter().all(|share| share.largest.is_empty()));
    let (sharers, largest) = share(a, "groups");
    assert_eq!(sharers, words(&["a: 1", "b: 2", "c: 3"]));
    assert_eq!(
        largest,
        words(&["lobby, one of 3, a: 3, b: 3, c: 3", "room, one of 3, b: 1, c: 1"])
    );
    assert_eq!(
        share(a, "presence/users").1,
        words(&["ann, one of 1, a: 1, b: 1, c: 1"])
    );
    assert_eq!(
        share(a, "names").1,
        words(&["name-0, one of 3, a: 1", "name-1, one of 3, b: 1"])
    );
}
