//! What the promises across nodes are tested with: sites that talk over a simulated network, in each codec.

use std::future::Future;
use std::time::Duration;

use actor_core::LinkId;
use actor_core::prelude::*;
use actor_net::{Codec, NetConfig, Node};
use actor_testkit::SimulatedNetwork;
use serde::{Deserialize, Serialize};

use crate::support::{Gate, Journal};

/// Spoken across nodes.
#[derive(Serialize, Deserialize)]
pub(crate) enum Say {
    /// To be noted.
    Note(u64),
    /// To be noted by its number, however large the rest is.
    Large(u64, Vec<u8>),
    Echo(u64, Reply<u64>),
    /// The bytes come back.
    Bytes(Vec<u8>, Reply<Vec<u8>>),
    /// So many bytes are asked for.
    Fill(Vec<u8>, usize, Reply<Vec<u8>>),
    /// Each of these is told a number; answered with how many there are.
    Many(Vec<Handle<u64>>, Reply<u64>),
    /// A question that is left unanswered.
    Drop(Reply<u64>),
    /// A failure with a question in hand.
    Fail(Reply<u64>),
    /// A failure without one.
    Break,
    /// A question that is answered when the gate is opened.
    Wait(Reply<u64>),
    /// How many milliseconds are left to answer.
    Left(Reply<Option<u64>>),
    /// The actor's own handle.
    Me(Reply<Handle<Say>>),
    /// Whether two handles lead to the same.
    Alike(Handle<Say>, Handle<Say>, Reply<bool>),
    /// The handle comes back.
    Back(Handle<Say>, Reply<Handle<Say>>),
    /// Another is to answer.
    PassOn(Handle<Say>, Reply<u64>),
    /// What another says to that question, asked from here.
    Ask(Handle<Say>, Reply<Result<u64, String>>),
    /// How long another says it has for that question.
    AskLeft(Handle<Say>, Reply<Option<u64>>),
    /// Tells another one so many numbers.
    Tell(Handle<Say>, u64),
    /// Tells another one 0, 1 and 2, the first two as large messages.
    Send(Handle<Say>, usize),
    /// Watches another one.
    Watch(Handle<Say>),
    /// Links itself to another one, and traps its links or does not.
    Link(Handle<Say>, bool),
    /// Takes the last link away.
    Unlink,
    /// Keeps a handle, to say so when a link to its actor breaks.
    Know(Handle<Say>),
    /// Stops another one, and says how it ended.
    End(Handle<Say>, Reply<String>),
    Stop,
}

/// Waits at its gate, and notes what it hears.
pub(crate) struct Listener {
    journal: Journal,
    gate: Gate,
    link: Option<LinkId>,
    knows: Option<Handle<Say>>,
}

impl Listener {
    pub(crate) fn new(journal: &Journal, gate: &Gate) -> Self {
        let (journal, gate) = (journal.clone(), gate.clone());
        Self {
            journal,
            gate,
            link: None,
            knows: None,
        }
    }
}

impl Actor for Listener {
    type Msg = Say;

    async fn handle(&mut self, msg: Say, ctx: &mut Context<Say>) -> ActorResult {
        match msg {
            Say::Note(number) => self.journal.note(number.to_string()),
            Say::Large(number, _) => self.journal.note(number.to_string()),
            Say::Echo(number, reply) => {
                self.journal.note(format!("echo {number}"));
                reply.send(number);
            }
            Say::Bytes(bytes, reply) => reply.send(bytes),
            Say::Fill(_, bytes, reply) => reply.send(vec![7; bytes]),
            Say::Many(others, reply) => {
                for (number, other) in (0..).zip(&others) {
                    other.tell(number).await?;
                }
                reply.send(others.len() as u64);
            }
            Say::Drop(reply) => drop(reply),
            Say::Fail(_) | Say::Break => return Err(ActorError::new("on purpose")),
            Say::Wait(reply) => {
                self.gate.pass().await;
                reply.send(0);
            }
            Say::Left(reply) => reply.send(ctx.deadline().map(|left| left.as_millis() as u64)),
            Say::Me(reply) => reply.send(ctx.handle()),
            Say::Alike(one, other, reply) => reply.send(one == other),
            Say::Back(handle, reply) => reply.send(handle),
            Say::PassOn(other, reply) => other.tell(Say::Echo(7, reply.detach())).await?,
            Say::Ask(other, reply) => {
                let answer = other.ask(|reply| Say::Echo(8, reply)).await;
                reply.send(answer.map_err(|why| why.to_string()));
            }
            Say::AskLeft(other, reply) => reply.send(other.ask(Say::Left).await?),
            Say::Tell(other, count) => {
                for number in 0..count {
                    other.tell(Say::Note(number)).await?;
                }
            }
            Say::Send(other, bytes) => {
                other.tell(Say::Large(0, vec![0; bytes])).await?;
                other.tell(Say::Large(1, vec![0; bytes])).await?;
                other.tell(Say::Note(2)).await?;
            }
            Say::Watch(other) => {
                ctx.watch(&other);
            }
            Say::Link(other, trap) => {
                ctx.trap_links(trap);
                self.link = Some(ctx.link(&other));
            }
            Say::Unlink => {
                let was_there = self.link.take().is_some_and(|link| ctx.unlink(link));
                self.journal.note(format!("unlinked: {was_there}"));
            }
            Say::Know(other) => self.knows = Some(other),
            Say::End(other, reply) => {
                let ended = other.stop().await;
                reply.send(ended.map_or_else(|why| why.to_string(), |reason| reason.to_string()));
            }
            Say::Stop => ctx.stop(),
        }
        Ok(())
    }

    async fn on_signal(&mut self, signal: Signal, _ctx: &mut Context<Say>) -> ActorResult {
        match signal {
            Signal::Down(down) => self.journal.note(format!("{} {}", down.path, down.reason)),
            Signal::LinkBroken(broken) => {
                let note = format!("its link to {} broke: {}", broken.path, broken.reason);
                self.journal.note(note);
                if self.knows.as_ref().is_some_and(|known| known.id() == broken.id) {
                    self.journal.note("it knew that one");
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// A node with its system, and a listener that is exposed as `listener`.
pub(crate) struct Site {
    pub(crate) system: System,
    pub(crate) node: Node,
    pub(crate) listener: Handle<Say>,
    pub(crate) journal: Journal,
    pub(crate) gate: Gate,
}

impl Site {
    pub(crate) async fn new(network: &SimulatedNetwork, name: &str, codec: Codec, config: NetConfig) -> Self {
        let system = System::builder(name)
            .intensity(1000, Duration::from_secs(1))
            .build()
            .expect("a name");
        let node = network.node_with(&system, name, |builder| builder.codec(codec).config(config.clone()));
        let node = node.await.expect("the name is free");
        let (listener, journal, gate) = listener(&system, "listener");
        node.expose("listener", &listener).expect("the name is free");
        Self {
            system,
            node,
            listener,
            journal,
            gate,
        }
    }

    /// Another site's listener, seen from here.
    pub(crate) async fn far(&self, name: &str) -> Handle<Say> {
        let found = self.node.lookup(&format!("listener@{name}")).await;
        found.expect("it is exposed")
    }

    /// Ends it as a machine ends that loses its power.
    pub(crate) fn crash(self, network: &SimulatedNetwork) {
        network.crash(self.node);
    }
}

/// Another listener.
pub(crate) fn listener(system: &System, name: &'static str) -> (Handle<Say>, Journal, Gate) {
    let (journal, gate) = (Journal::default(), Gate::new());
    let (notes, gates) = (journal.clone(), gate.clone());
    let make = move || Listener::new(&notes, &gates);
    (system.spawn(name, make).expect("the name is free"), journal, gate)
}

/// Two sites, or more.
pub(crate) struct Sites {
    pub(crate) network: SimulatedNetwork,
    pub(crate) codec: Codec,
    pub(crate) config: NetConfig,
    pub(crate) a: Site,
    pub(crate) b: Site,
}

impl Sites {
    pub(crate) async fn of(codec: Codec, config: NetConfig) -> Self {
        let network = SimulatedNetwork::seeded(1);
        Self {
            a: Site::new(&network, "a", codec, config.clone()).await,
            b: Site::new(&network, "b", codec, config.clone()).await,
            network,
            codec,
            config,
        }
    }

    /// One more.
    pub(crate) async fn another(&self, name: &str) -> Site {
        Site::new(&self.network, name, self.codec, self.config.clone()).await
    }
}

/// Runs a test in each codec.
pub(crate) async fn in_each_codec<F: Future<Output = ()>>(test: impl Fn(Sites) -> F) {
    with_config(NetConfig::default(), test).await;
}

/// The same with other settings.
pub(crate) async fn with_config<F: Future<Output = ()>>(config: NetConfig, test: impl Fn(Sites) -> F) {
    for codec in Codec::ALL {
        test(Sites::of(codec, config.clone()).await).await;
    }
}

/// The numbers from `0` to `end` as a journal has them.
pub(crate) fn numbers(end: u64) -> Vec<String> {
    (0..end).map(|number| number.to_string()).collect()
}
