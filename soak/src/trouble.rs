//! Those who torment the tree, each by its own chance.

use std::time::Duration;

use actor_core::prelude::*;
use fastrand::Rng;
use tokio::time::{Instant, sleep, timeout};

use crate::tree::{Places, TEAM, Tree, is_dynamic, worker_name};
use crate::worker::Job;

/// An end or an answer that takes longer than this does not come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// So many messages make a flood: many times what a mailbox holds.
const FLOOD: usize = 2_000;

/// Makes trouble until the time is over.
pub(crate) async fn make(tree: Tree, mut rng: Rng, until: Instant) {
    while Instant::now() < until {
        for _ in 0..64 {
            tell_someone(&tree, &mut rng).await;
        }
        one_deed(&tree, &mut rng).await;
        // So that the tree stays as large as it was.
        add_someone(&tree, &mut rng).await;
        // Between two deeds the actors have the threads for themselves.
        sleep(Duration::from_millis(1)).await;
    }
}

fn someone(tree: &Tree, rng: &mut Rng) -> Option<Handle<Job>> {
    tree.places.at(rng.usize(..tree.places.count()))
}

async fn tell_someone(tree: &Tree, rng: &mut Rng) {
    let Some(handle) = someone(tree, rng) else { return };
    let job = match rng.u32(..20) {
        0 => someone(tree, rng).map(Job::Ask),
        1 => someone(tree, rng).map(Job::Watch),
        2 if rng.u32(..8) == 0 => someone(tree, rng).map(Job::Link),
        3 if rng.u32(..8) == 0 => Some(Job::Time(Duration::from_millis(rng.u64(500..5_000)))),
        _ => Some(Job::Work),
    };
    // Those who are gone, or going, hand it back.
    let _ = handle.tell(job.unwrap_or(Job::Work)).await;
}

async fn one_deed(tree: &Tree, rng: &mut Rng) {
    let number = rng.usize(..tree.places.count());
    let team = number / TEAM;
    let handle = tree.places.at(number);
    match (rng.u32(..100), handle) {
        (0..15, Some(handle)) => drop(handle.try_tell(Job::Fail)),
        (15..30, Some(handle)) => drop(handle.try_tell(Job::Panic)),
        (30..40, Some(handle)) => drop(handle.try_tell(Job::Stop)),
        (40..50, Some(handle)) => drop(handle.kill()),
        (50..55, Some(handle)) => drop(handle.stop()),
        (55..60, Some(handle)) => drop(handle.drain()),
        (60..65, Some(handle)) => (0..FLOOD).for_each(|_| drop(handle.try_tell(Job::Work))),
        (65..70, Some(handle)) => {
            // Asked, and not waited for: the question is abandoned or answered to nobody.
            let _ = timeout(Duration::ZERO, handle.ask(Job::answer)).await;
        }
        (70..75, _) => {
            let name = Places::group_name(rng.usize(..));
            if let Ok(group) = tree.system.group::<Job>(&name) {
                group.broadcast(Job::Work);
            }
        }
        (75..78, Some(handle)) => {
            let name = format!("w{number}");
            let registry = tree.system.registry();
            if registry.lookup::<Job>(&name).is_ok() {
                registry.unregister(&name, &handle);
            } else {
                let _ = registry.register(name, &handle);
            }
        }
        (78..80, _) => {
            if let Some(supervisor) = tree.supervisor_of(team).await {
                drop(supervisor.kill());
            }
        }
        (80..83, _) => {
            if let Some(supervisor) = tree.supervisor_of(team).await {
                let _ = supervisor.restart_child(&worker_name(number)).await;
            }
        }
        _ if is_dynamic(team) => take_out(tree, number).await,
        _ => {}
    }
}

/// Adds a worker to a dynamic team.
async fn add_someone(tree: &Tree, rng: &mut Rng) {
    let number = rng.usize(..tree.places.count());
    let team = number / TEAM;
    if is_dynamic(team)
        && let Some(supervisor) = tree.supervisor_of(team).await
    {
        // Refused where its name is taken: it is there already.
        let _ = supervisor.start_child(tree.worker(number)).await;
    }
}

/// Takes a worker out of a dynamic team, and waits until it has ended.
async fn take_out(tree: &Tree, number: usize) {
    let Some(supervisor) = tree.supervisor_of(number / TEAM).await else {
        return;
    };
    let watch = tree.places.at(number).map(|handle| handle.watch());
    let stopped = supervisor.stop_child(&worker_name(number)).await.is_ok();
    if stopped
        && let Some(watch) = watch
        && timeout(PATIENCE, watch).await.is_err()
    {
        tree.tally
            .one_stuck("a watch of a worker that was stopped heard nothing");
    }
}

/// Fills the dynamic teams.
pub(crate) async fn fill(tree: &Tree) {
    for number in 0..tree.places.count() {
        let team = number / TEAM;
        if is_dynamic(team)
            && let Some(supervisor) = tree.supervisor_of(team).await
        {
            let _ = supervisor.start_child(tree.worker(number)).await;
        }
    }
}

/// Asks everyone whether they are there: whoever lives must answer.
pub(crate) async fn everyone_answers(tree: &Tree) {
    for number in 0..tree.places.count() {
        let Some(handle) = tree.places.at(number) else { continue };
        match handle.ask(Job::answer).timeout(PATIENCE).await {
            Ok(()) | Err(AskError::Stopped | AskError::Failed | AskError::NoReply) => {}
            Err(other) => tree.tally.one_stuck(&format!("{}: {other}", handle.path())),
        }
    }
}
