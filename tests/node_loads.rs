//! Promises about nodes under loads that are much for the settings: nothing stands still, and nothing is left behind.

use std::time::Duration;

use actor_net::NetConfig;
use actor_testkit::pass;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::sites::{Say, Sites, with_config};

/// Much longer than anything here takes that does not stand still.
const LONG: Duration = Duration::from_secs(600);

/// Has so many ask at each of the two nodes at once, for so many bytes each there and back. Returns how many were answered.
async fn ask_both_ways(sites: &Sites, askers: usize, there: usize, back: usize) -> usize {
    let (of_b, of_a) = (sites.a.far("b").await, sites.b.far("a").await);
    let mut asking = JoinSet::new();
    for number in 0..2 * askers {
        let far = if number % 2 == 0 { of_b.clone() } else { of_a.clone() };
        asking.spawn(async move {
            let asked = far.ask(|reply| Say::Fill(vec![7; there], back, reply)).no_timeout();
            asked.await.is_ok_and(|answer| answer.len() == back)
        });
    }
    let all = async {
        let mut answered = 0;
        while let Some(asked) = asking.join_next().await {
            answered += usize::from(asked.expect("no panic"));
        }
        answered
    };
    timeout(LONG, all).await.expect("it stands still")
}

/// Nothing waits or is owed any more, and the connection was not lost over it.
async fn nothing_is_left(sites: &Sites) {
    pass(Duration::from_secs(10)).await;
    for node in [&sites.a.node, &sites.b.node] {
        let held = node.holdings();
        let owed = held.calls + held.their_calls + held.waiting;
        assert_eq!((owed, held.outbox_bytes, held.inbox_bytes), (0, 0, 0));
        assert_eq!(node.peers().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn nodes_that_owe_each_other_more_than_may_wait_come_to_an_end() {
    let config = NetConfig {
        outbox_bytes_max: 20_000,
        window_bytes: 20_000,
        ..NetConfig::default()
    };
    with_config(config, async |sites: Sites| {
        // Much there, much back, and both.
        for (askers, there, back) in [(30, 10, 10_000), (30, 10_000, 10), (30, 5_000, 5_000)] {
            let answered = ask_both_ways(&sites, askers, there, back).await;
            assert_eq!(answered, 2 * askers, "{there} there, {back} back");
        }
        nothing_is_left(&sites).await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_smallest_settings_are_slow_and_lose_nothing() {
    let config = NetConfig {
        chunk_bytes: 1 << 10,
        outbox_bytes_max: 1,
        window_bytes: 1,
        message_bytes_max: 10_000,
        reassembly_bytes_max: 40_000,
        streams_max: 4,
        ..NetConfig::default()
    };
    with_config(config, async |sites: Sites| {
        for (askers, there, back) in [(9, 0, 0), (9, 5_000, 1), (9, 1, 9_000), (9, 9_000, 9_000)] {
            assert_eq!(
                ask_both_ways(&sites, askers, there, back).await,
                2 * askers,
                "{there} there, {back} back"
            );
        }
        nothing_is_left(&sites).await;
    })
    .await;
}
