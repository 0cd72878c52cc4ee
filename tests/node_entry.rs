//! Promises about bounds between nodes, and about who is let in.

use std::time::Duration;

use actor_core::prelude::*;
use actor_net::wire::codes::Refusal;
use actor_net::{Closed, Codec, LookupError, NetConfig, Node, NodeEvent, Secret, Security, StartError};
use actor_testkit::pass;

use crate::sites::{Say, Sites, in_each_codec, listener, with_config};
use crate::telemetry::listen_to;

#[tokio::test(start_paused = true)]
async fn a_slow_actor_holds_up_only_those_who_send_to_it() {
    let config = NetConfig {
        window_bytes: 20_000,
        ..NetConfig::default()
    };
    with_config(config, async |sites: Sites| {
        let (other, journal, _gate) = listener(&sites.b.system, "other");
        sites.b.node.expose("other", &other).expect("the name is free");
        let slow = sites.a.far("b").await;
        let quick = sites.a.node.lookup::<Say>("other@b").await.expect("it is exposed");
        let asks = slow.clone();
        let asking = tokio::spawn(async move { asks.ask(Say::Wait).no_timeout().await });
        sites.b.gate.reached().await;
        let mut sent = 0;
        while slow.try_tell(Say::Large(sent, vec![0; 1_000])).is_ok() {
            sent += 1;
            // What is under way has come: it is the window that is full, and not the connection.
            pass(Duration::from_millis(20)).await;
        }
        let held = sites.b.node.holdings();
        assert!(sent >= 20, "{sent}");
        let bytes_max = 20_000 + 1_100;
        assert!(held.inbox_bytes < bytes_max, "{held:?}");
        let sends = slow.clone();
        let waiting = tokio::spawn(async move { sends.tell(Say::Large(sent, vec![0; 1_000])).await });
        assert_eq!(quick.ask(|reply| Say::Echo(1, reply)).await, Ok(1));
        assert!(!waiting.is_finished(), "a tell waits for room");
        sites.b.gate.open();
        assert_eq!(asking.await.expect("no panic"), Ok(0));
        assert!(waiting.await.expect("no panic").is_ok());
        pass(Duration::from_secs(1)).await;
        assert_eq!(sites.b.journal.take(), crate::sites::numbers(sent + 1));
        assert_eq!(journal.take(), ["echo 1"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_slow_peer_is_bounded_and_blocks_nobody_else() {
    let config = NetConfig {
        outbox_bytes_max: 100_000,
        window_bytes: 10_000_000,
        ..NetConfig::default()
    };
    with_config(config, async |sites: Sites| {
        let far = sites.a.far("b").await;
        sites.network.silence("a", "b");
        let mut sent = 0;
        while far.try_tell(Say::Large(sent, vec![0; 1_000])).is_ok() {
            sent += 1;
            tokio::task::yield_now().await;
        }
        let held = sites.a.node.holdings();
        assert!((90..300).contains(&sent), "{sent}");
        assert!(held.outbox_bytes <= 101_000, "{held:?}");
        let sends = far.clone();
        let waiting = tokio::spawn(async move { sends.tell(Say::Large(sent, vec![0; 1_000])).await });
        let echoed = sites.a.listener.ask(|reply| Say::Echo(1, reply)).await;
        assert_eq!(echoed, Ok(1), "an actor here does not wait for it");
        assert!(!waiting.is_finished());
        assert!(matches!(waiting.await.expect("no panic"), Err(TellError::NodeDown(_))));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_second_living_node_of_one_name_is_refused_with_a_reason() {
    in_each_codec(async |sites: Sites| {
        let far = sites.b.far("a").await;
        let system = System::new("impostor");
        // It listens elsewhere, as two machines do.
        let impostor = Node::builder(&system)
            .name("a")
            .security(Security::memory(sites.network.memory().transport("elsewhere"), None))
            .start()
            .await
            .expect("nothing is in the way");
        let refused = impostor.lookup::<Say>("listener@b").await;
        let Err(LookupError::Unreachable(Closed::RefusedByPeer { code, .. })) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(code, Refusal::NameTaken);
        assert_eq!(
            far.ask(|reply| Say::Echo(1, reply)).await,
            Ok(1),
            "the other is as it was"
        );
        let taken = sites.network.node(&system, "a").await;
        assert!(matches!(taken, Err(StartError::Listen { .. })), "its address is taken");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn who_has_another_secret_or_cluster_is_refused_on_both_sides() {
    in_each_codec(async |sites: Sites| {
        let memory = sites.network.memory();
        let system = System::new("test");
        let start = async |name: &str, secret: &[u8], cluster: &str| {
            let secret = Secret::new(secret).expect("it is long enough");
            Node::builder(&system)
                .name(name)
                .listen(name)
                .cluster(cluster)
                .security(Security::memory(memory.transport(name), Some(secret)))
                .start()
                .await
                .expect("the name is free")
        };
        let inside = start("inside", b"the secret of the house", "one").await;
        let wrong = start("wrong", b"a secret of the street", "one").await;
        let other = start("other", b"the secret of the house", "two").await;
        let mut events = inside.events();
        for (node, code) in [(&wrong, Refusal::Proof), (&other, Refusal::Cluster)] {
            let refused = node.connect("inside", None).await;
            let Err(Closed::RefusedByPeer { code: heard, words }) = refused else {
                panic!("{refused:?}");
            };
            assert_eq!(heard, code);
            assert!(!words.contains("secret of"), "{words}");
            let refused = inside.connect(node.id().name.as_str(), None).await;
            assert!(refused.is_err(), "{refused:?}");
        }
        assert!(inside.peers().is_empty());
        while let Ok(event) = events.try_recv() {
            assert!(!matches!(event, NodeEvent::Connected(_)), "{event:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_node_that_cannot_start_says_why() {
    let system = System::new("test");
    let bad = Node::builder(&system)
        .name("a b")
        .security(Security::insecure())
        .start()
        .await;
    assert!(bad.unwrap_err().to_string().contains("name a node by letters"));
    let bad = Node::builder(&system).name("a").start().await;
    assert!(bad.unwrap_err().to_string().contains("say how peers prove"));
    let seeded = Node::builder(&system)
        .name("a")
        .seed(1)
        .security(Security::insecure())
        .start()
        .await;
    assert!(seeded.unwrap_err().to_string().contains("could be guessed"));
    let first = Node::builder(&system)
        .name("a")
        .listen("127.0.0.1:0")
        .security(Security::insecure());
    let first = first.start().await.expect("a port is free");
    let address = first.address().expect("it listens").to_owned();
    for bad in [&*address, "nonsense", "127.0.0.1:99999"] {
        let second = Node::builder(&system)
            .name("b")
            .listen(bad)
            .security(Security::insecure());
        let why = second.start().await.unwrap_err().to_string();
        assert!(why.contains(&format!("cannot listen on {bad}")), "{why}");
    }
}

/// A secret lets anybody in, and the id of an export lets its holder reach an actor.
#[tokio::test(start_paused = true)]
async fn no_secret_is_ever_logged() {
    for codec in Codec::ALL {
        much_goes_wrong_and_is_logged(codec).await;
    }
}

async fn much_goes_wrong_and_is_logged(codec: Codec) {
    let (log, _listening) = listen_to(tracing::Level::TRACE);
    let network = actor_testkit::SimulatedNetwork::seeded(1);
    let secrets = [
        b"xyzzy plugh plover is secret",
        b"frotz nitfol rezrov is secret".split_at(28).0,
    ];
    let mut nodes = Vec::new();
    for (name, secret) in [("a", secrets[0]), ("b", secrets[0]), ("c", secrets[1])] {
        let system = System::new(name);
        let secret = Secret::new(secret).expect("it is long enough");
        tracing::debug!(?secret, "chosen");
        let security = Security::memory(network.memory().transport(name), Some(secret));
        tracing::debug!(?security, "chosen");
        let node = Node::builder(&system).name(name).listen(name).security(security);
        nodes.push((node.codec(codec).start().await.expect("the name is free"), system));
    }
    let (friend, ..) = listener(&nodes[0].1, "friend");
    nodes[0].0.expose("friend", &friend).expect("the name is free");
    let far = nodes[1].0.lookup::<Say>("friend@a").await.expect("it is exposed");
    tracing::debug!(?far, "found");
    assert!(
        nodes[2].0.lookup::<Say>("friend@a").await.is_err(),
        "it has another secret"
    );
    let _ = far.stop().await;
    let _ = far.ask(|reply| Say::Back(far.clone(), reply)).await;
    let _ = friend.stop().await;
    pass(Duration::from_secs(1)).await;
    let _ = far.tell(Say::Note(1)).await;
    network.cut("a", "b");
    pass(Duration::from_secs(30)).await;
    let lines = log.lines_with("");
    assert!(
        lines.len() > 10 && lines.iter().any(|line| line.contains("the proof does not hold")),
        "{lines:#?}"
    );
    let as_numbers = |secret: &[u8]| secret[..4].iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
    let as_hex = |secret: &[u8]| secret[..4].iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    for line in lines {
        for secret in secrets {
            let text = String::from_utf8_lossy(&secret[..5]);
            let shown = [text.to_string(), as_numbers(secret), as_hex(secret)];
            assert!(!shown.iter().any(|shown| line.contains(shown)), "{line}");
        }
        // The longest number that stands for something else has 20 digits, and an id 38 or 39.
        let longest = line.split(|sign: char| !sign.is_ascii_hexdigit()).map(str::len).max();
        assert!(longest.unwrap_or(0) < 26, "{line}");
    }
}

#[tokio::test]
async fn a_node_without_security_says_so_in_the_log_and_stays_on_loopback() {
    let (log, _listening) = listen_to(tracing::Level::WARN);
    let system = System::new("test");
    let insecure = |address: &str| {
        let node = Node::builder(&system).name("a").listen(address);
        node.security(Security::insecure()).start()
    };
    let outside = insecure("0.0.0.0:0").await.unwrap_err().to_string();
    assert!(outside.contains("nothing else is allowed"), "{outside}");
    assert!(insecure("127.0.0.1:0").await.is_ok());
    assert_eq!(log.lines_with("insecure").len(), 2);
}
