//! What is said to an actor while one of its lives ends and another begins: neither lost, nor heeded twice.

use shuttle::future::spawn;

use crate::error::{AskError, TryTellError};
use crate::exit::ExitReason;
use crate::ledger::DeadReason;
use crate::supervision::policy::RestartPolicy;

use super::subject::{Deeds, Word, in_many_systems, is_failure};

#[test]
fn a_stop_that_meets_a_failure_ends_a_transient_actor_for_good() {
    in_many_systems(|system| async move {
        let deeds = Deeds::default();
        let actor = system.spawn_spec(deeds.spec("a")).expect("it starts");
        let other = actor.clone();
        let other = spawn(async move { other.try_tell(Word::Fail).is_ok() });
        let (ended, life) = (actor.watch(), actor.stop());
        let reason = ended.await.reason;
        life.await.expect("nobody waits in a circle");
        other.await.expect("it does not fail");
        assert!(matches!(reason, ExitReason::Normal) || is_failure(&reason), "{reason}");
        assert!(deeds.lives() <= 2 && deeds.ends() == deeds.lives());
    });
}

#[test]
fn a_stop_that_meets_a_failure_costs_a_permanent_actor_one_life_or_two() {
    in_many_systems(|system| async move {
        let deeds = Deeds::default();
        let spec = deeds.spec("a").restart(RestartPolicy::Permanent);
        let actor = system.start(spec).await.expect("it starts");
        let other = actor.clone();
        let other = spawn(async move { other.try_tell(Word::Fail).is_ok() });
        let stopped = actor.stop().await.expect("nobody waits in a circle");
        let failed = other.await.expect("it does not fail");
        let answer = loop {
            match actor.ask(Word::Answer).no_timeout().await {
                // It is still on its way to the next life.
                Err(AskError::Stopped) => shuttle::future::yield_now().await,
                answer => break answer,
            }
        };
        assert_eq!(answer, Ok(1));
        let lives = deeds.lives();
        assert!(
            (2..=2 + usize::from(failed)).contains(&lives),
            "{lives} lives; {stopped}; {failed}"
        );
    });
}

#[test]
fn two_kills_cost_one_life_or_two_and_a_message_that_waits_none() {
    in_many_systems(|system| async move {
        let deeds = Deeds::default();
        let actor = system.start(deeds.spec("a")).await.expect("it starts");
        let (first, second) = (actor.clone(), actor.clone());
        let first = spawn(async move { first.kill().await });
        let second = spawn(async move { second.kill().await });
        assert_eq!(actor.ask(Word::Answer).no_timeout().await.expect("it is kept"), 1);
        for ended in [first, second] {
            let reason = ended.await.expect("it does not fail").expect("a kill waits for nobody");
            assert!(matches!(reason, ExitReason::Killed));
        }
        assert!((1..=2).contains(&deeds.ends()), "{} lives ended", deeds.ends());
    });
}

#[test]
fn a_kill_reaches_a_handler_that_waits() {
    in_many_systems(|system| async move {
        let deeds = Deeds::default();
        let spec = deeds.spec("a").restart(RestartPolicy::Temporary);
        let actor = system.spawn_spec(spec).expect("it starts");
        assert!(actor.try_tell(Word::Hang).is_ok());
        let ended = actor.watch();
        let killer = spawn(async move { actor.kill().await });
        assert!(matches!(ended.await.reason, ExitReason::Killed));
        killer
            .await
            .expect("it does not fail")
            .expect("a kill waits for nobody");
        assert_eq!(deeds.ends(), deeds.lives());
    });
}

#[test]
fn a_kill_that_meets_a_stop_is_no_end_without_a_reason() {
    in_many_systems(|system| async move {
        let deeds = Deeds::default();
        let actor = system.spawn_spec(deeds.spec("a")).expect("it starts");
        let other = actor.clone();
        let other = spawn(async move { other.kill().await });
        let ended = actor.watch();
        let stopped = actor.stop().await.expect("nobody waits in a circle");
        let reason = ended.await.reason;
        other.await.expect("it does not fail").expect("a kill waits for nobody");
        for reason in [&stopped, &reason] {
            assert!(matches!(reason, ExitReason::Normal | ExitReason::Killed), "{reason}");
        }
        assert_eq!(deeds.ends(), deeds.lives());
    });
}

#[test]
fn a_drain_handles_whatever_was_taken_before_it() {
    in_many_systems(|system| async move {
        let deeds = Deeds::default();
        let actor = system.spawn_spec(deeds.spec("a")).expect("it starts");
        let other = actor.clone();
        let other = spawn(async move { [(); 3].map(|()| other.try_tell(Word::Note).is_ok()) });
        let ended = actor.watch();
        drop(actor.drain());
        ended.await;
        let taken = other
            .await
            .expect("it does not fail")
            .into_iter()
            .filter(|&taken| taken)
            .count();
        assert_eq!(deeds.notes(), taken);
        assert_eq!(system.dead_letters().total(), 0);
        assert!(matches!(actor.try_tell(Word::Note), Err(TryTellError::Stopped(_))));
    });
}

#[test]
fn what_a_stopping_actor_took_is_handled_or_a_dead_letter() {
    in_many_systems(|system| async move {
        let deeds = Deeds::default();
        let actor = system.spawn_spec(deeds.spec("a")).expect("it starts");
        let others = [(); 2].map(|()| {
            let actor = actor.clone();
            spawn(async move { actor.tell(Word::Note).await.is_ok() })
        });
        actor.stop().await.expect("nobody waits in a circle");
        let mut taken = 0;
        for other in others {
            taken += usize::from(other.await.expect("it does not fail"));
        }
        let dead = system.dead_letters().count(DeadReason::Stopped) as usize;
        assert_eq!(deeds.notes() + dead, taken);
    });
}
