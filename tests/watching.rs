//! Promises about watches: exactly one `Down`, in its place.

use actor_core::prelude::*;

use crate::support::{Do, Gate, Journal, Script, settle, subject, with};

fn other(system: &System, name: &'static str, journal: &Journal) -> Handle<Do> {
    let spec = Script::new(name, journal).spec().restart(RestartPolicy::Temporary);
    system.spawn_spec(spec).expect("a free name")
}

async fn begin_watch(watcher: &Handle<Do>, watched: &Handle<Do>) {
    let target = watched.clone();
    let deed = with(move |ctx| {
        ctx.watch(&target);
    });
    watcher.tell(deed).await.expect("it lives");
}

#[tokio::test(start_paused = true)]
async fn a_watch_yields_exactly_one_down() {
    let (system, watcher, journal) = subject("watcher");
    let watched = other(&system, "b", &journal);
    begin_watch(&watcher, &watched).await;
    settle().await;
    journal.take();
    watched.stop();
    watched.kill();
    settle().await;
    let heard: Vec<_> = journal
        .take()
        .into_iter()
        .filter(|event| event.starts_with("watcher"))
        .collect();
    assert_eq!(heard, ["watcher hears that b was killed"]);
}

#[tokio::test(start_paused = true)]
async fn a_watch_on_one_who_has_ended_yields_its_down_at_once() {
    let (system, watcher, journal) = subject("watcher");
    let watched = other(&system, "b", &journal);
    let _ = watched.stop().await;
    settle().await;
    journal.take();
    begin_watch(&watcher, &watched).await;
    settle().await;
    assert_eq!(journal.take(), ["watcher hears that b ended normally"]);
    assert!(matches!(watched.watch().await.reason, ExitReason::Normal));
}

#[tokio::test(start_paused = true)]
async fn after_unwatch_no_down_comes_even_if_it_was_on_its_way() {
    let (system, watcher, journal) = subject("watcher");
    let watched = other(&system, "b", &journal);
    settle().await;
    journal.take();
    let gate = Gate::new();
    let target = watched.clone();
    let (reply, watch) = Reply::pair();
    watcher
        .tell(with(move |ctx| reply.send(ctx.watch(&target))))
        .await
        .expect("it lives");
    let watch = watch.await.expect("it answers");
    // The `Down` is queued behind the message that withdraws the watch, and before that is handled.
    watcher.tell(Do::Wait(gate.clone())).await.expect("it lives");
    gate.reached().await;
    watcher
        .tell(with(move |ctx| assert!(ctx.unwatch(watch))))
        .await
        .expect("it lives");
    let _ = watched.stop().await;
    gate.open();
    settle().await;
    assert_eq!(journal.take(), ["b stops"]);
}

#[tokio::test(start_paused = true)]
async fn each_watch_is_answered_by_itself() {
    let (system, watcher, journal) = subject("watcher");
    let watched = other(&system, "b", &journal);
    let target = watched.clone();
    watcher
        .tell(with(move |ctx| {
            let (first, second) = (ctx.watch(&target), ctx.watch(&target));
            assert_ne!(first, second);
            ctx.unwatch(first);
        }))
        .await
        .expect("it lives");
    settle().await;
    journal.take();
    let _ = watched.stop().await;
    settle().await;
    assert_eq!(journal.take(), ["b stops", "watcher hears that b ended normally"]);
}

#[tokio::test(start_paused = true)]
async fn a_down_comes_behind_every_message_that_the_actor_had_sent() {
    let (system, watcher, journal) = subject("watcher");
    let watched = other(&system, "b", &journal);
    begin_watch(&watcher, &watched).await;
    settle().await;
    journal.take();
    let gate = Gate::new();
    watcher.tell(Do::Wait(gate.clone())).await.expect("it lives");
    gate.reached().await;
    for event in ["one", "two"] {
        watched
            .tell(Do::TellOther(watcher.clone(), Box::new(Do::Note(event))))
            .await
            .expect("it lives");
    }
    watched.tell(with(|ctx| ctx.stop())).await.expect("it lives");
    let _ = watched.watch().await;
    watcher.tell(Do::Note("after")).await.expect("it lives");
    gate.open();
    settle().await;
    let heard: Vec<_> = journal
        .take()
        .into_iter()
        .filter(|event| event.starts_with("watcher"))
        .collect();
    assert_eq!(
        heard,
        [
            "watcher one",
            "watcher two",
            "watcher hears that b ended normally",
            "watcher after"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_restart_does_not_show_to_those_who_watch() {
    let (_system, actor, journal) = subject("a");
    let mut watch = actor.watch();
    actor.tell(Do::Panic("on purpose")).await.expect("it lives");
    assert_eq!(actor.ask(Do::Life).await, Ok(2));
    let early = tokio::time::timeout(std::time::Duration::from_secs(60), &mut watch).await;
    assert!(early.is_err(), "a restart is no end");
    let _ = actor.stop().await;
    assert!(matches!(watch.await.reason, ExitReason::Normal));
    drop(journal);
}

#[tokio::test(start_paused = true)]
async fn the_watches_of_a_life_end_with_it() {
    let (system, watcher, journal) = subject("watcher");
    let watched = other(&system, "b", &journal);
    begin_watch(&watcher, &watched).await;
    watcher.tell(Do::Fail("on purpose")).await.expect("it lives");
    assert_eq!(watcher.ask(Do::Life).await, Ok(2));
    journal.take();
    let _ = watched.stop().await;
    settle().await;
    assert_eq!(journal.take(), ["b stops"]);
}

#[tokio::test(start_paused = true)]
async fn names_and_groups_are_released_before_anyone_is_told() {
    let (system, actor, journal) = subject("a");
    let group = system.group::<Do>("all").expect("a group of this type");
    system.registry().register("known", &actor).expect("a free name");
    assert!(group.join(&actor));
    let watch = actor.watch();
    let seen = journal.clone();
    let (registry, members, again) = (system.registry().clone(), group.clone(), system.clone());
    let told = tokio::spawn(async move {
        watch.await;
        seen.note(format!("{} names, {} members", registry.names().len(), members.len()));
        again
            .spawn_spec(Script::new("a", &seen).spec())
            .expect("the name is free");
    });
    actor.stop();
    told.await.expect("the name was free");
    assert!(journal.take().contains(&"0 names, 0 members".to_owned()));
}
