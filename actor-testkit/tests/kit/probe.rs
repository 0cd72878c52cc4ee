//! What a probe shows its test, and how it ends.

use std::time::Duration;

use actor_core::prelude::*;
use actor_testkit::{INBOX_MESSAGES_MAX, Probe, pass, settle};

const SECOND: Duration = Duration::from_secs(1);

/// A message without `Debug`, as many are.
struct Bare(u32);

fn probe() -> (System, Probe<Bare>) {
    let system = System::new("test");
    let probe = Probe::spawn(&system, "probe");
    (system, probe)
}

/// What a test says that panics as it should.
async fn panic_of(test: impl Future<Output = ()> + Send + 'static) -> String {
    let failed = tokio::spawn(test).await.expect_err("the test should have panicked");
    let panic = failed.into_panic().downcast::<String>();
    *panic.expect("a panic with arguments is a String")
}

#[tokio::test(start_paused = true)]
async fn messages_are_read_in_the_order_in_which_they_were_sent() {
    let (_system, mut probe) = probe();
    for n in 0..100 {
        probe.handle().tell(Bare(n)).await.expect("it listens");
    }
    for n in 0..100 {
        assert_eq!(probe.expect().await.0, n);
    }
    assert!(probe.try_next().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_message_is_waited_for_until_it_comes() {
    let (_system, mut probe) = probe();
    let handle = probe.handle();
    tokio::spawn(async move {
        pass(4 * SECOND).await;
        handle.tell(Bare(1)).await
    });
    assert_eq!(probe.expect().await.0, 1);
}

#[tokio::test(start_paused = true)]
async fn waiting_in_vain_says_where_for_what_and_how_long() {
    let (_system, mut probe) = probe();
    let line = line!() + 1;
    let text = panic_of(async move { _ = probe.expect().await }).await;
    let place = format!("{}:{line}:", file!());
    assert!(text.starts_with(&place), "{text}");
    assert!(
        text.ends_with("Probe(/test/probe, of kit::probe::Bare) waited 5s for a message, and none came"),
        "{text}"
    );
}

#[tokio::test(start_paused = true)]
async fn waiting_for_a_probe_that_has_ended_says_why_it_ended_and_reads_first_what_came_before() {
    let (_system, mut probe) = probe();
    probe.handle().tell(Bare(1)).await.expect("it listens");
    probe.fail("disk full").await;
    assert_eq!(probe.expect().await.0, 1);
    let text = panic_of(async move { _ = probe.expect_within(SECOND).await }).await;
    assert!(
        text.ends_with("none can come any more: it failed: /test/probe disk full"),
        "{text}"
    );
}

#[tokio::test(start_paused = true)]
async fn expecting_none_passes_the_time_and_notices_what_comes() {
    let (_system, mut probe) = probe();
    let handle = probe.handle();
    tokio::spawn(async move {
        pass(10 * SECOND).await;
        handle.tell(Bare(1)).await
    });
    probe.expect_none_within(9 * SECOND).await;
    let text = panic_of(async move { probe.expect_none_within(9 * SECOND).await }).await;
    assert!(text.ends_with("expected no message for 9s, and one came"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn expecting_none_of_a_probe_that_has_ended_passes_the_time_as_well() {
    let (_system, mut probe) = probe();
    probe.die().await;
    let alarm = tokio::spawn(tokio::time::sleep(9 * SECOND));
    probe.expect_none_within(10 * SECOND).await;
    assert!(alarm.is_finished());
}

#[tokio::test(start_paused = true)]
async fn a_question_is_answered_from_the_test() {
    let system = System::new("test");
    let mut probe = Probe::<Reply<u32>>::spawn(&system, "probe");
    let handle = probe.handle();
    let asking = tokio::spawn(async move { (handle.ask(|reply| reply).await, handle.ask(|reply| reply).await) });
    probe.expect().await.send(7);
    drop(probe.expect().await);
    assert_eq!(
        asking.await.expect("asking panics not"),
        (Ok(7), Err(AskError::NoReply))
    );
}

#[tokio::test(start_paused = true)]
async fn watchers_hear_how_a_probe_ended_and_it_is_for_good() {
    let system = System::new("test");
    let dying = Probe::<Bare>::spawn(&system, "dying");
    let failing = Probe::<Bare>::spawn(&system, "failing");
    let (death, failure) = (dying.handle().watch(), failing.handle().watch());
    dying.die().await;
    failing.fail("disk full").await;
    assert!(matches!(death.await.reason, ExitReason::Killed));
    assert_eq!(failure.await.reason.to_string(), "failed: /test/failing disk full");
    assert!(!dying.handle().is_alive() && !failing.handle().is_alive());
    dying.die().await;
    failing.fail("again").await;
}

#[tokio::test(start_paused = true)]
async fn a_test_that_leaves_too_many_messages_unread_is_told_so() {
    let (_system, probe) = probe();
    let watch = probe.handle().watch();
    let handle = probe.handle();
    for n in 0..=INBOX_MESSAGES_MAX as u32 {
        handle
            .tell(Bare(n))
            .await
            .expect("it takes one too many before it fails");
    }
    let reason = watch.await.reason.to_string();
    assert!(reason.ends_with("its test has left 1024 messages unread"), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_is_dropped_has_stopped() {
    let (_system, probe) = probe();
    let handle = probe.handle();
    drop(probe);
    settle().await;
    assert!(matches!(handle.tell(Bare(1)).await, Err(TellError::Stopped(_))));
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_taken_is_said_where_the_probe_was_to_be_spawned() {
    let (system, _probe) = probe();
    let text = panic_of(async move { drop(Probe::<Bare>::spawn(&system, "probe")) }).await;
    assert!(
        text.starts_with("the probe was not spawned: cannot spawn 'probe': a living sibling"),
        "{text}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_question_that_is_still_to_come_is_answered_and_the_test_does_not_see_it() {
    let system = System::new("test");
    let mut probe = Probe::<Reply<u32>>::spawn(&system, "probe");
    probe.reply(|question| question.send(1));
    probe.reply(|question| question.send(2));
    let handle = probe.handle();
    assert_eq!(handle.ask(|reply| reply).await, Ok(1));
    assert_eq!(handle.ask(|reply| reply).await, Ok(2));
    assert!(probe.try_next().is_none());
    let unanswered = handle.ask(|reply| reply).timeout(SECOND).await;
    assert_eq!(unanswered, Err(AskError::TimedOut(SECOND)));
    assert!(probe.try_next().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_question_that_is_there_is_answered_at_once() {
    let system = System::new("test");
    let mut probe = Probe::<Reply<u32>>::spawn(&system, "probe");
    let handle = probe.handle();
    let asking = tokio::spawn(async move { handle.ask(|reply| reply).await });
    settle().await;
    probe.reply(|question| question.send(1));
    assert_eq!(asking.await.expect("it does not panic"), Ok(1));
}

#[tokio::test(start_paused = true)]
async fn a_test_says_how_many_messages_it_may_leave_unread() {
    let system = System::new("test");
    let mut probe = Probe::spawn_with_inbox(&system, "probe", 2);
    let ended = probe.handle().watch();
    for n in 0..3 {
        probe.handle().tell(Bare(n)).await.expect("it listens");
    }
    let reason = ended.await.reason.to_string();
    assert!(reason.contains("its test has left 2 messages unread"), "{reason}");
    assert_eq!(probe.expect().await.0, 0);
}
