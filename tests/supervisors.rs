//! Promises about supervisors as data: order, strategies, children at run time, and ends that are meant.

use std::time::Duration;

use actor_core::prelude::*;
use actor_core::{DeadReason, FailureKind, LookupError, SpawnError, Supervise, Supervisor};

use crate::support::{Do, Gate, Journal, Script, pass, settle};

/// A system with `supervisor` started as `s`, whose children are `a`, `b` and `c`, with their handles.
pub(crate) async fn family(supervisor: Supervisor) -> (System, Handle<Supervise>, [Handle<Do>; 3], Journal) {
    let system = System::new("test");
    let journal = Journal::default();
    let supervisor = ["a", "b", "c"]
        .into_iter()
        .fold(supervisor, |s, name| s.child(Script::new(name, &journal).spec()));
    let supervisor = system.start(supervisor.named("s")).await.expect("all start");
    let mut children = Vec::new();
    for name in ["a", "b", "c"] {
        children.push(supervisor.child::<Do>(name).await.expect("it was started"));
    }
    assert_eq!(journal.take(), ["a started", "b started", "c started"]);
    (system, supervisor, children.try_into().expect("three"), journal)
}

#[tokio::test(start_paused = true)]
async fn children_start_in_order_each_after_the_start_of_the_one_before() {
    let system = System::new("test");
    let journal = Journal::default();
    let gate = Gate::new();
    let slow = Script {
        start_gate: Some(gate.clone()),
        ..Script::new("slow", &journal)
    };
    let supervisor = Supervisor::one_for_one()
        .child(slow.spec())
        .child(Script::new("next", &journal).spec());
    let (started, ()) = tokio::join!(system.start(supervisor.named("s")), async {
        gate.reached().await;
        settle().await;
        assert!(journal.take().is_empty());
        gate.open();
    });
    started.expect("all start");
    assert_eq!(journal.take(), ["slow started", "next started"]);
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_whose_child_cannot_start_stops_the_others_and_fails_to_start() {
    let system = System::new("test");
    let journal = Journal::default();
    let bad = Script {
        failing_starts: 9,
        ..Script::new("bad", &journal)
    };
    let supervisor = Supervisor::one_for_all()
        .child(Script::new("good", &journal).spec())
        .child(bad.spec());
    let error = system.start(supervisor.named("s")).await.expect_err("it cannot");
    assert!(
        matches!(&error, SpawnError::StartFailed(failure) if failure.kind() == FailureKind::Start),
        "{error}"
    );
    assert!(
        error.to_string().contains("/test/s/bad could not start: cannot start"),
        "{error}"
    );
    assert_eq!(
        journal.take(),
        ["good started", "bad fails to start", "good is shut down"]
    );
}

#[tokio::test(start_paused = true)]
async fn one_for_one_restarts_the_one_that_failed() {
    let (_system, _, [_, b, _], journal) = family(Supervisor::one_for_one()).await;
    b.tell(Do::Fail("on purpose")).await.expect("it lives");
    settle().await;
    assert_eq!(journal.take(), ["b stops after a failure", "b started"]);
}

#[tokio::test(start_paused = true)]
async fn one_for_all_stops_the_others_in_reverse_and_starts_all_in_order() {
    let (_system, _, [a, b, c], journal) = family(Supervisor::one_for_all()).await;
    b.tell(Do::Panic("on purpose")).await.expect("it lives");
    settle().await;
    let expected = [
        "b stops after a failure",
        "c is shut down",
        "a is shut down",
        "a started",
        "b started",
        "c started",
    ];
    assert_eq!(journal.take(), expected);
    for child in [a, b, c] {
        assert_eq!(child.ask(Do::Life).await, Ok(2), "the handle is the same");
    }
}

#[tokio::test(start_paused = true)]
async fn rest_for_one_restarts_the_one_that_failed_and_those_after_it() {
    let (_system, _, [a, b, c], journal) = family(Supervisor::rest_for_one()).await;
    b.kill();
    settle().await;
    assert_eq!(journal.take(), ["c is shut down", "b started", "c started"]);
    assert_eq!(
        [a.ask(Do::Life).await, b.ask(Do::Life).await, c.ask(Do::Life).await],
        [Ok(1), Ok(2), Ok(2)]
    );
}

#[tokio::test(start_paused = true)]
async fn what_waits_is_kept_for_the_one_that_failed_and_goes_to_dead_letters_for_its_siblings() {
    let (system, _, [a, b, c], journal) = family(Supervisor::one_for_all()).await;
    let [at_a, at_b, at_c] = [Gate::new(), Gate::new(), Gate::new()];
    a.tell(Do::Wait(at_a.clone())).await.expect("it lives");
    a.tell(Do::Note("of the sibling")).await.expect("it lives");
    c.tell(Do::WaitAndFail(at_c.clone())).await.expect("it lives");
    c.tell(Do::Note("of the sibling that fails meanwhile"))
        .await
        .expect("it lives");
    b.tell(Do::Wait(at_b.clone())).await.expect("it lives");
    b.tell(Do::Fail("on purpose")).await.expect("it lives");
    b.tell(Do::Note("of the failed")).await.expect("it lives");
    at_a.reached().await;
    at_b.reached().await;
    at_c.reached().await;
    for gate in [at_b, at_c, at_a] {
        gate.open();
        settle().await;
    }
    let notes: Vec<_> = journal
        .take()
        .into_iter()
        .filter(|event| event.contains(" of the "))
        .collect();
    assert_eq!(notes, ["b of the failed"]);
    assert_eq!(system.dead_letters().count(DeadReason::Restarted), 2);
}

#[tokio::test(start_paused = true)]
async fn a_child_has_the_mailbox_of_its_specification_in_each_life_of_its_supervisor() {
    let system = System::new("test");
    let child = Script::new("a", &Journal::default()).spec();
    let supervisor = Supervisor::one_for_one().child(child.mailbox(MailboxSpec::bounded(2)));
    let supervisor = supervisor.named("s").restart(RestartPolicy::Permanent);
    let supervisor = system.start(supervisor).await.expect("it starts");
    for _ in 0..2 {
        let a = supervisor.child::<Do>("a").await.expect("it was started");
        a.tell(Do::Wait(Gate::new())).await.expect("it lives");
        settle().await;
        a.try_tell(Do::Nothing).expect("there is room for one more");
        assert!(matches!(a.try_tell(Do::Nothing), Err(TryTellError::Full(_))));
        let _ = supervisor.kill().await;
        settle().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_temporary_child_that_falls_for_anothers_sake_is_gone() {
    let system = System::new("test");
    let journal = Journal::default();
    let supervisor = Supervisor::one_for_all()
        .child(Script::new("a", &journal).spec())
        .child(Script::new("b", &journal).spec().restart(RestartPolicy::Temporary));
    let supervisor = system.start(supervisor.named("s")).await.expect("all start");
    let a = supervisor.child::<Do>("a").await.expect("it was started");
    a.tell(Do::Fail("on purpose")).await.expect("it lives");
    settle().await;
    let expected = [
        "a started",
        "b started",
        "a stops after a failure",
        "b is shut down",
        "a started",
    ];
    assert_eq!(journal.take(), expected);
    assert_eq!(
        supervisor.child::<Do>("b").await,
        Err(LookupError::NotFound("b".into()))
    );
}

#[tokio::test(start_paused = true)]
async fn a_start_that_fails_during_a_restart_counts_and_is_tried_again() {
    let system = System::new("test");
    let journal = Journal::default();
    let supervisor = Supervisor::one_for_all()
        .child(Script::new("a", &journal).spec())
        .child(Script::new("b", &journal).spec());
    let supervisor = system.start(supervisor.named("s")).await.expect("all start");
    let a = supervisor.child::<Do>("a").await.expect("it was started");
    let b = supervisor.child::<Do>("b").await.expect("it was started");
    journal.take();
    // Each fails once more while the other is being restarted.
    a.tell(Do::Fail("first")).await.expect("it lives");
    b.tell(Do::Fail("at the same time")).await.expect("it lives");
    settle().await;
    assert!(a.is_alive() && b.is_alive());
    let events = journal.take();
    assert_eq!(events[events.len() - 2..], ["a started", "b started"], "{events:?}");

    let flaky = Script {
        failing_starts: 0,
        ..Script::new("flaky", &journal)
    };
    let made = flaky.lives.clone();
    let spec = {
        let flaky = flaky.clone();
        ChildSpec::new("flaky", move || {
            let second = *flaky.lives.lock().expect("counting does not panic") == 1;
            crate::support::Subject::new(&Script {
                failing_starts: if second { 2 } else { 0 },
                ..flaky.clone()
            })
        })
    };
    let other = Supervisor::rest_for_one()
        .child(spec)
        .child(Script::new("after", &journal).spec());
    let other = system.start(other.named("t")).await.expect("all start");
    let child = other.child::<Do>("flaky").await.expect("it was started");
    journal.take();
    child.tell(Do::Fail("on purpose")).await.expect("it lives");
    settle().await;
    let expected = [
        "flaky stops after a failure",
        "after is shut down",
        "flaky fails to start",
        "flaky started",
        "after started",
    ];
    assert_eq!(journal.take(), expected);
    assert_eq!(*made.lock().expect("counting does not panic"), 3);
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_of_several_gives_up_beyond_its_intensity() {
    let supervisor = Supervisor::one_for_all().intensity(1, Duration::from_secs(5));
    let (system, s, [a, _, _], journal) = family(supervisor).await;
    a.tell(Do::Fail("first")).await.expect("it lives");
    settle().await;
    journal.take();
    a.tell(Do::Fail("second")).await.expect("it lives");
    settle().await;
    let expected = [
        "a stops after a failure",
        "c is shut down",
        "b is shut down",
        "a started",
        "b started",
        "c started",
    ];
    assert_eq!(
        journal.take(),
        expected,
        "the supervisor fails, and the system restarts it with all its children"
    );
    assert!(s.is_alive() && !a.is_alive());
    assert!(s.child::<Do>("a").await.is_ok_and(|new| new != a));
    drop(system);
}

#[tokio::test(start_paused = true)]
async fn a_sibling_that_does_not_stop_is_killed_and_restarted_with_the_others() {
    let system = System::new("test");
    let journal = Journal::default();
    let supervisor = Supervisor::one_for_all()
        .child(Script::new("a", &journal).spec())
        .child(Script::new("b", &journal).spec().shutdown(Duration::from_secs(2)));
    let supervisor = system.start(supervisor.named("s")).await.expect("all start");
    let a = supervisor.child::<Do>("a").await.expect("it was started");
    let b = supervisor.child::<Do>("b").await.expect("it was started");
    b.tell(Do::Wait(Gate::new())).await.expect("it lives");
    settle().await;
    journal.take();
    a.tell(Do::Fail("on purpose")).await.expect("it lives");
    pass(Duration::from_secs(1)).await;
    assert_eq!(journal.take(), ["a stops after a failure"]);
    assert_eq!(supervisor.children().await.len(), 2, "the supervisor answers meanwhile");
    pass(Duration::from_secs(2)).await;
    assert_eq!(journal.take(), ["a started", "b started"]);
    assert_eq!(b.ask(Do::Life).await, Ok(2));
}

#[tokio::test(start_paused = true)]
async fn supervisors_nest_and_stop_in_reverse() {
    let system = System::new("test");
    let journal = Journal::default();
    let inner = Supervisor::one_for_all()
        .child(Script::new("x", &journal).spec())
        .child(Script::new("y", &journal).spec());
    let outer = Supervisor::rest_for_one()
        .child(Script::new("a", &journal).spec())
        .child(inner.named("inner"));
    let outer = system.start(outer.named("outer")).await.expect("all start");
    let inner = outer.child::<Supervise>("inner").await.expect("it was started");
    let x = inner.child::<Do>("x").await.expect("it was started");
    assert_eq!(x.path().to_string(), "/test/outer/inner/x");
    let a = outer.child::<Do>("a").await.expect("it was started");
    journal.take();
    a.tell(Do::Fail("on purpose")).await.expect("it lives");
    settle().await;
    let expected = [
        "a stops after a failure",
        "y is shut down",
        "x is shut down",
        "a started",
        "x started",
        "y started",
    ];
    assert_eq!(journal.take(), expected);
    assert!(system.shutdown().await.is_clean());
    assert_eq!(journal.take(), ["y is shut down", "x is shut down", "a is shut down"]);
}

#[tokio::test(start_paused = true)]
async fn a_kill_while_several_are_restarted_takes_nobody_out() {
    let supervisor = Supervisor::one_for_all();
    let system = System::new("test");
    let journal = Journal::default();
    let gate = Gate::new();
    let slow = Script {
        stop_gate: Some(gate.clone()),
        ..Script::new("slow", &journal)
    };
    let supervisor = supervisor.child(Script::new("a", &journal).spec()).child(slow.spec());
    let s = system.start(supervisor.named("s")).await.expect("all start");
    let a = s.child::<Do>("a").await.expect("it was started");
    a.tell(Do::Fail("on purpose")).await.expect("it lives");
    gate.reached().await;
    settle().await;
    // It waits for its sibling to stop, and has no life that could be killed.
    a.kill();
    gate.open();
    settle().await;
    assert!(matches!(a.ask(Do::Life).await, Ok(2 | 3)));
    assert_eq!(s.children().await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_start_that_fails_again_takes_down_nobody_who_started_before_it() {
    let system = System::new("test");
    let journal = Journal::default();
    let script = Script::new("b", &journal);
    let second_fails = ChildSpec::new("b", move || {
        let failing_starts = if *script.lives.lock().expect("counting does not panic") == 1 {
            2
        } else {
            0
        };
        crate::support::Subject::new(&Script {
            failing_starts,
            ..script.clone()
        })
    });
    let supervisor = Supervisor::rest_for_one()
        .child(Script::new("a", &journal).spec())
        .child(second_fails)
        .child(Script::new("c", &journal).spec());
    let s = system.start(supervisor.named("s")).await.expect("all start");
    let a = s.child::<Do>("a").await.expect("it was started");
    journal.take();
    a.tell(Do::Fail("on purpose")).await.expect("it lives");
    settle().await;
    let expected = [
        "a stops after a failure",
        "c is shut down",
        "b is shut down",
        "a started",
        "b fails to start",
        "b started",
        "c started",
    ];
    assert_eq!(journal.take(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_failure_of_one_that_is_being_taken_down_is_not_one_more() {
    let supervisor = Supervisor::one_for_all().intensity(1, Duration::from_secs(5));
    let (_system, s, [a, _, c], journal) = family(supervisor).await;
    let gate = Gate::new();
    c.tell(Do::WaitAndFail(gate.clone())).await.expect("it lives");
    gate.reached().await;
    a.tell(Do::Fail("on purpose")).await.expect("it lives");
    settle().await;
    gate.open();
    settle().await;
    let expected = [
        "a stops after a failure",
        "c stops after a failure",
        "b is shut down",
        "a started",
        "b started",
        "c started",
    ];
    assert_eq!(journal.take(), expected);
    assert_eq!(s.children().await.len(), 3);
    assert_eq!(a.ask(Do::Life).await, Ok(2), "the supervisor has not given up");
}
