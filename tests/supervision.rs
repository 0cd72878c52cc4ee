//! Promises about supervision: who is restarted, how often, and what happens when that does not help.

use std::error::Error;
use std::time::Duration;

use actor_core::FailureKind;
use actor_core::prelude::*;

use crate::support::{Do, Gate, Journal, Script, pass, settle, subject, with};

fn spawn(system: &System, journal: &Journal, policy: RestartPolicy) -> Handle<Do> {
    system
        .spawn_spec(Script::new("a", journal).spec().restart(policy))
        .expect("a free name")
}

/// What becomes of an actor with this policy which ends in this way: `true` if it is restarted.
async fn is_restarted(policy: RestartPolicy, end: fn(&Handle<Do>)) -> bool {
    let system = System::new("test");
    let actor = spawn(&system, &Journal::default(), policy);
    settle().await;
    end(&actor);
    settle().await;
    let life = actor.ask(Do::Life).await;
    assert!(matches!(life, Ok(2) | Err(AskError::Stopped)), "{policy:?}: {life:?}");
    life == Ok(2)
}

#[tokio::test(start_paused = true)]
async fn the_restart_policies_mean_what_they_mean_in_otp() {
    use RestartPolicy::{Permanent, Temporary, Transient};
    let stop: fn(&Handle<Do>) = |actor| drop(actor.stop());
    let drain: fn(&Handle<Do>) = |actor| drop(actor.drain());
    let kill: fn(&Handle<Do>) = |actor| drop(actor.kill());
    let fail: fn(&Handle<Do>) = |actor| actor.try_tell(Do::Fail("on purpose")).expect("there is room");
    let panic: fn(&Handle<Do>) = |actor| actor.try_tell(Do::Panic("on purpose")).expect("there is room");
    let end_itself: fn(&Handle<Do>) = |actor| actor.try_tell(with(|ctx| ctx.stop())).expect("there is room");
    for (way, end, orderly) in [
        ("stop", stop, true),
        ("drain", drain, true),
        ("ends itself", end_itself, true),
        ("kill", kill, false),
        ("error", fail, false),
        ("panic", panic, false),
    ] {
        assert!(is_restarted(Permanent, end).await, "permanent, {way}");
        assert_eq!(is_restarted(Transient, end).await, !orderly, "transient, {way}");
        assert!(!is_restarted(Temporary, end).await, "temporary, {way}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_permanent_child_that_is_stopped_takes_messages_again_after_its_restart() {
    let system = System::new("test");
    let journal = Journal::default();
    let actor = spawn(&system, &journal, RestartPolicy::Permanent);
    assert!(
        matches!(actor.stop().await, Ok(ExitReason::Normal)),
        "the end of that life is told"
    );
    assert_eq!(actor.ask(Do::Life).await, Ok(2));
    assert_eq!(journal.take(), ["a started", "a stops", "a started"]);
}

#[tokio::test(start_paused = true)]
async fn the_old_life_has_ended_before_the_new_one_starts() {
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
    settle().await;
    assert_eq!(journal.take(), ["a started"]);
    gate.open();
    settle().await;
    assert_eq!(journal.take(), ["a stops after a failure", "a started"]);
}

#[tokio::test(start_paused = true)]
async fn the_fourth_failure_in_five_seconds_is_one_too_many_for_the_default_intensity() {
    let (system, actor, _) = subject("a");
    for _ in 0..4 {
        settle().await;
        assert!(actor.is_alive());
        actor.tell(Do::Panic("again")).await.expect("it lives");
    }
    let ExitReason::Failed(failure) = system.terminated().await else {
        panic!("the root gave up")
    };
    assert_eq!(failure.kind(), FailureKind::GaveUp);
    assert_eq!(
        failure.to_string(),
        "/test gave up: more than 3 restarts of its children in 5s"
    );
    assert_eq!(
        failure.source().map(ToString::to_string).as_deref(),
        Some("/test/a panicked: again")
    );
}

#[tokio::test(start_paused = true)]
async fn the_intensity_is_a_sliding_window_for_all_children_together() {
    let system = System::builder("test")
        .intensity(2, Duration::from_secs(5))
        .build()
        .expect("it makes sense");
    let journal = Journal::default();
    let actors: Vec<_> = ["a", "b", "c"]
        .map(|name| {
            system
                .spawn_spec(Script::new(name, &journal).spec())
                .expect("a free name")
        })
        .into();
    for (actor, seconds) in [(&actors[0], 3), (&actors[1], 3), (&actors[2], 1)] {
        actor.tell(Do::Fail("on purpose")).await.expect("it lives");
        pass(Duration::from_secs(seconds)).await;
    }
    assert!(
        actors.iter().all(Handle::is_alive),
        "the first has left the window when the third comes"
    );
    actors[0].tell(Do::Fail("on purpose")).await.expect("it lives");
    assert!(matches!(system.terminated().await, ExitReason::Failed(_)));
    assert!(
        !actors.iter().any(Handle::is_alive),
        "a system that gives up does not linger"
    );
}

/// A parent `p` on the system, with a child `c` of its own, and the child's handle.
async fn family(system: &System, journal: &Journal, restarts: usize) -> (Handle<Do>, Handle<Do>) {
    let (children, mut started) = tokio::sync::mpsc::unbounded_channel();
    let (journal_of_p, journal_of_c) = (journal.clone(), journal.clone());
    struct Parent(Subjects, tokio::sync::mpsc::UnboundedSender<Handle<Do>>);
    type Subjects = (Journal, Journal);
    impl Actor for Parent {
        type Msg = Do;
        async fn on_start(&mut self, ctx: &mut Context<Do>) -> ActorResult {
            self.0.0.note("p started");
            let child = ctx.spawn(Script::new("c", &self.0.1).spec())?;
            let _ = self.1.send(child);
            Ok(())
        }
        async fn handle(&mut self, msg: Do, _ctx: &mut Context<Do>) -> ActorResult {
            match msg {
                Do::Wait(gate) => gate.pass().await,
                Do::AskOther(other, reply) => reply.send(other.ask(Do::Life).await),
                _ => {}
            }
            Ok(())
        }
        async fn on_stop(&mut self, _: &ExitReason, _: &mut Context<Do>) -> ActorResult {
            self.0.0.note("p stops");
            Ok(())
        }
    }
    let spec = ChildSpec::new("p", move || {
        Parent((journal_of_p.clone(), journal_of_c.clone()), children.clone())
    })
    .intensity(restarts, Duration::from_secs(5));
    let parent = system.spawn_spec(spec).expect("a free name");
    let child = started.recv().await.expect("it spawns its child");
    settle().await;
    journal.take();
    (parent, child)
}

#[tokio::test(start_paused = true)]
async fn giving_up_stops_all_children_and_fails_to_the_parent_with_the_cause_kept() {
    let system = System::builder("test")
        .intensity(0, Duration::from_secs(5))
        .build()
        .expect("it makes sense");
    let journal = Journal::default();
    let (_parent, child) = family(&system, &journal, 1).await;
    child.tell(Do::Fail("first")).await.expect("it lives");
    child.tell(Do::Fail("no space left")).await.expect("it lives");
    let ExitReason::Failed(failure) = system.terminated().await else {
        panic!("the root gave up")
    };
    let chain = [
        failure.to_string(),
        failure.cause().expect("of p").to_string(),
        failure.first_cause().to_string(),
    ];
    assert_eq!(
        chain,
        [
            "/test gave up: more than 0 restarts of its children in 5s",
            "/test/p gave up: more than 1 restarts of its children in 5s",
            "/test/p/c no space left"
        ]
    );
    let events = journal.take();
    assert_eq!(events.last().map(String::as_str), Some("p stops"));
}

#[tokio::test(start_paused = true)]
async fn a_child_is_restarted_while_the_handler_of_its_parent_waits() {
    let system = System::new("test");
    let journal = Journal::default();
    let (parent, child) = family(&system, &journal, 3).await;
    let gate = Gate::new();
    parent.tell(Do::Wait(gate.clone())).await.expect("it lives");
    gate.reached().await;
    child.tell(Do::Panic("while its parent waits")).await.expect("it lives");
    assert_eq!(child.ask(Do::Life).await, Ok(2));
    gate.open();
}

#[tokio::test(start_paused = true)]
async fn a_parent_that_asks_its_crashed_child_hears_the_restarted_one() {
    let system = System::new("test");
    let (parent, child) = family(&system, &Journal::default(), 3).await;
    child.tell(Do::Panic("just before")).await.expect("it lives");
    let answer = parent.ask(|reply| Do::AskOther(child.clone(), reply)).await;
    assert_eq!(answer, Ok(Ok(2)));
}

#[tokio::test(start_paused = true)]
async fn giving_up_reaches_a_parent_whose_handler_waits() {
    let system = System::new("test");
    let journal = Journal::default();
    let (parent, child) = family(&system, &journal, 0).await;
    let gate = Gate::new();
    parent.tell(Do::Wait(gate.clone())).await.expect("it lives");
    gate.reached().await;
    child.tell(Do::Fail("on purpose")).await.expect("it lives");
    settle().await;
    assert_eq!(
        journal.take(),
        ["c stops after a failure", "p stops", "p started", "c started"],
        "the parent fails at its await, and is restarted by the system"
    );
    assert!(parent.is_alive());
}

#[tokio::test(start_paused = true)]
async fn a_restarted_parent_starts_with_no_children_of_its_former_life() {
    let system = System::new("test");
    let journal = Journal::default();
    let (parent, child) = family(&system, &journal, 3).await;
    parent.kill();
    settle().await;
    assert!(!child.is_alive());
    assert_eq!(journal.take(), ["p started", "c started"]);
}

#[tokio::test(start_paused = true)]
async fn a_failed_start_is_judged_as_a_failure() {
    let system = System::new("test");
    let journal = Journal::default();
    let script = Script {
        failing_starts: 2,
        ..Script::new("a", &journal)
    };
    let actor = system.spawn_spec(script.spec()).expect("a free name");
    actor.tell(Do::Note("was waiting")).await.expect("it is not gone");
    assert_eq!(actor.ask(Do::Life).await, Ok(3));
    let expected = ["a fails to start", "a fails to start", "a started", "a was waiting"];
    assert_eq!(
        journal.take(),
        expected,
        "on_stop does not run after a start that failed"
    );
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_start_is_told_of_its_failure_and_there_is_no_child() {
    let system = System::new("test");
    let journal = Journal::default();
    let script = Script {
        failing_starts: 1,
        ..Script::new("a", &journal)
    };
    let error = system.start(script.spec()).await.expect_err("the start fails");
    assert_eq!(error.to_string(), "start failed: /test/a could not start: cannot start");
    settle().await;
    system.spawn_spec(script.spec()).expect("the name is free again");

    let refused = system.spawn_async("b", || async {
        Err::<crate::support::Subject, _>(std::io::Error::other("no disk"))
    });
    assert_eq!(
        refused.await.expect_err("it fails").to_string(),
        "start failed: /test/b could not start: no disk"
    );
}

#[tokio::test(start_paused = true)]
async fn start_returns_when_on_start_has_ended_well() {
    let system = System::new("test");
    let journal = Journal::default();
    let gate = Gate::new();
    let script = Script {
        start_gate: Some(gate.clone()),
        ..Script::new("a", &journal)
    };
    let (started, ()) = tokio::join!(system.start(script.spec()), async {
        gate.reached().await;
        journal.note("the gate opens");
        gate.open();
    });
    journal.note("start returned");
    started.expect("it starts");
    assert_eq!(journal.take(), ["the gate opens", "a started", "start returned"]);
}

#[tokio::test(start_paused = true)]
async fn an_actor_made_once_is_temporary_by_its_type() {
    let system = System::new("test");
    let moved = String::from("cannot be made a second time");
    struct Once(String);
    impl Actor for Once {
        type Msg = Reply<usize>;
        async fn handle(&mut self, reply: Reply<usize>, _: &mut Context<Reply<usize>>) -> ActorResult {
            reply.send(self.0.len());
            Err(ActorError::new("fails after each answer"))
        }
    }
    let spec = ChildSpec::once("once", move || Once(moved)).restart(RestartPolicy::Permanent);
    let once = system.spawn_spec(spec).expect("a free name");
    assert_eq!(once.ask(|reply| reply).await, Ok(28));
    assert_eq!(once.ask(|reply| reply).await, Err(AskError::Stopped));
}

#[tokio::test(start_paused = true)]
async fn a_parent_hears_of_a_child_that_ended_for_good_and_not_of_restarts() {
    let (_system, parent, journal) = subject("parent");
    let script = Script::new("child", &journal);
    let (reply, child) = Reply::pair();
    parent
        .tell(with(move |ctx| {
            reply.send(ctx.spawn(script.spec()).expect("a free name"))
        }))
        .await
        .expect("it lives");
    let child = child.await.expect("it was spawned");
    child.tell(Do::Fail("on purpose")).await.expect("it lives");
    assert_eq!(child.ask(Do::Life).await, Ok(2));
    let _ = child.stop().await;
    settle().await;
    let heard: Vec<_> = journal
        .take()
        .into_iter()
        .filter(|event| event.contains("hears"))
        .collect();
    assert_eq!(heard, ["parent hears that its child child ended normally"]);
}

#[tokio::test(start_paused = true)]
async fn a_restarted_parent_hears_of_the_children_of_its_present_life() {
    let (_system, parent, journal) = subject("parent");
    let script = Script::new("child", &journal);
    parent.tell(Do::Fail("on purpose")).await.expect("it lives");
    let (reply, child) = Reply::pair();
    parent
        .tell(with(move |ctx| {
            reply.send(ctx.spawn(script.spec()).expect("a free name"))
        }))
        .await
        .expect("it lives");
    let child = child.await.expect("it was spawned");
    let _ = child.stop().await;
    settle().await;
    let heard: Vec<_> = journal
        .take()
        .into_iter()
        .filter(|event| event.contains("hears"))
        .collect();
    assert_eq!(heard, ["parent hears that its child child ended normally"]);
}

#[tokio::test(start_paused = true)]
async fn an_error_that_comes_of_giving_up_does_not_hide_its_cause() {
    let system = System::builder("test").intensity(0, Duration::from_secs(5)).build();
    let system = system.expect("it makes sense");
    struct Parent(Script);
    impl Actor for Parent {
        type Msg = ();
        async fn handle(&mut self, (): (), ctx: &mut Context<()>) -> ActorResult {
            let child = ctx.spawn(self.0.spec())?;
            child.ask(Do::PanicOn).await?;
            Ok(())
        }
    }
    let script = Script::new("c", &Journal::default());
    let parent = ChildSpec::new("p", move || Parent(script.clone())).intensity(0, Duration::from_secs(5));
    let parent = system.spawn_spec(parent).expect("a free name");
    parent.tell(()).await.expect("it lives");
    let ExitReason::Failed(failure) = parent.watch().await.reason else {
        panic!("it gave up")
    };
    assert_eq!(failure.kind(), FailureKind::GaveUp, "{failure}");
    assert_eq!(
        failure.first_cause().to_string(),
        "/test/p/c panicked: with a question in hand"
    );
}
