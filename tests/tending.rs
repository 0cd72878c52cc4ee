//! Promises about the children of a supervisor at run time: added, stopped, restarted, listed, and ends that are meant.

use std::time::Duration;

use actor_core::prelude::*;
use actor_core::{AutoShutdown, ChildState, LookupError, SpawnError, Supervise, Supervisor};

use crate::supervisors::family;
use crate::support::{Do, Gate, Journal, Script, pass, settle, with};

#[tokio::test(start_paused = true)]
async fn children_are_added_stopped_restarted_and_listed_at_run_time() {
    let (_system, s, [a, _, _], journal) = family(Supervisor::one_for_one()).await;
    let d = s
        .start_child(Script::new("d", &journal).spec())
        .await
        .expect("a free name");
    assert_eq!(d.ask(Do::Life).await, Ok(1));
    let taken = s.start_child(Script::new("d", &journal).spec()).await;
    assert!(matches!(taken, Err(SpawnError::NameTaken(name)) if name == "d"));
    s.restart_child("a").await.expect("there is such a child");
    assert_eq!(a.ask(Do::Life).await, Ok(2));
    s.stop_child("b").await.expect("there is such a child");
    assert_eq!(s.stop_child("b").await, Err(LookupError::NotFound("b".into())));
    let names: Vec<_> = s
        .children()
        .await
        .iter()
        .map(|child| child.path.name().to_owned())
        .collect();
    assert_eq!(names, ["a", "c", "d"]);
    assert!(
        s.children()
            .await
            .iter()
            .all(|child| child.state == ChildState::Running)
    );
    assert!(matches!(s.child::<u32>("a").await, Err(LookupError::WrongType { .. })));
    assert_eq!(
        journal.take(),
        ["d started", "a is shut down", "a started", "b is shut down"]
    );
    let _ = s.stop().await;
    assert!(matches!(
        s.start_child(Script::new("e", &journal).spec()).await,
        Err(SpawnError::Stopping)
    ));
    assert!(s.children().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_child_that_has_its_supervisor_end_its_life_is_refused_the_wait_and_obeyed() {
    struct Tends(Journal);
    type Deed = (Handle<Supervise>, bool);
    impl Actor for Tends {
        type Msg = Deed;
        async fn handle(&mut self, (supervisor, restarts): Deed, ctx: &mut Context<Deed>) -> ActorResult {
            let own = ctx.path().name();
            let done = match restarts {
                true => supervisor.restart_child(own).await,
                false => supervisor.stop_child(own).await,
            };
            self.0.note(done.expect_err("it waits for itself").to_string());
            self.0.note(format!("{} children", supervisor.children().await.len()));
            Ok(())
        }
        async fn on_stop(&mut self, reason: &ExitReason, _: &mut Context<Deed>) -> ActorResult {
            self.0.note(reason.to_string());
            Ok(())
        }
    }
    let system = System::new("test");
    let journal = Journal::default();
    let (begun, tends) = (tokio::time::Instant::now(), journal.clone());
    let spec = ChildSpec::new("a", move || Tends(tends.clone()));
    let s = system.start(Supervisor::one_for_one().child(spec).named("s")).await;
    let s = s.expect("it starts");
    let a = s.child::<Deed>("a").await.expect("it is there");
    let refused = "deadlock: /test/s waits for /test/s/a, which waits for /test/s";
    a.tell((s.clone(), true)).await.expect("it lives");
    settle().await;
    assert_eq!(journal.take(), [refused, "1 children", "was shut down"]);
    assert!(a.is_alive());
    a.tell((s.clone(), false)).await.expect("it lives again");
    assert!(matches!(a.watch().await.reason, ExitReason::Shutdown));
    assert_eq!(journal.take(), [refused, "1 children", "was shut down"]);
    assert!(s.children().await.is_empty());
    assert!(
        begun.elapsed() < Duration::from_secs(1),
        "nobody was killed after its time"
    );
}

#[tokio::test(start_paused = true)]
async fn a_child_in_back_off_can_be_restarted_at_once() {
    let system = System::new("test");
    let journal = Journal::default();
    let hour = Duration::from_secs(3600);
    let spec = Script::new("a", &journal).spec().backoff(Backoff::new(hour, hour));
    let s = system
        .start(Supervisor::one_for_one().child(spec).named("s"))
        .await
        .expect("it starts");
    let a = s.child::<Do>("a").await.expect("it was started");
    a.tell(Do::Fail("on purpose")).await.expect("it lives");
    settle().await;
    assert!(matches!(s.children().await[0].state, ChildState::BackOff(_)));
    s.restart_child("a").await.expect("there is such a child");
    assert_eq!(a.ask(Do::Life).await, Ok(2));
}

#[tokio::test(start_paused = true)]
async fn each_restart_by_hand_waits_for_the_end_of_the_life_before() {
    let (_system, s, [a, _, _], journal) = family(Supervisor::one_for_one()).await;
    for life in 2..5 {
        let gate = Gate::new();
        a.tell(Do::Wait(gate.clone())).await.expect("it lives");
        gate.reached().await;
        let (restarted, ()) = tokio::join!(s.restart_child("a"), async {
            settle().await;
            gate.open();
        });
        restarted.expect("there is such a child");
        assert_eq!(journal.take(), ["a is shut down", "a started"]);
        assert_eq!(a.ask(Do::Life).await, Ok(life));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_child_that_is_left_behind_leaves_its_name() {
    let system = System::new("test");
    let journal = Journal::default();
    let supervisor = Supervisor::one_for_one()
        .child(
            Script::new("stuck", &journal)
                .spec()
                .shutdown(Duration::from_millis(10)),
        )
        .child(Script::new("other", &journal).spec());
    let s = system.start(supervisor.named("s")).await.expect("all start");
    let stuck = s.child("stuck").await.expect("it was started");
    let (release, held) = std::sync::mpsc::channel::<()>();
    let (begun, begins) = tokio::sync::oneshot::channel();
    stuck
        .tell(with(move |_| {
            let _ = begun.send(());
            let _ = held.recv();
        }))
        .await
        .expect("it lives");
    begins.await.expect("the handler runs");
    s.stop_child("stuck").await.expect("there is such a child");
    assert!(!stuck.is_alive());
    let children = s.children().await;
    let names: Vec<_> = children.iter().map(|child| child.path.name()).collect();
    assert_eq!(names, ["other"]);
    let again = s.start_child(Script::new("stuck", &journal).spec()).await;
    assert_eq!(again.expect("the name is free").ask(Do::Life).await, Ok(1));
    drop(release);
}

#[tokio::test(start_paused = true)]
async fn a_dynamic_supervisor_stops_its_children_all_at_once() {
    let system = System::new("test");
    let journal = Journal::default();
    let s = system.start(Supervisor::dynamic().named("s")).await.expect("it starts");
    let gate = Gate::new();
    let names = ["a", "b", "c"];
    for name in names {
        let slow = Script {
            stop_gate: Some(gate.clone()),
            ..Script::new(name, &journal)
        };
        s.start_child(slow.spec()).await.expect("a free name");
    }
    let (report, ()) = tokio::join!(system.shutdown(), async {
        for _ in names {
            gate.reached().await;
        }
        names.iter().for_each(|_| gate.open());
    });
    assert!(report.is_clean());
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_ends_when_its_significant_children_have_ended_by_themselves() {
    for (auto_shutdown, ends_at) in [
        (AutoShutdown::Never, 3),
        (AutoShutdown::AnySignificant, 1),
        (AutoShutdown::AllSignificant, 2),
    ] {
        let system = System::new("test");
        let journal = Journal::default();
        let supervisor = ["a", "b"].into_iter().fold(
            Supervisor::one_for_one()
                .auto_shutdown(auto_shutdown)
                .child(Script::new("other", &journal).spec()),
            |s, name| s.child(Script::new(name, &journal).spec().significant()),
        );
        let s = system.start(supervisor.named("s")).await.expect("all start");
        let children = [
            s.child::<Do>("a").await.expect("started"),
            s.child::<Do>("b").await.expect("started"),
        ];
        let mut ended = 0;
        for child in children {
            if s.is_alive() {
                ended += 1;
                let _ = child.stop().await;
                settle().await;
            }
        }
        assert_eq!(s.is_alive(), ends_at == 3, "{auto_shutdown:?}");
        assert_eq!(ended, ends_at.min(2), "{auto_shutdown:?}");
    }
    let system = System::new("test");
    let spec = Script::new("a", &Journal::default())
        .spec()
        .significant()
        .restart(RestartPolicy::Permanent);
    assert!(matches!(system.spawn_spec(spec), Err(SpawnError::InvalidSpec { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_restart_by_hand_does_not_keep_later_ones_from_happening() {
    let system = System::new("test");
    let journal = Journal::default();
    let gate = Gate::new();
    let slow = Script {
        start_gate: Some(gate.clone()),
        ..Script::new("slow", &journal)
    };
    let supervisor = Supervisor::one_for_all()
        .child(Script::new("a", &journal).spec())
        .child(slow.spec());
    gate.open();
    let s = system.start(supervisor.named("s")).await.expect("all start");
    gate.reached().await;
    let (restarted, ()) = tokio::join!(s.restart_child("slow"), async {
        gate.reached().await;
        settle().await;
        gate.open();
    });
    restarted.expect("there is such a child");
    journal.take();
    let a = s.child::<Do>("a").await.expect("it was started");
    a.tell(Do::Fail("on purpose")).await.expect("it lives");
    gate.reached().await;
    gate.open();
    settle().await;
    assert_eq!(
        journal.take(),
        [
            "a stops after a failure",
            "slow is shut down",
            "a started",
            "slow started"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_significant_child_that_its_supervisor_has_to_kill_has_not_ended_by_itself() {
    let system = System::new("test");
    let journal = Journal::default();
    let hangs = Script {
        stop_gate: Some(Gate::new()),
        ..Script::new("a", &journal)
    };
    let supervisor = Supervisor::one_for_one()
        .auto_shutdown(AutoShutdown::AnySignificant)
        .child(hangs.spec().significant());
    let s = system.start(supervisor.named("s")).await.expect("it starts");
    let a = s.child::<Do>("a").await.expect("it was started");
    s.stop_child("a").await.expect("there is such a child");
    settle().await;
    assert!(matches!(a.watch().await.reason, ExitReason::Killed));
    assert!(s.is_alive());
}

#[tokio::test(start_paused = true)]
async fn a_child_that_is_restarted_by_hand_while_others_are_is_not_taken_for_stuck() {
    let (system, s, [a, _, c], _) = family(Supervisor::one_for_all()).await;
    c.tell(Do::Wait(Gate::new())).await.expect("it lives");
    settle().await;
    a.kill();
    settle().await;
    // Both wait for it to come down, and kill it when its time is up.
    s.restart_child("c").await.expect("there is such a child");
    pass(Duration::from_secs(5)).await;
    assert_eq!(a.ask(Do::Life).await, Ok(2), "the supervisor has not given up");
    assert!(system.shutdown().await.stuck.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_permanent_child_that_is_stopped_while_it_is_restarted_is_restarted_once() {
    let system = System::new("test");
    let journal = Journal::default();
    let gate = Gate::new();
    let slow = Script {
        stop_gate: Some(gate.clone()),
        ..Script::new("a", &journal)
    };
    let supervisor = Supervisor::one_for_one().child(slow.spec().restart(RestartPolicy::Permanent));
    let s = system.start(supervisor.named("s")).await.expect("it starts");
    let a = s.child::<Do>("a").await.expect("it was started");
    let (restarted, ()) = tokio::join!(
        tokio::time::timeout(Duration::from_secs(1), s.restart_child("a")),
        async {
            gate.reached().await;
            a.stop();
            gate.open();
        }
    );
    restarted
        .expect("it is waited for no longer")
        .expect("there is such a child");
    assert_eq!(a.ask(Do::Life).await, Ok(2));
    assert_eq!(journal.take(), ["a started", "a is shut down", "a started"]);
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_that_gives_up_begins_nobody_any_more() {
    let system = System::new("test");
    let journal = Journal::default();
    let (first, gate) = (Script::new("a", &journal), Gate::new());
    let (lives, at_gate) = (first.lives.clone(), gate.clone());
    let then_fails = ChildSpec::new("a", move || {
        let again = *lives.lock().expect("counting does not panic") > 0;
        crate::support::Subject::new(&Script {
            failing_starts: if again { 9 } else { 0 },
            start_gate: again.then(|| at_gate.clone()),
            ..first.clone()
        })
    });
    let supervisor = Supervisor::rest_for_one()
        .intensity(1, Duration::from_secs(5))
        .child(then_fails)
        .child(Script::new("b", &journal).spec());
    let spec = supervisor.named("s").restart(RestartPolicy::Temporary);
    let s = system.start(spec).await.expect("all start");
    let a = s.child::<Do>("a").await.expect("it was started");
    journal.take();
    a.tell(Do::Fail("on purpose")).await.expect("it lives");
    gate.reached().await;
    let slow = Script {
        start_gate: Some(Gate::new()),
        ..Script::new("slow", &journal)
    };
    // It is in its handler when it gives up, so that what is attached to it goes on until then.
    let (added, ()) = tokio::join!(s.start_child(slow.spec()), async {
        settle().await;
        gate.open();
    });
    assert!(matches!(added, Err(SpawnError::Stopping)), "{added:?}");
    s.watch().await;
    let expected = ["a stops after a failure", "b is shut down", "a fails to start"];
    assert_eq!(journal.take(), expected);
}
