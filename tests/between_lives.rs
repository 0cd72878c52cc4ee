//! What must not be lost or obeyed twice between two lives of an actor, or on its way out.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context as TaskContext, Waker};
use std::time::Duration;

use actor_core::prelude::*;
use tokio::time::Instant;

use crate::support::{Do, Gate, Journal, Script, pass, settle, subject, with};

const SECOND: Duration = Duration::from_secs(1);

/// A permanent subject with a mailbox of one, at a gate with its first message in hand.
async fn permanent() -> (System, Handle<Do>, Journal, Gate) {
    let system = System::new("test");
    let journal = Journal::default();
    let spec = Script::new("a", &journal).spec().restart(RestartPolicy::Permanent);
    let actor = system
        .spawn_spec(spec.mailbox(MailboxSpec::bounded(1)))
        .expect("a free name");
    let gate = Gate::new();
    actor.tell(Do::Wait(gate.clone())).await.expect("it lives");
    gate.reached().await;
    (system, actor, journal, gate)
}

#[tokio::test(start_paused = true)]
async fn a_tell_that_waits_while_its_actor_is_stopped_and_restarted_takes_nobodys_place() {
    let (_system, actor, _, gate) = permanent().await;
    let poll = |future: &mut std::pin::Pin<Box<_>>| is_ready(future);
    let mut early = Box::pin(actor.tell(Do::Nothing));
    assert!(!poll(&mut early));
    let ending = actor.stop();
    gate.open();
    let _ = ending.await;
    settle().await;
    let gate = Gate::new();
    actor.tell(Do::Wait(gate.clone())).await.expect("it was restarted");
    gate.reached().await;
    let mut late = Box::pin(actor.tell(Do::Nothing));
    assert!(!is_ready(&mut late));
    gate.open();
    settle().await;
    assert!(!poll(&mut early), "it took the room of one who had waited in this life");
    late.await.expect("the room was its own");
    early.await.expect("it came after the other");
    assert_eq!(actor.ask(Do::Life).await, Ok(2));
}

fn is_ready<F: Future>(future: &mut std::pin::Pin<Box<F>>) -> bool {
    future
        .as_mut()
        .poll(&mut TaskContext::from_waker(Waker::noop()))
        .is_ready()
}

#[tokio::test(start_paused = true)]
async fn a_reply_port_in_a_message_that_nobody_handles_is_answered() {
    for kill in [false, true] {
        let system = System::new("test");
        let spec = Script::new("a", &Journal::default()).spec();
        let actor = system
            .spawn_spec(spec.restart(RestartPolicy::Temporary))
            .expect("a free name");
        let gate = Gate::new();
        actor.tell(Do::Wait(gate.clone())).await.expect("it lives");
        gate.reached().await;
        let (told, answer) = Reply::pair();
        actor.tell(Do::Life(told)).await.expect("it lives");
        drop(if kill { actor.kill() } else { actor.stop() });
        gate.open();
        let answered = tokio::time::timeout(SECOND, answer).await;
        assert_eq!(answered.expect("nobody else can answer"), Err(AskError::NoReply));
    }
}

#[tokio::test(start_paused = true)]
async fn a_reply_port_held_by_attached_work_does_not_wait_for_the_children() {
    let (_system, actor, journal) = subject("a");
    let slow = Script {
        stop_gate: Some(Gate::new()),
        ..Script::new("child", &journal)
    };
    let (held, answer) = Reply::<u32>::pair();
    let deed = with(move |ctx| {
        ctx.spawn(slow.spec()).expect("a free name");
        ctx.attach(async move {
            std::future::pending::<()>().await;
            drop(held);
            Do::Nothing
        });
    });
    actor.tell(deed).await.expect("it lives");
    settle().await;
    let start = Instant::now();
    actor.stop();
    assert_eq!(answer.await, Err(AskError::NoReply));
    assert!(start.elapsed() < SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_child_that_waits_for_its_stopping_parent_is_told_at_once() {
    let (_system, actor, journal) = subject("a");
    let (own, child) = (actor.clone(), Script::new("child", &journal));
    let (reply, answer) = Reply::pair();
    let gate = Gate::new();
    let deed = with(move |ctx| {
        let child = ctx.spawn(child.spec()).expect("a free name");
        child.try_tell(Do::AskOther(own, reply)).expect("there is room");
    });
    actor.tell(deed).await.expect("it lives");
    actor.tell(Do::Wait(gate.clone())).await.expect("it lives");
    gate.reached().await;
    settle().await;
    let start = Instant::now();
    let ending = actor.stop();
    gate.open();
    assert_eq!(answer.await, Ok(Err(AskError::Stopped)));
    let _ = ending.await;
    assert!(start.elapsed() < SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_permanent_child_comes_back_however_its_stop_goes() {
    let system = System::new("test");
    let journal = Journal::default();
    let script = Script {
        panic_in_stop: true,
        ..Script::new("a", &journal)
    };
    let actor = system
        .spawn_spec(script.spec().restart(RestartPolicy::Permanent))
        .expect("a free name");
    assert!(matches!(actor.stop().await, Ok(ExitReason::Failed(_))));
    assert_eq!(actor.ask(Do::Life).await, Ok(2));
    let (stop, drain) = (actor.stop(), actor.drain());
    let _ = (stop.await, drain.await);
    settle().await;
    assert_eq!(
        actor.ask(Do::Life).await,
        Ok(3),
        "two orders to end one life end one life"
    );
}

#[tokio::test(start_paused = true)]
async fn a_kill_is_a_kill_whatever_else_was_ordered_before() {
    let journal = Journal::default();
    let system = System::new("test");
    let spec = || Script::new("a", &journal).spec().restart(RestartPolicy::Temporary);
    let idle = system.spawn_spec(spec()).expect("a free name");
    settle().await;
    idle.drain();
    assert!(matches!(idle.kill().await, Ok(ExitReason::Killed)));

    let parent = system.spawn_spec(spec()).expect("a free name");
    let slow = Script {
        stop_gate: Some(Gate::new()),
        ..Script::new("child", &journal)
    };
    parent
        .tell(with(move |ctx| drop(ctx.spawn(slow.spec()))))
        .await
        .expect("it lives");
    settle().await;
    parent.stop();
    settle().await;
    assert!(matches!(parent.kill().await, Ok(ExitReason::Killed)));
    assert_eq!(
        journal.take(),
        ["a started", "a started", "child started"],
        "on_stop does not run after a kill"
    );
}

#[tokio::test(start_paused = true)]
async fn no_child_is_spawned_by_an_actor_that_has_stopped_its_children() {
    struct Late(Arc<AtomicU32>);
    impl Actor for Late {
        type Msg = ();
        async fn handle(&mut self, (): (), _: &mut Context<()>) -> ActorResult {
            Ok(())
        }
        async fn on_stop(&mut self, _: &ExitReason, ctx: &mut Context<()>) -> ActorResult {
            let refused = ctx.spawn(Script::new("late", &Journal::default()).spec()).is_err();
            self.0.fetch_add(u32::from(refused), Ordering::Relaxed);
            Ok(())
        }
    }
    let system = System::new("test");
    let refused = Arc::new(AtomicU32::new(0));
    let count = refused.clone();
    let late = system.spawn("a", move || Late(count.clone())).expect("a free name");
    settle().await;
    let _ = late.stop().await;
    assert_eq!(refused.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn a_start_that_failed_is_told_when_its_name_is_free_again() {
    let system = System::new("test");
    let journal = Journal::default();
    struct Parent(Journal, bool);
    impl Actor for Parent {
        type Msg = ();
        async fn on_start(&mut self, ctx: &mut Context<()>) -> ActorResult {
            ctx.start(Script::new("child", &self.0).spec()).await?;
            if self.1 {
                Err(ActorError::new("after its child was up"))
            } else {
                Ok(())
            }
        }
        async fn handle(&mut self, (): (), _: &mut Context<()>) -> ActorResult {
            Ok(())
        }
    }
    let spec = |fails| {
        let journal = journal.clone();
        ChildSpec::new("a", move || Parent(journal.clone(), fails))
    };
    system.start(spec(true)).await.expect_err("it fails");
    system.start(spec(false)).await.expect("the name is free");
}

#[tokio::test(start_paused = true)]
async fn the_wait_grows_while_starts_fail_however_long_they_take() {
    let system = System::builder("test")
        .intensity(1000, SECOND)
        .build()
        .expect("it makes sense");
    let starts = Arc::new(AtomicU32::new(0));
    let count = starts.clone();
    let slow_to_fail = move || {
        count.fetch_add(1, Ordering::Relaxed);
        async {
            pass(SECOND).await;
            Err::<crate::support::Subject, _>(ActorError::new("connect timed out"))
        }
    };
    let backoff = Backoff::new(SECOND / 100, SECOND).jitter(0.0);
    let spec = ChildSpec::fallible("a", slow_to_fail).backoff(backoff);
    let _actor = system.spawn_spec(spec).expect("a free name");
    pass(100 * SECOND).await;
    let starts = starts.load(Ordering::Relaxed);
    assert!(
        starts < 60,
        "{starts} starts in 100 s: the wait did not grow to one second"
    );
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_one_piece_of_work_harms_no_other() {
    let (_system, actor, journal) = subject("a");
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }
    let (held, answer) = Reply::<u32>::pair();
    let deed = with(move |ctx| {
        for held in [None, Some(held)] {
            ctx.attach(async move {
                let _bomb = held.is_none().then(|| Bomb);
                let _held = held;
                std::future::pending().await
            });
        }
    });
    actor.tell(deed).await.expect("it lives");
    settle().await;
    let _ = actor.stop().await;
    assert_eq!(
        answer.await,
        Err(AskError::NoReply),
        "it was leaked with the panic of the other"
    );
    assert_eq!(journal.take(), ["a started", "a stops"]);
}

#[tokio::test(start_paused = true)]
async fn a_life_hears_nothing_of_the_children_of_the_one_before() {
    let (_system, parent, journal) = subject("parent");
    let script = Script::new("child", &journal);
    parent
        .tell(with(move |ctx| drop(ctx.spawn(script.spec()))))
        .await
        .expect("it lives");
    parent.tell(Do::Fail("on purpose")).await.expect("it lives");
    assert_eq!(parent.ask(Do::Life).await, Ok(2));
    assert!(!journal.take().iter().any(|event| event.contains("hears")));
}

#[tokio::test(start_paused = true)]
async fn an_actor_whose_handler_hangs_is_killed_in_its_time_though_it_has_children() {
    let (system, parent, journal) = subject("parent");
    let script = Script::new("child", &journal);
    parent
        .tell(with(move |ctx| drop(ctx.spawn(script.spec()))))
        .await
        .expect("it lives");
    parent.tell(Do::Wait(Gate::new())).await.expect("it lives");
    settle().await;
    let start = Instant::now();
    let report = system.shutdown().await;
    assert_eq!(start.elapsed().as_secs(), 5);
    assert_eq!(report.killed.len(), 1, "{report}");
}

#[tokio::test(start_paused = true)]
async fn a_time_out_that_was_inherited_says_how_long_was_waited() {
    let (system, actor, journal) = subject("a");
    let other = system
        .spawn_spec(Script::new("other", &journal).spec())
        .expect("a free name");
    other.tell(Do::Wait(Gate::new())).await.expect("it lives");
    let asked = actor.ask(|reply| Do::AskOther(other, reply)).timeout(SECOND).await;
    assert!(matches!(asked, Err(AskError::TimedOut(after)) | Ok(Err(AskError::TimedOut(after))) if after == SECOND));
}

#[tokio::test(start_paused = true)]
async fn the_books_balance_for_adapters_and_for_a_message_lost_on_the_last_step() {
    let (system, actor, _) = subject("a");
    let stops = actor.clone();
    let stopping: Handle<()> = actor.map(move |()| {
        stops.stop();
        Do::Nothing
    });
    stopping.try_tell(()).expect("there was room when it was asked for");
    let letters = system.shutdown().await.dead_letters;
    assert_eq!((letters.accepted(), letters.handled(), letters.total()), (1, 0, 1));

    let runtime = std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let system = runtime.block_on(async {
            let (system, actor, _) = subject("a");
            let gate = Gate::new();
            actor.tell(Do::Wait(gate.clone())).await.expect("it lives");
            actor.tell(Do::Nothing).await.expect("it lives");
            gate.reached().await;
            system
        });
        drop(runtime);
        system.dead_letters()
    });
    let letters = runtime.join().expect("no panic");
    assert_eq!((letters.accepted(), letters.handled(), letters.total()), (2, 0, 2));
}

#[test]
fn a_shutdown_ends_in_its_time_though_every_thread_is_held() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build();
    let runtime = runtime.expect("a runtime");
    struct Holds;
    impl Actor for Holds {
        type Msg = (std::sync::mpsc::Receiver<()>, tokio::sync::oneshot::Sender<()>);
        async fn handle(&mut self, (held, begun): Self::Msg, _: &mut Context<Self::Msg>) -> ActorResult {
            let _ = begun.send(());
            let _ = held.recv();
            Ok(())
        }
    }
    let (release, held) = std::sync::mpsc::channel();
    let report = runtime.block_on(async {
        let system = System::new("test");
        let holds = system.spawn("holds", || Holds).expect("a free name");
        let (begun, begins) = tokio::sync::oneshot::channel();
        holds.tell((held, begun)).await.expect("it lives");
        begins.await.expect("the handler runs");
        system.shutdown_within(Duration::from_millis(50)).await
    });
    assert_eq!(
        report.stuck.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["/test/holds"]
    );
    drop(release);
}
