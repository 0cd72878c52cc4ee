//! Promises about connections that are lost and made again, and about nodes that end.

use std::time::Duration;

use actor_core::prelude::*;
use actor_net::{Closed, NetConfig, NodeEvent};
use actor_testkit::pass;
use tokio::time::{Instant, timeout};

use crate::sites::{Listener, Say, Sites, in_each_codec, listener, with_config};
use crate::support::{Gate, Journal};

const LONG: Duration = Duration::from_secs(30);

#[tokio::test(start_paused = true)]
async fn a_loss_ends_each_watch_and_each_question_once_on_both_sides() {
    in_each_codec(async |sites: Sites| {
        let (b, a) = (sites.a.far("b").await, sites.b.far("a").await);
        sites.a.listener.tell(Say::Watch(b.clone())).await.expect("it lives");
        sites.b.listener.tell(Say::Watch(a.clone())).await.expect("it lives");
        let (other, journal, _gate) = listener(&sites.b.system, "other");
        other.tell(Say::Watch(a.clone())).await.expect("it lives");
        let (there, back) = (b.clone(), a.clone());
        let there = tokio::spawn(async move { there.ask(Say::Wait).no_timeout().await });
        let back = tokio::spawn(async move { back.ask(Say::Wait).no_timeout().await });
        sites.a.gate.reached().await;
        sites.b.gate.reached().await;
        sites.network.cut("a", "b");
        assert_eq!(there.await.expect("no panic"), Err(AskError::NodeDown));
        assert_eq!(back.await.expect("no panic"), Err(AskError::NodeDown));
        sites.a.gate.open();
        sites.b.gate.open();
        pass(LONG).await;
        sites.network.cut("a", "b");
        pass(LONG).await;
        assert_eq!(sites.a.journal.take(), ["/b/listener@b was lost with its node"]);
        assert_eq!(sites.b.journal.take(), ["/a/listener@a was lost with its node"]);
        assert_eq!(journal.take(), ["/a/listener@a was lost with its node"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_down_comes_behind_everything_that_its_actor_sent_there() {
    in_each_codec(async |sites: Sites| {
        let far = sites.a.far("b").await;
        sites.a.listener.tell(Say::Watch(far.clone())).await.expect("it lives");
        sites.network.slow("a", Duration::from_micros(10));
        let back = sites.b.far("a").await;
        let send = Say::Send(back, 200_000);
        sites.b.listener.tell(send).await.expect("it lives");
        far.tell(Say::Stop).await.expect("it lives");
        pass(LONG).await;
        assert_eq!(sites.a.journal.take(), ["0", "1", "2", "/b/listener@b ended normally"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_handle_works_again_when_its_node_is_back() {
    in_each_codec(async |sites: Sites| {
        let far = sites.a.far("b").await;
        // An adapter that only the other side holds lasts, too.
        let mut probe = actor_testkit::Probe::<u64>::spawn(&sites.b.system, "probe");
        sites.b.node.expose("probe", &probe.handle()).expect("the name is free");
        let adapter = sites.a.node.lookup::<u64>("probe@b").await.expect("it is exposed");
        assert!(sites.b.node.conceal("probe"));
        for _ in 0..3 {
            sites.network.partition(&["a"], &["b"]);
            assert!(matches!(far.watch().await.reason, ExitReason::NodeDown));
            assert!(matches!(far.tell(Say::Note(0)).await, Err(TellError::NodeDown(_))));
            assert!(matches!(far.try_tell(Say::Note(0)), Err(TryTellError::NodeDown(_))));
            assert_eq!(far.ask(Say::Left).await, Err(AskError::NodeDown));
            sites.network.repair();
            pass(LONG).await;
            assert_eq!(far.ask(|reply| Say::Echo(1, reply)).await, Ok(1));
            adapter.tell(9).await.expect("it lives");
            assert_eq!(probe.expect().await, 9);
        }
        assert_eq!(sites.b.journal.take(), ["echo 1"; 3]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn silence_in_one_direction_is_a_loss_on_both_sides() {
    in_each_codec(async |sites: Sites| {
        let (b, a) = (sites.a.far("b").await, sites.b.far("a").await);
        let (there, back) = (b.watch(), a.watch());
        sites.network.silence("a", "b");
        assert!(matches!(there.await.reason, ExitReason::NodeDown));
        assert!(matches!(back.await.reason, ExitReason::NodeDown));
        sites.network.repair();
        pass(LONG).await;
        assert_eq!(b.ask(|reply| Say::Echo(1, reply)).await, Ok(1));
        assert_eq!(a.ask(|reply| Say::Echo(1, reply)).await, Ok(1));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn nothing_of_an_old_session_is_delivered_in_a_new_one() {
    in_each_codec(async |sites: Sites| {
        let far = sites.a.far("b").await;
        // What is under way when the line falls silent comes when it is open again: to a session that is over.
        sites.network.silence("a", "b");
        for number in 0..5 {
            far.tell(Say::Note(number)).await.expect("nobody knows yet");
        }
        assert!(matches!(far.watch().await.reason, ExitReason::NodeDown));
        sites.network.repair();
        pass(LONG).await;
        far.tell(Say::Note(9)).await.expect("it is back");
        pass(LONG).await;
        assert_eq!(sites.b.journal.take(), ["9"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_node_that_starts_again_is_another_and_refuses_old_handles() {
    in_each_codec(async |mut sites: Sites| {
        let far = sites.a.far("b").await;
        let down = far.watch();
        sites.b.crash(&sites.network);
        sites.b = crate::sites::Site::new(&sites.network, "b", sites.codec, sites.config.clone()).await;
        assert!(matches!(down.await.reason, ExitReason::NodeDown));
        pass(LONG).await;
        let new = sites.a.far("b").await;
        assert!(new != far, "another life, another actor");
        assert!(far.tell(Say::Note(1)).await.is_err());
        assert!(matches!(far.watch().await.reason, ExitReason::NodeDown));
        new.tell(Say::Note(2)).await.expect("it lives");
        pass(LONG).await;
        assert_eq!(sites.b.journal.take(), ["2"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_node_that_leaves_says_so() {
    in_each_codec(async |sites: Sites| {
        let (b, a) = (sites.a.far("b").await, sites.b.far("a").await);
        let mut events = sites.a.node.events();
        a.tell(Say::Note(1)).await.expect("it lives");
        sites.b.node.leave().await;
        assert!(matches!(b.watch().await.reason, ExitReason::NodeDown));
        let Ok(NodeEvent::Lost(name, Closed::EndedByPeer { code, .. })) = events.recv().await else {
            panic!("it is lost by its own will");
        };
        assert_eq!((name.as_str(), code), ("b", actor_net::wire::codes::Goodbye::Leaving));
        assert_eq!(sites.a.journal.take(), ["1"], "what was sent before has come");
        pass(LONG).await;
        assert!(events.try_recv().is_err(), "and nobody tries to reach it");
        assert!(sites.b.node.lookup::<Say>("listener@a").await.is_err(), "nor it others");
        assert!(a.tell(Say::Note(2)).await.is_err());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn both_dial_at_once_and_have_one_connection() {
    in_each_codec(async |sites: Sites| {
        for _ in 0..20 {
            let (b, a) = tokio::join!(sites.a.far("b"), sites.b.far("a"));
            assert_eq!(b.ask(|reply| Say::Echo(1, reply)).await, Ok(1));
            assert_eq!(a.ask(|reply| Say::Echo(1, reply)).await, Ok(1));
            assert_eq!((sites.a.node.peers().len(), sites.b.node.peers().len()), (1, 1));
            drop((a, b));
            sites.network.cut("a", "b");
            pass(LONG).await;
            assert_eq!((sites.a.node.peers().len(), sites.b.node.peers().len()), (0, 0));
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_nobody_needs_is_closed_and_opened_again() {
    in_each_codec(async |sites: Sites| {
        let far = sites.a.far("b").await;
        pass(Duration::from_secs(1000)).await;
        assert_eq!(sites.a.node.peers().len(), 1, "a handle needs it");
        let watch = far.watch();
        drop((watch, far));
        pass(Duration::from_secs(1000)).await;
        assert_eq!((sites.a.node.peers().len(), sites.b.node.peers().len()), (0, 0));
        let far = sites.b.far("a").await;
        assert_eq!(far.ask(|reply| Say::Echo(1, reply)).await, Ok(1));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn handles_that_are_dropped_are_let_go_of() {
    in_each_codec(async |sites: Sites| {
        let c = sites.another("c").await;
        let before = (sites.a.node.holdings(), sites.b.node.holdings());
        let (b, third) = (sites.a.far("b").await, sites.a.far("c").await);
        for _ in 0..10 {
            let mine = b.ask(Say::Me).await.expect("it answers");
            b.ask(|reply| Say::PassOn(third.clone(), reply))
                .await
                .expect("it answers");
            let (brief, ..) = listener(&sites.a.system, "brief");
            b.tell(Say::Tell(brief.clone(), 3)).await.expect("it lives");
            pass(Duration::from_secs(1)).await;
            let _ = brief.stop().await;
            drop(mine);
        }
        drop((b, third));
        pass(Duration::from_secs(100)).await;
        assert_eq!(sites.a.node.holdings(), before.0);
        assert_eq!(sites.b.node.holdings(), before.1);
        assert_eq!(
            sites.a.node.peers().len() + c.node.peers().len(),
            4,
            "no connection was lost over it"
        );
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_watch_without_a_connection_fires_in_bounded_time_or_is_as_any_other_when_it_is_back() {
    let config = NetConfig {
        dial_timeout: Duration::from_secs(3),
        handshake_timeout: Duration::from_secs(4),
        reconnect_max: Duration::from_secs(7),
        ..NetConfig::default()
    };
    let within = Duration::from_secs(2 * (3 + 4) + 7);
    with_config(config, async |sites: Sites| {
        let far = sites.a.far("b").await;
        let Sites { network, b, a, .. } = sites;
        // One direction alone is enough for no connection to be made.
        for silent in [&[("a", "b")][..], &[("b", "a")], &[("a", "b"), ("b", "a")]] {
            silent.iter().for_each(|(from, to)| network.silence(from, to));
            for _ in 0..4 {
                let down = timeout(2 * within, far.watch()).await;
                assert!(matches!(down.expect("it fires").reason, ExitReason::NodeDown));
                let begun = Instant::now();
                assert!(matches!(far.watch().await.reason, ExitReason::NodeDown));
                assert!(begun.elapsed() <= within, "{:?}", begun.elapsed());
            }
            let watch = tokio::spawn(far.watch());
            network.repair();
            pass(2 * within).await;
            assert!(!watch.is_finished());
            network.cut("a", "b");
            assert!(matches!(watch.await.expect("no panic").reason, ExitReason::NodeDown));
            pass(2 * within).await;
            assert_eq!(far.ask(|reply| Say::Echo(1, reply)).await, Ok(1));
        }
        b.crash(&network);
        for _ in 0..4 {
            let begun = Instant::now();
            assert!(matches!(far.watch().await.reason, ExitReason::NodeDown));
            assert!(begun.elapsed() <= within, "{:?}", begun.elapsed());
        }
        drop(a);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn who_watches_an_actor_that_is_gone_is_told_how_it_ended() {
    in_each_codec(async |sites: Sites| {
        let Sites { network, a, b, .. } = &sites;
        let made = || Listener::new(&Journal::default(), &Gate::new());
        let spec = ChildSpec::new("fails", made).restart(RestartPolicy::Temporary);
        let fails = b.system.spawn_spec(spec).expect("the name is free");
        b.node.expose("fails", &fails).expect("the name is free");
        let far = a.node.lookup::<Say>("fails@b").await.expect("it is exposed");
        // It fails while nobody can be told.
        network.silence("a", "b");
        network.silence("b", "a");
        let lost = timeout(2 * LONG, far.watch()).await.expect("it fires");
        assert!(matches!(lost.reason, ExitReason::NodeDown));
        fails.tell(Say::Break).await.expect("it lives");
        assert!(matches!(fails.watch().await.reason, ExitReason::Failed(_)));
        network.repair();
        let ended = timeout(2 * LONG, far.watch()).await.expect("it fires");
        let ExitReason::Failed(failure) = ended.reason else {
            panic!("{:?}", ended.reason)
        };
        assert_eq!(
            (failure.path().to_string().as_str(), failure.message()),
            ("/b/fails@b", "on purpose")
        );
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn tries_to_connect_again_wait_longer_and_longer_and_nobody_adds_to_them() {
    let config = NetConfig {
        dial_timeout: Duration::from_secs(1),
        reconnect_min: Duration::from_millis(100),
        reconnect_max: Duration::from_secs(5),
        ..NetConfig::default()
    };
    with_config(config, async |sites: Sites| {
        let far = sites.a.far("b").await;
        let Sites { network, b, a, .. } = sites;
        let mut events = a.node.events();
        b.crash(&network);
        let _ = events.recv().await;
        let mut before = Instant::now();
        for number in 0..20 {
            let _ = events.recv().await;
            // The dial itself is not answered.
            let waited = before.elapsed().saturating_sub(Duration::from_secs(1));
            let longest = Duration::from_millis(100 << number.min(10)).min(Duration::from_secs(5));
            // A tick of the clock is a millisecond.
            let shortest = longest / 2;
            assert!(
                waited >= shortest && waited <= longest + Duration::from_millis(2),
                "{number}: {waited:?}"
            );
            before = Instant::now();
        }
        // Each look-up is a try of its own, at once; they leave no more behind than there was.
        for _ in 0..50 {
            assert!(a.node.lookup::<Say>("listener@b").await.is_err());
        }
        while events.try_recv().is_ok() {}
        pass(Duration::from_secs(100)).await;
        let tries = std::iter::from_fn(|| events.try_recv().ok()).count();
        assert!((16..=29).contains(&tries), "{tries}");
        drop(far);
    })
    .await;
}
