//! Promises about ends: stop, drain, kill, shutdown, and what is told of them.

use std::time::Duration;

use actor_core::prelude::*;
use tokio::time::Instant;

use crate::support::{Do, Gate, Journal, Script, settle, subject, with};

#[tokio::test(start_paused = true)]
async fn stop_finishes_the_message_in_hand_runs_on_stop_and_leaves_the_rest() {
    let (_system, actor, journal) = subject("a");
    let gate = Gate::new();
    actor.tell(Do::Wait(gate.clone())).await.expect("it lives");
    actor.tell(Do::Note("left")).await.expect("it lives");
    gate.reached().await;
    let ending = actor.stop();
    settle().await;
    assert!(actor.is_alive(), "it waits for the message in hand");
    gate.open();
    assert!(matches!(ending.await, Ok(ExitReason::Normal)));
    assert_eq!(journal.take(), ["a started", "a stops"]);
}

#[tokio::test(start_paused = true)]
async fn drain_handles_what_was_queued_and_takes_no_more() {
    let (_system, actor, journal) = subject("a");
    let gate = Gate::new();
    actor.tell(Do::Wait(gate.clone())).await.expect("it lives");
    actor.tell(Do::Note("queued")).await.expect("it lives");
    gate.reached().await;
    let ending = actor.drain();
    assert!(matches!(
        actor.try_tell(Do::Note("late")),
        Err(TryTellError::Stopped(_))
    ));
    gate.open();
    assert!(matches!(ending.await, Ok(ExitReason::Normal)));
    assert_eq!(journal.take(), ["a started", "a queued", "a stops"]);
}

#[tokio::test(start_paused = true)]
async fn kill_drops_the_handler_at_its_await_and_skips_on_stop() {
    let system = System::new("test");
    let journal = Journal::default();
    let spec = Script::new("a", &journal).spec().restart(RestartPolicy::Temporary);
    let actor = system.spawn_spec(spec).expect("a free name");
    let gate = Gate::new();
    actor.tell(Do::Wait(gate.clone())).await.expect("it lives");
    gate.reached().await;
    assert!(matches!(actor.kill().await, Ok(ExitReason::Killed)));
    assert_eq!(journal.take(), ["a started"]);
    assert!(!actor.is_alive());
}

#[tokio::test(start_paused = true)]
async fn the_children_of_a_killed_actor_are_stopped_all_the_same() {
    let system = System::new("test");
    let journal = Journal::default();
    let spec = Script::new("parent", &journal).spec().restart(RestartPolicy::Temporary);
    let parent = system.spawn_spec(spec).expect("a free name");
    let child = spawn_below(&parent, &journal, "child").await;
    assert!(matches!(parent.kill().await, Ok(ExitReason::Killed)));
    assert!(!child.is_alive());
}

/// Spawns a child of `parent`, and waits until it has started.
async fn spawn_below(parent: &Handle<Do>, journal: &Journal, name: &'static str) -> Handle<Do> {
    let script = Script::new(name, journal);
    let (reply, child) = Reply::pair();
    parent
        .tell(with(move |ctx| {
            reply.send(ctx.spawn(script.spec()).expect("a free name"))
        }))
        .await
        .expect("it lives");
    let child = child.await.expect("it was spawned");
    settle().await;
    child
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_shuts_its_own_system_down_does_not_wait_for_itself() {
    struct Quits(Journal);
    impl Actor for Quits {
        type Msg = ();
        async fn handle(&mut self, (): (), ctx: &mut Context<()>) -> ActorResult {
            let report = ctx.system().shutdown().await;
            self.0.note(report.to_string());
            Ok(())
        }
        async fn on_stop(&mut self, reason: &ExitReason, _: &mut Context<()>) -> ActorResult {
            self.0.note(reason.to_string());
            Ok(())
        }
    }
    let (system, _actor, journal) = subject("a");
    let begun = Instant::now();
    let quits = journal.clone();
    let quits = system
        .spawn("quits", move || Quits(quits.clone()))
        .expect("a free name");
    quits.tell(()).await.expect("it lives");
    assert!(matches!(system.terminated().await, ExitReason::Shutdown));
    assert!(system.shutdown().await.is_clean());
    assert_eq!(begun.elapsed(), Duration::ZERO);
    assert_eq!(
        journal.take(),
        [
            "a started",
            "the system was shut down",
            "was shut down",
            "a is shut down"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn an_actor_ends_itself_after_the_message_in_hand() {
    let system = System::new("test");
    let journal = Journal::default();
    let gate = Gate::new();
    let script = Script {
        stop_gate: Some(gate.clone()),
        ..Script::new("a", &journal)
    };
    let actor = system.spawn_spec(script.spec()).expect("a free name");
    actor.tell(with(|ctx| ctx.stop())).await.expect("it lives");
    actor.tell(Do::Note("left")).await.expect("it lives");
    gate.reached().await;
    assert!(
        matches!(actor.try_tell(Do::Note("late")), Err(TryTellError::Stopped(_))),
        "nobody would handle it"
    );
    gate.open();
    assert!(matches!(actor.watch().await.reason, ExitReason::Normal));
    assert_eq!(journal.take(), ["a started", "a stops"]);
}

#[tokio::test(start_paused = true)]
async fn children_stop_before_their_parent_in_reverse_order_of_their_start() {
    let (system, parent, journal) = subject("parent");
    for name in ["one", "two", "three"] {
        spawn_below(&parent, &journal, name).await;
    }
    journal.take();
    let report = system.shutdown().await;
    assert!(report.is_clean(), "{report}");
    let expected = [
        "three is shut down",
        "two is shut down",
        "one is shut down",
        "parent is shut down",
    ];
    assert_eq!(journal.take(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_system_stops_its_actors_in_reverse_order_of_their_start() {
    let (system, _first, journal) = subject("first");
    for name in ["second", "third"] {
        system
            .spawn_spec(Script::new(name, &journal).spec())
            .expect("a free name");
    }
    settle().await;
    journal.take();
    assert!(matches!(system.shutdown().await.reason, ExitReason::Shutdown));
    assert_eq!(
        journal.take(),
        ["third is shut down", "second is shut down", "first is shut down"]
    );
}

#[tokio::test(start_paused = true)]
async fn one_who_does_not_stop_in_its_shutdown_time_is_killed_and_named() {
    let system = System::new("test");
    let journal = Journal::default();
    let spec = Script::new("slow", &journal).spec().shutdown(Duration::from_secs(2));
    let slow = system.spawn_spec(spec).expect("a free name");
    slow.tell(Do::Wait(Gate::new())).await.expect("it lives");
    settle().await;
    let start = Instant::now();
    let report = system.shutdown().await;
    assert_eq!(start.elapsed().as_secs(), 2);
    assert_eq!(
        report.killed.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["/test/slow"]
    );
    assert!(report.stuck.is_empty());
    assert_eq!(
        report.to_string(),
        "the system was shut down; killed, as they did not stop in time: /test/slow"
    );
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_has_a_total_deadline() {
    let (system, parent, journal) = subject("parent");
    let child = spawn_below(&parent, &journal, "child").await;
    child.tell(Do::Wait(Gate::new())).await.expect("it lives");
    parent.tell(Do::Wait(Gate::new())).await.expect("it lives");
    settle().await;
    let start = Instant::now();
    let report = system.shutdown_within(Duration::from_secs(1)).await;
    assert_eq!(start.elapsed().as_secs(), 1);
    assert!(!child.is_alive() && !parent.is_alive());
    assert_eq!(report.killed.len(), 2, "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_never_awaits_is_declared_stuck_and_left_behind() {
    struct Blocks;
    impl Actor for Blocks {
        type Msg = (std::sync::mpsc::Receiver<()>, tokio::sync::oneshot::Sender<()>);
        async fn handle(&mut self, (held, begun): Self::Msg, _: &mut Context<Self::Msg>) -> ActorResult {
            let _ = begun.send(());
            let _ = held.recv();
            Ok(())
        }
    }
    let system = System::new("test");
    let spec = ChildSpec::new("blocks", || Blocks).shutdown(Duration::from_millis(10));
    let blocks = system.spawn_spec(spec).expect("a free name");
    let (release, held) = std::sync::mpsc::channel();
    let (begun, begins) = tokio::sync::oneshot::channel();
    blocks.tell((held, begun)).await.expect("it lives");
    begins.await.expect("the handler runs");
    let watch = blocks.watch();
    let report = system.shutdown().await;
    assert_eq!(
        report.stuck.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["/test/blocks"]
    );
    assert!(matches!(watch.await.reason, ExitReason::Stuck));
    assert!(!blocks.is_alive());
    drop(release);
}

#[tokio::test(start_paused = true)]
async fn every_end_has_exactly_one_reason() {
    let system = System::new("test");
    let journal = Journal::default();
    let spawn = |name| {
        let spec = Script::new(name, &journal).spec().restart(RestartPolicy::Temporary);
        system.spawn_spec(spec).expect("a free name")
    };
    let normal = spawn("normal");
    let watch = normal.watch();
    normal.stop();
    normal.kill();
    assert!(matches!(watch.await.reason, ExitReason::Killed | ExitReason::Normal));

    let failed = spawn("failed");
    let watch = failed.watch();
    failed.tell(Do::Fail("on purpose")).await.expect("it lives");
    let ExitReason::Failed(failure) = watch.await.reason else {
        panic!("it failed")
    };
    assert_eq!(failure.to_string(), "/test/failed on purpose");

    let script = Script {
        panic_in_stop: true,
        ..Script::new("failed twice", &journal)
    };
    let failed = system
        .spawn_spec(script.spec().restart(RestartPolicy::Temporary))
        .expect("a free name");
    let watch = failed.watch();
    failed.tell(Do::Fail("first")).await.expect("it lives");
    let ExitReason::Failed(failure) = watch.await.reason else {
        panic!("it failed")
    };
    assert_eq!(failure.to_string(), "/test/failed twice first");

    let shut = spawn("shut");
    let watch = shut.watch();
    system.shutdown().await;
    assert!(matches!(watch.await.reason, ExitReason::Shutdown));
}

#[tokio::test(start_paused = true)]
async fn terminated_tells_that_a_system_was_shut_down() {
    let (system, _actor, _) = subject("a");
    let (reason, _) = tokio::join!(system.terminated(), system.shutdown());
    assert!(matches!(reason, ExitReason::Shutdown));
    assert!(
        matches!(system.terminated().await, ExitReason::Shutdown),
        "it can be asked again"
    );
}

#[test]
fn those_who_wait_are_told_when_the_runtime_ends_first() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let (actor, watch, journal) = runtime.block_on(async {
        let (_system, actor, journal) = subject("a");
        assert_eq!(actor.ask(Do::Life).await, Ok(1));
        let watch = actor.watch();
        (actor, watch, journal)
    });
    drop(runtime);
    assert!(!actor.is_alive());
    assert!(matches!(
        actor.try_tell(Do::Note("late")),
        Err(TryTellError::Stopped(_))
    ));
    let other = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    assert!(matches!(other.block_on(watch).reason, ExitReason::Killed));
    assert_eq!(journal.take(), ["a started"]);
}
