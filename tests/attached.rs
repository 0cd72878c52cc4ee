//! Promises about what an actor has going on beside its messages.

use std::sync::Arc;
use std::time::Duration;

use actor_core::BlockingError;
use actor_core::prelude::*;
use tokio::sync::{mpsc, oneshot};

use crate::support::{Do, Gate, Journal, Script, pass, settle, subject, with};

const SECOND: Duration = Duration::from_secs(1);

async fn tell(actor: &Handle<Do>, deed: impl FnOnce(&mut Context<Do>) + Send + 'static) {
    actor.tell(with(deed)).await.expect("it lives");
    settle().await;
}

#[tokio::test(start_paused = true)]
async fn a_timer_fires_once_and_a_cancelled_one_never() {
    let (_system, actor, journal) = subject("a");
    tell(&actor, |ctx| {
        ctx.once(SECOND, Do::Note("fires"));
        ctx.once(SECOND, Do::Note("is cancelled")).cancel();
    })
    .await;
    pass(SECOND / 2).await;
    assert_eq!(journal.take(), ["a started"]);
    pass(10 * SECOND).await;
    assert_eq!(journal.take(), ["a fires"]);
}

#[tokio::test(start_paused = true)]
async fn ticks_coalesce_while_the_actor_is_busy() {
    let (_system, actor, journal) = subject("a");
    tell(&actor, |ctx| drop(ctx.every(SECOND, || Do::Note("tick")))).await;
    pass(3 * SECOND).await;
    assert_eq!(journal.take(), ["a started", "a tick", "a tick", "a tick"]);
    let gate = Gate::new();
    actor.tell(Do::Wait(gate.clone())).await.expect("it lives");
    pass(100 * SECOND).await;
    gate.open();
    settle().await;
    assert_eq!(journal.take(), ["a tick"]);
}

#[tokio::test(start_paused = true)]
async fn timers_and_attached_work_die_with_the_life_of_their_actor() {
    let (_system, actor, journal) = subject("a");
    let (dropped, is_dropped) = oneshot::channel::<()>();
    tell(&actor, |ctx| {
        ctx.every(SECOND, || Do::Note("tick"));
        ctx.attach(async move {
            std::future::pending::<()>().await;
            drop(dropped);
            Do::Note("never")
        });
    })
    .await;
    actor.tell(Do::Fail("on purpose")).await.expect("it lives");
    assert_eq!(actor.ask(Do::Life).await, Ok(2));
    is_dropped
        .await
        .expect_err("the future is dropped with its actor's life");
    journal.take();
    pass(10 * SECOND).await;
    assert!(journal.take().is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_result_of_attached_work_comes_in_as_a_message() {
    let (_system, actor, journal) = subject("a");
    let (send, receive) = oneshot::channel();
    tell(&actor, |ctx| {
        drop(ctx.attach(async { Do::Note(receive.await.unwrap_or("lost")) }))
    })
    .await;
    actor.tell(Do::Note("meanwhile")).await.expect("it lives");
    settle().await;
    send.send("the result").expect("it is awaited");
    settle().await;
    assert_eq!(journal.take(), ["a started", "a meanwhile", "a the result"]);
}

#[tokio::test(start_paused = true)]
async fn attached_work_makes_progress_while_a_handler_waits_and_needs_no_room() {
    let system = System::new("test");
    let journal = Journal::default();
    let spec = Script::new("a", &journal).spec().mailbox(MailboxSpec::bounded(1));
    let actor = system.spawn_spec(spec).expect("a free name");
    let gate = Gate::new();
    let through = gate.clone();
    tell(&actor, move |ctx| {
        ctx.attach(async move {
            through.pass().await;
            Do::Note("done")
        });
    })
    .await;
    gate.reached().await;
    let handler = Gate::new();
    actor.tell(Do::Wait(handler.clone())).await.expect("it lives");
    handler.reached().await;
    assert!(actor.try_tell(Do::Note("x")).is_err(), "the mailbox is full");
    gate.open();
    settle().await;
    handler.open();
    settle().await;
    assert_eq!(journal.take(), ["a started", "a done"]);
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_pulled_and_never_ahead_of_its_actor() {
    let (_system, actor, journal) = subject("a");
    let (send, mut receive) = mpsc::channel(1);
    let stream = futures_util::stream::poll_fn(move |cx| receive.poll_recv(cx));
    tell(&actor, |ctx| drop(ctx.attach_stream(stream))).await;
    let first = Gate::new();
    send.send(Do::Wait(first.clone())).await.expect("it is pulled");
    first.reached().await;
    // One item is taken ahead while the handler waits, and one is in the channel.
    for event in ["second", "third"] {
        send.send(Do::Note(event)).await.expect("it is pulled");
    }
    settle().await;
    assert!(
        send.try_send(Do::Note("fourth")).is_err(),
        "nobody pulls while the handler waits"
    );
    first.open();
    settle().await;
    assert_eq!(journal.take(), ["a started", "a second", "a third"]);
}

#[tokio::test(start_paused = true)]
async fn neither_a_full_mailbox_nor_a_stream_without_end_starves_the_other() {
    let (_system, actor, journal) = subject("a");
    let endless = futures_util::stream::repeat_with(|| Do::Note("item"));
    let mut stream = None;
    let (reply, attached) = Reply::pair();
    tell(&actor, move |ctx| {
        reply.send(ctx.attach_stream(futures_util::StreamExt::take(endless, 1000)))
    })
    .await;
    stream.get_or_insert(attached.await.expect("it answers"));
    journal.take();
    let (_system, actor, journal) = subject("b");
    let endless = futures_util::stream::repeat_with(|| Do::Note("item"));
    actor
        .tell(with(|ctx| {
            drop(ctx.attach_stream(futures_util::StreamExt::take(endless, 1000)))
        }))
        .await
        .expect("it lives");
    for _ in 0..1000 {
        actor.try_tell(Do::Note("message")).expect("there is room");
    }
    settle().await;
    let events = journal.take();
    let last = |what: &str| events.iter().rposition(|event| event == what).expect("it was handled");
    let first = |what: &str| events.iter().position(|event| event == what).expect("it was handled");
    assert!(
        first("b item") < 50 && first("b message") < 50,
        "one of them waited for the other"
    );
    assert_eq!(events.len(), 2001);
    assert!(last("b item") > 1000 || last("b message") > 1000);
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_attached_work_is_a_failure_of_the_actor() {
    let (_system, actor, journal) = subject("a");
    tell(&actor, |ctx| drop(ctx.attach(async { panic!("in the future") }))).await;
    assert_eq!(actor.ask(Do::Life).await, Ok(2));
    let bad = futures_util::stream::poll_fn(|_| panic!("in the stream"));
    tell(&actor, |ctx| drop(ctx.attach_stream(bad))).await;
    assert_eq!(actor.ask(Do::Life).await, Ok(3));
    tell(&actor, |ctx| drop(ctx.every(SECOND, || panic!("in the tick")))).await;
    pass(2 * SECOND).await;
    assert_eq!(actor.ask(Do::Life).await, Ok(4));
    assert_eq!(
        journal
            .take()
            .iter()
            .filter(|event| event.contains("after a failure"))
            .count(),
        3
    );
}

#[tokio::test]
async fn blocking_work_runs_beside_the_runtime_and_its_panic_is_an_error() {
    let (_system, actor, _) = subject("a");
    let here = std::thread::current().id();
    let (reply, answer) = Reply::pair();
    actor
        .tell(with(move |ctx| {
            let (good, bad) = (
                ctx.blocking(move || std::thread::current().id() != here),
                ctx.blocking(|| panic!("in the closure")),
            );
            ctx.attach(async move {
                let bad: Result<(), _> = bad.await;
                reply.send((good.await, bad));
                Do::Note("done")
            });
        }))
        .await
        .expect("it lives");
    assert_eq!(
        answer.await,
        Ok((Ok(true), Err(BlockingError::Panicked("in the closure".into()))))
    );
}

#[tokio::test(start_paused = true)]
async fn attached_work_is_nobodys_handler_and_inherits_no_deadline() {
    let (system, actor, _) = subject("a");
    let other = system
        .spawn_spec(Script::new("other", &Journal::default()).spec())
        .expect("a free name");
    let gate = Gate::new();
    other.tell(Do::Wait(gate.clone())).await.expect("it lives");
    let (reply, answer) = Reply::pair();
    let ask = Arc::new(other);
    let asked = actor
        .ask(|done: Reply<u32>| {
            with(move |ctx| {
                ctx.attach(async move {
                    reply.send(ask.ask(Do::Life).timeout(60 * SECOND).await);
                    Do::Note("asked")
                });
                done.send(0);
            })
        })
        .timeout(SECOND)
        .await;
    assert_eq!(asked, Ok(0));
    pass(30 * SECOND).await;
    gate.open();
    assert_eq!(answer.await, Ok(Ok(1)));
}
