//! Promises about links: shared fate, for as long as both live.

use actor_core::prelude::*;
use actor_core::{ExitReason, FailureKind, LinkId};

use crate::support::{Do, Gate, Journal, Script, settle, subject, with};

fn other(system: &System, name: &'static str, journal: &Journal) -> Handle<Do> {
    let spec = Script::new(name, journal).spec().restart(RestartPolicy::Temporary);
    system.spawn_spec(spec).expect("a free name")
}

/// Has `one` link itself to `other`.
async fn link(one: &Handle<Do>, other: &Handle<Do>, trap: bool) -> LinkId {
    let (reply, answer) = Reply::pair();
    let other = other.clone();
    let deed = with(move |ctx| {
        ctx.trap_links(trap);
        reply.send(ctx.link(&other));
    });
    one.tell(deed).await.expect("it lives");
    answer.await.expect("it answers")
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_passed_on_in_both_directions_with_its_cause() {
    for first_fails in [true, false] {
        let system = System::new("test");
        let journal = Journal::default();
        let (a, b) = (other(&system, "a", &journal), other(&system, "b", &journal));
        link(&a, &b, false).await;
        let (fails, falls) = if first_fails { (&a, &b) } else { (&b, &a) };
        let watch = falls.watch();
        fails.tell(Do::Fail("no space left")).await.expect("it lives");
        let ExitReason::Failed(failure) = watch.await.reason else {
            panic!("it falls with the other")
        };
        assert_eq!(failure.kind(), FailureKind::Linked);
        assert_eq!(failure.first_cause().message(), "no space left");
    }
}

#[tokio::test(start_paused = true)]
async fn an_end_in_order_breaks_a_link_without_harm() {
    let (system, a, journal) = subject("a");
    let b = other(&system, "b", &journal);
    link(&a, &b, false).await;
    let _ = b.stop().await;
    settle().await;
    assert_eq!(a.ask(Do::Life).await, Ok(1));
}

#[tokio::test(start_paused = true)]
async fn a_kill_is_passed_on_to_a_handler_that_waits() {
    let system = System::new("test");
    let journal = Journal::default();
    let (a, b) = (other(&system, "a", &journal), other(&system, "b", &journal));
    link(&a, &b, false).await;
    a.tell(Do::Wait(Gate::new())).await.expect("it lives");
    settle().await;
    let watch = a.watch();
    let _ = b.kill().await;
    assert!(matches!(watch.await.reason, ExitReason::Failed(failure) if failure.kind() == FailureKind::Linked));
    assert_eq!(journal.take(), ["a started", "b started", "a stops after a failure"]);
}

#[tokio::test(start_paused = true)]
async fn one_that_traps_its_links_is_told_and_lives_on() {
    let (system, a, journal) = subject("a");
    for (name, end) in [("b", Do::Fail("on purpose")), ("c", with(|ctx| ctx.stop()))] {
        let b = other(&system, name, &journal);
        link(&a, &b, true).await;
        b.tell(end).await.expect("it lives");
        settle().await;
    }
    let heard: Vec<_> = journal
        .take()
        .into_iter()
        .filter(|event| event.contains("link"))
        .collect();
    assert_eq!(
        heard,
        [
            "a hears that its link to b broke: failed: /test/b on purpose",
            "a hears that its link to c broke: ended normally"
        ]
    );
    assert_eq!(a.ask(Do::Life).await, Ok(1));
}

#[tokio::test(start_paused = true)]
async fn a_link_that_is_taken_away_or_of_an_earlier_life_passes_nothing_on() {
    let (system, a, journal) = subject("a");
    let b = other(&system, "b", &journal);
    let made = link(&a, &b, false).await;
    a.tell(with(move |ctx| assert!(ctx.unlink(made) && !ctx.unlink(made))))
        .await
        .expect("it lives");
    settle().await;
    let _ = b.kill().await;
    settle().await;
    assert_eq!(a.ask(Do::Life).await, Ok(1));

    let c = system
        .spawn_spec(Script::new("c", &journal).spec())
        .expect("a free name");
    link(&a, &c, false).await;
    a.tell(Do::Fail("on purpose")).await.expect("it lives");
    settle().await;
    assert_eq!(
        (a.ask(Do::Life).await, c.ask(Do::Life).await),
        (Ok(2), Ok(2)),
        "both were restarted"
    );
    c.tell(Do::Fail("later")).await.expect("it lives");
    settle().await;
    assert_eq!(
        (a.ask(Do::Life).await, c.ask(Do::Life).await),
        (Ok(2), Ok(3)),
        "the link was of the lives before"
    );
}

#[tokio::test(start_paused = true)]
async fn a_link_to_one_that_has_ended_is_broken_at_once() {
    let (system, a, journal) = subject("a");
    let b = other(&system, "b", &journal);
    let watch = b.watch();
    b.tell(Do::Fail("on purpose")).await.expect("it lives");
    watch.await;
    link(&a, &b, false).await;
    settle().await;
    assert_eq!(a.ask(Do::Life).await, Ok(2));
}
