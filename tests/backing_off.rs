//! Promises about the wait before a restart, and about what can happen during it.

use std::time::Duration;

use actor_core::prelude::*;
use tokio::time::Instant;

use crate::support::{Do, Gate, Journal, Script, pass, settle, subject};

#[tokio::test(start_paused = true)]
async fn restarts_wait_for_their_back_off_which_grows_and_is_reset() {
    let system = System::builder("test")
        .intensity(100, Duration::from_secs(5))
        .seed(1)
        .build()
        .expect("it makes sense");
    let backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(8))
        .jitter(0.0)
        .reset_after(Duration::from_secs(60));
    let actor = system
        .spawn_spec(Script::new("a", &Journal::default()).spec().backoff(backoff))
        .expect("a free name");
    let mut waits = Vec::new();
    for _ in 0..5 {
        actor.tell(Do::Fail("on purpose")).await.expect("it is not gone");
        let start = Instant::now();
        actor.ask(Do::Life).no_timeout().await.expect("it comes back");
        waits.push(start.elapsed().as_secs());
    }
    assert_eq!(waits, [1, 2, 4, 8, 8]);
    pass(Duration::from_secs(60)).await;
    actor.tell(Do::Fail("after a long life")).await.expect("it is not gone");
    let start = Instant::now();
    actor.ask(Do::Life).no_timeout().await.expect("it comes back");
    assert_eq!(start.elapsed().as_secs(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_restart_without_back_off_takes_no_time() {
    let (_system, actor, _) = subject("a");
    settle().await;
    // Timers go by whole milliseconds; one that is set between two of them shows.
    tokio::time::advance(Duration::from_micros(1)).await;
    let start = Instant::now();
    actor.tell(Do::Fail("on purpose")).await.expect("it lives");
    assert_eq!(actor.ask(Do::Life).no_timeout().await, Ok(2));
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn an_actor_in_back_off_can_be_stopped() {
    for kill in [false, true] {
        let system = System::new("test");
        let journal = Journal::default();
        let backoff = Backoff::new(Duration::from_secs(3600), Duration::from_secs(3600));
        let actor = system
            .spawn_spec(Script::new("a", &journal).spec().backoff(backoff))
            .expect("a free name");
        actor.tell(Do::Fail("on purpose")).await.expect("it lives");
        actor.tell(Do::Note("left")).await.expect("it is not gone");
        settle().await;
        let start = Instant::now();
        let ending = if kill { actor.kill() } else { actor.stop() };
        assert_eq!(matches!(ending.await, Ok(ExitReason::Killed)), kill);
        assert!(start.elapsed() < Duration::from_secs(1));
        assert_eq!(journal.take(), ["a started", "a stops after a failure"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_system_shuts_down_an_actor_in_back_off() {
    let (system, actor, _) = subject("other");
    let backoff = Backoff::new(Duration::from_secs(3600), Duration::from_secs(3600));
    let spec = Script::new("a", &Journal::default()).spec().backoff(backoff);
    let waiting = system.spawn_spec(spec).expect("a free name");
    waiting.tell(Do::Fail("on purpose")).await.expect("it lives");
    settle().await;
    let start = Instant::now();
    assert!(system.shutdown().await.is_clean());
    assert!(start.elapsed() < Duration::from_secs(1));
    assert!(!waiting.is_alive() && !actor.is_alive());
}

#[tokio::test(start_paused = true)]
async fn a_stop_that_comes_while_an_actor_fails_is_not_undone_by_its_restart() {
    let system = System::new("test");
    let journal = Journal::default();
    let gate = Gate::new();
    let script = Script {
        stop_gate: Some(gate.clone()),
        ..Script::new("a", &journal)
    };
    let actor = system.spawn_spec(script.spec()).expect("a free name");
    actor.tell(Do::Fail("on purpose")).await.expect("it lives");
    gate.reached().await;
    let ending = actor.stop();
    gate.open();
    let _ = ending.await;
    settle().await;
    assert!(!actor.is_alive());
    assert_eq!(journal.take(), ["a started", "a stops after a failure"]);
}
