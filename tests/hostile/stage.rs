//! A node that everybody can reach, one that uses it well, and one that may say anything.

use std::time::Duration;

use actor_core::prelude::*;
use actor_net::wire::Rest;
use actor_net::wire::codes::{method, order};
use actor_net::wire::protocol::{Card, Frame, MAGIC, VERSION};
use actor_net::{Closed, Codec, ExportId, Incarnation, NetConfig, Node, NodeEvent, Security};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::Gate;

/// What the actor that everybody can reach is told.
#[derive(Serialize, Deserialize)]
pub(super) enum Msg {
    Text(String),
    Count(Reply<u64>),
    Nest(Nested),
    Echo(String, Reply<String>),
}

#[derive(Serialize, Deserialize)]
pub(super) struct Nested(Option<Box<Nested>>);

pub(super) struct Counter {
    pub(super) seen: u64,
    pub(super) gate: Option<Gate>,
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
            Msg::Echo(text, reply) => reply.send(text),
        }
        Ok(())
    }
}

/// A node with an actor, a good peer that uses it, and room for a bad one.
pub(super) struct Stage {
    codec: Codec,
    pub(super) system: System,
    pub(super) node: Node,
    pub(super) _good_system: System,
    pub(super) _good: Node,
    pub(super) far: Handle<Msg>,
}

pub(super) fn config() -> NetConfig {
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

/// The same, where one that is silent is soon lost.
pub(super) fn impatient() -> NetConfig {
    NetConfig {
        heartbeat_interval: Duration::from_millis(300),
        heartbeat_timeout: Duration::from_secs(2),
        ..config()
    }
}

impl Stage {
    pub(super) async fn new(codec: Codec, gate: Option<Gate>) -> Self {
        Self::with(codec, gate, config()).await
    }

    pub(super) async fn with(codec: Codec, gate: Option<Gate>, config: NetConfig) -> Self {
        let system = System::new("victim");
        let node = Node::builder(&system)
            .name("victim")
            .listen("127.0.0.1:0")
            .security(Security::insecure())
            .codec(codec)
            .config(config)
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
            .codec(codec)
            .start()
            .await
            .expect("nothing is in the way");
        let far = good.lookup::<Msg>("counter@victim").await.expect("it is exposed");
        Self {
            codec,
            system,
            node,
            _good_system: good_system,
            _good: good,
            far,
        }
    }

    /// A peer that has shaken hands, and may say anything now.
    pub(super) async fn bad(&self) -> Bad {
        let mut bad = Bad::connect(self).await;
        bad.shake_hands().await;
        bad
    }

    /// Why the bad peer was cut off.
    pub(super) async fn bad_is_gone(&self, events: &mut tokio::sync::broadcast::Receiver<NodeEvent>) -> Closed {
        loop {
            if let NodeEvent::Lost(name, why) = events.recv().await.expect("the node lives")
                && name.as_str() == "bad"
            {
                return why;
            }
        }
    }

    pub(super) async fn the_good_one_is_served(&self) {
        self.far
            .tell(Msg::Text("still here".to_owned()))
            .await
            .expect("it is served");
        assert!(self.far.ask(Msg::Count).await.expect("it is answered") > 0);
    }
}

pub(super) struct Bad {
    pub(super) stream: TcpStream,
    codec: Codec,
}

impl Bad {
    pub(super) async fn connect(stage: &Stage) -> Self {
        let address = stage.node.address().expect("it listens");
        Self {
            stream: TcpStream::connect(address).await.expect("it listens"),
            codec: stage.codec,
        }
    }

    pub(super) async fn say(&mut self, frame: &Frame<'_>) {
        let mut bytes = Vec::new();
        frame.encode(&mut bytes);
        // The other side may have had enough by now.
        let _ = self.stream.write_all(&bytes).await;
    }

    /// Orders an actor to be killed; returns how that is said to have ended.
    pub(super) async fn kill(&mut self, to: ExportId, ending: u64) -> u8 {
        let kill = Frame::Order {
            after: 0,
            to,
            order: order::KILL,
            ending,
        };
        self.say(&kill).await;
        let answer = self.hear().await;
        let Ok(Frame::Ended {
            ending: told, reason, ..
        }) = Frame::parse(&answer)
        else {
            panic!("it is told of the end")
        };
        assert_eq!(told, ending);
        reason.end
    }

    pub(super) async fn ask(&mut self, to: ExportId, call: u64, body: &[u8]) {
        let (deadline_millis, body) = (None, Rest(body));
        let ask = Frame::Ask {
            to,
            call,
            deadline_millis,
            body,
        };
        self.say(&ask).await;
    }

    /// The next frame that is not about room.
    pub(super) async fn hear(&mut self) -> Vec<u8> {
        loop {
            let mut length = [0; 4];
            self.stream.read_exact(&mut length).await.expect("it answers");
            let mut frame = vec![0; u32::from_le_bytes(length) as usize];
            self.stream.read_exact(&mut frame).await.expect("it answers");
            if !matches!(Frame::parse(&frame), Ok(Frame::Credit { .. })) {
                return frame;
            }
        }
    }

    pub(super) async fn shake_hands(&mut self) {
        let codecs = [self.codec.id()];
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
    pub(super) async fn lookup(&mut self) -> ExportId {
        let protocol = std::any::type_name::<Msg>();
        self.say(&Frame::Lookup {
            request: 1,
            name: "counter",
            protocol,
            version: 0,
            fingerprint: 0,
            codec: self.codec.id(),
        })
        .await;
        match Frame::parse(&self.hear().await) {
            Ok(Frame::Found { handle, .. }) => handle.export,
            other => panic!("{other:?}"),
        }
    }
}

pub(super) fn body(codec: Codec, msg: &Msg) -> Vec<u8> {
    let mut bytes = Vec::new();
    codec.encode(msg, &mut bytes, 1 << 20).expect("it is small");
    bytes
}

/// A question that is answered with its text.
pub(super) fn echo(codec: Codec, text: &str, call: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    let encoded = codec.encode(&(3_u32, text, call), &mut bytes, 1 << 20);
    encoded.expect("it is small");
    bytes
}

/// Runs a test in each codec, in all at once: most of what it does is to wait.
pub(super) async fn in_each_codec<F: Future<Output = ()>>(test: impl Fn(Codec) -> F) {
    futures_util::future::join_all(Codec::ALL.map(test)).await;
}
