//! Promises about waits that could never end: they are refused at once, with the cycle.

use std::time::Duration;

use actor_core::prelude::*;
use tokio::time::{Instant, timeout};

use crate::support::{Gate, Journal, pass, settle};

/// An actor that asks, tells, stops and starts others from within its handler.
struct Party {
    kept: Vec<Reply<Outcome>>,
}

type Outcome = Result<(), String>;

enum Say {
    /// Answers.
    Hello(Reply<Outcome>),
    /// Keeps the question for ever.
    Keep(Reply<Outcome>),
    /// Answers with what that one answers.
    Ask(
        Handle<Say>,
        Box<dyn FnOnce(Reply<Outcome>) -> Say + Send>,
        Reply<Outcome>,
    ),
    /// Waits at the gate, and does the same with a greeting then.
    WaitAndAsk(Gate, Handle<Say>, Reply<Outcome>),
    /// Passes the question on.
    PassOn(Handle<Say>, Reply<Outcome>),
    /// Answers first, and asks that one then.
    AnswerAndAsk(Handle<Say>, Reply<Outcome>, Reply<Outcome>),
    /// Waits for room at that one.
    Tell(Handle<Say>, Reply<Outcome>),
    /// Waits for that one's stop.
    Stop(Handle<Say>, Reply<Outcome>),
    /// Attaches an ask to that one, and answers with what it brings.
    AttachAsk(Handle<Say>, Reply<Outcome>),
    /// Starts a child that asks this actor in its `on_start`.
    StartChild(Reply<Outcome>),
    Wait(Gate),
    Nothing,
}

impl Actor for Party {
    type Msg = Say;

    async fn handle(&mut self, msg: Say, ctx: &mut Context<Say>) -> ActorResult {
        let said = |error: &dyn std::fmt::Display| error.to_string();
        match msg {
            Say::Hello(reply) => reply.send(Ok(())),
            Say::Keep(reply) => self.kept.push(reply),
            Say::Ask(other, question, reply) => {
                let answer = other.ask(question).await;
                reply.send(answer.unwrap_or_else(|error| Err(said(&error))));
            }
            Say::WaitAndAsk(gate, other, reply) => {
                gate.pass().await;
                let answer = other.ask(Say::Hello).await;
                reply.send(answer.unwrap_or_else(|error| Err(said(&error))));
            }
            Say::PassOn(other, reply) => other.tell(Say::Hello(reply.detach())).await?,
            Say::AnswerAndAsk(other, first, second) => {
                first.send(Ok(()));
                let answer = other.ask(Say::Hello).await;
                second.send(answer.unwrap_or_else(|error| Err(said(&error))));
            }
            Say::Tell(other, reply) => {
                let told = other.tell(Say::Nothing).await;
                reply.send(told.map_err(|error| said(&error)));
            }
            Say::Stop(other, reply) => {
                let ended = other.stop().await;
                reply.send(ended.map(drop).map_err(|error| said(&error)));
            }
            Say::AttachAsk(other, reply) => {
                ctx.attach(async move {
                    let answer = other.ask(Say::Hello).await;
                    reply.send(answer.unwrap_or_else(|error| Err(said(&error))));
                    Say::Nothing
                });
            }
            Say::StartChild(reply) => {
                let parent = ctx.handle();
                let child = ChildSpec::new("child", move || Child(parent.clone())).restart(RestartPolicy::Temporary);
                let started = ctx.start(child).await;
                reply.send(started.map(drop).map_err(|error| said(&error)));
            }
            Say::Wait(gate) => gate.pass().await,
            Say::Nothing => {}
        }
        Ok(())
    }
}

struct Child(Handle<Say>);

impl Actor for Child {
    type Msg = ();

    async fn on_start(&mut self, _ctx: &mut Context<()>) -> ActorResult {
        self.0.ask(Say::Hello).await?.map_err(ActorError::new)
    }

    async fn handle(&mut self, (): (), _ctx: &mut Context<()>) -> ActorResult {
        Ok(())
    }
}

fn party(system: &System, name: &str) -> Handle<Say> {
    system.spawn(name, || Party { kept: Vec::new() }).expect("a free name")
}

fn parties<const N: usize>() -> (System, [Handle<Say>; N]) {
    let system = System::new("test");
    let parties = std::array::from_fn(|n| party(&system, &format!("p{n}")));
    (system, parties)
}

/// A question to `other` which asks `question` of a third.
fn ask_of(
    third: &Handle<Say>,
    question: impl FnOnce(Reply<Outcome>) -> Say + Send + 'static,
) -> impl FnOnce(Reply<Outcome>) -> Say + Send + 'static {
    let third = third.clone();
    move |reply| Say::Ask(third, Box::new(question), reply)
}

#[tokio::test(start_paused = true)]
async fn asking_oneself_is_refused_at_once() {
    let (_system, [a]) = parties();
    let start = Instant::now();
    let answer = a.ask(ask_of(&a, Say::Hello)).await;
    let refused = "deadlock: /test/p0 waits for itself; the question was not sent";
    assert_eq!(answer, Ok(Err(refused.into())));
    assert!(start.elapsed() < Duration::from_secs(1));
    assert_eq!(a.ask(Say::Hello).await, Ok(Ok(())), "it goes on");
}

#[tokio::test(start_paused = true)]
async fn an_ask_that_would_close_a_cycle_is_refused_at_once_and_names_it() {
    let (system, [a, b, c]) = parties();
    let start = Instant::now();
    let answer = a.ask(ask_of(&b, ask_of(&c, ask_of(&a, Say::Hello)))).await;
    let refused = "deadlock: /test/p2 waits for /test/p0, which waits for /test/p1, which waits for /test/p2; the question was not sent";
    assert_eq!(answer, Ok(Err(refused.into())));
    assert!(start.elapsed() < Duration::from_secs(1));
    assert_eq!(system.dead_letters().total(), 0, "the question was not sent");
}

#[tokio::test(start_paused = true)]
async fn an_answer_already_sent_is_no_cycle() {
    let (_system, [a, b]) = parties();
    let (reply, second) = Reply::pair();
    let back = a.clone();
    let first = a
        .ask(ask_of(&b, move |first| Say::AnswerAndAsk(back, first, reply)))
        .await;
    assert_eq!(first, Ok(Ok(())));
    assert_eq!(second.await, Ok(Ok(())));
}

#[tokio::test(start_paused = true)]
async fn a_question_that_is_passed_on_is_not_owed_by_the_one_who_passed_it() {
    let (_system, [a, b, c]) = parties();
    // While a waits for what b passed on to c, b asks a: that waits, and is no cycle.
    let gate = Gate::new();
    c.tell(Say::Wait(gate.clone())).await.expect("it lives");
    let to = c.clone();
    let first = a.ask(ask_of(&b, move |reply| Say::PassOn(to, reply)));
    let second = async {
        settle().await;
        let asked = b.ask(ask_of(&a, Say::Hello));
        let (answer, ()) = tokio::join!(asked, async {
            settle().await;
            gate.open();
        });
        answer
    };
    let (first, second) = tokio::join!(first, second);
    assert_eq!((first, second), (Ok(Ok(())), Ok(Ok(()))));
}

#[tokio::test(start_paused = true)]
async fn a_question_that_is_kept_is_still_owed() {
    let (_system, [a, b]) = parties();
    let (first, second) = tokio::join!(a.ask(ask_of(&b, Say::Keep)), async {
        settle().await;
        b.ask(ask_of(&a, Say::Hello)).await
    });
    assert!(matches!(first, Err(AskError::TimedOut(_)) | Ok(Err(_))), "{first:?}");
    assert!(matches!(second, Ok(Err(text)) if text.starts_with("deadlock: /test/p1 waits for /test/p0")));
}

#[tokio::test(start_paused = true)]
async fn a_wait_for_room_can_close_a_cycle_too() {
    let system = System::new("test");
    let spec = ChildSpec::new("a", || Party { kept: Vec::new() }).mailbox(MailboxSpec::bounded(1));
    let a = system.spawn_spec(spec).expect("a free name");
    let b = party(&system, "b");
    let back = a.clone();
    let answer = a.ask(ask_of(&b, move |reply| Say::Tell(back, reply))).await;
    let refused = "deadlock: /test/b waits for /test/a, which waits for /test/b; the message was not sent";
    assert_eq!(answer, Ok(Err(refused.into())));

    // The same where the wait for room was there first.
    let gate = Gate::new();
    let (asked, told) = tokio::join!(a.ask(|reply| Say::WaitAndAsk(gate.clone(), b.clone(), reply)), async {
        gate.reached().await;
        let waits = b.ask(|reply| Say::Tell(a.clone(), reply));
        let (told, ()) = tokio::join!(waits, async {
            settle().await;
            gate.open();
        });
        told
    });
    let refused = "deadlock: /test/a waits for /test/b, which waits for /test/a; the question was not sent";
    assert_eq!((asked, told), (Ok(Err(refused.into())), Ok(Ok(()))));
}

#[tokio::test(start_paused = true)]
async fn room_that_is_given_back_is_no_cycle() {
    // What is asked stands behind what is finished: at the front of the next batch, or further back in the same.
    for in_one_batch in [false, true] {
        let system = System::new("test");
        let spec = ChildSpec::new("a", || Party { kept: Vec::new() }).mailbox(MailboxSpec::bounded(3));
        let a = system.spawn_spec(spec).expect("a free name");
        let b = party(&system, "b");
        let gate = Gate::new();
        let (reply, asked) = Reply::pair();
        a.try_tell(Say::Wait(gate.clone())).expect("there is room");
        gate.reached().await;
        if in_one_batch {
            a.try_tell(Say::Wait(gate.clone())).expect("there is room");
        }
        a.try_tell(Say::Ask(b.clone(), Box::new(Say::Hello), reply))
            .expect("there is room");
        if in_one_batch {
            gate.open();
            gate.reached().await;
        }
        a.try_tell(Say::Nothing).expect("there is room");
        let waits = b.ask(|reply| Say::Tell(a.clone(), reply));
        let (told, ()) = tokio::join!(waits, async {
            settle().await;
            gate.open();
        });
        assert_eq!(
            (asked.await, told),
            (Ok(Ok(())), Ok(Ok(()))),
            "in one batch: {in_one_batch}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn waiting_for_the_stop_of_one_who_waits_for_me_is_refused_and_the_order_stands() {
    let (_system, [a, b]) = parties();
    let back = a.clone();
    let answer = a.ask(ask_of(&b, move |reply| Say::Stop(back, reply))).await;
    assert_eq!(
        answer,
        Ok(Err(
            "deadlock: /test/p1 waits for /test/p0, which waits for /test/p1".into()
        ))
    );
    settle().await;
    assert!(!a.is_alive());
}

#[tokio::test(start_paused = true)]
async fn waiting_for_the_stop_of_oneself_or_of_a_parent_is_refused() {
    let (_system, [a]) = parties();
    let own = a.clone();
    let answer = a.ask(move |reply| Say::Stop(own, reply)).await;
    assert_eq!(answer, Ok(Err("deadlock: /test/p0 waits for itself".into())));

    struct StopsItsParent(Handle<Gate>, Option<Reply<String>>);
    impl Actor for StopsItsParent {
        type Msg = ();
        async fn handle(&mut self, (): (), _: &mut Context<()>) -> ActorResult {
            let refused = self.0.stop().await.expect_err("it would wait for its own end");
            if let Some(reply) = self.1.take() {
                reply.send(refused.to_string());
            }
            Ok(())
        }
    }
    struct Parent(Option<Reply<String>>);
    impl Actor for Parent {
        type Msg = Gate;
        async fn handle(&mut self, gate: Gate, ctx: &mut Context<Gate>) -> ActorResult {
            let (parent, reply) = (ctx.handle(), self.0.take());
            ctx.spawn(ChildSpec::once("child", move || StopsItsParent(parent, reply)))?
                .tell(())
                .await?;
            gate.pass().await;
            Ok(())
        }
    }
    let system = System::new("test");
    let (reply, refused) = Reply::pair();
    let parent = system
        .spawn_once("parent", || Parent(Some(reply)))
        .expect("a free name");
    let gate = Gate::new();
    parent.tell(gate.clone()).await.expect("it lives");
    let expected = "deadlock: /test/parent/child waits for /test/parent, which waits for /test/parent/child";
    assert_eq!(refused.await.as_deref(), Ok(expected));
    gate.open();
    assert!(matches!(parent.watch().await.reason, ExitReason::Normal));
}

#[tokio::test(start_paused = true)]
async fn a_child_that_asks_the_parent_which_waits_for_its_start_is_refused() {
    let (_system, [a]) = parties();
    let start = Instant::now();
    let answer = a.ask(Say::StartChild).await;
    let Ok(Err(refused)) = answer else {
        panic!("the start cannot end well")
    };
    assert!(
        refused.starts_with("start failed: /test/p0/child could not start: deadlock: /test/p0/child waits for /test/p0, which waits for /test/p0/child"),
        "{refused}"
    );
    assert!(start.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_start_that_is_waited_for_no_longer_is_no_cycle() {
    struct Late(Handle<Option<Reply<u32>>>, Gate, Journal);
    impl Actor for Late {
        type Msg = ();

        async fn on_start(&mut self, _: &mut Context<()>) -> ActorResult {
            self.1.pass().await;
            let answer = self.0.ask(Some).await;
            self.2.note(format!("{answer:?}"));
            Ok(())
        }

        async fn handle(&mut self, (): (), _: &mut Context<()>) -> ActorResult {
            Ok(())
        }
    }

    struct Impatient(Journal);
    impl Actor for Impatient {
        type Msg = Option<Reply<u32>>;

        async fn handle(&mut self, question: Self::Msg, ctx: &mut Context<Self::Msg>) -> ActorResult {
            if let Some(reply) = question {
                reply.send(7);
                return Ok(());
            }
            let (own, gate, journal) = (ctx.handle(), Gate::new(), self.0.clone());
            let asks = gate.clone();
            let child = ChildSpec::new("late", move || Late(own.clone(), asks.clone(), journal.clone()));
            let started = timeout(Duration::from_secs(1), ctx.start(child)).await;
            assert!(started.is_err(), "it stands at the gate");
            gate.open();
            settle().await;
            Ok(())
        }
    }

    let (system, journal) = (System::new("test"), Journal::default());
    let noting = journal.clone();
    let impatient = system.spawn("impatient", move || Impatient(noting.clone()));
    let impatient = impatient.expect("a free name");
    impatient.tell(None).await.expect("it lives");
    pass(Duration::from_secs(2)).await;
    assert_eq!(journal.take(), ["Ok(7)"]);
}

#[tokio::test(start_paused = true)]
async fn work_attached_to_an_actor_is_not_its_handler() {
    let (_system, [a, b]) = parties();
    let own = a.clone();
    assert_eq!(
        a.ask(move |reply| Say::AttachAsk(own, reply)).await,
        Ok(Ok(())),
        "it asks its own actor"
    );
    let back = a.clone();
    let answer = a.ask(ask_of(&b, move |reply| Say::AttachAsk(back, reply))).await;
    assert!(matches!(answer, Err(AskError::TimedOut(_)) | Ok(Err(_))), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_that_ask_each_other_at_the_same_moment_one_at_least_is_refused() {
    for _ in 0..2000 {
        let (system, [a, b]) = parties();
        let (one, other) = tokio::join!(a.ask(ask_of(&b, Say::Hello)), b.ask(ask_of(&a, Say::Hello)));
        for answer in [&one, &other] {
            let refused = matches!(answer, Ok(Err(text)) if text.starts_with("deadlock"));
            assert!(refused || matches!(answer, Ok(Ok(()))), "{answer:?}");
        }
        drop(system);
        drop(a.stop());
        drop(b.stop());
    }
}
