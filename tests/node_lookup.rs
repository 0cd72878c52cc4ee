//! Promises about finding and starting actors by name, on other nodes and on one's own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actor_core::StopError;
use actor_core::prelude::*;
use actor_net::wire::EXPOSED_BYTES_MAX;
use actor_net::{Closed, Codec, ExposeError, LookupError, NetConfig, Protocol};
use actor_testkit::pass;
use serde::{Deserialize, Serialize};

use crate::sites::{Listener, Say, Sites, in_each_codec, listener, with_config};
use crate::support::{Gate, Journal};

#[derive(Serialize, Deserialize)]
struct Other(u8);

#[tokio::test(start_paused = true)]
async fn a_node_finds_what_it_exposes_itself_and_needs_no_connection_for_it() {
    in_each_codec(async |sites: Sites| {
        let node = &sites.a.node;
        let found = sites.a.far("a").await;
        assert!(found == sites.a.listener && found.path() == sites.a.listener.path());
        assert_eq!(found.ask(|reply| Say::Echo(1, reply)).await, Ok(1));
        let adapter = sites.a.listener.map(Say::Note);
        node.expose("notes", &adapter).expect("the name is free");
        let notes = node.lookup::<u64>("notes@a").await.expect("it is exposed");
        notes.tell(5).await.expect("it lives");
        assert_eq!(node.lookup::<Say>("nobody@a").await.err(), Some(LookupError::NotFound));
        let other = node.lookup::<Other>("listener@a").await;
        assert!(matches!(other, Err(LookupError::OtherProtocol(_))), "{other:?}");
        let other = node.lookup_as::<Other>("listener@a", Protocol::of::<Say>()).await;
        assert!(matches!(other, Err(LookupError::OtherShape(_))), "{other:?}");

        let make = |name: String| ChildSpec::new(name, || Listener::new(&Journal::default(), &Gate::new()));
        node.register_kind("kind", make).expect("the name is free");
        let started = node.start_at::<Say, _>("kind@a", &"new".to_owned()).await;
        let started = started.expect("it starts");
        assert_eq!(started.path().to_string(), "/a/new");
        assert_eq!(started.ask(|reply| Say::Echo(2, reply)).await, Ok(2));
        let none = node.start_at::<Say, _>("other@a", &"new".to_owned()).await;
        assert_eq!(none.err(), Some(LookupError::NoSuchKind));
        assert_eq!(node.peers().len(), 0);
        assert_eq!(sites.a.journal.take(), ["echo 1", "5"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_name_is_found_as_it_was_exposed_however_long_it_is_or_refused() {
    in_each_codec(async |sites: Sites| {
        let (here, there) = (&sites.b.node, &sites.a.node);
        let [longest, too_long] = [EXPOSED_BYTES_MAX, EXPOSED_BYTES_MAX + 1].map(|bytes| "n".repeat(bytes));
        here.expose(&longest, &sites.b.listener).expect("it fits");
        let found = there
            .lookup::<Say>(&format!("{longest}@b"))
            .await
            .expect("it is exposed");
        assert_eq!(found.ask(|reply| Say::Echo(1, reply)).await, Ok(1));
        assert_eq!(here.expose(&too_long, &sites.b.listener), Err(ExposeError::TooLong));
        let make = |name: String| ChildSpec::new(name, || Listener::new(&Journal::default(), &Gate::new()));
        assert_eq!(here.register_kind(&too_long, make), Err(ExposeError::TooLong));
        let other = there.lookup::<Say>(&format!("{too_long}@b")).await;
        assert!(
            matches!(other, Err(LookupError::BadName(_))),
            "its beginning is another's name: {other:?}"
        );
        // Types of generic types have such names.
        let protocol = Protocol::new("p".repeat(2 * EXPOSED_BYTES_MAX), 1);
        here.expose_as("long", &sites.b.listener, protocol.clone())
            .expect("the name is free");
        assert!(there.lookup_as::<Say>("long@b", protocol).await.is_ok());
    })
    .await;
}

/// What two builds might have, under one name.
mod builds {
    use super::*;

    #[derive(Serialize, Deserialize)]
    pub(super) enum Here {
        Count(Reply<u64>),
        Join(Handle<u64>, u8),
    }

    #[derive(Serialize, Deserialize)]
    pub(super) enum Same {
        Count(Reply<u64>),
        Join(Handle<u64>, u8),
    }

    #[derive(Serialize, Deserialize)]
    pub(super) enum OtherAnswer {
        Count(Reply<u32>),
        Join(Handle<u64>, u8),
    }

    #[derive(Serialize, Deserialize)]
    pub(super) enum OtherHandle {
        Count(Reply<u64>),
        Join(Handle<Other>, u8),
    }

    #[derive(Serialize, Deserialize)]
    pub(super) enum OtherBehind {
        Count(Reply<u64>),
        Join(Handle<u64>, u16),
    }
}

#[tokio::test(start_paused = true)]
async fn a_look_up_sees_what_handles_and_answers_are_of_and_what_is_behind_them() {
    in_each_codec(async |sites: Sites| {
        let mut probe = actor_testkit::Probe::<builds::Here>::spawn(&sites.b.system, "probe");
        let protocol = || Protocol::new("builds", 1);
        let exposed = sites.b.node.expose_as("probe", &probe.handle(), protocol());
        exposed.expect("the name is free");
        async fn found<M: actor_net::Wire>(sites: &Sites) -> Result<Handle<M>, LookupError> {
            sites.a.node.lookup_as("probe@b", Protocol::new("builds", 1)).await
        }
        let same = found::<builds::Same>(&sites).await.expect("it means the same");
        let asked = tokio::spawn(async move { same.ask(builds::Same::Count).await });
        let builds::Here::Count(reply) = probe.expect().await else {
            panic!("it is the question")
        };
        reply.send(3);
        assert_eq!(asked.await.expect("no panic"), Ok(3));
        let is_other = |why: Option<LookupError>| matches!(why, Some(LookupError::OtherShape(_)));
        assert!(is_other(found::<builds::OtherAnswer>(&sites).await.err()));
        assert!(is_other(found::<builds::OtherHandle>(&sites).await.err()));
        assert!(is_other(found::<builds::OtherBehind>(&sites).await.err()));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn one_adapter_is_one_handle_however_often_it_is_sent() {
    in_each_codec(async |sites: Sites| {
        let before = sites.a.node.holdings().exports;
        let far = sites.a.far("b").await;
        let (one, other) = (sites.a.listener.map(|say| say), sites.a.listener.map(|say| say));
        let alike = async |one: &Handle<Say>, other: &Handle<Say>| {
            far.ask(|reply| Say::Alike(one.clone(), other.clone(), reply)).await
        };
        assert_eq!(alike(&one, &one).await, Ok(true));
        assert_eq!(alike(&one, &other).await, Ok(false), "each adapter has its own");
        pass(Duration::from_secs(1)).await;
        assert_eq!(sites.a.node.holdings().exports, before, "they are let go of");
        assert_eq!(alike(&one, &one).await, Ok(true), "also when it is sent again");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn who_starts_an_actor_may_stop_it_where_its_kind_says_so() {
    in_each_codec(async |sites: Sites| {
        let make = |name: String| ChildSpec::new(name, || Listener::new(&Journal::default(), &Gate::new()));
        let node = &sites.b.node;
        node.register_kind("kept", make).expect("the name is free");
        node.register_kind_with_orders("given", make).expect("the name is free");
        let kept = sites.a.node.start_at::<Say, _>("kept@b", &"one".to_owned()).await;
        let given = sites.a.node.start_at::<Say, _>("given@b", &"two".to_owned()).await;
        let (kept, given) = (kept.expect("it starts"), given.expect("it starts"));
        assert_eq!(kept.stop().await.err(), Some(StopError::NotAllowed));
        assert!(matches!(given.stop().await, Ok(ExitReason::Normal)));
        assert_eq!(kept.ask(|reply| Say::Echo(1, reply)).await, Ok(1));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_order_to_one_whose_node_is_being_connected_to_waits_for_that() {
    in_each_codec(async |sites: Sites| {
        let c = sites.another("c").await;
        let (other, ..) = listener(&sites.b.system, "other");
        sites
            .b
            .node
            .expose_with_orders("other", &other)
            .expect("the name is free");
        let handle = c.node.lookup::<Say>("other@b").await.expect("it is exposed");
        let a = c.far("a").await;
        let ended = a.ask(|reply| Say::End(handle, reply)).await;
        assert_eq!(ended.as_deref(), Ok("ended normally"));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn so_many_nodes_are_known_as_the_settings_say() {
    let config = NetConfig {
        peers_max: 2,
        idle_timeout: Duration::from_secs(5),
        ..NetConfig::default()
    };
    with_config(config, async |sites: Sites| {
        let (c, d) = (sites.another("c").await, sites.another("d").await);
        let held = (sites.b.far("a").await, c.far("a").await);
        let refused = d.node.lookup::<Say>("listener@a").await;
        let Err(LookupError::Unreachable(Closed::RefusedByPeer { code, .. })) = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(code, actor_net::wire::codes::Refusal::Busy);
        assert_eq!(held.0.ask(|reply| Say::Echo(1, reply)).await, Ok(1));
        drop(held.1);
        pass(Duration::from_secs(60)).await;
        let far = d.far("a").await;
        assert_eq!(far.ask(|reply| Say::Echo(2, reply)).await, Ok(2));
        assert_eq!(held.0.ask(|reply| Say::Echo(3, reply)).await, Ok(3));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn nodes_that_prefer_different_codecs_agree_on_one() {
    for (number, [first, second]) in [[0, 1], [1, 0]].into_iter().enumerate() {
        let network = actor_testkit::SimulatedNetwork::seeded(number as u64);
        let config = NetConfig::default();
        let a = crate::sites::Site::new(&network, "a", Codec::ALL[first], config.clone()).await;
        let b = crate::sites::Site::new(&network, "b", Codec::ALL[second], config).await;
        let far = a.far("b").await;
        assert_eq!(far.ask(|reply| Say::Echo(300, reply)).await, Ok(300));
        let back = b.far("a").await;
        assert_eq!(back.ask(|reply| Say::Echo(70_000, reply)).await, Ok(70_000));
        let own = a.listener.clone();
        assert!(far.ask(|reply| Say::Back(own.clone(), reply)).await == Ok(own));
        assert_eq!((a.node.peers().len(), b.node.peers().len()), (1, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_that_compresses_and_one_that_does_not_find_each_other_and_understand_all() {
    for codec in Codec::ALL {
        let network = actor_testkit::SimulatedNetwork::seeded(1);
        let packs = NetConfig {
            compress_bytes_min: Some(1_000),
            ..NetConfig::default()
        };
        let a = crate::sites::Site::new(&network, "a", codec, packs).await;
        let b = crate::sites::Site::new(&network, "b", codec, NetConfig::default()).await;
        let (there, back) = (a.far("b").await, b.far("a").await);
        let written = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
        let counted = written.clone();
        network.memory().set_delay(move |from, _, bytes| {
            counted[usize::from(from == "b")].fetch_add(bytes, Ordering::Relaxed);
            Duration::from_millis(1)
        });
        for far in [there, back] {
            let echoed = far.ask(|reply| Say::Bytes(vec![7; 200_000], reply)).await;
            assert!(echoed == Ok(vec![7; 200_000]));
        }
        let [by_a, by_b] = [0, 1].map(|at| written[at].load(Ordering::Relaxed));
        assert!(by_a < 10_000 && by_b > 400_000, "{by_a} and {by_b} bytes");
    }
}
