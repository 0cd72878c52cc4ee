//! Promises about messages, questions, handles and reply ports that cross nodes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{self, Wake, Waker};
use std::time::Duration;

use actor_core::prelude::*;
use actor_net::{LookupError, NetConfig};
use actor_testkit::{pass, settle};

use crate::sites::{Say, Sites, in_each_codec, listener, numbers, with_config};

#[tokio::test(start_paused = true)]
async fn messages_of_one_sender_arrive_in_order_large_ones_among_small_ones() {
    in_each_codec(async |sites: Sites| {
        let far = sites.a.far("b").await;
        for number in 0..60 {
            let bytes = if number % 7 == 0 { 300_000 } else { 10 };
            far.tell(Say::Large(number, vec![0; bytes])).await.expect("it lives");
        }
        pass(Duration::from_secs(5)).await;
        assert_eq!(sites.b.journal.take(), numbers(60));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_small_message_to_another_passes_a_large_one() {
    in_each_codec(async |sites: Sites| {
        let (other, journal, _gate) = listener(&sites.b.system, "other");
        sites.b.node.expose("other", &other).expect("the name is free");
        let far = sites.a.far("b").await;
        let other = sites.a.node.lookup::<Say>("other@b").await.expect("it is exposed");
        sites.network.slow("b", Duration::from_micros(10));
        far.tell(Say::Large(0, vec![0; 3_000_000])).await.expect("it lives");
        other.ask(|reply| Say::Echo(1, reply)).await.expect("it answers");
        assert_eq!(sites.b.journal.take(), [""; 0], "the large one is under way still");
        assert_eq!(journal.take(), ["echo 1"]);
        pass(Duration::from_secs(60)).await;
        assert_eq!(sites.b.journal.take(), ["0"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn many_large_messages_at_once_do_not_cost_the_connection() {
    in_each_codec(async |sites: Sites| {
        let mut others = Vec::new();
        for name in (0..40).map(|number| &*Box::leak(format!("l{number}").into_boxed_str())) {
            let (other, journal, _gate) = listener(&sites.b.system, name);
            sites.b.node.expose(name, &other).expect("the name is free");
            let far = sites.a.node.lookup::<Say>(&format!("{name}@b")).await;
            others.push((far.expect("it is exposed"), journal));
        }
        for (far, _) in &others {
            far.tell(Say::Large(0, vec![0; 90_000])).await.expect("there is room");
        }
        pass(Duration::from_secs(5)).await;
        for (_, journal) in &others {
            assert_eq!(journal.take(), ["0"]);
        }
        assert_eq!(sites.a.node.peers().len(), 1);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_asker_whose_waker_panics_keeps_nobody_else_from_an_answer_of_another_node() {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("on purpose");
        }
    }
    in_each_codec(async |sites: Sites| {
        let far = sites.a.far("b").await;
        // All are answered at once, so that their answers come in one read.
        let waker = Waker::from(Arc::new(Panics));
        let mut fails = [(); 2].map(|()| Box::pin(far.ask(|reply| Say::Echo(1, reply))));
        for asks in &mut fails {
            assert!(asks.as_mut().poll(&mut task::Context::from_waker(&waker)).is_pending());
        }
        let others = (2..40).map(|number| far.ask(move |reply| Say::Echo(number, reply)));
        let answers = futures_util::future::join_all(others).await;
        assert_eq!(answers, (2..40).map(Ok).collect::<Vec<_>>());
        for asks in fails {
            assert_eq!(asks.await, Ok(1));
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn every_fate_of_a_question_crosses() {
    in_each_codec(async |sites: Sites| {
        let far = sites.a.far("b").await;
        assert_eq!(far.ask(|reply| Say::Echo(5, reply)).await, Ok(5));
        assert_eq!(far.ask(Say::Drop).await, Err(AskError::NoReply));
        assert_eq!(far.ask(Say::Fail).await, Err(AskError::Failed));
        let second = Duration::from_secs(1);
        assert_eq!(
            far.ask(Say::Wait).timeout(second).await,
            Err(AskError::TimedOut(second))
        );
        sites.b.gate.reached().await;
        sites.b.gate.open();
        // Another waits in the mailbox when the actor is stopped.
        let (asks, waits) = (far.clone(), far.clone());
        let asking = tokio::spawn(async move { asks.ask(Say::Wait).await });
        sites.b.gate.reached().await;
        let waiting = tokio::spawn(async move { waits.ask(|reply| Say::Echo(6, reply)).await });
        pass(second).await;
        let ending = sites.b.listener.stop();
        sites.b.gate.open();
        assert_eq!(asking.await.expect("no panic"), Ok(0));
        let _ = ending.await;
        assert_eq!(waiting.await.expect("no panic"), Err(AskError::Stopped));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_deadline_of_a_question_goes_along_and_is_inherited() {
    in_each_codec(async |sites: Sites| {
        let far = sites.a.far("b").await;
        let left = far.ask(Say::Left).timeout(Duration::from_secs(2)).await;
        let left = left.expect("it answers").expect("it has a deadline");
        assert!((1_900..=2_000).contains(&left), "{left} ms");
        assert_eq!(far.ask(Say::Left).no_timeout().await, Ok(None));
        let c = sites.another("c").await;
        let onward = c.far("b").await;
        let back = sites.a.far("c").await;
        let asked = back
            .ask(|reply| Say::AskLeft(onward, reply))
            .timeout(Duration::from_secs(2));
        let left = asked.await.expect("it answers").expect("it has a deadline");
        assert!((1_800..=2_000).contains(&left), "{left} ms");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_question_whose_asker_has_gone_is_skipped() {
    in_each_codec(async |sites: Sites| {
        let far = sites.a.far("b").await;
        let (busy, asks) = (far.clone(), far.clone());
        let first = tokio::spawn(async move { busy.ask(Say::Wait).await });
        sites.b.gate.reached().await;
        let second = tokio::spawn(async move { asks.ask(|reply| Say::Echo(1, reply)).await });
        pass(Duration::from_secs(1)).await;
        second.abort();
        pass(Duration::from_secs(1)).await;
        sites.b.gate.open();
        assert_eq!(first.await.expect("no panic"), Ok(0));
        assert_eq!(far.ask(|reply| Say::Echo(2, reply)).await, Ok(2));
        assert_eq!(sites.b.journal.take(), ["echo 2"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn handles_travel_come_home_and_stay_equal() {
    in_each_codec(async |sites: Sites| {
        let far = sites.a.far("b").await;
        let same = far.ask(Say::Me).await.expect("it answers");
        assert!(same == far, "one actor, one handle");
        let home = far.ask(|reply| Say::Back(sites.a.listener.clone(), reply)).await;
        assert!(home.expect("it answers") == sites.a.listener, "it has come home");
        far.tell(Say::Tell(sites.a.listener.clone(), 20))
            .await
            .expect("it lives");
        pass(Duration::from_secs(1)).await;
        assert_eq!(sites.a.journal.take(), numbers(20));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_handle_works_at_a_third_node_and_a_third_node_answers() {
    in_each_codec(async |sites: Sites| {
        let c = sites.another("c").await;
        let (b, third) = (sites.a.far("b").await, sites.a.far("c").await);
        b.tell(Say::Tell(third.clone(), 20)).await.expect("it lives");
        pass(Duration::from_secs(1)).await;
        assert_eq!(c.journal.take(), numbers(20));
        assert_eq!(b.ask(|reply| Say::PassOn(third.clone(), reply)).await, Ok(7));
        let asked = b.ask(|reply| Say::Ask(sites.a.listener.clone(), reply)).await;
        assert_eq!(asked, Ok(Ok(8)), "and asks back");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_room_at_an_actor_that_ends_is_told() {
    in_each_codec(async |sites: Sites| {
        let far = sites.a.far("b").await;
        let (busy, sends) = (far.clone(), far.clone());
        let asking = tokio::spawn(async move { busy.ask(Say::Wait).no_timeout().await });
        sites.b.gate.reached().await;
        let sending = tokio::spawn(async move {
            loop {
                if let Err(why) = sends.tell(Say::Large(0, vec![0; 10_000])).await {
                    return why.to_string();
                }
            }
        });
        pass(Duration::from_secs(1)).await;
        assert!(!sending.is_finished());
        let ending = sites.b.listener.stop();
        sites.b.gate.open();
        let _ = (ending.await, asking.await);
        assert!(sending.await.expect("no panic").contains("stopped"));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_large_message_behind_small_ones_that_were_taken_is_not_held_up() {
    in_each_codec(async |sites: Sites| {
        let far = sites.a.far("b").await;
        for number in 0..3 {
            far.tell(Say::Large(number, vec![0; 10])).await.expect("it lives");
        }
        let large = far.tell(Say::Large(3, vec![0; 1_000_000]));
        tokio::time::timeout(Duration::from_secs(5), large)
            .await
            .expect("there is room")
            .expect("it lives");
        pass(Duration::from_secs(1)).await;
        assert_eq!(sites.b.journal.take(), numbers(4));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_is_too_large_is_refused_where_it_is_sent() {
    let config = NetConfig {
        message_bytes_max: 10_000,
        ..NetConfig::default()
    };
    with_config(config, async |sites: Sites| {
        let far = sites.a.far("b").await;
        let refused = far.tell(Say::Large(0, vec![0; 20_000])).await;
        assert!(matches!(refused, Err(TellError::Unsendable(Say::Large(0, _), _))));
        far.tell(Say::Note(1)).await.expect("the connection is whole");
        settle().await;
        pass(Duration::from_secs(1)).await;
        assert_eq!(sites.b.journal.take(), ["1"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_look_up_that_means_something_else_is_a_typed_error() {
    #[derive(serde::Serialize, serde::Deserialize)]
    struct Other(u8);
    in_each_codec(async |sites: Sites| {
        let node = &sites.a.node;
        let protocol = actor_net::Protocol::new("say", 2);
        let exposed = sites.b.node.expose_as("say", &sites.b.listener, protocol.clone());
        exposed.expect("the name is free");
        assert!(node.lookup_as::<Say>("say@b", protocol).await.is_ok());
        let other_version = node.lookup_as::<Say>("say@b", actor_net::Protocol::new("say", 3)).await;
        assert_eq!(other_version.err(), Some(LookupError::OtherVersion("2".to_owned())));
        let other_protocol = node.lookup::<Other>("say@b").await;
        assert_eq!(other_protocol.err(), Some(LookupError::OtherProtocol("say".to_owned())));
        let other_shape = node
            .lookup_as::<Other>("say@b", actor_net::Protocol::new("say", 2))
            .await;
        assert!(
            matches!(other_shape, Err(LookupError::OtherShape(_))),
            "{other_shape:?}"
        );
        assert_eq!(node.lookup::<Say>("nobody@b").await.err(), Some(LookupError::NotFound));
        assert!(matches!(
            node.lookup::<Say>("nobody").await,
            Err(LookupError::BadName(_))
        ));
        assert!(matches!(
            node.lookup::<Say>("say@nowhere").await,
            Err(LookupError::Unreachable(_))
        ));
        assert!(sites.b.node.conceal("say"));
        assert_eq!(node.lookup::<Say>("say@b").await.err(), Some(LookupError::NotFound));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn only_who_is_allowed_to_gives_orders() {
    in_each_codec(async |sites: Sites| {
        let far = sites.a.far("b").await;
        let _ = far.stop().await;
        let _ = far.kill().await;
        assert_eq!(far.ask(|reply| Say::Echo(1, reply)).await, Ok(1), "it lives");
        let (other, ..) = listener(&sites.b.system, "other");
        let exposed = sites.b.node.expose_with_orders("other", &other);
        exposed.expect("the name is free");
        let far = sites.a.node.lookup::<Say>("other@b").await.expect("it is exposed");
        far.tell(Say::Note(1)).await.expect("it lives");
        assert!(matches!(far.drain().await, Ok(ExitReason::Normal)));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_actor_of_a_kind_is_started_at_another_node() {
    in_each_codec(async |sites: Sites| {
        let (journal, gate) = (crate::support::Journal::default(), crate::support::Gate::new());
        let make = move |name: String| {
            let (journal, gate) = (journal.clone(), gate.clone());
            ChildSpec::new(name, move || crate::sites::Listener::new(&journal, &gate))
        };
        sites.b.node.register_kind("listener", make).expect("the name is free");
        let node = &sites.a.node;
        let started = node.start_at::<Say, _>("listener@b", &"one".to_owned()).await;
        assert_eq!(
            started.expect("it starts").ask(|reply| Say::Echo(3, reply)).await,
            Ok(3)
        );
        let taken = node.start_at::<Say, _>("listener@b", &"one".to_owned()).await;
        assert!(matches!(taken, Err(LookupError::NotStarted(_))), "{taken:?}");
        let unknown = node.start_at::<Say, _>("singer@b", &"one".to_owned()).await;
        assert_eq!(unknown.err(), Some(LookupError::NoSuchKind));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_group_has_members_on_other_nodes() {
    in_each_codec(async |sites: Sites| {
        let group = Group::<u64>::new();
        let mut probe = actor_testkit::Probe::<u64>::spawn(&sites.b.system, "probe");
        sites.b.node.expose("probe", &probe.handle()).expect("the name is free");
        let far = sites.a.node.lookup::<u64>("probe@b").await.expect("it is exposed");
        assert!(group.join(&far));
        assert!(!group.join(&far), "it is a member");
        assert_eq!(group.broadcast(5).delivered, 1);
        assert_eq!(probe.expect().await, 5);
        probe.die().await;
        pass(Duration::from_secs(1)).await;
        assert!(group.is_empty(), "it left by its end");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn large_messages_are_compressed_where_that_is_wanted_and_come_as_they_were() {
    for packs in [true, false] {
        let config = NetConfig {
            compress_bytes_min: packs.then_some(1_000),
            message_bytes_max: 300_000,
            ..NetConfig::default()
        };
        with_config(config, async |sites: Sites| {
            let far = sites.a.far("b").await;
            let written = Arc::new(AtomicUsize::new(0));
            let counted = written.clone();
            sites.network.memory().set_delay(move |_, _, bytes| {
                counted.fetch_add(bytes, Ordering::Relaxed);
                Duration::from_millis(1)
            });
            // In order with small ones; as long as may be; and there and back as a question with its answer.
            far.tell(Say::Large(0, vec![7; 100_000])).await.expect("it lives");
            far.tell(Say::Note(1)).await.expect("it lives");
            far.tell(Say::Large(2, vec![7; 299_900])).await.expect("it lives");
            let bytes: Vec<u8> = (0..100_000_u32).flat_map(|number| [(number / 256) as u8, 9]).collect();
            let echoed = far.ask(|reply| Say::Bytes(bytes.clone(), reply)).await;
            assert!(echoed == Ok(bytes));
            let too_large = far.tell(Say::Large(3, vec![7; 300_100])).await;
            assert!(matches!(too_large, Err(TellError::Unsendable(..))), "{too_large:?}");
            assert_eq!(sites.b.journal.take(), ["0", "1", "2"]);
            let written = written.load(Ordering::Relaxed);
            assert_eq!(written < 30_000, packs, "{written} bytes");
            assert!(packs || written > 800_000, "{written} bytes");
        })
        .await;
    }
}
