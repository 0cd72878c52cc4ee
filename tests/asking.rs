//! Promises about questions: their answers, their deadlines, and what each error says.

use std::time::Duration;

use actor_core::prelude::*;
use actor_core::{ASK_TIMEOUT_DEFAULT, DeadReason};
use tokio::time::Instant;

use crate::support::{Do, Gate, Journal, Script, pass, settle, subject, with};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn an_ask_waits_five_seconds_unless_said_otherwise() {
    let (_system, actor, _) = subject("a");
    let start = Instant::now();
    let answer = actor.ask(|reply| Do::WaitAndAnswer(Gate::new(), reply)).await;
    assert_eq!(answer, Err(AskError::TimedOut(ASK_TIMEOUT_DEFAULT)));
    assert_eq!(start.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_can_be_chosen_or_left_out() {
    let (_system, actor, _) = subject("a");
    let start = Instant::now();
    let gate = Gate::new();
    let held = gate.clone();
    let answer = actor.ask(|reply| Do::WaitAndAnswer(held, reply)).timeout(SECOND).await;
    assert_eq!(
        (answer, start.elapsed().as_secs()),
        (Err(AskError::TimedOut(SECOND)), 1)
    );
    gate.open();

    let gate = Gate::new();
    let held = gate.clone();
    let patient = async { actor.ask(|reply| Do::WaitAndAnswer(held, reply)).no_timeout().await };
    let (answer, ()) = tokio::join!(patient, async {
        pass(Duration::from_secs(3600)).await;
        gate.open();
    });
    assert_eq!(answer, Ok(1));
}

#[tokio::test(start_paused = true)]
async fn a_timeout_of_zero_or_of_for_ever_is_what_it_says() {
    let (_system, actor, _) = subject("a");
    assert_eq!(
        actor.ask(Do::Life).timeout(Duration::ZERO).await,
        Err(AskError::TimedOut(Duration::ZERO))
    );
    assert_eq!(actor.ask(Do::Life).timeout(Duration::MAX).await, Ok(1));
}

/// An actor has one place among the deadlines for all that it asks: an early one must not hide a later one, nor the other
/// way round.
#[tokio::test(start_paused = true)]
async fn each_question_of_an_actor_ends_at_its_own_deadline() {
    struct Asker(Handle<Do>);
    impl Actor for Asker {
        type Msg = Reply<Vec<u64>>;
        async fn handle(&mut self, reply: Reply<Vec<u64>>, _: &mut Context<Reply<Vec<u64>>>) -> ActorResult {
            let start = Instant::now();
            let for_ever = |seconds| self.0.ask(Do::Keep).timeout(seconds * SECOND);
            let mut ended = Vec::new();
            assert_eq!(self.0.ask(Do::Life).await, Ok(1));
            tokio::time::sleep(SECOND).await;
            for seconds in [5, 1, 20] {
                assert!(for_ever(seconds).await.is_err());
                ended.push(start.elapsed().as_secs());
            }
            let both = async { tokio::join!(for_ever(7), for_ever(3)) };
            assert!(tokio::time::timeout(5 * SECOND, both).await.is_err());
            ended.push(start.elapsed().as_secs());
            let (late, early) = tokio::join!(for_ever(4), async {
                assert!(for_ever(2).await.is_err());
                start.elapsed().as_secs()
            });
            assert!(late.is_err());
            ended.extend([early, start.elapsed().as_secs()]);
            reply.send(ended);
            Ok(())
        }
    }
    let (system, actor, _) = subject("a");
    let asker = system
        .spawn("asker", move || Asker(actor.clone()))
        .expect("a free name");
    let ended = asker.ask(|reply| reply).no_timeout().await;
    assert_eq!(ended, Ok(vec![6, 7, 27, 32, 34, 36]));
}

#[tokio::test(start_paused = true)]
async fn a_question_that_finds_no_room_until_its_deadline_was_never_queued() {
    let system = System::new("test");
    let spec = Script::new("a", &Journal::default())
        .spec()
        .mailbox(MailboxSpec::bounded(1));
    let actor = system.spawn_spec(spec).expect("a free name");
    let gate = Gate::new();
    actor.tell(Do::Wait(gate.clone())).await.expect("it lives");
    assert_eq!(actor.ask(Do::Life).timeout(SECOND).await, Err(AskError::Full));
    gate.open();
    settle().await;
    assert_eq!(system.dead_letters().total(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_asker_of_a_failed_handler_is_told_at_once() {
    let (_system, actor, _) = subject("a");
    let start = Instant::now();
    assert_eq!(actor.ask(Do::FailOn).await, Err(AskError::Failed));
    assert_eq!(actor.ask(Do::PanicOn).await, Err(AskError::Failed));
    assert!(start.elapsed() < SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_question_kept_in_the_state_fails_with_the_state() {
    let (_system, actor, _) = subject("a");
    let (kept, _) = tokio::join!(actor.ask(Do::Keep), async { actor.tell(Do::Panic("later")).await });
    assert_eq!(kept, Err(AskError::Failed));
}

#[tokio::test(start_paused = true)]
async fn a_question_dropped_without_an_answer_resolves_at_once() {
    let (_system, actor, _) = subject("a");
    let start = Instant::now();
    assert_eq!(actor.ask(Do::Ignore).await, Err(AskError::NoReply));
    assert!(start.elapsed() < SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_question_dropped_by_a_handler_that_goes_on_waiting_resolves_at_once() {
    struct Slow(Gate);
    impl Actor for Slow {
        type Msg = Reply<u32>;
        async fn handle(&mut self, reply: Reply<u32>, _: &mut Context<Reply<u32>>) -> ActorResult {
            drop(reply);
            self.0.pass().await;
            Ok(())
        }
    }
    let system = System::new("test");
    let slow = system.spawn("slow", || Slow(Gate::new())).expect("a free name");
    assert_eq!(slow.ask(|reply| reply).await, Err(AskError::NoReply));
}

#[tokio::test(start_paused = true)]
async fn the_asker_of_a_killed_handler_is_told_at_once() {
    let (_system, actor, _) = subject("a");
    let gate = Gate::new();
    let held = gate.clone();
    let (answer, _) = tokio::join!(
        async { actor.ask(|reply| Do::WaitAndAnswer(held, reply)).await },
        async {
            gate.reached().await;
            actor.kill().await
        }
    );
    assert_eq!(answer, Err(AskError::Failed));
}

#[tokio::test(start_paused = true)]
async fn asking_one_who_has_stopped_says_so() {
    let (_system, actor, _) = subject("a");
    let _ = actor.stop().await;
    assert_eq!(actor.ask(Do::Life).await, Err(AskError::Stopped));
}

#[tokio::test(start_paused = true)]
async fn a_question_whose_asker_has_gone_is_skipped_if_it_was_not_begun() {
    let (system, actor, _) = subject("a");
    let gate = Gate::new();
    actor.tell(Do::Wait(gate.clone())).await.expect("it lives");
    gate.reached().await;
    let dropped = actor
        .ask(|reply| Do::WaitAndAnswer(Gate::new(), reply))
        .timeout(SECOND)
        .await;
    assert_eq!(dropped, Err(AskError::TimedOut(SECOND)));
    gate.open();
    assert_eq!(
        actor.ask(Do::Life).await,
        Ok(1),
        "it hangs in a question that nobody waits for"
    );
    assert_eq!(system.dead_letters().count(DeadReason::Abandoned), 1);
}

#[tokio::test(start_paused = true)]
async fn a_handler_can_read_what_is_left_of_the_deadline() {
    struct Patience;
    impl Actor for Patience {
        type Msg = Reply<Option<Duration>>;
        async fn handle(&mut self, reply: Self::Msg, ctx: &mut Context<Self::Msg>) -> ActorResult {
            reply.send(ctx.deadline());
            Ok(())
        }
    }
    let system = System::new("test");
    let actor = system.spawn("patience", || Patience).expect("a free name");
    assert_eq!(actor.ask(|reply| reply).timeout(3 * SECOND).await, Ok(Some(3 * SECOND)));
    assert_eq!(actor.ask(|reply| reply).no_timeout().await, Ok(None));
    let (reply, answer) = Reply::pair();
    actor.tell(reply).await.expect("it lives");
    assert_eq!(answer.await, Ok(None));
}

#[tokio::test(start_paused = true)]
async fn an_ask_made_while_handling_one_inherits_its_deadline() {
    let (system, outer, _) = subject("outer");
    let inner = system
        .spawn_spec(Script::new("inner", &Journal::default()).spec())
        .expect("a free name");
    inner.tell(Do::Wait(Gate::new())).await.expect("it lives");
    let start = Instant::now();
    let answer = outer
        .ask(|reply| Do::AskOther(inner.clone(), reply))
        .timeout(2 * SECOND)
        .await;
    assert!(
        matches!(answer, Err(AskError::TimedOut(_)) | Ok(Err(AskError::TimedOut(_)))),
        "{answer:?}"
    );
    assert_eq!(start.elapsed().as_secs(), 2);
    settle().await;
    assert_eq!(
        outer.ask(Do::Life).await,
        Ok(1),
        "the inner ask went on after the outer had ended"
    );
    assert_eq!(start.elapsed().as_secs(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_deadline_of_one_question_does_not_reach_into_the_next_message() {
    let (system, outer, _) = subject("outer");
    let inner = system
        .spawn_spec(Script::new("inner", &Journal::default()).spec())
        .expect("a free name");
    inner.tell(Do::Wait(Gate::new())).await.expect("it lives");
    assert_eq!(outer.ask(Do::Life).timeout(SECOND).await, Ok(1));
    let (reply, answer) = Reply::pair();
    let start = Instant::now();
    outer.tell(Do::AskOther(inner, reply)).await.expect("it lives");
    assert_eq!(answer.await, Ok(Err(AskError::TimedOut(ASK_TIMEOUT_DEFAULT))));
    assert_eq!(start.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn many_are_asked_at_once_and_answered_in_order() {
    let (system, first, _) = subject("first");
    let second = system
        .spawn_spec(Script::new("second", &Journal::default()).spec())
        .expect("a free name");
    let third = system
        .spawn_spec(Script::new("third", &Journal::default()).spec())
        .expect("a free name");
    let _ = second.stop().await;
    third.tell(Do::Fail("to its second life")).await.expect("it lives");
    let answers = ask_all([&first, &second, &third], Do::Life).await;
    assert_eq!(answers, [Ok(1), Err(AskError::Stopped), Ok(2)]);
}

#[tokio::test(start_paused = true)]
async fn asks_to_slow_actors_take_as_long_as_the_slowest_and_not_as_all_together() {
    struct Slow(u64);
    impl Actor for Slow {
        type Msg = Reply<u64>;
        async fn handle(&mut self, reply: Reply<u64>, _: &mut Context<Reply<u64>>) -> ActorResult {
            pass(Duration::from_secs(self.0)).await;
            reply.send(self.0);
            Ok(())
        }
    }
    let system = System::new("test");
    let slow: Vec<_> = (1..=3)
        .map(|n| system.spawn(format!("slow-{n}"), move || Slow(n)).expect("a free name"))
        .collect();
    let start = Instant::now();
    assert_eq!(ask_all(&slow, |reply| reply).await, [Ok(1), Ok(2), Ok(3)]);
    assert_eq!(start.elapsed().as_secs(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_reply_port_knows_whether_it_is_awaited() {
    let (_system, actor, journal) = subject("a");
    let (reply, answer) = Reply::<u32>::pair();
    drop(answer);
    let heard = journal.clone();
    actor
        .tell(with(move |_| {
            heard.note(if reply.is_awaited() { "awaited" } else { "alone" })
        }))
        .await
        .expect("it lives");
    settle().await;
    assert_eq!(journal.take(), ["a started", "alone"]);
}
