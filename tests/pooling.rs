//! Pools: which of many actors under one name does the work.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actor_core::prelude::*;

use crate::support::{Gate, settle};

pub(crate) type Who = Arc<Mutex<Vec<(usize, u32)>>>;

pub(crate) enum Job {
    /// Notes who did it.
    Do(u32),
    /// Is held up at the gate first.
    Hold(u32, Gate),
    Fail,
    Stop,
    /// Answers with who has it.
    Which(Reply<usize>),
    /// Is passed on to the pool itself as this job.
    PassOn(Handle<Job>, Box<Job>, Reply<Result<(), String>>),
    /// Asks the pool from within.
    AskPool(Handle<Job>, Reply<Result<usize, AskError>>),
}

pub(crate) struct Worker {
    number: usize,
    done: Who,
}

impl Actor for Worker {
    type Msg = Job;

    async fn on_start(&mut self, ctx: &mut Context<Job>) -> ActorResult {
        self.number = ctx.path().name().rsplit('-').next().expect("has a number").parse()?;
        Ok(())
    }

    async fn handle(&mut self, job: Job, ctx: &mut Context<Job>) -> ActorResult {
        match job {
            Job::Do(job) => self.note(job),
            Job::Hold(job, gate) => {
                gate.pass().await;
                self.note(job);
            }
            Job::Fail => return Err(ActorError::new("on purpose")),
            Job::Stop => ctx.stop(),
            Job::Which(reply) => reply.send(self.number),
            Job::PassOn(pool, job, reply) => reply.send(pool.tell(*job).await.map_err(|why| why.to_string())),
            Job::AskPool(pool, reply) => reply.send(pool.ask(Job::Which).await),
        }
        Ok(())
    }
}

impl Worker {
    fn note(&self, job: u32) {
        self.done
            .lock()
            .expect("noting does not panic")
            .push((self.number, job));
    }
}

pub(crate) fn take(done: &Who) -> Vec<(usize, u32)> {
    std::mem::take(&mut done.lock().expect("taking does not panic"))
}

/// A worker whose mailbox holds so many.
pub(crate) fn worker(done: &Who, messages: usize) -> impl Fn() -> ChildSpec<Worker> + Send + Sync + use<> {
    let done = done.clone();
    move || {
        let done = done.clone();
        let new = move || Worker {
            number: usize::MAX,
            done: done.clone(),
        };
        ChildSpec::new("worker", new).mailbox(MailboxSpec::bounded(messages))
    }
}

fn key(job: &Job) -> u32 {
    match job {
        Job::Do(job) | Job::Hold(job, _) => job % 10,
        _ => 0,
    }
}

pub(crate) async fn hold(pool: &Handle<Job>, job: u32) -> Gate {
    let gate = Gate::new();
    pool.tell(Job::Hold(job, gate.clone())).await.expect("a living pool");
    gate.reached().await;
    gate
}

#[tokio::test(start_paused = true)]
async fn a_tell_that_found_room_with_one_worker_keeps_no_place_with_another() -> ActorResult {
    let (system, done) = (System::new("test"), Who::default());
    let pool: Handle<Job> = system.spawn_spec(Pool::round_robin("pool", 2, worker(&done, 1)))?;
    let gates = [hold(&pool, 0).await, hold(&pool, 1).await];
    let mut told = std::pin::pin!(pool.tell(Job::Do(2)));
    let opened = async {
        settle().await;
        gates[0].open();
    };
    let (sent, ()) = tokio::join!(&mut told, opened);
    sent?;
    gates[1].open();
    settle().await;
    let _held = [hold(&pool, 3).await, hold(&pool, 4).await];
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn each_message_goes_to_one_worker_in_turn() -> ActorResult {
    let (system, done) = (System::new("test"), Who::default());
    let pool: Handle<Job> = system.spawn_spec(Pool::round_robin("pool", 3, worker(&done, 8)))?;
    for job in 0..6 {
        pool.tell(Job::Do(job)).await?;
    }
    settle().await;
    let mut done = take(&done);
    done.sort_by_key(|&(_, job)| job);
    assert_eq!(done, [(0, 0), (1, 1), (2, 2), (0, 3), (1, 4), (2, 5)]);
    assert_eq!(pool.path().to_string(), "/test/pool");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_pool_can_be_told_something_before_its_workers_have_started() -> ActorResult {
    let (system, done) = (System::new("test"), Who::default());
    let pool = system.spawn_spec(Pool::round_robin("pool", 2, worker(&done, 1)))?;
    pool.try_tell(Job::Do(1))?;
    pool.try_tell(Job::Do(2))?;
    assert!(matches!(pool.try_tell(Job::Do(3)), Err(TryTellError::Full(Job::Do(3)))));
    settle().await;
    assert_eq!(take(&done).len(), 2);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_full_worker_is_passed_over_and_the_first_room_is_taken() -> ActorResult {
    let (system, done) = (System::new("test"), Who::default());
    let pool = system.spawn_spec(Pool::round_robin("pool", 2, worker(&done, 1)))?;
    let first = hold(&pool, 0).await;
    for job in 1..4 {
        pool.tell(Job::Do(job)).await?;
        settle().await;
    }
    assert_eq!(take(&done), [(1, 1), (1, 2), (1, 3)], "the free one did what came");
    let second = hold(&pool, 4).await;
    let waiting = tokio::spawn({
        let pool = pool.clone();
        async move { pool.tell(Job::Do(5)).await }
    });
    settle().await;
    assert!(!waiting.is_finished() && take(&done).is_empty());
    second.open();
    waiting.await??;
    settle().await;
    assert_eq!(take(&done), [(1, 4), (1, 5)], "nobody waits for the one that hangs");
    first.open();
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn waiting_senders_are_served_in_order_and_hand_their_place_on() -> ActorResult {
    let (system, done) = (System::new("test"), Who::default());
    let pool = system.spawn_spec(Pool::least_loaded("pool", 2, worker(&done, 1)))?;
    let gates = [hold(&pool, 0).await, hold(&pool, 1).await];
    let mut waiting = Vec::new();
    for job in 2..5 {
        let pool = pool.clone();
        waiting.push(tokio::spawn(async move { pool.tell(Job::Do(job)).await }));
        settle().await;
    }
    waiting.remove(0).abort();
    settle().await;
    gates[0].open();
    settle().await;
    assert_eq!(take(&done), [(0, 0), (0, 3), (0, 4)]);
    assert!(waiting.iter().all(|tell| tell.is_finished()));
    gates[1].open();
    pool.drain().await?;
    assert_eq!(take(&done), [(1, 1)], "what was not sent went to nobody");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_least_loaded_worker_has_the_next_message() -> ActorResult {
    let (system, done) = (System::new("test"), Who::default());
    let pool = system.spawn_spec(Pool::least_loaded("pool", 3, worker(&done, 8)))?;
    let held = [hold(&pool, 0).await, hold(&pool, 1).await];
    for job in 2..5 {
        pool.tell(Job::Do(job)).await?;
        settle().await;
    }
    assert_eq!(take(&done), [(2, 2), (2, 3), (2, 4)], "what is in hand counts");
    held.iter().for_each(Gate::open);
    settle().await;
    take(&done);
    for job in 5..8 {
        pool.tell(Job::Do(job)).await?;
    }
    settle().await;
    let mut workers: Vec<_> = take(&done).into_iter().map(|(worker, _)| worker).collect();
    workers.sort();
    assert_eq!(workers, [0, 1, 2], "ties go around");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_messages_of_a_key_stay_in_order_though_others_have_room() -> ActorResult {
    let (system, done) = (System::new("test"), Who::default());
    let pool = system.spawn_spec(Pool::by_key("pool", 4, key, worker(&done, 2)))?;
    let tells = (0..200u32).map(|job| pool.tell(Job::Do(job)));
    for tell in tells {
        tell.await?;
    }
    pool.drain().await?;
    let mut of_key: BTreeMap<u32, Vec<(usize, u32)>> = BTreeMap::new();
    for (worker, job) in take(&done) {
        of_key.entry(job % 10).or_default().push((worker, job));
    }
    assert_eq!(of_key.len(), 10);
    for (key, jobs) in of_key {
        assert_eq!(jobs.len(), 20);
        assert!(
            jobs.iter().all(|&(worker, _)| worker == jobs[0].0),
            "key {key} moved: {jobs:?}"
        );
        assert!(
            jobs.is_sorted_by_key(|&(_, job)| job),
            "key {key} out of order: {jobs:?}"
        );
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn by_key_a_message_waits_for_its_own_worker() -> ActorResult {
    let (system, done) = (System::new("test"), Who::default());
    let pool = system.spawn_spec(Pool::by_key("pool", 4, key, worker(&done, 1)))?;
    let gate = hold(&pool, 3).await;
    assert!(matches!(
        pool.try_tell(Job::Do(13)),
        Err(TryTellError::Full(Job::Do(13)))
    ));
    let waiting = tokio::spawn({
        let pool = pool.clone();
        async move { pool.tell(Job::Do(23)).await }
    });
    settle().await;
    assert!(!waiting.is_finished());
    gate.open();
    waiting.await??;
    settle().await;
    let done = take(&done);
    assert!(matches!(done[..], [(a, 3), (b, 23)] if a == b), "{done:?}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_pool_is_asked_like_any_actor_and_a_failure_is_told() -> ActorResult {
    let (system, done) = (System::new("test"), Who::default());
    let pool = system.spawn_spec(Pool::round_robin("pool", 2, worker(&done, 1)))?;
    assert_eq!(pool.ask(Job::Which).await, Ok(0));
    assert_eq!(pool.ask(Job::Which).await, Ok(1));
    let gates = [hold(&pool, 0).await, hold(&pool, 1).await];
    let soon = pool.ask(Job::Which).timeout(Duration::from_millis(10)).await;
    assert_eq!(soon, Err(AskError::Full), "it was never queued");
    gates[1].open();
    assert_eq!(pool.ask(Job::Which).await, Ok(1));
    gates[0].open();
    pool.stop().await?;
    assert_eq!(pool.ask(Job::Which).await, Err(AskError::Stopped));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_deadlock_through_a_pool_is_refused_and_a_free_worker_is_none() -> ActorResult {
    let (system, done) = (System::new("test"), Who::default());
    let alone = system.spawn_spec(Pool::by_key("alone", 2, |_: &Job| 0, worker(&done, 8)))?;
    let asked = alone.ask(|reply| Job::AskPool(alone.clone(), reply)).await?;
    assert!(matches!(asked, Err(AskError::Deadlock(_))), "{asked:?}");
    for job in 0..8 {
        alone.try_tell(Job::Do(job))?;
    }
    let two = system.spawn_spec(Pool::round_robin("two", 2, worker(&done, 1)))?;
    for _ in 0..4 {
        let asked = two.ask(|reply| Job::AskPool(two.clone(), reply)).await?;
        assert!(asked.is_ok(), "the one that asks is passed over: {asked:?}");
    }

    let gate = hold(&two, 0).await;
    let full = tokio::spawn({
        let two = two.clone();
        async move {
            two.ask(|reply| Job::PassOn(two.clone(), Box::new(Job::Do(7)), reply))
                .await
        }
    });
    settle().await;
    assert!(!full.is_finished(), "the other worker can still make room");
    gate.open();
    assert_eq!(full.await??, Ok(()));

    let one = system.spawn_spec(Pool::round_robin("one", 1, worker(&done, 1)))?;
    let full = one
        .ask(|reply| Job::PassOn(one.clone(), Box::new(Job::Do(7)), reply))
        .await?;
    assert_eq!(
        full,
        Err("deadlock: /test/one/worker-0 waits for itself; the message was not sent".to_owned())
    );
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_adapted_handle_to_a_pool_hands_back_what_finds_no_room_as_it_came() -> ActorResult {
    let (system, done) = (System::new("test"), Who::default());
    let in_turn = system.spawn_spec(Pool::round_robin("in-turn", 2, worker(&done, 1)))?;
    let by_key = system.spawn_spec(Pool::by_key("by-key", 2, key, worker(&done, 1)))?;
    for pool in [in_turn, by_key] {
        let numbers = pool.map(Job::Do);
        numbers.tell(1).await?;
        settle().await;
        assert_eq!(take(&done).len(), 1);
        let gate = hold(&pool, 0).await;
        let mut gates = vec![gate];
        if numbers.try_tell(2).is_ok() {
            settle().await;
            gates.push(hold(&pool, 0).await);
        }
        assert!(matches!(numbers.try_tell(3), Err(TryTellError::Full(3))));
        let waiting = tokio::spawn({
            let numbers = numbers.clone();
            async move { numbers.tell(4).await }
        });
        settle().await;
        assert!(!waiting.is_finished());
        gates.iter().for_each(Gate::open);
        waiting.await??;
        // What was reserved with the others went back.
        for job in 5..15 {
            numbers.tell(job).await?;
        }
        pool.drain().await?;
        assert!(take(&done).iter().filter(|(_, job)| *job >= 3).count() == 11);
        assert!(matches!(numbers.tell(5).await, Err(TellError::Stopped(5))));
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_adapted_handle_to_a_pool_leads_to_the_worker_of_the_key() -> ActorResult {
    let (system, done) = (System::new("test"), Who::default());
    let pool = system.spawn_spec(Pool::by_key("pool", 4, key, worker(&done, 8)))?;
    let numbers = pool.map(Job::Do);
    for job in 0..10 {
        pool.tell(Job::Do(job)).await?;
        numbers.tell(job + 10).await?;
    }
    pool.drain().await?;
    let of_job: BTreeMap<u32, usize> = take(&done).into_iter().map(|(worker, job)| (job, worker)).collect();
    for job in 0..10 {
        assert_eq!(of_job[&job], of_job[&(job + 10)], "{of_job:?}");
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_room_of_a_message_that_cannot_be_converted_goes_back_to_its_pool() -> ActorResult {
    let (system, done) = (System::new("test"), Who::default());
    let pool = system.spawn_spec(Pool::round_robin("pool", 1, worker(&done, 1)))?;
    let broken = pool.map(|(): ()| -> Job { panic!("on purpose") });
    let told = tokio::spawn(async move { broken.tell(()).await }).await;
    assert!(told.is_err_and(|why| why.is_panic()), "it panics where it is told");
    pool.try_tell(Job::Do(0))?;
    Ok(())
}
