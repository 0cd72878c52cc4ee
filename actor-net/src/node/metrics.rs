//! What the connections of a node carry, as metrics: read off now and then, so that no message pays for it.

use std::collections::BTreeSet;
use std::time::Duration;

use ::metrics::{Unit, counter, describe_counter, describe_gauge, gauge};
use actor_core::{Actor, ActorResult, ChildSpec, Context};

use super::{Node, PeerInfo};

/// The name of the actor that publishes.
const NAME: &str = "node-metrics";

/// So many other nodes have a label of their own, by the order of their names; what the rest are is summed up.
const LABELS_MAX: usize = 64;

/// The label of the rest.
const OTHERS: &str = "others";

/// Looks every so often, and hands on what it sees to the recorder that the program has installed.
struct Meter {
    node: Node,
    period: Duration,
    /// The nodes that have a label of their own. It stays with them.
    labelled: BTreeSet<String>,
}

struct Look;

/// What the nodes with one label are together at one moment.
#[derive(Default)]
struct Now {
    label: String,
    connected: usize,
    round_trip: Duration,
    silence: Duration,
    outbox_bytes: usize,
    inbox_bytes: usize,
    asks: usize,
    asked: usize,
    waiting: usize,
}

/// What they were together so far.
#[derive(Default)]
struct SoFar {
    label: String,
    begun: u64,
    lost: u64,
    read_bytes: u64,
    written_bytes: u64,
}

impl Node {
    /// An actor, to be spawned on the system, that publishes what there is between this node and others by the `metrics` facade, once
    /// in each `period`.
    ///
    /// | name | kind of metric | labels |
    /// |---|---|---|
    /// | `actor.peer.connections` | gauge | `peer` |
    /// | `actor.peer.round_trip.duration`, `actor.peer.silence.duration` | gauge, of seconds: the longest | `peer` |
    /// | `actor.peer.outbox.size`, `actor.peer.inbox.size` | gauge, of bytes that wait to be written, or here for room | `peer` |
    /// | `actor.peer.asks.open` | gauge | `peer`, `direction` |
    /// | `actor.peer.senders.waiting` | gauge | `peer` |
    /// | `actor.peer.io` | counter, of bytes | `peer`, `direction` |
    /// | `actor.peer.connections.begun`, `actor.peer.connections.lost` | counter | `peer` |
    ///
    /// `direction` is `transmit` or `receive`, as seen from here. `peer` is the name of the other node, for the first 64 that are met; all
    /// others are `others` together. What begins beyond the first connection is a reconnect; a connection that could not be had counts as lost.
    pub fn metrics(&self, period: Duration) -> ChildSpec<impl Actor> {
        let node = self.clone();
        ChildSpec::new(NAME, move || Meter {
            node: node.clone(),
            period,
            labelled: BTreeSet::new(),
        })
    }
}

impl Actor for Meter {
    type Msg = Look;

    async fn on_start(&mut self, ctx: &mut Context<Look>) -> ActorResult {
        describe();
        ctx.every(self.period, || Look);
        Ok(())
    }

    async fn handle(&mut self, Look: Look, _ctx: &mut Context<Look>) -> ActorResult {
        let mut so_far: Vec<SoFar> = Vec::new();
        for met in self.node.encounters() {
            let known = of(&mut so_far, self.label(met.name.as_str()), |one| &mut one.label);
            known.begun += met.begun;
            known.lost += met.lost;
            known.read_bytes += met.read_bytes;
            known.written_bytes += met.written_bytes;
        }
        let mut now: Vec<Now> = Vec::new();
        for known in &so_far {
            // One that is not connected has nothing, and not what it last had.
            of(&mut now, known.label.clone(), |one| &mut one.label);
        }
        for peer in self.node.peers() {
            let label = self.label(peer.id.name.as_str());
            of(&mut now, label, |one| &mut one.label).add(&peer);
        }
        so_far.into_iter().for_each(SoFar::publish);
        now.into_iter().for_each(Now::publish);
        Ok(())
    }
}

impl Meter {
    fn label(&mut self, name: &str) -> String {
        if self.labelled.len() < LABELS_MAX && !self.labelled.contains(name) {
            self.labelled.insert(name.to_owned());
        }
        if self.labelled.contains(name) { name } else { OTHERS }.to_owned()
    }
}

/// The one with this label.
fn of<T: Default>(all: &mut Vec<T>, label: String, label_of: impl Fn(&mut T) -> &mut String) -> &mut T {
    let at = all.iter_mut().position(|one| *label_of(one) == label);
    let at = at.unwrap_or_else(|| {
        let mut one = T::default();
        *label_of(&mut one) = label;
        all.push(one);
        all.len() - 1
    });
    &mut all[at]
}

impl Now {
    fn add(&mut self, peer: &PeerInfo) {
        let held = &peer.holdings;
        self.connected += 1;
        self.round_trip = self.round_trip.max(peer.round_trip.unwrap_or_default());
        self.silence = self.silence.max(peer.silent_for);
        self.outbox_bytes += held.outbox_bytes;
        self.inbox_bytes += held.inbox_bytes;
        self.asks += held.calls;
        self.asked += held.their_calls;
        self.waiting += held.waiting;
    }

    fn publish(self) {
        let peer = self.label;
        gauge!("actor.peer.connections", "peer" => peer.clone()).set(self.connected as f64);
        gauge!("actor.peer.round_trip.duration", "peer" => peer.clone()).set(self.round_trip);
        gauge!("actor.peer.silence.duration", "peer" => peer.clone()).set(self.silence);
        gauge!("actor.peer.outbox.size", "peer" => peer.clone()).set(self.outbox_bytes as f64);
        gauge!("actor.peer.inbox.size", "peer" => peer.clone()).set(self.inbox_bytes as f64);
        gauge!("actor.peer.asks.open", "peer" => peer.clone(), "direction" => "transmit").set(self.asks as f64);
        gauge!("actor.peer.asks.open", "peer" => peer.clone(), "direction" => "receive").set(self.asked as f64);
        gauge!("actor.peer.senders.waiting", "peer" => peer).set(self.waiting as f64);
    }
}

impl SoFar {
    fn publish(self) {
        let peer = self.label;
        counter!("actor.peer.io", "peer" => peer.clone(), "direction" => "receive").absolute(self.read_bytes);
        counter!("actor.peer.io", "peer" => peer.clone(), "direction" => "transmit").absolute(self.written_bytes);
        counter!("actor.peer.connections.begun", "peer" => peer.clone()).absolute(self.begun);
        counter!("actor.peer.connections.lost", "peer" => peer).absolute(self.lost);
    }
}

fn describe() {
    describe_gauge!("actor.peer.connections", "Connections there are now");
    let round_trip = "How long the answer to a ping takes";
    describe_gauge!("actor.peer.round_trip.duration", Unit::Seconds, round_trip);
    let silence = "For how long nothing was heard";
    describe_gauge!("actor.peer.silence.duration", Unit::Seconds, silence);
    let outbox = "Bytes that wait to be written";
    describe_gauge!("actor.peer.outbox.size", Unit::Bytes, outbox);
    let inbox = "Bytes that have come, and wait for room in mailboxes";
    describe_gauge!("actor.peer.inbox.size", Unit::Bytes, inbox);
    describe_gauge!("actor.peer.asks.open", "Questions that are not answered");
    describe_gauge!("actor.peer.senders.waiting", "Senders that wait for room");
    describe_counter!("actor.peer.io", Unit::Bytes, "Bytes read and written");
    describe_counter!("actor.peer.connections.begun", "Connections that came about");
    describe_counter!(
        "actor.peer.connections.lost",
        "Connections that were lost, or could not be had"
    );
}
