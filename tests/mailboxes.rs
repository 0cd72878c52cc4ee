//! Promises about mailboxes: bounds, backpressure, what happens beyond, and fairness.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use actor_core::DeadReason;
use actor_core::prelude::*;
use tokio::time::timeout;

use crate::support::{Do, Gate, Journal, Script, settle, subject, with};

/// An actor with this mailbox, which stands at a gate with its first message in hand.
async fn busy(mailbox: MailboxSpec<Do>) -> (System, Handle<Do>, Journal, Gate) {
    let system = System::new("test");
    let journal = Journal::default();
    let actor = system
        .spawn_spec(Script::new("a", &journal).spec().mailbox(mailbox))
        .expect("a free name");
    let gate = Gate::new();
    actor.tell(Do::Wait(gate.clone())).await.expect("it lives");
    gate.reached().await;
    journal.take();
    (system, actor, journal, gate)
}

async fn is_pending<F: Future + Unpin>(future: &mut F) -> bool {
    poll_fn(|cx| Poll::Ready(std::pin::Pin::new(&mut *future).poll(cx).is_pending())).await
}

#[tokio::test(start_paused = true)]
async fn a_mailbox_is_bounded_and_the_bound_counts_what_is_in_hand() {
    let (_system, actor, _, gate) = busy(MailboxSpec::bounded(2)).await;
    actor.try_tell(Do::Note("second")).expect("there is room for one more");
    assert!(matches!(
        actor.try_tell(Do::Note("third")),
        Err(TryTellError::Full(Do::Note("third")))
    ));
    gate.open();
    settle().await;
    actor.try_tell(Do::Note("third")).expect("all were handled");
}

#[tokio::test(start_paused = true)]
async fn the_default_bound_is_1024() {
    let (_system, actor, _, _gate) = busy(MailboxSpec::default()).await;
    for n in 1..1024 {
        assert!(actor.try_tell(Do::Note("x")).is_ok(), "no room for message {n}");
    }
    assert!(actor.try_tell(Do::Note("x")).is_err());
}

#[tokio::test(start_paused = true)]
async fn tell_waits_for_room_first_come_first_served_and_newcomers_do_not_barge() {
    let (_system, actor, journal, gate) = busy(MailboxSpec::bounded(1)).await;
    let mut first = pin!(actor.tell(Do::Note("first")));
    let mut second = pin!(actor.tell(Do::Note("second")));
    assert!(is_pending(&mut first).await);
    assert!(is_pending(&mut second).await);
    gate.open();
    settle().await;
    assert!(
        actor.try_tell(Do::Note("barges")).is_err(),
        "the room belongs to the first who waited"
    );
    first.await.expect("it lives");
    second.await.expect("it lives");
    settle().await;
    assert_eq!(journal.take(), ["a first", "a second"]);
}

#[tokio::test(start_paused = true)]
async fn a_tell_that_is_dropped_was_not_sent_and_hands_its_place_on() {
    let (_system, actor, journal, gate) = busy(MailboxSpec::bounded(1)).await;
    let mut given_up = Box::pin(actor.tell(Do::Note("given up")));
    let mut granted = Box::pin(actor.tell(Do::Note("granted, and given up")));
    let mut last = Box::pin(actor.tell(Do::Note("last")));
    for waiting in [&mut given_up, &mut granted, &mut last] {
        assert!(is_pending(waiting).await);
    }
    drop(given_up);
    gate.open();
    settle().await;
    drop(granted);
    last.await.expect("it lives");
    settle().await;
    assert_eq!(journal.take(), ["a last"]);
    assert_eq!(actor.ask(Do::Life).await, Ok(1), "the room is whole again");
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_for_room_get_their_message_back_when_the_actor_stops() {
    for kill in [false, true] {
        let system = System::new("test");
        let spec = Script::new("a", &Journal::default()).spec();
        let spec = spec.restart(RestartPolicy::Temporary).mailbox(MailboxSpec::bounded(1));
        let actor = system.spawn_spec(spec).expect("a free name");
        actor.tell(Do::Wait(Gate::new())).await.expect("it lives");
        let (told, ()) = tokio::join!(
            timeout(Duration::from_secs(1), actor.tell(Do::Note("waiting"))),
            async {
                settle().await;
                drop(if kill { actor.kill() } else { actor.stop() });
            }
        );
        let told = told.expect("its actor takes no more, though it has not ended");
        assert!(matches!(told, Err(TellError::Stopped(Do::Note("waiting")))));
    }
}

#[tokio::test(start_paused = true)]
async fn a_mailbox_that_refuses_makes_nobody_wait() {
    let (_system, actor, _, gate) = busy(MailboxSpec::bounded(1).overflow(Overflow::Refuse)).await;
    assert!(matches!(
        actor.tell(Do::Note("x")).await,
        Err(TellError::Full(Do::Note("x")))
    ));
    assert_eq!(actor.ask(Do::Life).await, Err(AskError::Full));
    gate.open();
    settle().await;
    assert_eq!(actor.ask(Do::Life).await, Ok(1));
}

#[tokio::test(start_paused = true)]
async fn a_mailbox_that_drops_the_newest_keeps_what_it_has_and_counts_what_it_drops() {
    let (system, actor, journal, gate) = busy(MailboxSpec::bounded(2).overflow(Overflow::DropNewest)).await;
    for event in ["kept", "dropped", "dropped"] {
        actor.tell(Do::Note(event)).await.expect("it takes all");
    }
    assert_eq!(
        actor.ask(Do::Life).await,
        Err(AskError::Full),
        "a question that is dropped is answered"
    );
    gate.open();
    settle().await;
    assert_eq!(journal.take(), ["a kept"]);
    assert_eq!(system.dead_letters().count(DeadReason::DroppedNewest), 3);
}

#[tokio::test(start_paused = true)]
async fn a_mailbox_that_drops_the_oldest_keeps_the_newest_and_counts_what_it_drops() {
    let (system, actor, journal, gate) = busy(MailboxSpec::bounded(2).overflow(Overflow::DropOldest)).await;
    for event in ["one", "two", "three", "four"] {
        actor.try_tell(Do::Note(event)).expect("it makes room");
    }
    gate.open();
    settle().await;
    assert_eq!(journal.take(), ["a three", "a four"]);
    assert_eq!(system.dead_letters().count(DeadReason::DroppedOldest), 2);
}

#[tokio::test(start_paused = true)]
async fn a_latest_mailbox_keeps_one_message() {
    let (system, actor, journal, gate) = busy(MailboxSpec::latest()).await;
    for event in ["one", "two", "three"] {
        actor.tell(Do::Note(event)).await.expect("it makes room");
    }
    gate.open();
    settle().await;
    assert_eq!(journal.take(), ["a three"]);
    assert_eq!(system.dead_letters().total(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_mailbox_can_keep_the_latest_of_each_key_in_the_place_of_the_one_before() {
    let by_first_letter = |msg: &Do| match msg {
        Do::Note(event) => u64::from(event.as_bytes()[0]),
        _ => 0,
    };
    let (system, actor, journal, gate) = busy(MailboxSpec::latest_by(2, by_first_letter)).await;
    for event in ["x1", "y1", "x2", "x3", "y2"] {
        actor.tell(Do::Note(event)).await.expect("two keys have room");
    }
    assert!(
        matches!(actor.tell(Do::Note("z1")).await, Err(TellError::Full(_))),
        "a third key has no room"
    );
    gate.open();
    settle().await;
    assert_eq!(journal.take(), ["a x3", "a y2"]);
    assert_eq!(system.dead_letters().count(DeadReason::Replaced), 3);
    actor.tell(Do::Note("z1")).await.expect("the keys are free again");
    settle().await;
    assert_eq!(journal.take(), ["a z1"]);
}

#[tokio::test(start_paused = true)]
async fn an_unbounded_mailbox_has_to_be_asked_for_and_takes_what_comes() {
    let (_system, actor, journal, gate) = busy(MailboxSpec::unbounded()).await;
    for _ in 0..100_000 {
        actor.try_tell(Do::Note("x")).expect("it has no bound");
    }
    gate.open();
    assert_eq!(actor.ask(Do::Life).no_timeout().await, Ok(1));
    assert_eq!(journal.take().len(), 100_000);
}

#[tokio::test(start_paused = true)]
async fn a_slow_handler_gives_back_the_room_of_what_it_has_finished() {
    let (_system, actor, _, gate) = busy(MailboxSpec::bounded(3)).await;
    let second = Gate::new();
    actor.try_tell(Do::Note("quick")).expect("there is room");
    actor.try_tell(Do::Wait(second.clone())).expect("there is room");
    gate.open();
    second.reached().await;
    settle().await;
    actor
        .try_tell(Do::Note("x"))
        .expect("two are finished, though their batch is not");
    actor
        .try_tell(Do::Note("x"))
        .expect("two are finished, though their batch is not");
    assert!(actor.try_tell(Do::Note("x")).is_err());
}

#[tokio::test(start_paused = true)]
async fn a_long_batch_gives_back_its_room_in_portions() {
    let (_system, actor, journal, gate) = busy(MailboxSpec::bounded(1000)).await;
    while actor.try_tell(Do::Note("x")).is_ok() {}
    // The room of the message in hand, which is no part of the batch, goes to the first.
    let [mut first, mut second] = [(); 2].map(|()| Box::pin(actor.tell(Do::Nothing)));
    assert!(is_pending(&mut first).await && is_pending(&mut second).await);
    gate.open();
    first.await.expect("it lives");
    second.await.expect("it lives");
    let handled = journal.take().len();
    assert!(handled < 500, "there was no room before {handled} of 999 were handled");
}

#[tokio::test(start_paused = true)]
async fn an_adapted_handle_is_under_the_same_overflow_policy() {
    let (_system, actor, journal, gate) = busy(MailboxSpec::latest()).await;
    let events: Handle<&'static str> = actor.map(Do::Note);
    for event in ["one", "two"] {
        events.try_tell(event).expect("it makes room");
    }
    events.tell("three").await.expect("it makes room");
    gate.open();
    settle().await;
    assert_eq!(journal.take(), ["a three"]);
}

#[tokio::test(start_paused = true)]
async fn signals_overtake_a_full_mailbox() {
    let (_system, actor, journal, gate) = busy(MailboxSpec::bounded(8)).await;
    while actor.try_tell(Do::Note("never")).is_ok() {}
    let ending = actor.stop();
    gate.open();
    assert!(matches!(ending.await, Ok(ExitReason::Normal)));
    assert_eq!(journal.take(), ["a stops"]);
}

#[tokio::test(start_paused = true)]
async fn a_tell_to_oneself_that_finds_no_room_is_refused() {
    let system = System::new("test");
    let journal = Journal::default();
    let spec = Script::new("a", &journal).spec().mailbox(MailboxSpec::bounded(1));
    let actor = system.spawn_spec(spec).expect("a free name");
    actor
        .tell(Do::TellOther(actor.clone(), Box::new(Do::Note("to myself"))))
        .await
        .expect("it lives");
    settle().await;
    assert_eq!(journal.take(), ["a started", "a was refused: full"]);
}

#[tokio::test(start_paused = true)]
async fn a_busy_actor_gives_the_thread_back_after_a_bounded_number_of_messages() {
    let (system, busy, journal) = subject("busy");
    let other = system
        .spawn_spec(Script::new("other", &journal).spec())
        .expect("a free name");
    settle().await;
    journal.take();
    for _ in 0..1000 {
        busy.try_tell(Do::Note("x")).expect("there is room");
    }
    other.try_tell(Do::Note("y")).expect("there is room");
    settle().await;
    let before = journal
        .take()
        .iter()
        .position(|event| event == "other y")
        .expect("it was handled");
    assert!(
        before <= 128,
        "{before} messages were handled before another actor had its turn"
    );
}

#[test]
fn the_memory_of_a_burst_is_given_back() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    let runtime = runtime.expect("a runtime on this thread");
    let (_system, actor, journal, gate) = runtime.block_on(busy(MailboxSpec::unbounded()));
    for (messages, bytes) in [(100_000, 1_000_000), (500, 10_000)] {
        // Counted on this thread, which is the only one that the runtime has.
        let burst = allocation_counter::measure(|| {
            runtime.block_on(async {
                for _ in 0..messages {
                    actor.try_tell(Do::Note("x")).expect("it has no bound");
                }
                gate.open();
                settle().await;
                assert_eq!(journal.take().len(), messages);
                actor.try_tell(Do::Wait(gate.clone())).expect("it has no bound");
                gate.reached().await;
            });
        });
        assert!(burst.bytes_max > bytes, "the burst was in memory: {burst:?}");
        assert!(
            burst.bytes_current < 10_000,
            "an idle mailbox keeps {} bytes of {messages} messages",
            burst.bytes_current
        );
    }
}

#[test]
fn a_tell_allocates_nothing() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    let runtime = runtime.expect("a runtime on this thread");
    let (_system, actor, _) = runtime.block_on(async {
        let parts = subject("a");
        settle().await;
        parts
    });
    let told = |tells: u32| {
        let counted = allocation_counter::measure(|| {
            runtime.block_on(async {
                for _ in 0..tells {
                    actor.tell(Do::Nothing).await.expect("it lives");
                    tokio::task::yield_now().await;
                }
            });
        });
        counted.count_total
    };
    // The first round warms the mailbox up; what the runtime itself takes for a round is in both of the others.
    told(100);
    assert_eq!(told(100), told(1000));
}

#[tokio::test(start_paused = true)]
async fn an_actor_handles_what_it_tells_itself_through_its_own_mailbox() {
    let (_system, actor, journal) = subject("a");
    actor
        .tell(with(|ctx| {
            ctx.handle().try_tell(Do::Note("to myself")).expect("there is room")
        }))
        .await
        .expect("it lives");
    settle().await;
    assert_eq!(journal.take(), ["a started", "a to myself"]);
}
