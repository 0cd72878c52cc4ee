//! Parents and children, and actors that are linked, when several of them end at once.

use shuttle::future::spawn;

use crate::error::SpawnError;
use crate::supervision::policy::RestartPolicy;
use crate::supervisor::Supervisor;

use super::subject::{Deeds, Word, in_many_systems, is_failure};

#[test]
fn a_child_added_while_the_system_ends_is_refused_or_stopped_with_it() {
    in_many_systems(|system| async move {
        let deeds = Deeds::default();
        let adding = [1, 2].map(|n| {
            let (system, spec) = (system.clone(), deeds.spec(&format!("c{n}")));
            spawn(async move { system.start(spec).await.map(drop) })
        });
        let report = system.shutdown().await;
        assert!(report.is_clean());
        assert_eq!(deeds.lives(), deeds.ends());
        for added in adding {
            match added.await.expect("it does not fail") {
                Ok(()) | Err(SpawnError::Stopping | SpawnError::StoppedWhileStarting) => {}
                Err(other) => panic!("{other}"),
            }
        }
        assert_eq!(deeds.lives(), deeds.ends());
    });
}

#[test]
fn a_child_added_while_its_supervisor_stops_is_refused_or_stopped_with_it() {
    in_many_systems(|system| async move {
        let deeds = Deeds::default();
        let supervisor = system.start(Supervisor::dynamic().named("s")).await.expect("it starts");
        let adding = [1, 2].map(|n| {
            let (supervisor, spec) = (supervisor.clone(), deeds.spec(&format!("c{n}")));
            spawn(async move { supervisor.start_child(spec).await.is_ok() })
        });
        let ended = supervisor.watch();
        drop(supervisor.stop());
        ended.await;
        assert_eq!(deeds.lives(), deeds.ends(), "a child outlived its supervisor");
        for added in adding {
            added.await.expect("it does not fail");
        }
        assert_eq!(deeds.lives(), deeds.ends());
    });
}

#[test]
fn a_child_spawned_by_a_parent_that_fails_is_stopped_before_the_parent_lives_again() {
    in_many_systems(|system| async move {
        let (parents, children) = (Deeds::default(), Deeds::default());
        let parent = system.spawn_spec(parents.spec("p")).expect("it starts");
        let other = parent.clone();
        let other = spawn(async move { other.try_tell(Word::Fail).is_ok() });
        for name in ["c1", "c2"] {
            let spawned = parent.try_tell(Word::Spawn(children.spec(name)));
            assert!(spawned.is_ok());
        }
        other.await.expect("it does not fail");
        let ended = parent.watch();
        drop(parent.stop());
        ended.await;
        assert_eq!(children.lives(), children.ends());
        assert!(
            parents.child_exits() == 0,
            "a child was reported to a life that had none"
        );
    });
}

/// Two children of a supervisor fail at once; all that is touched comes back, and answers.
fn both_come_back(supervisor: fn() -> Supervisor, lives_max: usize) {
    in_many_systems(move |system| async move {
        let deeds = [Deeds::default(), Deeds::default()];
        let tree = supervisor().child(deeds[0].spec("a")).child(deeds[1].spec("b"));
        let tree = system.start(tree.named("s")).await.expect("it starts");
        let mut children = Vec::new();
        for name in ["a", "b"] {
            children.push(tree.child::<Word>(name).await.expect("it is there"));
        }
        for child in &children {
            let child = child.clone();
            drop(spawn(async move { child.try_tell(Word::Fail).is_ok() }));
        }
        for (child, deeds) in children.iter().zip(&deeds) {
            while deeds.lives() < 2 {
                shuttle::future::yield_now().await;
            }
            // It may go down once more, for its sibling's sake, and take the question along.
            while child.ask(Word::Answer).no_timeout().await != Ok(1) {
                shuttle::future::yield_now().await;
            }
            assert!(deeds.lives() <= lives_max, "{} lives", deeds.lives());
        }
    });
}

#[test]
fn two_that_fail_at_once_come_back_alone() {
    both_come_back(Supervisor::one_for_one, 2);
}

#[test]
fn two_that_fail_at_once_come_back_all_together() {
    both_come_back(Supervisor::one_for_all, 3);
}

#[test]
fn two_that_fail_at_once_come_back_with_those_behind_them() {
    both_come_back(Supervisor::rest_for_one, 3);
}

#[test]
fn a_failure_goes_over_a_link_or_finds_none() {
    in_many_systems(|system| async move {
        let specs = ["a", "b"].map(|name| Deeds::default().spec(name).restart(RestartPolicy::Temporary));
        let [a, b] = specs.map(|spec| system.spawn_spec(spec).expect("it starts"));
        let ends = [a.watch(), b.watch()];
        let failing = b.clone();
        let failing = spawn(async move { failing.try_tell(Word::Fail).is_ok() });
        assert!(a.try_tell(Word::Link(b)).is_ok());
        assert!(failing.await.expect("it does not fail"));
        // Linked before or after the end of the other, it hears of it.
        for ended in ends {
            assert!(is_failure(&ended.await.reason));
        }
    });
}

#[test]
fn a_link_that_breaks_from_both_ends_at_once_ends_each_once() {
    in_many_systems(|system| async move {
        let deeds = [Deeds::default(), Deeds::default()];
        let specs = [deeds[0].spec("a"), deeds[1].spec("b")].map(|spec| spec.restart(RestartPolicy::Temporary));
        let [a, b] = specs.map(|spec| system.spawn_spec(spec).expect("it starts"));
        assert!(a.try_tell(Word::Link(b.clone())).is_ok());
        assert_eq!(a.ask(Word::Answer).no_timeout().await, Ok(1));
        let ends = [a.watch(), b.watch()];
        let failing = [a, b].map(|actor| spawn(async move { actor.try_tell(Word::Fail).is_ok() }));
        for ended in ends {
            assert!(is_failure(&ended.await.reason));
        }
        for failing in failing {
            failing.await.expect("it does not fail");
        }
        assert_eq!(deeds.map(|deeds| (deeds.lives(), deeds.ends())), [(1, 1), (1, 1)]);
    });
}

#[test]
fn a_link_that_breaks_costs_a_restarted_actor_one_life_and_not_the_next() {
    in_many_systems(|system| async move {
        let deeds = [Deeds::default(), Deeds::default()];
        let a = system.spawn_spec(deeds[0].spec("a")).expect("it starts");
        let b = deeds[1].spec("b").restart(RestartPolicy::Temporary);
        let b = system.spawn_spec(b).expect("it starts");
        assert!(a.try_tell(Word::Link(b.clone())).is_ok());
        assert_eq!(a.ask(Word::Answer).no_timeout().await, Ok(1));
        let ended = b.watch();
        let failing = a.clone();
        let failing = spawn(async move { failing.try_tell(Word::Fail).is_ok() });
        // Refused where the other's failure has come over the link before.
        let _ = b.try_tell(Word::Fail);
        ended.await;
        failing.await.expect("it does not fail");
        while a.ask(Word::Answer).no_timeout().await != Ok(1) {}
        // It failed in its first life; or that ended for the other's failure, and it failed in the second.
        assert_eq!(deeds[0].lives(), deeds[0].failed_in() + 1);
        assert!(deeds[0].failed_in() <= 2);
        assert_eq!(deeds[1].lives(), 1);
    });
}
