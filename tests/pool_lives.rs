//! Pools whose workers fail, and the end of a pool.

use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use actor_core::prelude::*;
use actor_core::{DeadReason, SpawnError, Supervisor};
use futures_util::FutureExt as _;

use crate::pooling::{Job, Who, Worker, hold, take, worker};
use crate::support::{Gate, pass, settle};

#[tokio::test(start_paused = true)]
async fn a_failing_worker_loses_its_message_in_hand_alone() -> ActorResult {
    let (system, done) = (System::new("test"), Who::default());
    let pool = system.spawn_spec(Pool::by_key("pool", 2, |_: &Job| 0, worker(&done, 8)))?;
    let gate = hold(&pool, 0).await;
    pool.tell(Job::Fail).await?;
    for job in 1..4 {
        pool.tell(Job::Do(job)).await?;
    }
    gate.open();
    settle().await;
    let jobs: Vec<_> = take(&done).into_iter().map(|(_, job)| job).collect();
    assert_eq!(jobs, [0, 1, 2, 3]);
    assert_eq!(system.dead_letters().total(), 0);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_worker_in_back_off_keeps_its_queue() -> ActorResult {
    let (system, done) = (System::new("test"), Who::default());
    let slow = worker(&done, 8);
    let spec = move || slow().backoff(Backoff::new(Duration::from_secs(9), Duration::from_secs(9)).jitter(0.0));
    let pool = system.spawn_spec(Pool::by_key("pool", 2, |_: &Job| 0, spec))?;
    pool.tell(Job::Fail).await?;
    pool.tell(Job::Do(1)).await?;
    pass(Duration::from_secs(8)).await;
    assert_eq!(take(&done), []);
    pass(Duration::from_secs(1)).await;
    assert_eq!(take(&done).len(), 1);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_drain_has_the_workers_handle_what_was_queued() -> ActorResult {
    let (system, done) = (System::new("test"), Who::default());
    for policy in [
        RestartPolicy::Permanent,
        RestartPolicy::Transient,
        RestartPolicy::Temporary,
    ] {
        let worker = worker(&done, 8);
        let spec = Pool::round_robin("pool", 2, move || worker().restart(policy));
        let pool = system.spawn_spec(spec)?;
        let gates = [hold(&pool, 0).await, hold(&pool, 1).await];
        for job in 2..10 {
            pool.tell(Job::Do(job)).await?;
        }
        let draining = pool.drain();
        assert!(matches!(
            pool.try_tell(Job::Do(10)),
            Err(TryTellError::Stopped(Job::Do(10)))
        ));
        gates.iter().for_each(Gate::open);
        assert!(matches!(draining.await?, ExitReason::Normal));
        assert_eq!(take(&done).len(), 10, "{policy:?}");
        settle().await;
        assert!(!pool.is_alive());
    }
    assert_eq!(system.shutdown().await.dead_letters.total(), 0);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_fails_while_it_is_drained_comes_back_for_the_rest() -> ActorResult {
    let (system, done) = (System::new("test"), Who::default());
    let pool = system.spawn_spec(Pool::round_robin("pool", 1, worker(&done, 8)))?;
    let gate = hold(&pool, 0).await;
    pool.tell(Job::Fail).await?;
    pool.tell(Job::Do(1)).await?;
    let draining = pool.drain();
    gate.open();
    draining.await?;
    assert_eq!(take(&done), [(0, 0), (0, 1)]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_stop_finishes_what_is_in_hand_and_leaves_the_rest() -> ActorResult {
    let (system, done) = (System::new("test"), Who::default());
    let pool = system.spawn_spec(Pool::round_robin("pool", 2, worker(&done, 8)))?;
    let gates = [hold(&pool, 0).await, hold(&pool, 1).await];
    for job in 2..6 {
        pool.tell(Job::Do(job)).await?;
    }
    let stopping = pool.stop();
    assert!(matches!(
        pool.tell(Job::Do(6)).await,
        Err(TellError::Stopped(Job::Do(6)))
    ));
    gates.iter().for_each(Gate::open);
    stopping.await?;
    assert_eq!(take(&done).len(), 2);
    assert_eq!(system.dead_letters().count(DeadReason::Stopped), 4);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_others_take_over_from_a_worker_that_is_gone_and_the_pool_ends_with_the_last() -> ActorResult {
    let (system, done) = (System::new("test"), Who::default());
    for by_key in [false, true] {
        let pool = if by_key {
            system.spawn_spec(Pool::by_key("pool", 2, |_: &Job| 0, worker(&done, 8)))?
        } else {
            system.spawn_spec(Pool::round_robin("pool", 2, worker(&done, 8)))?
        };
        let first = pool.ask(Job::Which).await?;
        pool.tell(Job::Stop).await?;
        settle().await;
        let left = pool.ask(Job::Which).await?;
        assert_eq!(pool.ask(Job::Which).await, Ok(left));
        assert_eq!(first != left, by_key);
        let ended = pool.watch();
        pool.tell(Job::Stop).await?;
        assert!(matches!(ended.await.reason, ExitReason::Normal));
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_pool_that_gives_up_is_restarted_with_new_workers_behind_the_same_handle() -> ActorResult {
    let (system, done) = (System::new("test"), Who::default());
    let spec = Pool::round_robin("pool", 2, worker(&done, 8)).intensity(1, Duration::from_secs(5));
    let pool = system.spawn_spec(spec)?;
    for _ in 0..2 {
        pool.tell(Job::Fail).await?;
        settle().await;
    }
    pool.tell(Job::Do(1)).await?;
    settle().await;
    assert_eq!(take(&done).len(), 1);
    drop(pool.kill());
    settle().await;
    pool.tell(Job::Do(2)).await?;
    pool.drain().await?;
    assert_eq!(take(&done).len(), 1);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_permanent_pool_works_again_after_it_was_drained() -> ActorResult {
    let (system, done) = (System::new("test"), Who::default());
    let spec = Pool::round_robin("pool", 2, worker(&done, 8)).restart(RestartPolicy::Permanent);
    let pool = system.spawn_spec(spec)?;
    pool.tell(Job::Do(0)).await?;
    pool.drain().await?;
    settle().await;
    pool.tell(Job::Do(1)).await?;
    settle().await;
    let jobs: Vec<_> = take(&done).into_iter().map(|(_, job)| job).collect();
    assert_eq!(jobs, [0, 1]);
    assert!(pool.is_alive());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_sender_that_waits_while_a_pool_is_restarted_takes_nobodys_place() -> ActorResult {
    let (system, done) = (System::new("test"), Who::default());
    let spec = Pool::round_robin("pool", 1, worker(&done, 1)).restart(RestartPolicy::Permanent);
    let pool = system.spawn_spec(spec)?;
    let gate = hold(&pool, 0).await;
    let mut early = pin!(pool.tell(Job::Do(3)));
    assert!(early.as_mut().now_or_never().is_none());
    let ending = pool.stop();
    gate.open();
    ending.await?;
    let gate = hold(&pool, 1).await;
    let mut late = pin!(pool.tell(Job::Do(2)));
    assert!(late.as_mut().now_or_never().is_none());
    gate.open();
    settle().await;
    let early_again = early.as_mut().now_or_never();
    assert!(
        early_again.is_none(),
        "it took the room of one who had waited in this life"
    );
    late.await?;
    early.await?;
    settle().await;
    let jobs: Vec<_> = take(&done).into_iter().map(|(_, job)| job).collect();
    assert_eq!(jobs, [0, 1, 2, 3]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn one_who_asks_workers_that_never_start_is_told_when_others_take_their_place() -> ActorResult {
    let (system, done) = (System::new("test"), Who::default());
    let (new, made) = (worker(&done, 8), AtomicU32::new(0));
    let second_makes_no_sense = move || match made.fetch_add(1, Ordering::Relaxed) {
        1 => new().intensity(1, Duration::ZERO),
        _ => new(),
    };
    let minute = Duration::from_secs(60);
    let spec = Pool::round_robin("pool", 1, second_makes_no_sense).backoff(Backoff::new(minute, minute).jitter(0.0));
    let pool = system.spawn_spec(spec.restart(RestartPolicy::Permanent))?;
    pool.stop().await?;
    pass(minute).await;
    // Its second life has failed to start, and the third is to come.
    let asked = pool.ask(Job::Which).timeout(2 * minute).await;
    assert_eq!(asked, Err(AskError::Stopped));
    assert_eq!(pool.ask(Job::Which).await, Ok(0));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_pool_stands_in_a_supervisor_and_is_found_by_its_name() -> ActorResult {
    let (system, done) = (System::new("test"), Who::default());
    let pool = Pool::round_robin("pool", 2, worker(&done, 1));
    let house = system
        .start(Supervisor::one_for_all().child(pool).named("house"))
        .await?;
    let pool: Handle<Job> = house.child("pool").await?;
    assert_eq!(pool.ask(Job::Which).await, Ok(0));
    let gates = [hold(&pool, 0).await, hold(&pool, 1).await];
    assert!(matches!(pool.try_tell(Job::Do(2)), Err(TryTellError::Full(Job::Do(2)))));
    gates.iter().for_each(Gate::open);
    house.restart_child("pool").await?;
    assert_eq!(pool.ask(Job::Which).await.map(|worker| worker < 2), Ok(true));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_a_pool_accepted_is_handled_or_a_dead_letter() -> ActorResult {
    let (system, done) = (System::new("test"), Who::default());
    let broken = Pool::round_robin("broken", 2, || {
        ChildSpec::fallible("worker", || async {
            Err::<Worker, _>(ActorError::new("cannot be made"))
        })
    });
    let pool = system.spawn_spec(broken.restart(RestartPolicy::Temporary))?;
    let asking = pool.ask(Job::Which);
    pool.try_tell(Job::Do(1))?;
    assert_eq!(asking.await, Err(AskError::Stopped));
    let pool = system.spawn_spec(Pool::least_loaded("pool", 3, worker(&done, 4)))?;
    for job in 0..50 {
        pool.tell(Job::Do(job)).await?;
    }
    drop(pool.kill());
    let report = system.shutdown().await.dead_letters;
    assert_eq!(report.accepted(), report.handled() + report.total());
    assert_eq!(report.accepted(), 52);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn pools_that_make_no_sense_are_refused_with_the_way_out() -> ActorResult {
    let (system, done) = (System::new("test"), Who::default());
    let fault = |spawned: Result<Handle<Job>, SpawnError>| spawned.expect_err("refused").to_string();
    let none = fault(system.spawn_spec(Pool::round_robin("pool", 0, worker(&done, 1))));
    assert!(none.contains("at least 1"), "{none}");
    let no_room = fault(system.spawn_spec(Pool::round_robin("pool", 2, worker(&done, 0))));
    assert!(no_room.contains("capacity 0"), "{no_room}");
    let nested = fault(system.spawn_spec(Pool::round_robin("pool", 2, move || {
        Pool::round_robin("inner", 2, worker(&done, 1))
    })));
    assert!(nested.contains("pool of pools"), "{nested}");
    Ok(())
}
