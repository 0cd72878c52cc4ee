//! Promises about orders to end: what each of them does to an actor, wherever in its life it is.

use std::time::Duration;

use actor_core::prelude::*;
use actor_core::{DeadReason, Supervisor};

use crate::support::{Do, Gate, Journal, Script, pass, settle};

#[derive(Clone, Copy, Debug)]
enum Order {
    Stop,
    Drain,
    Kill,
}

/// What comes of an order to `a`, for which a message waits unless it is idle.
#[derive(Debug, PartialEq)]
struct Outcome {
    /// What `a` did at once, whether its life ended then, and what it did after it was let go.
    at_once: Vec<String>,
    ended_at_once: bool,
    then: Vec<String>,
    reason: &'static str,
    is_restarted: bool,
    /// Messages that went to dead letters, because it was stopped, and because it was killed.
    dead: (u64, u64),
}

/// An actor `a` in some state, and how it is let go.
struct Stage {
    system: System,
    journal: Journal,
    a: Handle<Do>,
    let_go: Box<dyn Fn()>,
    /// How long that takes.
    within: Duration,
    /// Whether it has something else to do than to handle its next message.
    is_busy: bool,
}

const HOUR: Duration = Duration::from_secs(3600);

fn spawn(script: &Script) -> (System, Handle<Do>) {
    let system = System::new("test");
    let a = system.spawn_spec(script.spec()).expect("a free name");
    (system, a)
}

fn tell(actor: &Handle<Do>, msg: Do) {
    actor.try_tell(msg).expect("there is room");
}

/// Opens a gate for all who come.
fn opens(gate: &Gate) -> Box<dyn Fn()> {
    let gate = gate.clone();
    Box::new(move || (0..9).for_each(|_| gate.open()))
}

fn stage(script: &Script, let_go: Box<dyn Fn()>) -> Stage {
    let (system, a) = spawn(script);
    Stage {
        system,
        journal: script.journal.clone(),
        a,
        let_go,
        within: Duration::ZERO,
        is_busy: true,
    }
}

async fn idle() -> Stage {
    let stage = stage(&Script::new("a", &Journal::default()), Box::new(|| {}));
    settle().await;
    Stage {
        is_busy: false,
        ..stage
    }
}

async fn starting() -> Stage {
    let gate = Gate::new();
    let script = Script {
        start_gate: Some(gate.clone()),
        ..Script::new("a", &Journal::default())
    };
    let stage = stage(&script, opens(&gate));
    gate.reached().await;
    stage
}

async fn in_a_handler() -> Stage {
    let gate = Gate::new();
    let stage = stage(&Script::new("a", &Journal::default()), opens(&gate));
    tell(&stage.a, Do::Wait(gate.clone()));
    gate.reached().await;
    stage
}

async fn waiting_for_room() -> Stage {
    let gate = Gate::new();
    let journal = Journal::default();
    let stage = stage(&Script::new("a", &journal), opens(&gate));
    let other = Script::new("other", &journal).spec().mailbox(MailboxSpec::bounded(1));
    let other = stage.system.spawn_spec(other).expect("a free name");
    tell(&other, Do::Wait(gate.clone()));
    gate.reached().await;
    tell(&stage.a, Do::TellOther(other, Box::new(Do::Nothing)));
    settle().await;
    stage
}

async fn asking() -> Stage {
    let gate = Gate::new();
    let journal = Journal::default();
    let stage = stage(&Script::new("a", &journal), opens(&gate));
    let other = stage.system.spawn_spec(Script::new("other", &journal).spec());
    let other = other.expect("a free name");
    tell(&other, Do::Wait(gate.clone()));
    gate.reached().await;
    let (reply, _) = Reply::pair();
    tell(&stage.a, Do::AskOther(other, reply));
    settle().await;
    stage
}

async fn in_back_off() -> Stage {
    let script = Script::new("a", &Journal::default());
    let system = System::new("test");
    let spec = script.spec().backoff(Backoff::new(HOUR, HOUR).jitter(0.0));
    let a = system.spawn_spec(spec).expect("a free name");
    tell(&a, Do::Fail("on purpose"));
    settle().await;
    Stage {
        system,
        journal: script.journal,
        a,
        let_go: Box::new(|| {}),
        within: HOUR,
        is_busy: true,
    }
}

async fn regrouping() -> Stage {
    let gate = Gate::new();
    let journal = Journal::default();
    let slow = Script {
        stop_gate: Some(gate.clone()),
        ..Script::new("slow", &journal)
    };
    let supervisor = Supervisor::one_for_all()
        .child(Script::new("a", &journal).spec())
        .child(slow.spec());
    let system = System::new("test");
    let s = system.start(supervisor.named("s")).await.expect("all start");
    let a = s.child::<Do>("a").await.expect("it was started");
    tell(&a, Do::Fail("on purpose"));
    gate.reached().await;
    Stage {
        system,
        journal,
        a,
        let_go: opens(&gate),
        within: Duration::ZERO,
        is_busy: true,
    }
}

/// What `a` did since the last call.
fn deeds(journal: &Journal) -> Vec<String> {
    let events = journal.take().into_iter();
    events
        .filter_map(|event| event.strip_prefix("a ").map(str::to_owned))
        .collect()
}

/// Gives the order, and sees what comes of it.
async fn outcome(stage: Stage, order: Order) -> Outcome {
    let Stage { system, journal, a, .. } = stage;
    if stage.is_busy {
        tell(&a, Do::Note("handles what waits"));
    }
    // Nothing has run since; what was before is not of interest.
    journal.take();
    let ending = match order {
        Order::Stop => a.stop(),
        Order::Drain => a.drain(),
        Order::Kill => a.kill(),
    };
    let ending = tokio::spawn(ending);
    settle().await;
    let (at_once, ended_at_once) = (deeds(&journal), ending.is_finished());
    (stage.let_go)();
    pass(stage.within).await;
    let then = deeds(&journal);
    let reason = match ending.await.expect("it does not panic") {
        Ok(ExitReason::Normal) => "normal",
        Ok(ExitReason::Killed) => "killed",
        other => panic!("{order:?}: {other:?}"),
    };
    let is_restarted = a.is_alive();
    let letters = system.shutdown().await.dead_letters;
    assert_eq!(
        letters.accepted(),
        letters.handled() + letters.total(),
        "the books balance"
    );
    Outcome {
        at_once,
        ended_at_once,
        then,
        reason,
        is_restarted,
        dead: (letters.count(DeadReason::Stopped), letters.count(DeadReason::Killed)),
    }
}

/// That it goes on with what it is at, and obeys when that is done: a stop leaves what waits, and a drain handles it.
fn obeyed_later(reason: &'static str, then: &[&str], stopped: u64) -> Outcome {
    Outcome {
        at_once: Vec::new(),
        ended_at_once: false,
        then: then.iter().map(ToString::to_string).collect(),
        reason,
        is_restarted: false,
        dead: (stopped, 0),
    }
}

/// That its life ends at once, though it is not let go.
fn obeyed_at_once(reason: &'static str, at_once: &[&str], dead: (u64, u64)) -> Outcome {
    Outcome {
        at_once: at_once.iter().map(ToString::to_string).collect(),
        ended_at_once: true,
        then: Vec::new(),
        reason,
        is_restarted: false,
        dead,
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_is_idle_obeys_at_once() {
    for order in [Order::Stop, Order::Drain] {
        let expected = obeyed_at_once("normal", &["stops"], (0, 0));
        assert_eq!(outcome(idle().await, order).await, expected, "{order:?}");
    }
    let killed = outcome(idle().await, Order::Kill).await;
    let expected = Outcome {
        is_restarted: true,
        ..obeyed_at_once("killed", &["started"], (0, 0))
    };
    assert_eq!(killed, expected);
}

#[tokio::test(start_paused = true)]
async fn an_order_comes_before_a_message_by_which_an_idle_actor_is_woken() {
    for (order, dead) in [(Order::Stop, (1, 0)), (Order::Drain, (0, 0))] {
        let Stage { system, journal, a, .. } = idle().await;
        journal.take();
        tell(&a, Do::Note("handles what waits"));
        let ending = match order {
            Order::Stop => a.stop(),
            _ => a.drain(),
        };
        let _ = ending.await;
        let handled = journal.take().contains(&"a handles what waits".to_owned());
        assert_eq!(handled, matches!(order, Order::Drain), "{order:?}");
        assert_eq!(system.dead_letters().count(DeadReason::Stopped), dead.0, "{order:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_starts_is_let_start_before_it_stops_or_drains_and_not_before_it_is_killed() {
    let rows = [
        (Order::Stop, obeyed_later("normal", &["started", "stops"], 1)),
        (
            Order::Drain,
            obeyed_later("normal", &["started", "handles what waits", "stops"], 0),
        ),
        (
            Order::Kill,
            Outcome {
                then: vec!["started".to_owned(), "handles what waits".to_owned()],
                is_restarted: true,
                ..obeyed_at_once("killed", &[], (0, 0))
            },
        ),
    ];
    for (order, expected) in rows {
        assert_eq!(outcome(starting().await, order).await, expected, "{order:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_in_a_handler_finishes_it_before_it_stops_or_drains_and_not_before_it_is_killed() {
    let killed = || Outcome {
        is_restarted: true,
        ..obeyed_at_once("killed", &["started", "handles what waits"], (0, 1))
    };
    for order in [Order::Stop, Order::Drain, Order::Kill] {
        let expected = |first: &[&str]| match order {
            Order::Stop => obeyed_later("normal", &[first, &["stops"]].concat(), 1),
            Order::Drain => obeyed_later("normal", &[first, &["handles what waits", "stops"]].concat(), 0),
            Order::Kill => killed(),
        };
        assert_eq!(outcome(in_a_handler().await, order).await, expected(&[]), "{order:?}");
        assert_eq!(outcome(asking().await, order).await, expected(&[]), "{order:?}, asking");
        let heard = expected(&["was heard"]);
        assert_eq!(
            outcome(waiting_for_room().await, order).await,
            heard,
            "{order:?}, waiting for room"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn one_in_back_off_is_gone_when_it_is_stopped_or_killed_and_drains_in_its_next_life() {
    let rows = [
        (Order::Stop, obeyed_at_once("normal", &[], (1, 0))),
        (
            Order::Drain,
            obeyed_later("normal", &["started", "handles what waits", "stops"], 0),
        ),
        (Order::Kill, obeyed_at_once("killed", &[], (1, 0))),
    ];
    for (order, expected) in rows {
        assert_eq!(outcome(in_back_off().await, order).await, expected, "{order:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_waits_to_be_restarted_with_others_obeys_in_its_next_life() {
    let rows = [
        (Order::Stop, obeyed_later("normal", &["started", "stops"], 1)),
        (
            Order::Drain,
            obeyed_later("normal", &["started", "handles what waits", "stops"], 0),
        ),
        (
            // That life is one more that failed, after which all are restarted again.
            Order::Kill,
            Outcome {
                is_restarted: true,
                ..obeyed_later("killed", &["started", "started", "handles what waits"], 0)
            },
        ),
    ];
    for (order, expected) in rows {
        assert_eq!(outcome(regrouping().await, order).await, expected, "{order:?}");
    }
}
