//! Nodes in processes of their own, which are killed, stopped, continued and started again.
//!
//! The clock is real here, as no process can be given another. Everything waits for what happens; only a pause that is itself
//! the fault is a sleep.

mod clusters;
mod refusals;
mod spoken;
mod theatre;

use std::time::Duration;

use actor_core::prelude::*;
use actor_net::{Codec, Node, NodeEvent};
use futures_util::FutureExt as _;
use spoken::{Room, protocol};
use theatre::{Puppet, SECRET, by_secret, node, silence, within};

const BY_SECRET: &str = "secret=a secret that is long enough";

/// The one who dials chooses the codec, and that is the node of this process.
async fn in_each_codec(test: impl AsyncFn(Codec)) {
    for codec in Codec::ALL {
        test(codec).await;
    }
}

async fn lobby(node: &Node) -> Handle<Room> {
    let found = node.lookup_as::<Room>("lobby@b", protocol(1)).await;
    found.expect("it is exposed")
}

/// Keeps every question.
#[derive(Default)]
struct Keeper(Vec<Reply<()>>);

impl Actor for Keeper {
    type Msg = Room;

    async fn handle(&mut self, msg: Room, _ctx: &mut Context<Room>) -> ActorResult {
        if let Room::Keep(reply) = msg {
            self.0.push(reply);
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_killed_process_ends_each_question_and_fires_each_watch() {
    in_each_codec(async |codec| {
        let mut puppet = Puppet::start(&[BY_SECRET]).await;
        let system = System::new("a");
        let node = node(&system, &puppet, by_secret(SECRET))
            .codec(codec)
            .start()
            .await
            .expect("it starts");
        let far = lobby(&node).await;
        let mut events = node.events();
        let watches: Vec<_> = (0..10).map(|_| far.watch()).collect();
        let asking = (0..10).map(|_| {
            let far = far.clone();
            tokio::spawn(async move { far.ask(Room::Keep).no_timeout().await })
        });
        let asking: Vec<_> = asking.collect();
        // It has them all: an answer comes behind them.
        assert_eq!(far.ask(Room::Said).await, Ok(Vec::new()));

        puppet.kill().await;
        for watch in watches {
            let down = within("the watch", watch).await;
            assert!(matches!(down.reason, ExitReason::NodeDown), "{:?}", down.reason);
        }
        for asking in asking {
            let outcome = within("the answer", asking).await.expect("no panic");
            assert_eq!(outcome, Err(AskError::NodeDown));
        }
        let lost = within("the event", events.recv()).await;
        assert!(
            matches!(&lost, Ok(NodeEvent::Lost(name, _)) if name.as_str() == "b"),
            "{lost:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn a_process_that_is_stopped_for_less_than_the_timeout_loses_nothing() {
    in_each_codec(async |codec| {
        let interval = Duration::from_millis(50);
        let puppet = Puppet::start(&[BY_SECRET, "silence=60000"]).await;
        let system = System::new("a");
        let node = node(&system, &puppet, by_secret(SECRET))
            .codec(codec)
            .config(actor_net::NetConfig {
                heartbeat_interval: interval,
                ..silence(Duration::from_secs(60))
            });
        let node = node.start().await.expect("it starts");
        let far = lobby(&node).await;
        let mut events = node.events();
        let mut watch = far.watch();

        puppet.signal("STOP").await;
        let mut said = 0;
        while far.try_tell(Room::Say(said)).is_ok() {
            said += 1;
            // Now and then what is sent has to be written.
            tokio::task::yield_now().await;
        }
        let asking = tokio::spawn({
            let far = far.clone();
            async move { far.ask(Room::Said).no_timeout().await }
        });
        // Many heartbeats long.
        tokio::time::sleep(interval * 10).await;
        assert!(!asking.is_finished());
        puppet.signal("CONT").await;

        let heard = within("the answer", asking)
            .await
            .expect("no panic")
            .expect("it answers");
        assert!(said > 1000, "a stopped process takes {said} messages");
        assert_eq!(heard, (0..said).collect::<Vec<_>>());
        assert!((&mut watch).now_or_never().is_none());
        assert!(events.try_recv().is_err(), "nothing was lost, nothing was made again");
    })
    .await;
}

#[tokio::test]
async fn a_process_that_is_stopped_for_longer_is_lost_on_both_sides_and_comes_back() {
    in_each_codec(async |codec| {
        let system = System::new("a");
        let a = Node::builder(&system).name("a").security(by_secret(SECRET));
        let a = a.config(silence(Duration::from_secs(2))).listen("127.0.0.1:0");
        let a = a.codec(codec).start().await.expect("a port is free");
        let peer = format!("peer=a@{}", a.address().expect("it listens"));
        let mut puppet = Puppet::start(&[BY_SECRET, "silence=2000", &peer]).await;
        let id = a.connect("b", Some(&puppet.address)).await.expect("it listens");
        let far = lobby(&a).await;
        puppet.tells("connected a").await;
        let keeper = system.spawn("keeper", Keeper::default).expect("the name is free");
        far.tell(Room::Meet(keeper)).await.expect("it lives");
        far.tell(Room::Say(1)).await.expect("it lives");
        assert_eq!(far.ask(Room::Said).await, Ok(vec![1]));

        let watch = far.watch();
        let asking = tokio::spawn({
            let far = far.clone();
            async move { far.ask(Room::Keep).no_timeout().await }
        });
        puppet.signal("STOP").await;
        let down = within("the watch", watch).await;
        assert!(matches!(down.reason, ExitReason::NodeDown), "{:?}", down.reason);
        let outcome = within("the answer", asking).await.expect("no panic");
        assert_eq!(outcome, Err(AskError::NodeDown));

        puppet.signal("CONT").await;
        puppet.tells("lost a: ").await;
        assert_eq!(puppet.tells("down ").await, "NodeDown");
        assert_eq!(puppet.tells("kept until ").await, "Err(NodeDown)");
        puppet.tells("connected a").await;
        // It is the same life, to which the old handle leads.
        let back = within("the connection", async {
            loop {
                match a.connect("b", None).await {
                    Ok(id) => return id,
                    Err(_) => tokio::task::yield_now().await,
                }
            }
        });
        assert_eq!(back.await, id);
        far.tell(Room::Say(2)).await.expect("the same life");
        assert_eq!(far.ask(Room::Said).await, Ok(vec![1, 2]));
    })
    .await;
}

#[tokio::test]
async fn a_process_that_is_started_again_at_once_is_another_life() {
    in_each_codec(async |codec| {
        let mut puppet = Puppet::start(&[BY_SECRET]).await;
        let system = System::new("a");
        let node = node(&system, &puppet, by_secret(SECRET))
            .codec(codec)
            .start()
            .await
            .expect("it starts");
        let old = lobby(&node).await;
        let before = node.peers()[0].id.clone();
        old.tell(Room::Say(1)).await.expect("it lives");
        assert_eq!(old.ask(Room::Said).await, Ok(vec![1]));
        let watch = old.watch();

        puppet.kill().await;
        let listen = format!("listen={}", puppet.address);
        let _next = Puppet::start(&[BY_SECRET, &listen]).await;
        let down = within("the watch", watch).await;
        assert!(matches!(down.reason, ExitReason::NodeDown), "{:?}", down.reason);
        let new = within("the look-up", async {
            loop {
                match node.lookup_as::<Room>("lobby@b", protocol(1)).await {
                    Ok(found) => return found,
                    // The connection to the old life may not have been given up yet.
                    Err(_) => tokio::task::yield_now().await,
                }
            }
        });
        let new = new.await;
        assert_ne!(node.peers()[0].id, before);

        assert!(matches!(old.tell(Room::Say(2)).await, Err(TellError::Stopped(_))));
        assert_eq!(old.ask(Room::Said).await, Err(AskError::Stopped));
        assert!(!old.is_alive());
        new.tell(Room::Say(3)).await.expect("it lives");
        assert_eq!(new.ask(Room::Said).await, Ok(vec![3]), "nothing of the old life");
    })
    .await;
}
