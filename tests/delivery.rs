//! Promises about delivery: order, and what becomes of each message.

use actor_core::DeadReason;
use actor_core::prelude::*;

use crate::support::{Do, Gate, Journal, Script, settle, subject};

/// Remembers the numbers it is told.
#[derive(Default)]
struct Numbers(Vec<u32>);

enum Number {
    Is(u32),
    All(Reply<Vec<u32>>),
}

impl Actor for Numbers {
    type Msg = Number;

    async fn handle(&mut self, msg: Number, _ctx: &mut Context<Number>) -> ActorResult {
        match msg {
            Number::Is(n) => self.0.push(n),
            Number::All(reply) => reply.send(self.0.clone()),
        }
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_of_one_sender_arrive_once_and_in_order() {
    let system = System::new("test");
    let spec = ChildSpec::new("numbers", Numbers::default).mailbox(MailboxSpec::bounded(8));
    let numbers = system.spawn_spec(spec).expect("a free name");
    let senders: Vec<_> = (0..4u32)
        .map(|sender| {
            let numbers = numbers.clone();
            tokio::spawn(async move {
                for n in 0..1000 {
                    numbers.tell(Number::Is(sender * 1000 + n)).await.expect("it lives");
                }
            })
        })
        .collect();
    for sender in senders {
        sender.await.expect("no sender panics");
    }
    let all = numbers.ask(Number::All).await.expect("it answers");
    assert_eq!(all.len(), 4000);
    for sender in 0..4 {
        let own: Vec<_> = all.iter().copied().filter(|n| n / 1000 == sender).collect();
        assert_eq!(own, (sender * 1000..(sender + 1) * 1000).collect::<Vec<_>>());
    }
    system.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn what_waits_when_an_actor_stops_goes_to_dead_letters_and_its_askers_are_told() {
    let (system, actor, _) = subject("a");
    let gate = Gate::new();
    actor.tell(Do::Wait(gate.clone())).await.expect("it lives");
    gate.reached().await;
    actor.tell(Do::Note("never")).await.expect("it lives");
    let (question, ending) = (actor.ask(Do::Life), async {
        settle().await;
        let ending = actor.stop();
        gate.open();
        ending.await
    });
    let (answer, _) = tokio::join!(question, ending);
    assert_eq!(answer, Err(AskError::Stopped));
    assert_eq!(system.dead_letters().count(DeadReason::Stopped), 2);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_delivered_is_handed_back_in_the_error() {
    let (_system, actor, _) = subject("a");
    let _ = actor.stop().await;
    let Err(TellError::Stopped(Do::Note("back"))) = actor.tell(Do::Note("back")).await else {
        panic!("the message did not come back");
    };
    let Err(TryTellError::Stopped(Do::Note("back"))) = actor.try_tell(Do::Note("back")) else {
        panic!("the message did not come back");
    };
}

#[tokio::test(start_paused = true)]
async fn a_failure_loses_only_the_message_in_hand() {
    let (system, actor, journal) = subject("a");
    for event in ["one", "two"] {
        actor.tell(Do::Note(event)).await.expect("it lives");
        actor.tell(Do::Fail("on purpose")).await.expect("it lives");
    }
    actor.tell(Do::Note("three")).await.expect("it lives");
    assert_eq!(actor.ask(Do::Life).await, Ok(3));
    let notes: Vec<_> = journal
        .take()
        .into_iter()
        .filter(|event| !event.contains("st"))
        .collect();
    assert_eq!(notes, ["a one", "a two", "a three"]);
    assert_eq!(system.dead_letters().total(), 0);
}

#[tokio::test(start_paused = true)]
async fn at_the_end_accepted_is_handled_and_dead_letters_together() {
    let system = System::new("test");
    let journal = Journal::default();
    let gate = Gate::new();
    let dropping = Script::new("dropping", &journal)
        .spec()
        .mailbox(MailboxSpec::bounded(2).overflow(Overflow::DropOldest));
    let dropping = system.spawn_spec(dropping).expect("a free name");
    let failing = system
        .spawn_spec(Script::new("failing", &journal).spec())
        .expect("a free name");
    dropping.tell(Do::Wait(gate.clone())).await.expect("it lives");
    gate.reached().await;
    for _ in 0..5 {
        dropping.tell(Do::Note("x")).await.expect("it makes room");
    }
    failing.tell(Do::Panic("once")).await.expect("it lives");
    assert_eq!(failing.ask(Do::Life).await, Ok(2));
    failing.tell(Do::Wait(Gate::new())).await.expect("it lives");
    failing.tell(Do::Note("left")).await.expect("it lives");
    settle().await;
    drop(failing.ask(Do::Life).timeout(std::time::Duration::ZERO).await);
    failing.kill();
    let newest = MailboxSpec::bounded(1).overflow(Overflow::DropNewest);
    for (name, mailbox) in [("newest", newest), ("keyed", MailboxSpec::latest_by(1, |_| 0))] {
        let spec = Script::new(name, &journal).spec().mailbox(mailbox);
        let picky = system.spawn_spec(spec).expect("a free name");
        // It has not begun: one of these is kept, and the others are dropped or replaced.
        for _ in 0..3 {
            picky.try_tell(Do::Nothing).expect("it takes all");
        }
    }
    settle().await;
    gate.open();
    let report = system.shutdown().await;
    let letters = report.dead_letters;
    assert_eq!(letters.accepted(), letters.handled() + letters.total(), "{letters:?}");
    assert_eq!(letters.count(DeadReason::DroppedOldest), 3);
    assert_eq!(letters.count(DeadReason::Killed), 1);
    assert_eq!(letters.count(DeadReason::DroppedNewest), 2);
    assert_eq!(letters.count(DeadReason::Replaced), 2);
    // Killed, it was restarted, and then shut down before or after it came to what was left.
    assert_eq!(letters.accepted(), 6 + 5 + 3 + 3);
}
