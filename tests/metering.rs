//! Promises about what a recorder of `metrics` is told of actors.

use std::collections::BTreeMap;
use std::time::Duration;

use actor_core::prelude::*;
use actor_net::{Codec, NetConfig};
use metrics::LocalRecorderGuard;
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};

use crate::sites::{Say, Sites};
use crate::support::{Do, Gate, Script, pass, settle, subject, with};

/// How often what is read off is published.
const PERIOD: Duration = Duration::from_secs(1);

/// What was recorded on this thread. Histograms are read once.
struct Recorded {
    shown: Snapshotter,
    last: BTreeMap<String, DebugValue>,
}

/// Records on this thread while the guard lives, which keeps the recorder for as long.
fn record(recorder: &DebuggingRecorder) -> (Recorded, LocalRecorderGuard<'_>) {
    let recorded = Recorded {
        shown: recorder.snapshotter(),
        last: BTreeMap::new(),
    };
    (recorded, metrics::set_default_local_recorder(recorder))
}

impl Recorded {
    /// Has the system publish what its actors are.
    async fn publish(&mut self, system: &System) {
        self.publish_by(system, system.metrics(PERIOD), "actor.lives.ended")
            .await;
    }

    /// Has an actor publish, and waits until it has. The clock does not go on while a thread that may block is at work.
    async fn publish_by(&mut self, system: &System, meter: ChildSpec<impl Actor>, last: &str) {
        let meter = system.spawn_spec(meter).expect("a free name");
        while !self.last.keys().any(|key| key.contains(last)) {
            pass(PERIOD).await;
            let all = self.shown.snapshot().into_vec().into_iter();
            let all = all.map(|(key, _, _, value)| (key.key().to_string(), value));
            for (key, value) in all {
                match (self.last.get_mut(&key), value) {
                    (Some(DebugValue::Histogram(known)), DebugValue::Histogram(more)) => known.extend(more),
                    (_, value) => drop(self.last.insert(key, value)),
                }
            }
        }
        let _ = meter.stop().await;
    }

    fn value(&self, name: &str, label: &str) -> &DebugValue {
        let is_meant = |key: &str| key.starts_with(&format!("Key({name}")) && key.contains(label);
        let found = self.last.iter().find(|(key, _)| is_meant(key));
        let keys = self.last.keys();
        found.unwrap_or_else(|| panic!("no {name} {label} in {keys:?}")).1
    }

    fn count(&self, name: &str, label: &str) -> u64 {
        match self.value(name, label) {
            DebugValue::Counter(count) => *count,
            other => panic!("{name} {label} is {other:?}"),
        }
    }

    fn seconds(&self, name: &str, label: &str) -> Vec<f64> {
        match self.value(name, label) {
            DebugValue::Histogram(seconds) => seconds.iter().map(|seconds| seconds.0).collect(),
            other => panic!("{name} {label} is {other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn metrics_say_what_the_actors_of_each_kind_are_together() {
    let recorder = DebuggingRecorder::new();
    let (mut recorded, _recording) = record(&recorder);
    let (system, actor, _) = subject("a");
    let gate = Gate::new();
    actor.tell(Do::Fail("on purpose")).await.expect("it lives");
    actor.tell(Do::Wait(gate.clone())).await.expect("it lives");
    actor.tell(Do::Nothing).await.expect("it lives");
    gate.reached().await;
    recorded.publish(&system).await;
    assert_eq!(
        *recorded.value("actor.living", "support::Do"),
        DebugValue::Gauge(1.0.into())
    );
    assert_eq!(
        *recorded.value("actor.mailbox.messages", "support::Do"),
        DebugValue::Gauge(2.0.into())
    );
    assert_eq!(recorded.count("actor.lives.restarted", ""), 1);
    assert_eq!(recorded.count("actor.lives.failed", ""), 1);
    gate.open();
    system.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn of_every_64th_message_it_is_recorded_how_long_it_waited_and_was_handled() {
    let recorder = DebuggingRecorder::new();
    let (mut recorded, _recording) = record(&recorder);
    let (system, actor, _) = subject("a");
    let gate = Gate::new();
    // The one waits for nobody and takes 3 s, the others wait so long and take no time.
    actor.tell(Do::Wait(gate.clone())).await.expect("it lives");
    gate.reached().await;
    for _ in 1..640 {
        actor.tell(Do::Nothing).await.expect("it lives");
    }
    pass(Duration::from_secs(3)).await;
    gate.open();
    settle().await;
    recorded.publish(&system).await;
    let waits = recorded.seconds("actor.mailbox.wait.duration", "support::Do");
    let times = recorded.seconds("actor.handler.duration", "support::Do");
    assert_eq!((waits.len(), times.len()), (10, 10));
    for (wait, time) in waits.iter().zip(&times) {
        // Within the few ms by which the clock goes on where all settle.
        let is_one = wait + time > 2.9 && wait * time < 0.1;
        assert!(is_one && wait + time < 3.1, "{wait} s and {time} s");
    }
    system.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn questions_are_counted_by_how_they_ended() {
    let recorder = DebuggingRecorder::new();
    let (mut recorded, _recording) = record(&recorder);
    let (system, actor, journal) = subject("a");
    let second = Duration::from_secs(1);
    for _ in 0..3 {
        actor.ask(Do::Life).await.expect("it answers");
    }
    assert_eq!(actor.ask(Do::Ignore).await, Err(AskError::NoReply));
    assert_eq!(actor.ask(Do::FailOn).await, Err(AskError::Failed));
    let asked = actor.ask(Do::Keep).timeout(second).await;
    assert_eq!(asked, Err(AskError::TimedOut(second)));
    let own = actor.clone();
    let deadlocked = actor.ask(|reply| Do::AskOther(own, reply)).await;
    assert!(matches!(deadlocked, Ok(Err(AskError::Deadlock(_)))));

    let small = Script::new("small", &journal).spec().mailbox(MailboxSpec::bounded(1));
    let small = system.spawn_spec(small).expect("a free name");
    let gate = Gate::new();
    small.tell(Do::Wait(gate.clone())).await.expect("it lives");
    gate.reached().await;
    assert_eq!(small.ask(Do::Life).timeout(second).await, Err(AskError::Full));
    gate.open();
    settle().await;
    drop(small.ask(Do::Life));
    let given_up = tokio::time::timeout(second / 2, small.ask(Do::Keep).timeout(second)).await;
    assert!(given_up.is_err());
    let _ = small.stop().await;
    assert_eq!(small.ask(Do::Life).await, Err(AskError::Stopped));

    recorded.publish(&system).await;
    for (outcome, count) in [
        // One of them has the deadlock for its answer.
        ("answered", 4),
        ("no_reply", 1),
        ("failed", 1),
        ("timed_out", 1),
        ("deadlock", 1),
        ("full", 1),
        ("dropped", 1),
        ("stopped", 1),
        ("node_down", 0),
        ("unsendable", 0),
        ("not_understood", 0),
    ] {
        assert_eq!(recorded.count("actor.asks", outcome), count, "{outcome}");
    }
    system.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn what_nobody_handles_is_counted_by_its_reason() {
    let recorder = DebuggingRecorder::new();
    let (mut recorded, _recording) = record(&recorder);
    let (system, actor, journal) = subject("a");
    let drops = MailboxSpec::bounded(2).overflow(Overflow::DropOldest);
    let lossy = Script::new("lossy", &journal).spec().mailbox(drops);
    let lossy = system.spawn_spec(lossy).expect("a free name");
    let gate = Gate::new();
    lossy.tell(Do::Wait(gate.clone())).await.expect("it lives");
    gate.reached().await;
    for _ in 0..5 {
        lossy.tell(Do::Nothing).await.expect("it lives");
    }
    gate.open();
    actor.tell(with(|ctx| ctx.stop())).await.expect("it lives");
    actor.tell(Do::Nothing).await.expect("it is queued");
    settle().await;
    recorded.publish(&system).await;
    assert_eq!(recorded.count("actor.dead_letters", "dropped_oldest"), 3);
    assert_eq!(recorded.count("actor.dead_letters", "stopped"), 1);
    // Those of the actor that has ended, and of the other.
    assert!(recorded.count("actor.messages.accepted", "") >= 8);
    system.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn what_goes_to_and_fro_between_nodes_is_counted_for_each_peer() {
    let recorder = DebuggingRecorder::new();
    let (mut recorded, _recording) = record(&recorder);
    let sites = Sites::of(Codec::Postcard, NetConfig::default()).await;
    let (a, b) = (&sites.a, &sites.b);
    let far = a.far("b").await;
    let waiting = far.clone();
    let cut_off = tokio::spawn(async move { waiting.ask(Say::Wait).no_timeout().await });
    b.gate.reached().await;
    sites.network.cut("a", "b");
    pass(Duration::from_secs(60)).await;
    assert_eq!(cut_off.await.expect("no panic"), Err(AskError::NodeDown));
    b.gate.open();
    far.ask(|reply| Say::Echo(1, reply))
        .await
        .expect("it is connected again");
    let asking = tokio::spawn(async move { far.ask(Say::Wait).no_timeout().await });
    b.gate.reached().await;

    recorded
        .publish_by(&a.system, a.node.metrics(PERIOD), "actor.peer.connections.lost")
        .await;
    let met = &a.node.encounters()[0];
    let count = |name| recorded.count(name, "peer = b");
    assert_eq!(
        (
            count("actor.peer.connections.begun"),
            count("actor.peer.connections.lost")
        ),
        (met.begun, met.lost)
    );
    assert!(met.begun >= 2 && met.lost >= 1, "{met:?}");
    let gauge = |name, label| match recorded.value(name, label) {
        DebugValue::Gauge(value) => value.0,
        other => panic!("{name} is {other:?}"),
    };
    assert_eq!(gauge("actor.peer.connections,", ""), 1.0);
    assert_eq!(gauge("actor.peer.asks.open", "transmit"), 1.0);
    assert_eq!(gauge("actor.peer.asks.open", "receive"), 0.0);
    assert!(gauge("actor.peer.silence.duration", "") < 5.0, "it answers pings");
    // What was said before the cut is not forgotten for what is said since.
    let now = &a.node.peers()[0];
    let read = recorded.count("actor.peer.io", "receive");
    assert!(read > now.read_bytes && read <= met.read_bytes, "{read} of {met:?}");
    let written = recorded.count("actor.peer.io", "transmit");
    assert!(
        written > now.written_bytes && written <= met.written_bytes,
        "{written} of {met:?}"
    );
    b.gate.open();
    assert!(asking.await.expect("no panic").is_ok());
    recorded.publish(&a.system).await;
    assert_eq!(recorded.count("actor.asks", "node_down"), 1);
}
