//! What comes of input that makes no sense, and of user code that fails where it should not.

use std::pin::pin;
use std::sync::Arc;
use std::task::{self, Wake, Waker};
use std::time::Duration;

use actor_core::prelude::*;
use actor_core::{DeadReason, SpawnError};

use crate::support::{Do, Gate, Journal, Script, settle, subject, with};

#[tokio::test(start_paused = true)]
async fn spawning_on_a_system_that_shuts_down_is_refused() {
    let (system, actor, journal) = subject("a");
    let gate = Gate::new();
    actor.tell(Do::Wait(gate.clone())).await.expect("it lives");
    gate.reached().await;
    let spec = Script::new("late", &journal).spec();
    let (_, refused) = tokio::join!(system.shutdown(), async {
        settle().await;
        let refused = system.spawn_spec(spec);
        gate.open();
        refused
    });
    assert!(matches!(refused, Err(SpawnError::Stopping)));
    let after = system.spawn_spec(Script::new("later", &journal).spec());
    assert!(matches!(after, Err(SpawnError::Stopping)));
}

#[test]
#[should_panic(expected = "timers are disabled")]
fn a_runtime_without_a_timer_is_refused_when_a_system_is_begun() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build();
    runtime.expect("a runtime").block_on(async { System::new("test") });
}

#[tokio::test(start_paused = true)]
async fn a_waker_that_panics_leaves_others_their_deadlines() {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("on purpose");
        }
    }
    let (_system, actor, _) = subject("a");
    let waker = Waker::from(Arc::new(Panics));
    let mut asks = pin!(actor.ask(Do::Keep).timeout(Duration::from_secs(1)));
    assert!(asks.as_mut().poll(&mut task::Context::from_waker(&waker)).is_pending());
    for seconds in [1, 2] {
        let answer = actor.ask(Do::Keep).timeout(Duration::from_secs(seconds)).await;
        assert_eq!(answer, Err(AskError::TimedOut(Duration::from_secs(seconds))));
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_is_taken_while_its_actor_lives_and_its_parent_is_the_same() {
    let (system, actor, journal) = subject("a");
    let again = system
        .spawn_spec(Script::new("a", &journal).spec())
        .expect_err("the name is taken");
    assert_eq!(
        again.to_string(),
        "cannot spawn 'a': a living sibling has this name; stop it first or choose another"
    );
    let spec = Script::new("a", &journal).spec();
    actor
        .tell(with(move |ctx| drop(ctx.spawn(spec).expect("another parent's child"))))
        .await
        .expect("it lives");
    settle().await;
    assert_eq!(journal.take(), ["a started", "a started"]);
}

#[tokio::test(start_paused = true)]
async fn names_that_would_confuse_a_path_are_refused() {
    let system = System::new("test");
    for name in ["", "a/b", "a\u{7}", &"long".repeat(64)] {
        let spec = ChildSpec::new(name, || crate::support::Subject::new(&Script::default()));
        assert!(
            matches!(system.spawn_spec(spec), Err(SpawnError::InvalidName { .. })),
            "{name:?} passed"
        );
    }
    assert!(matches!(
        System::builder("a/b").build(),
        Err(SpawnError::InvalidName { .. })
    ));
}

#[tokio::test(start_paused = true)]
async fn capacities_and_periods_of_zero_are_refused_with_the_way_out() {
    let system = System::new("test");
    let spec = || Script::new("a", &Journal::default()).spec();
    let refused = system
        .spawn_spec(spec().mailbox(MailboxSpec::bounded(0)))
        .expect_err("it could hold nothing");
    assert_eq!(
        refused.to_string(),
        "cannot spawn 'a': a mailbox of capacity 0 could never take a message; give it at least 1"
    );
    assert!(
        system
            .spawn_spec(spec().mailbox(MailboxSpec::latest_by(0, |_| 0)))
            .is_err()
    );
    assert!(system.spawn_spec(spec().intensity(3, Duration::ZERO)).is_err());
    assert!(System::builder("test").intensity(3, Duration::ZERO).build().is_err());
}

#[tokio::test(start_paused = true)]
async fn durations_of_zero_are_what_they_say() {
    let (system, actor, journal) = subject("a");
    actor
        .tell(with(|ctx| {
            ctx.once(Duration::ZERO, Do::Note("at once"));
            let mut ticks = 0;
            ctx.every(Duration::ZERO, move || {
                ticks += 1;
                if ticks < 3 {
                    Do::Note("tick")
                } else {
                    with(|ctx| ctx.stop())
                }
            });
        }))
        .await
        .expect("it lives");
    let _ = actor.watch().await;
    assert_eq!(
        journal.take(),
        ["a started", "a at once", "a tick", "a tick", "a stops"]
    );
    let hasty = Script::new("hasty", &journal).spec().shutdown(Duration::ZERO);
    let hasty = system.spawn_spec(hasty).expect("a free name");
    hasty.tell(Do::Wait(Gate::new())).await.expect("it lives");
    settle().await;
    assert_eq!(system.shutdown_within(Duration::ZERO).await.stuck.len(), 0);
    assert!(!hasty.is_alive());
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_the_factory_or_in_on_start_is_a_failed_start() {
    struct Bad(bool);
    impl Actor for Bad {
        type Msg = ();
        async fn on_start(&mut self, _: &mut Context<()>) -> ActorResult {
            panic!("in on_start")
        }
        async fn handle(&mut self, (): (), _: &mut Context<()>) -> ActorResult {
            self.0 = true;
            Ok(())
        }
    }
    let system = System::new("test");
    let error = system
        .start(ChildSpec::new("a", || Bad(false)))
        .await
        .expect_err("it panics");
    assert_eq!(
        error.to_string(),
        "start failed: /test/a could not start: panicked: in on_start"
    );
    let error = system
        .start(ChildSpec::new("b", || -> Bad { panic!("in the factory") }))
        .await;
    let error = error.expect_err("it panics");
    assert_eq!(
        error.to_string(),
        "start failed: /test/b could not start: panicked: in the factory"
    );
    assert!(!matches!(
        system
            .spawn("c", || Bad(false))
            .expect("a free name")
            .watch()
            .await
            .reason,
        ExitReason::Normal
    ));
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_on_stop_makes_an_orderly_end_a_failure_and_is_contained() {
    let system = System::new("test");
    let journal = Journal::default();
    let script = Script {
        panic_in_stop: true,
        ..Script::new("a", &journal)
    };
    let actor = system
        .spawn_spec(script.spec().restart(RestartPolicy::Temporary))
        .expect("a free name");
    let watch = actor.watch();
    actor.stop();
    let ExitReason::Failed(failure) = watch.await.reason else {
        panic!("its on_stop panicked")
    };
    assert_eq!(failure.to_string(), "/test/a panicked: in on_stop");
    assert!(system.shutdown().await.is_clean());
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("dropped");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_that_panics_when_dropped_harms_nobody_but_its_handler() {
    let (system, actor, journal) = subject("a");
    let bomb = Bomb;
    actor.tell(with(move |_| drop(bomb))).await.expect("it lives");
    assert_eq!(actor.ask(Do::Life).await, Ok(2));
    let gate = Gate::new();
    actor.tell(Do::Wait(gate.clone())).await.expect("it lives");
    gate.reached().await;
    let bomb = Bomb;
    actor.tell(with(move |_| drop(bomb))).await.expect("it lives");
    actor.tell(Do::Note("behind the bomb")).await.expect("it lives");
    let ending = actor.stop();
    gate.open();
    assert!(matches!(ending.await, Ok(ExitReason::Normal)));
    assert_eq!(system.dead_letters().count(DeadReason::Stopped), 2);
    assert!(system.shutdown().await.is_clean());
    assert_eq!(journal.take().last().map(String::as_str), Some("a stops"));
}

#[tokio::test(start_paused = true)]
async fn a_state_that_panics_when_dropped_is_contained() {
    struct Holds(Bomb);
    impl Actor for Holds {
        type Msg = ();
        async fn handle(&mut self, (): (), _: &mut Context<()>) -> ActorResult {
            let _held = &self.0;
            Err(ActorError::new("on purpose"))
        }
    }
    let system = System::new("test");
    let actor = system.spawn("a", || Holds(Bomb)).expect("a free name");
    actor.tell(()).await.expect("it lives");
    settle().await;
    assert!(actor.is_alive(), "it was restarted");
    assert!(system.shutdown().await.is_clean());
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_panics_when_it_is_dropped_by_a_kill_is_contained() {
    struct Holds;
    impl Actor for Holds {
        type Msg = Gate;
        async fn handle(&mut self, gate: Gate, _: &mut Context<Gate>) -> ActorResult {
            let _bomb = Bomb;
            gate.pass().await;
            Ok(())
        }
    }
    let system = System::new("test");
    let actor = system.spawn("a", || Holds).expect("a free name");
    let gate = Gate::new();
    actor.tell(gate.clone()).await.expect("it lives");
    gate.reached().await;
    let _ = actor.kill().await;
    settle().await;
    assert!(actor.is_alive(), "it was restarted");
}

#[tokio::test(start_paused = true)]
async fn reply_ports_and_handles_can_be_dropped_anywhere() {
    let (system, actor, _) = subject("a");
    drop(Reply::<u32>::pair());
    let (reply, answer) = Reply::<u32>::pair();
    drop(answer);
    reply.send(1);
    drop(actor.ask(Do::Life));
    drop(actor.tell(Do::Note("never polled")));
    drop(actor.watch());
    drop(actor.downgrade());
    let asked = Box::pin(actor.ask(|reply| Do::WaitAndAnswer(Gate::new(), reply)).no_timeout());
    assert!(tokio::time::timeout(Duration::from_secs(1), asked).await.is_err());
    actor.kill();
    assert_eq!(actor.ask(Do::Life).await, Ok(2));
    assert!(system.shutdown().await.is_clean());
}

#[tokio::test(start_paused = true)]
async fn shutting_down_twice_and_at_once_is_shutting_down() {
    let (system, _actor, journal) = subject("a");
    settle().await;
    let (one, two) = tokio::join!(system.shutdown(), system.shutdown());
    assert!(one.is_clean() && two.is_clean());
    assert!(system.shutdown().await.is_clean());
    assert_eq!(journal.take(), ["a started", "a is shut down"]);
}
