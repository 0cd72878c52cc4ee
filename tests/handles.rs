//! Promises about handles: what they point to, and for how long.

use std::sync::Arc;

use actor_core::prelude::*;

use crate::support::{Do, Gate, Journal, Script, settle, subject, with};

#[tokio::test(start_paused = true)]
async fn a_handle_is_typed_by_its_message_and_adapts_to_another() {
    let (_system, actor, journal) = subject("a");
    let numbers: Handle<u32> = actor.map(|n| if n == 1 { Do::Note("one") } else { Do::Note("many") });
    numbers.tell(1).await.expect("it lives");
    numbers.try_tell(2).expect("there is room");
    settle().await;
    assert_eq!(journal.take(), ["a started", "a one", "a many"]);
    assert_eq!(numbers.id(), actor.id());
    assert_eq!(numbers.path().to_string(), "/test/a");
}

#[tokio::test(start_paused = true)]
async fn an_adapted_handle_asks_watches_stops_and_ends_with_its_actor() {
    let (_system, actor, _) = subject("a");
    let lives: Handle<Reply<u32>> = actor.map(Do::Life);
    assert_eq!(lives.ask(|reply| reply).await, Ok(1));
    let watch = lives.watch();
    assert!(matches!(lives.stop().await, Ok(ExitReason::Normal)));
    assert!(matches!(watch.await.reason, ExitReason::Normal));
    assert!(!lives.is_alive());
    assert_eq!(lives.ask(|reply| reply).await, Err(AskError::Stopped));
}

#[tokio::test(start_paused = true)]
async fn an_adapted_handle_hands_back_what_finds_no_room_as_it_came() {
    let system = System::new("test");
    let journal = Journal::default();
    let spec = Script::new("a", &journal).spec().mailbox(MailboxSpec::bounded(1));
    let actor = system.spawn_spec(spec).expect("a free name");
    let gate = Gate::new();
    actor.tell(Do::Wait(gate.clone())).await.expect("it lives");
    gate.reached().await;
    let texts: Handle<String> = actor.map(|_| Do::Note("a text"));
    let refused = texts.try_tell("precious".to_owned()).expect_err("it is full");
    assert_eq!(refused.into_inner(), "precious");
    gate.open();
    texts.tell("waits".to_owned()).await.expect("there is room again");
    let _ = actor.stop().await;
    assert!(matches!(texts.tell("late".to_owned()).await, Err(TellError::Stopped(text)) if text == "late"));
}

#[tokio::test(start_paused = true)]
async fn an_adapter_that_panics_leaves_the_room_it_was_given() {
    let system = System::new("test");
    let spec = Script::new("a", &Journal::default())
        .spec()
        .mailbox(MailboxSpec::bounded(1));
    let actor = system.spawn_spec(spec).expect("a free name");
    let bad: Handle<()> = actor.map(|()| panic!("in the adapter"));
    let bad_too = bad.clone();
    assert!(tokio::spawn(async move { bad_too.try_tell(()).is_ok() }).await.is_err());
    assert_eq!(
        actor.ask(Do::Life).await,
        Ok(1),
        "the mailbox of one holds the room for ever"
    );
}

#[tokio::test(start_paused = true)]
async fn a_handle_survives_a_restart_with_its_mailbox_and_a_new_state() {
    let (_system, actor, journal) = subject("a");
    let gate = Gate::new();
    actor.tell(Do::Wait(gate.clone())).await.expect("it lives");
    gate.reached().await;
    actor.tell(Do::Panic("boom")).await.expect("it lives");
    actor.tell(Do::Note("was waiting")).await.expect("it lives");
    let id = actor.id();
    gate.open();
    assert_eq!(actor.ask(Do::Life).await, Ok(2));
    assert_eq!(actor.id(), id);
    assert_eq!(
        journal.take(),
        ["a started", "a stops after a failure", "a started", "a was waiting"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_new_actor_under_an_old_name_has_a_new_id_and_the_old_handle_stays_dead() {
    let (system, old, journal) = subject("a");
    let _ = old.stop().await;
    settle().await;
    let new = system
        .spawn_spec(Script::new("a", &journal).spec())
        .expect("the name is free again");
    assert_ne!(old.id(), new.id());
    assert_ne!(old, new);
    assert_eq!(old.path(), new.path());
    assert!(matches!(old.tell(Do::Note("x")).await, Err(TellError::Stopped(_))));
    assert_eq!(old.ask(Do::Life).await, Err(AskError::Stopped));
    assert_eq!(new.ask(Do::Life).await, Ok(1));
}

#[tokio::test(start_paused = true)]
async fn dropping_handles_stops_nobody() {
    let (_system, actor, journal) = subject("a");
    let weak = actor.downgrade();
    drop(actor);
    settle().await;
    let again = weak.upgrade().expect("the actor lives");
    assert!(again.is_alive());
    assert_eq!(again.ask(Do::Life).await, Ok(1));
    assert_eq!(journal.take(), ["a started"]);
}

#[tokio::test(start_paused = true)]
async fn a_weak_handle_is_gone_when_the_actor_and_all_handles_are() {
    let (_system, actor, _) = subject("a");
    let weak = actor.downgrade();
    let _ = actor.stop().await;
    settle().await;
    assert!(weak.upgrade().is_some(), "a handle is still here");
    drop(actor);
    assert!(weak.upgrade().is_none());
}

#[tokio::test(start_paused = true)]
async fn handles_and_reply_ports_travel_inside_messages() {
    let (system, first, _) = subject("first");
    let second = system
        .spawn_spec(Script::new("second", &Journal::default()).spec())
        .expect("a free name");
    let answer = first.ask(|reply| Do::AskOther(second.clone(), reply)).await;
    assert_eq!(answer, Ok(Ok(1)));

    let (reply, passed_on) = Reply::pair();
    let to = second.clone();
    first
        .tell(with(move |_| drop(to.try_tell(Do::Life(reply)))))
        .await
        .expect("it lives");
    assert_eq!(passed_on.await, Ok(1));
}

#[tokio::test(start_paused = true)]
async fn handles_are_shared_between_threads_and_compared_by_their_actor() {
    fn shared<T: Send + Sync + Clone + 'static>(_: &T) {}
    let (_system, actor, _) = subject("a");
    shared(&actor);
    let set: std::collections::HashSet<_> = [actor.clone(), actor.clone(), actor.map(|d: Do| d)].into();
    assert_eq!(set.len(), 1);
    // A message that is not `Sync` does not keep its handle from being.
    shared(&actor.map(|_: std::cell::Cell<u8>| Do::Note("cell")));
    drop(Arc::new(actor));
}
