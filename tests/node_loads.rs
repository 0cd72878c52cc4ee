//! Promises about nodes under loads that are much for the settings: nothing stands still, and nothing is left behind.

use std::sync::Arc;
use std::time::Duration;

use actor_net::NetConfig;
use actor_testkit::pass;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::sites::{Say, Site, Sites, in_each_codec, numbers, with_config};

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

#[tokio::test(start_paused = true)]
async fn ten_thousand_handles_travel_in_one_message_and_leave_nothing_behind() {
    const HANDLES: u64 = 10_000;
    in_each_codec(async |sites: Sites| {
        let far = sites.a.far("b").await;
        pass(Duration::from_secs(10)).await;
        let before = (sites.a.node.holdings(), sites.b.node.holdings());
        let handles: Vec<_> = (0..HANDLES).map(|_| sites.a.listener.map(Say::Note)).collect();
        let told = far.ask(|reply| Say::Many(handles, reply)).no_timeout();
        assert_eq!(told.await, Ok(HANDLES));
        pass(Duration::from_secs(100)).await;
        // Of each handle they are in order, and each had one.
        let mut came = sites.a.journal.take();
        came.sort_by_key(|number| number.parse::<u64>().ok());
        assert_eq!(came, numbers(HANDLES));
        assert_eq!((sites.a.node.holdings(), sites.b.node.holdings()), before);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_node_that_starts_again_and_again_is_found_each_time_and_leaves_nothing_behind() {
    in_each_codec(async |sites: Sites| {
        let Sites {
            network,
            codec,
            config,
            a,
            mut b,
        } = sites;
        let mut first = None;
        for round in 0..30 {
            let far = timeout(LONG, a.far("b")).await.expect("it is found");
            assert_eq!(far.ask(|reply| Say::Echo(round, reply)).await, Ok(round));
            let watch = far.watch();
            let asked = far.clone();
            let waits = tokio::spawn(async move { asked.ask(Say::Wait).no_timeout().await });
            pass(Duration::from_millis(10 * round)).await;
            b.crash(&network);
            b = Site::new(&network, "b", codec, config.clone()).await;
            // The new life is found, or the old one is known to be lost.
            let _ = a.node.connect("b", None).await;
            let ended = timeout(LONG, async { (waits.await, watch.await.reason) }).await;
            let (answer, reason) = ended.expect("both end");
            let answer = answer.expect("no panic");
            assert!(answer.is_err(), "{answer:?} by another life");
            assert!(matches!(reason, actor_core::ExitReason::NodeDown), "{reason:?}");
            first.get_or_insert(far);
        }
        pass(Duration::from_secs(100)).await;
        let held = a.node.holdings();
        assert_eq!(
            (held.calls, held.watches, held.outbox_bytes, held.waiting),
            (0, 0, 0, 0),
            "{held:?}"
        );
        let of_the_first_life = first.expect("there was one").tell(Say::Note(1)).await;
        assert!(of_the_first_life.is_err());
        assert_eq!(b.journal.take(), [""; 0]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_dozen_nodes_of_one_process_ask_each_other_at_once() {
    let network = actor_testkit::SimulatedNetwork::seeded(1);
    let mut sites = Vec::new();
    for number in 0..12 {
        let codec = actor_net::Codec::ALL[number % 2];
        sites.push(Site::new(&network, &format!("n{number}"), codec, NetConfig::default()).await);
    }
    let asking = sites.iter().enumerate().flat_map(|(asker, site)| {
        (0..sites.len())
            .filter(move |asked| *asked != asker)
            .map(async move |asked| {
                // Both ends dial at once, most likely.
                let far = site.far(&format!("n{asked}")).await;
                far.ask(|reply| Say::Echo(asked as u64, reply)).await == Ok(asked as u64)
            })
    });
    let answered = timeout(LONG, futures_util::future::join_all(asking))
        .await
        .expect("it stands still");
    assert_eq!(answered, vec![true; 12 * 11]);
    assert!(sites.iter().all(|site| site.node.peers().len() == 11));
}

#[tokio::test(start_paused = true)]
async fn a_thread_that_sent_to_a_node_keeps_nothing_of_one_that_is_gone() {
    for leaves in [true, false] {
        in_each_codec(async |sites: Sites| {
            let marker = Arc::new(());
            let kept = marker.clone();
            let adapter = sites.a.listener.map(move |number: u64| {
                let _held = &kept;
                Say::Note(number)
            });
            sites.a.node.expose("marked", &adapter).expect("the name is free");
            drop(adapter);
            let far = sites.a.far("b").await;
            // The last that this thread sends anywhere.
            far.tell(Say::Note(1)).await.expect("it lives");
            drop(far);
            assert_eq!(Arc::strong_count(&marker), 2, "the node holds what it exposes");
            let Sites { network, a, b: _b, .. } = sites;
            let Site {
                node, listener, system, ..
            } = a;
            if leaves {
                node.leave().await;
                drop(node);
            } else {
                network.crash(node);
            }
            pass(LONG).await;
            assert_eq!(Arc::strong_count(&marker), 1, "leaves: {leaves}");
            drop((listener, system));
        })
        .await;
    }
}
