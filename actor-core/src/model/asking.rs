//! Questions to an actor that answers, ends or forgets: one outcome each.

use std::future::Future;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use shuttle::future::spawn;

use crate::error::AskError;
use crate::supervision::policy::RestartPolicy;

use super::subject::{Deeds, Word, in_many_systems};

#[test]
fn a_question_to_one_that_is_stopped_is_answered_or_refused() {
    in_many_systems(|system| async move {
        let actor = system.spawn_spec(Deeds::default().spec("a")).expect("it starts");
        let asker = actor.clone();
        let asked = spawn(async move { asker.ask(Word::Answer).no_timeout().await });
        drop(actor.stop());
        let answer = asked.await.expect("it does not fail");
        assert!(matches!(answer, Ok(1) | Err(AskError::Stopped)), "{answer:?}");
    });
}

#[test]
fn a_question_to_one_that_is_killed_for_good_has_one_outcome() {
    in_many_systems(|system| async move {
        let spec = Deeds::default().spec("a").restart(RestartPolicy::Temporary);
        let actor = system.spawn_spec(spec).expect("it starts");
        let asker = actor.clone();
        let asked = spawn(async move { asker.ask(Word::Answer).no_timeout().await });
        drop(actor.kill());
        let answer = asked.await.expect("it does not fail");
        assert!(
            matches!(answer, Ok(1) | Err(AskError::Stopped | AskError::Failed)),
            "{answer:?}"
        );
    });
}

#[test]
fn a_reply_port_that_is_dropped_says_why_whoever_asks_the_same_actor() {
    in_many_systems(|system| async move {
        let actor = system.spawn_spec(Deeds::default().spec("a")).expect("it starts");
        let askers = [true, false].map(|fails| {
            let actor = actor.clone();
            spawn(async move {
                let asked = actor.ask(|reply| Word::DropUnanswered(reply, fails)).no_timeout();
                (fails, asked.await)
            })
        });
        for asked in askers {
            let (fails, answer) = asked.await.expect("it does not fail");
            let expected = if fails { AskError::Failed } else { AskError::NoReply };
            assert_eq!(answer, Err(expected));
        }
    });
}

#[test]
fn an_asker_that_goes_leaves_a_question_that_is_handled_or_abandoned() {
    in_many_systems(|system| async move {
        let actor = system.spawn_spec(Deeds::default().spec("a")).expect("it starts");
        let asker = actor.clone();
        let asked = spawn(async move {
            let mut ask = pin!(asker.ask(Word::Answer).no_timeout());
            poll_fn(|cx| Poll::Ready(ask.as_mut().poll(cx).is_ready())).await
        });
        asked.await.expect("it does not fail");
        assert_eq!(actor.ask(Word::Answer).no_timeout().await, Ok(1));
    });
}

#[test]
fn of_two_that_ask_each_other_one_is_refused_and_both_go_on() {
    in_many_systems(|system| async move {
        let [a, b] = ["a", "b"].map(|name| system.spawn_spec(Deeds::default().spec(name)).expect("it starts"));
        let asked = [(a.clone(), b.clone()), (b.clone(), a.clone())]
            .map(|(one, other)| spawn(async move { one.ask(|reply| Word::Ask(other, reply)).no_timeout().await }));
        for asked in asked {
            asked
                .await
                .expect("it does not fail")
                .expect("whoever is refused goes on");
        }
        for actor in [a, b] {
            assert_eq!(actor.ask(Word::Answer).no_timeout().await, Ok(1));
        }
    });
}
