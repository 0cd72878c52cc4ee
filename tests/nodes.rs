//! The same handle on another machine: what is promised across nodes.

use actor_core::StopError;
use actor_core::prelude::*;
use actor_net::{Codec, LookupError, Node, Secret, Security};
use serde::{Deserialize, Serialize};

/// Spoken across nodes.
#[derive(Serialize, Deserialize)]
enum Room {
    Say(String),
    Said(Reply<Vec<String>>),
    Join(Handle<Heard>),
    Fail,
    Forget(Reply<()>),
}

#[derive(Serialize, Deserialize, Debug, PartialEq)]
struct Heard(String);

#[derive(Default)]
struct Lobby {
    said: Vec<String>,
    members: Vec<Handle<Heard>>,
}

impl Actor for Lobby {
    type Msg = Room;

    async fn handle(&mut self, msg: Room, _ctx: &mut Context<Room>) -> ActorResult {
        match msg {
            Room::Say(words) => {
                for member in &self.members {
                    member.tell(Heard(words.clone())).await?;
                }
                self.said.push(words);
            }
            Room::Said(reply) => reply.send(self.said.clone()),
            Room::Join(member) => self.members.push(member),
            Room::Fail => return Err(ActorError::new("on purpose")),
            Room::Forget(reply) => drop(reply),
        }
        Ok(())
    }
}

async fn pair(codec: Codec) -> (System, Node, System, Node) {
    let secret = || Secret::new(b"a secret that is long enough").expect("it is");
    let (left, right) = (System::new("left"), System::new("right"));
    let b = Node::builder(&right)
        .name("b")
        .listen("127.0.0.1:0")
        .security(Security::secret(secret()))
        .start()
        .await
        .expect("a port is free");
    let a = Node::builder(&left)
        .name("a")
        .security(Security::secret(secret()))
        .peer("b", b.address().expect("it listens"))
        .codec(codec)
        .start()
        .await
        .expect("nothing is in the way");
    (left, a, right, b)
}

#[tokio::test]
async fn what_is_exposed_is_looked_up_told_and_asked() {
    for codec in Codec::ALL {
        let (_left, a, right, b) = pair(codec).await;
        let lobby = right.spawn("lobby", Lobby::default).expect("the name is free");
        b.expose("lobby", &lobby).expect("the name is free");
        let far = a.lookup::<Room>("lobby@b").await.expect("it is exposed");
        for n in 0..100 {
            far.tell(Room::Say(n.to_string())).await.expect("it lives");
        }
        let said = far.ask(Room::Said).await.expect("it answers");
        assert_eq!(said, (0..100).map(|n| n.to_string()).collect::<Vec<_>>());
        assert_eq!(far.ask(Room::Forget).await, Err(AskError::NoReply));
        let watch = far.watch();
        let _ = lobby.stop().await;
        assert!(matches!(watch.await.reason, ExitReason::Normal));
        assert!(matches!(far.tell(Room::Fail).await, Err(TellError::Stopped(_))));
        assert!(matches!(a.lookup::<Room>("lobby@b").await, Err(LookupError::NotFound)));
    }
}

#[tokio::test]
async fn an_actor_is_stopped_from_afar_only_where_its_node_allows_that() {
    for codec in Codec::ALL {
        let (_left, a, right, b) = pair(codec).await;
        let [kept, given] = ["kept", "given"].map(|name| right.spawn(name, Lobby::default).expect("the name is free"));
        b.expose("kept", &kept).expect("the name is free");
        b.expose_with_orders("given", &given).expect("the name is free");
        let far = a.lookup::<Room>("kept@b").await.expect("it is exposed");
        assert_eq!(far.stop().await.unwrap_err(), StopError::NotAllowed);
        assert_eq!(far.ask(Room::Said).await, Ok(Vec::new()));
        let far = a.lookup::<Room>("given@b").await.expect("it is exposed");
        far.tell(Room::Say("before".to_owned())).await.expect("it lives");
        assert!(matches!(far.drain().await, Ok(ExitReason::Normal)));
        assert!(!given.is_alive());
    }
}
