//! A peer that means harm: what it sends costs it its connection, and nobody else anything.

use std::time::Duration;

use actor_core::prelude::*;
use actor_net::wire::codes::{Goodbye, method};
use actor_net::wire::protocol::{Card, Frame, MAGIC, VERSION};
use actor_net::wire::{Reason, Rest};
use actor_net::{Closed, Codec, ExportId, Incarnation, NetConfig, Node, NodeEvent, Security};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::Gate;

/// What the actor that everybody can reach is told.
#[derive(Serialize, Deserialize)]
enum Msg {
    Text(String),
    Count(Reply<u64>),
    Nest(Nested),
}

#[derive(Serialize, Deserialize)]
struct Nested(Option<Box<Nested>>);

struct Counter {
    seen: u64,
    gate: Option<Gate>,
}

impl Actor for Counter {
    type Msg = Msg;

    async fn handle(&mut self, msg: Msg, _ctx: &mut Context<Msg>) -> ActorResult {
        if let Some(gate) = self.gate.take() {
            gate.pass().await;
        }
        match msg {
            Msg::Text(_) | Msg::Nest(_) => self.seen += 1,
            Msg::Count(reply) => reply.send(self.seen),
        }
        Ok(())
    }
}

/// A node with an actor, a good peer that uses it, and room for a bad one.
struct Stage {
    system: System,
    node: Node,
    _good_system: System,
    _good: Node,
    far: Handle<Msg>,
}

fn config() -> NetConfig {
    NetConfig {
        calls_max: 64,
        watches_max: 64,
        streams_max: 4,
        message_bytes_max: 64 << 10,
        reassembly_bytes_max: 256 << 10,
        window_bytes: 16 << 10,
        handshake_timeout: Duration::from_secs(2),
        ..NetConfig::default()
    }
}

impl Stage {
    async fn new(gate: Option<Gate>) -> Self {
        let system = System::new("victim");
        let node = Node::builder(&system)
            .name("victim")
            .listen("127.0.0.1:0")
            .security(Security::insecure())
            .config(config())
            .start()
            .await
            .expect("a port is free");
        let counter = ChildSpec::once("counter", move || Counter { seen: 0, gate }).mailbox(MailboxSpec::bounded(4));
        let counter = system.spawn_spec(counter).expect("the name is free");
        node.expose("counter", &counter).expect("the name is free");
        let good_system = System::new("good");
        let good = Node::builder(&good_system)
            .name("good")
            .security(Security::insecure())
            .peer("victim", node.address().expect("it listens"))
            .start()
            .await
            .expect("nothing is in the way");
        let far = good.lookup::<Msg>("counter@victim").await.expect("it is exposed");
        Self {
            system,
            node,
            _good_system: good_system,
            _good: good,
            far,
        }
    }

    /// A peer that has shaken hands, and may say anything now.
    async fn bad(&self) -> Bad {
        let mut bad = Bad::connect(self).await;
        bad.shake_hands().await;
        bad
    }

    /// Why the bad peer was cut off.
    async fn bad_is_gone(&self, events: &mut tokio::sync::broadcast::Receiver<NodeEvent>) -> Closed {
        loop {
            if let NodeEvent::Lost(name, why) = events.recv().await.expect("the node lives")
                && name.as_str() == "bad"
            {
                return why;
            }
        }
    }

    async fn the_good_one_is_served(&self) {
        self.far
            .tell(Msg::Text("still here".to_owned()))
            .await
            .expect("it is served");
        assert!(self.far.ask(Msg::Count).await.expect("it is answered") > 0);
    }
}

struct Bad(TcpStream);

impl Bad {
    async fn connect(stage: &Stage) -> Self {
        let address = stage.node.address().expect("it listens");
        Self(TcpStream::connect(address).await.expect("it listens"))
    }

    async fn say(&mut self, frame: &Frame<'_>) {
        let mut bytes = Vec::new();
        frame.encode(&mut bytes);
        // The other side may have had enough by now.
        let _ = self.0.write_all(&bytes).await;
    }

    /// The next frame that is not about room.
    async fn hear(&mut self) -> Vec<u8> {
        loop {
            let mut length = [0; 4];
            self.0.read_exact(&mut length).await.expect("it answers");
            let mut frame = vec![0; u32::from_le_bytes(length) as usize];
            self.0.read_exact(&mut frame).await.expect("it answers");
            if !matches!(Frame::parse(&frame), Ok(Frame::Credit { .. })) {
                return frame;
            }
        }
    }

    async fn shake_hands(&mut self) {
        let codecs = [Codec::Bincode.id()];
        let card = Card {
            name: "bad",
            incarnation: Incarnation(7),
            cluster: "",
            features: 0,
            method: method::INSECURE,
            frame_bytes_max: 1 << 20,
            message_bytes_max: 1 << 20,
            window_bytes: 1 << 20,
            codecs: &codecs,
            nonce: [7; 32],
        };
        self.say(&Frame::Hello {
            magic: MAGIC,
            version_min: VERSION,
            version_max: VERSION,
            card,
        })
        .await;
        let challenge = self.hear().await;
        assert!(matches!(Frame::parse(&challenge), Ok(Frame::Challenge { .. })));
        self.say(&Frame::Proof { mac: [0; 32] }).await;
        let welcome = self.hear().await;
        assert!(matches!(Frame::parse(&welcome), Ok(Frame::Welcome { .. })));
    }

    /// The export of the actor, as a look-up tells it.
    async fn lookup(&mut self) -> ExportId {
        let protocol = std::any::type_name::<Msg>();
        self.say(&Frame::Lookup {
            request: 1,
            name: "counter",
            protocol,
            version: 0,
            fingerprint: 0,
            codec: Codec::Bincode.id(),
        })
        .await;
        match Frame::parse(&self.hear().await) {
            Ok(Frame::Found { handle, .. }) => handle.export,
            other => panic!("{other:?}"),
        }
    }
}

fn body(msg: &Msg) -> Vec<u8> {
    let mut bytes = Vec::new();
    Codec::Bincode.encode(msg, &mut bytes, 1 << 20).expect("it is small");
    bytes
}

/// What each of these says ends its connection, for the reason given.
#[tokio::test]
async fn a_peer_that_breaks_the_protocol_is_cut_off_with_a_reason_and_nobody_else_notices() {
    let stage = Stage::new(None).await;
    let mut events = stage.node.events();
    let id = ExportId(1);
    let huge: &[&[u8]] = &[
        // A length beyond all bounds, none, and a kind that there is not.
        &[0xff, 0xff, 0xff, 0x7f, 0x20],
        &[0, 0, 0, 0],
        &[1, 0, 0, 0, 0xee],
        // A look-up whose name claims to be longer than any may be.
        &[12, 0, 0, 0, 0x40, 1, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0],
    ];
    for bytes in huge {
        let mut bad = stage.bad().await;
        bad.0.write_all(bytes).await.expect("it is read");
        let why = stage.bad_is_gone(&mut events).await;
        assert!(matches!(why, Closed::Frame(_) | Closed::Protocol(_)), "{why}");
    }
    let frames = [
        Frame::Proof { mac: [0; 32] },
        Frame::Down {
            after: 9,
            watch: 1,
            reason: Reason {
                end: 1,
                causes: Vec::new(),
            },
        },
        Frame::Order {
            after: 0,
            to: id,
            order: 99,
            ending: 1,
        },
        Frame::LinkBroken {
            after: 9,
            link: 1,
            own: true,
            reason: Reason {
                end: 1,
                causes: Vec::new(),
            },
        },
    ];
    for frame in &frames {
        let mut bad = stage.bad().await;
        bad.say(frame).await;
        let why = stage.bad_is_gone(&mut events).await;
        assert!(matches!(why, Closed::Protocol(_) | Closed::Ended(_)), "{frame}: {why}");
    }
    stage.the_good_one_is_served().await;
}

#[tokio::test]
async fn a_peer_that_asks_without_end_is_cut_off() {
    let gate = Gate::new();
    let stage = Stage::new(Some(gate.clone())).await;
    let mut events = stage.node.events();
    let mut bad = stage.bad().await;
    let to = bad.lookup().await;
    // Nothing is answered meanwhile: the handler waits.
    for call in 0..100 {
        let mut question = vec![1];
        question.push(u8::try_from(call).expect("it is small"));
        let ask = Frame::Ask {
            to,
            call,
            deadline_millis: None,
            body: Rest(&question),
        };
        bad.say(&ask).await;
    }
    let why = stage.bad_is_gone(&mut events).await;
    assert!(matches!(why, Closed::Ended(Goodbye::Limit)), "{why}");
    gate.open();
    stage.the_good_one_is_served().await;
}

#[tokio::test]
async fn a_peer_that_floods_an_actor_beyond_its_window_is_cut_off() {
    let gate = Gate::new();
    let stage = Stage::new(Some(gate.clone())).await;
    let mut events = stage.node.events();
    let mut bad = stage.bad().await;
    let to = bad.lookup().await;
    let text = body(&Msg::Text("x".repeat(8 << 10)));
    for _ in 0..100 {
        let tell = Frame::Tell { to, body: Rest(&text) };
        bad.say(&tell).await;
    }
    let why = stage.bad_is_gone(&mut events).await;
    assert!(matches!(why, Closed::Ended(Goodbye::Limit)), "{why}");
    gate.open();
    stage.the_good_one_is_served().await;
}

#[tokio::test]
async fn pieces_of_messages_that_never_end_are_bounded() {
    let stage = Stage::new(None).await;
    let mut events = stage.node.events();
    let piece = vec![0; 32 << 10];
    // Too many at a time, and one that is too large.
    for streams in [100, 1] {
        let mut bad = stage.bad().await;
        for n in 0..100 {
            let chunk = Frame::Chunk {
                stream: n % streams,
                last: false,
                piece: Rest(&piece),
            };
            bad.say(&chunk).await;
        }
        let why = stage.bad_is_gone(&mut events).await;
        assert!(matches!(why, Closed::Ended(Goodbye::Limit)), "{why}");
    }
    stage.the_good_one_is_served().await;
}

#[tokio::test]
async fn bytes_that_are_no_message_are_an_error_of_that_call_alone() {
    let stage = Stage::new(None).await;
    let mut bad = stage.bad().await;
    let to = bad.lookup().await;
    // No such variant; nested without end; more behind it; a text longer than it is.
    let mut deep = vec![2];
    deep.extend(std::iter::repeat_n(1, 20_000));
    let mut more = body(&Msg::Text(String::new()));
    more.push(0);
    let bodies = [vec![9], deep, more, vec![0, 251, 0xff, 0xff]];
    for (call, body) in (0..).zip(&bodies) {
        let ask = Frame::Ask {
            to,
            call,
            deadline_millis: Some(1_000),
            body: Rest(body),
        };
        bad.say(&ask).await;
        let answer = bad.hear().await;
        match Frame::parse(&answer) {
            Ok(Frame::Unanswered { call: answered, .. }) => assert_eq!(answered, call),
            other => panic!("{other:?}"),
        }
    }
    // Answers that nobody asked for, and messages for nobody, are nothing.
    bad.say(&Frame::Answer {
        call: 77,
        body: Rest(&[1, 2, 3]),
    })
    .await;
    bad.say(&Frame::Tell {
        to: ExportId(1),
        body: Rest(&[1, 2, 3]),
    })
    .await;
    bad.say(&Frame::Ping { token: 5 }).await;
    assert!(matches!(Frame::parse(&bad.hear().await), Ok(Frame::Pong { token: 5 })));
    stage.the_good_one_is_served().await;
    assert_eq!(stage.node.peers().len(), 2);
    drop(stage.system);
}

#[tokio::test]
async fn a_handshake_is_not_held_for_longer_than_its_time() {
    let stage = Stage::new(None).await;
    let mut bad = Bad::connect(&stage).await;
    bad.0.write_all(&[200, 0, 0]).await.expect("it is read");
    // Half a frame, and then nothing: the other side ends it.
    let mut rest = Vec::new();
    let refused = bad.0.read_to_end(&mut rest).await;
    assert!(refused.is_ok() || rest.is_empty(), "{refused:?}");
    stage.the_good_one_is_served().await;
}
