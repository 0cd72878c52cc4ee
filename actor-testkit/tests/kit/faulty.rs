//! Which faults come when, and what those who asked hear of them.

use std::env;
use std::process::Command;
use std::time::Duration;

use actor_core::prelude::*;
use actor_testkit::{Fault, Faults, Probe, Recorder, settle};

use crate::subject::{Do, Subject};

fn subject(faults: &Faults) -> (System, Handle<Do>) {
    let system = System::new("test");
    let handle = system
        .spawn("subject", faults.wrap(Subject::default))
        .expect("a free name");
    (system, handle)
}

#[tokio::test(start_paused = true)]
async fn whoever_asked_hears_of_each_fault_what_it_stands_for() {
    let faults = Faults::on(2, Fault::Fail)
        .and_on(4, Fault::Panic)
        .and_on(6, Fault::Drop);
    let (_system, subject) = subject(&faults);
    let mut heard = Vec::new();
    for _ in 1..=7 {
        heard.push(subject.ask(Do::Answer).await);
    }
    let failed = Err(AskError::Failed);
    let dropped = Err(AskError::NoReply);
    assert_eq!(heard, [Ok(1), failed.clone(), Ok(1), failed, Ok(1), dropped, Ok(2)]);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_hangs_keeps_the_question_until_it_is_killed() {
    let faults = Faults::on(1, Fault::Hang);
    let (_system, subject) = subject(&faults);
    let minute = Duration::from_secs(60);
    let asked = subject.ask(Do::Answer).timeout(minute).await;
    assert_eq!(asked, Err(AskError::TimedOut(minute)));
    let _ = subject.kill().await;
    assert_eq!(subject.ask(Do::Answer).await, Ok(1));
}

#[tokio::test(start_paused = true)]
async fn a_fault_says_in_the_failure_which_message_it_met() {
    let system = System::new("test");
    let recorder = Recorder::new();
    let faults = Faults::on(1, Fault::Fail).and_on(2, Fault::Panic);
    let subject = system.spawn("subject", recorder.watch(faults.wrap(Subject::default)));
    let subject = subject.expect("a free name");
    for _ in 0..2 {
        subject.tell(Do::End).await.expect("it listens");
        settle().await;
    }
    assert_eq!(
        recorder.take(),
        [
            "started subject",
            "failed subject: message 1 was chosen to fail",
            "restarted subject",
            "failed subject: message 2 was chosen to panic",
            "restarted subject",
        ]
    );
}

/// What a hundred questions hear, in a system of their own.
async fn a_hundred_answers(faults: Faults) -> Vec<bool> {
    let (_system, subject) = subject(&faults);
    let mut answered = Vec::new();
    for _ in 0..100 {
        answered.push(subject.ask(Do::Answer).await.is_ok());
    }
    answered
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_brings_the_same_faults_and_another_brings_others() {
    let faults = |seed| Faults::by_seed(seed, 4).only(&[Fault::Drop]);
    let answered = a_hundred_answers(faults(7)).await;
    assert_eq!(a_hundred_answers(faults(7)).await, answered);
    assert_ne!(a_hundred_answers(faults(8)).await, answered);
    let count = answered.iter().filter(|&&answered| !answered).count();
    assert!(
        (10..=40).contains(&count),
        "{count} of 100 messages met a fault, by one in 4"
    );
}

#[tokio::test(start_paused = true)]
async fn one_in_one_is_every_message() {
    let answered = a_hundred_answers(Faults::by_seed(1, 1).only(&[Fault::Drop])).await;
    assert!(!answered.contains(&true));
}

/// Says how its start, its stop and the end of another went.
struct Witness {
    other: Handle<u8>,
    heard: Handle<&'static str>,
}

impl Actor for Witness {
    type Msg = ();

    async fn on_start(&mut self, ctx: &mut Context<()>) -> ActorResult {
        ctx.watch(&self.other);
        Ok(self.heard.tell("start").await?)
    }

    async fn handle(&mut self, (): (), _ctx: &mut Context<()>) -> ActorResult {
        Ok(self.heard.tell("message").await?)
    }

    async fn on_signal(&mut self, signal: Signal, ctx: &mut Context<()>) -> ActorResult {
        if let Signal::Down(_) = signal {
            self.heard.tell("down").await?;
            ctx.stop();
        }
        Ok(())
    }

    async fn on_stop(&mut self, _reason: &ExitReason, _ctx: &mut Context<()>) -> ActorResult {
        Ok(self.heard.tell("stop").await?)
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrapped_actor_hears_all_that_it_would_hear_alone() {
    let system = System::new("test");
    let other = Probe::spawn(&system, "other");
    let mut ear = Probe::spawn(&system, "ear");
    let (address, heard) = (other.handle(), ear.handle());
    let witness = move || Witness {
        other: address.clone(),
        heard: heard.clone(),
    };
    let faults = Faults::on(2, Fault::Drop);
    let wrapped = Recorder::new().watch(faults.wrap(witness));
    let witness = system.spawn("witness", wrapped).expect("a free name");
    witness.tell(()).await.expect("it listens");
    witness.tell(()).await.expect("it listens");
    settle().await;
    other.die().await;
    for expected in ["start", "message", "down", "stop"] {
        assert_eq!(ear.expect().await, expected);
    }
}

#[test]
#[should_panic(expected = "messages are counted from 1")]
fn there_is_no_message_0() {
    drop(Faults::on(0, Fault::Fail));
}

/// A test cannot look at what it prints itself, so it runs itself once more, to panic there.
#[test]
fn a_test_that_panics_prints_the_seed() {
    const INNER: &str = "ACTOR_TESTKIT_PANIC_WITH_FAULTS";
    if env::var_os(INNER).is_some() {
        let _faults = Faults::by_seed(4711, 20).only(&[Fault::Fail, Fault::Hang]);
        panic!("as it should");
    }
    let output = Command::new(env::current_exe().expect("a test has a path"))
        .args(["--exact", "faulty::a_test_that_panics_prints_the_seed", "--nocapture"])
        .env(INNER, "1")
        .output()
        .expect("a test can be run");
    let printed = String::from_utf8_lossy(&output.stderr);
    assert!(
        printed.contains("Faults::by_seed(4711, 20).only(&[Fault::Fail, Fault::Hang]) repeats them"),
        "{printed}"
    );
}

/// Watches another, so that it gets a signal.
struct Watcher(Handle<Do>);

impl Actor for Watcher {
    type Msg = ();

    async fn on_start(&mut self, ctx: &mut Context<()>) -> ActorResult {
        ctx.watch(&self.0);
        Ok(())
    }

    async fn handle(&mut self, _msg: (), _ctx: &mut Context<()>) -> ActorResult {
        Ok(())
    }

    async fn on_signal(&mut self, _signal: Signal, ctx: &mut Context<()>) -> ActorResult {
        ctx.stop();
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_start_fails_when_it_was_chosen_and_the_next_does_not() {
    let system = System::new("test");
    let recorder = Recorder::new();
    let faults = Faults::new()
        .and_at_start(1, Fault::Fail)
        .and_at_start(2, Fault::Panic)
        .and_at_stop(1, Fault::Fail);
    let subject = system.spawn("subject", recorder.watch(faults.wrap(Subject::default)));
    let subject = subject.expect("a free name");
    assert_eq!(subject.ask(Do::Answer).await, Ok(1));
    let _ = subject.stop().await;
    settle().await;
    assert_eq!(
        recorder.take(),
        [
            "failed to start subject: start 1 was chosen to fail",
            "failed to start subject",
            "started subject",
            "failed to stop subject: stop 1 was chosen to fail",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_start_that_hangs_is_ended_by_a_kill_and_a_stop_that_hangs_by_the_shutdown_time() {
    let faults = Faults::new().and_at_start(1, Fault::Hang).and_at_stop(1, Fault::Hang);
    let (system, subject) = subject(&faults);
    settle().await;
    let _ = subject.kill().await;
    assert_eq!(subject.ask(Do::Answer).await, Ok(1));
    let report = system.shutdown().await;
    assert_eq!(report.killed, [subject.path().clone()]);
}

#[tokio::test(start_paused = true)]
async fn a_signal_is_met_with_a_fault_too() {
    for (fault, restarted) in [(Fault::Fail, true), (Fault::Drop, false)] {
        let (system, watched) = subject(&Faults::new());
        let recorder = Recorder::new();
        let faults = Faults::new().and_at_signal(1, fault);
        let to = watched.clone();
        let watcher = system.spawn("watcher", recorder.watch(faults.wrap(move || Watcher(to.clone()))));
        let watcher = watcher.expect("a free name");
        settle().await;
        let _ = watched.stop().await;
        settle().await;
        let failed = recorder
            .take()
            .contains(&"failed watcher: signal 1 was chosen to fail".to_owned());
        assert_eq!(failed, restarted);
        // The one that is restarted hears of the end again, and stops; the other never heard of it.
        assert_eq!(watcher.is_alive(), !restarted);
    }
}
