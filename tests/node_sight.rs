//! Promises about what one sees of other nodes from here.

use std::time::Duration;

use actor_net::Closed;
use actor_testkit::pass;

use crate::sites::{Say, Sites, in_each_codec};

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
