//! What a recorder notes of the lives that it watches.

use std::time::Duration;

use actor_core::Supervisor;
use actor_core::prelude::*;
use actor_testkit::{EVENTS_MAX, Recorder, settle};

use crate::subject::{Do, Subject};

/// One watched actor, that is as `make` makes it, and its recorder.
fn watched(make: impl FnMut() -> Subject + Send + 'static) -> (System, Handle<Do>, Recorder) {
    let system = System::new("test");
    let recorder = Recorder::new();
    let handle = system.spawn("b", recorder.watch(make)).expect("a free name");
    (system, handle, recorder)
}

async fn told(handle: &Handle<Do>, msg: Do) {
    handle.tell(msg).await.expect("it listens");
    settle().await;
}

#[tokio::test(start_paused = true)]
async fn a_failure_and_a_panic_are_noted_with_the_restart_and_their_words() {
    let (_system, handle, recorder) = watched(Subject::default);
    told(&handle, Do::Fail("no space left")).await;
    told(&handle, Do::Panic).await;
    let expected = [
        "started b",
        "failed b: no space left",
        "restarted b",
        "failed b: as it was told",
        "restarted b",
    ];
    assert_eq!(recorder.events(), expected);
    assert_eq!(recorder.take(), expected);
    assert!(recorder.take().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_end_in_order_is_a_stop_whoever_wanted_it() {
    let (_system, handle, recorder) = watched(Subject::default);
    told(&handle, Do::End).await;
    assert_eq!(recorder.take(), ["started b", "stopped b"]);

    let (system, _handle, recorder) = watched(Subject::default);
    settle().await;
    system.shutdown().await;
    assert_eq!(recorder.take(), ["started b", "stopped b"]);
}

#[tokio::test(start_paused = true)]
async fn a_kill_is_noted_though_nothing_of_the_actor_runs() {
    let (_system, handle, recorder) = watched(Subject::default);
    told(&handle, Do::Wait).await;
    let _ = handle.kill().await;
    settle().await;
    assert_eq!(recorder.take(), ["started b", "killed b", "restarted b"]);
}

#[tokio::test(start_paused = true)]
async fn a_start_that_fails_is_noted_and_is_no_start() {
    let failing = || Subject {
        start_error: Some("no disk"),
        ..Subject::default()
    };
    let (_system, _handle, recorder) = watched(failing);
    settle().await;
    assert_eq!(recorder.take()[0], "failed to start b: no disk");

    let panicking = || Subject {
        panics_at_start: true,
        ..Subject::default()
    };
    let (_system, _handle, recorder) = watched(panicking);
    settle().await;
    assert_eq!(recorder.take()[0], "failed to start b");
}

#[tokio::test(start_paused = true)]
async fn a_stop_that_fails_is_noted() {
    let failing = || Subject {
        stop_error: Some("not flushed"),
        ..Subject::default()
    };
    let (_system, handle, recorder) = watched(failing);
    told(&handle, Do::End).await;
    assert_eq!(recorder.take()[..2], ["started b", "failed to stop b: not flushed"]);

    let panicking = || Subject {
        panics_at_stop: true,
        ..Subject::default()
    };
    let (_system, handle, recorder) = watched(panicking);
    told(&handle, Do::End).await;
    assert_eq!(recorder.take()[..2], ["started b", "failed to stop b"]);
}

#[tokio::test(start_paused = true)]
async fn children_that_are_restarted_together_are_noted_in_their_order() {
    let system = System::new("test");
    let recorder = Recorder::new();
    let mut supervisor = Supervisor::one_for_all().intensity(3, Duration::from_secs(5));
    for name in ["a", "b", "c"] {
        supervisor = supervisor.child(ChildSpec::new(name, recorder.watch(Subject::default)));
    }
    let family = system.start(supervisor.named("family")).await.expect("all start");
    settle().await;
    assert_eq!(recorder.take(), ["started a", "started b", "started c"]);
    let b = family.child("b").await.expect("it was started");
    told(&b, Do::Fail("boom")).await;
    assert_eq!(
        recorder.take(),
        [
            "failed b: boom",
            "stopped c",
            "stopped a",
            "restarted a",
            "restarted b",
            "restarted c"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_recorder_that_is_full_says_so_last() {
    let system = System::new("test");
    let recorder = Recorder::new();
    for n in 0..EVENTS_MAX + 10 {
        let name = format!("b{n}");
        system
            .spawn(name, recorder.watch(Subject::default))
            .expect("a free name");
    }
    settle().await;
    let events = recorder.take();
    assert_eq!(events.len(), EVENTS_MAX);
    assert_eq!(
        events.last().map(String::as_str),
        Some("the recorder is full at 65536 events: what came then is lost")
    );
}

#[tokio::test(start_paused = true)]
async fn events_of_the_test_stand_among_the_others_each_with_its_time() {
    let recorder = Recorder::new();
    let start = tokio::time::Instant::now();
    recorder.note("the test begins");
    tokio::time::sleep(Duration::from_secs(3)).await;
    recorder.note(String::from("three seconds have passed"));
    let timed = recorder.take_timed();
    assert!(recorder.take().is_empty());
    let seconds: Vec<_> = timed
        .iter()
        .map(|(at, event)| (at.duration_since(start).as_secs(), &**event))
        .collect();
    assert_eq!(seconds, [(0, "the test begins"), (3, "three seconds have passed")]);
}
