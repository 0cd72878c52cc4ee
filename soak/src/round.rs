//! One tree from its start to its shutdown, with what was seen on the way.

use std::time::Duration;

use actor_core::{ShutdownReport, System};
use fastrand::Rng;
use tokio::runtime::Runtime;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::process::{allocated_kib, computed, resident_kib};
use crate::tree::Tree;
use crate::trouble::{self, PATIENCE};

/// So many make trouble at once.
const TORMENTORS: u64 = 16;

/// Windows in which throughput and memory are noted.
const WINDOWS: u32 = 30;

/// The total deadline of the shutdown: nobody is to be killed for being one of many.
const SHUTDOWN: Duration = Duration::from_secs(120);

/// How long what is freed may take, once everybody was told of all ends.
const LAST_BREATH: Duration = Duration::from_millis(500);

pub(crate) struct Round {
    /// Messages handled for each second of computing, and the KiB allocated at its end, window by window.
    pub(crate) windows: Vec<(f64, u64)>,
    pub(crate) handled: u64,
    pub(crate) lives: u64,
    pub(crate) stuck: u64,
    pub(crate) report: ShutdownReport,
    /// What is there when the system has ended, by name; all of it should be 0.
    pub(crate) left: Vec<(&'static str, i64)>,
    pub(crate) allocated_kib: u64,
    pub(crate) resident_kib: u64,
}

impl Round {
    pub(crate) async fn run(actors: u32, seed: u64, length: Duration, runtime: &Runtime) -> Result<Self, String> {
        System::new("empty").shutdown().await;
        let pollers = runtime.metrics().num_alive_tasks() as i64;
        let tree = Tree::grow(actors, seed).await.map_err(|why| why.to_string())?;
        trouble::fill(&tree).await;
        let begun = Instant::now();
        let tormentors: Vec<_> = (0..TORMENTORS)
            .map(|number| {
                let rng = Rng::with_seed(seed.wrapping_mul(TORMENTORS).wrapping_add(number));
                runtime.spawn(trouble::make(tree.clone(), rng, begun + length))
            })
            .collect();
        let windows = watch(&tree, begun, length).await;
        for tormentor in tormentors {
            if timeout(PATIENCE * 2, tormentor).await.is_err() {
                tree.tally
                    .one_stuck("a tormentor waits for something that does not come");
            }
        }
        trouble::everyone_answers(&tree).await;
        Ok(Self::end(tree, windows, runtime, pollers).await)
    }

    async fn end(tree: Tree, windows: Vec<(f64, u64)>, runtime: &Runtime, pollers: i64) -> Self {
        let report = tree.system.shutdown_within(SHUTDOWN).await;
        let Tree {
            system, places, tally, ..
        } = tree;
        let members = (0..places.count()).filter_map(|number| places.at(number));
        let alive = members.filter(|handle| handle.is_alive()).count();
        drop(places);
        // The last thing that is done for an actor is to free its memory, after its end was told.
        sleep(LAST_BREATH).await;
        // Those who poll actors are the runtime's, and stay.
        let tasks = runtime.metrics().num_alive_tasks() as i64 - pollers;
        let groups = (0..16).filter_map(|number| system.group(&crate::tree::Places::group_name(number)).ok());
        let members: usize = groups
            .map(|group: actor_core::Group<crate::worker::Job>| group.len())
            .sum();
        let names = system.registry().names().len();
        // Its tables go with it: what is left then belongs to nobody.
        drop(system);
        Self {
            windows,
            handled: tally.handled(),
            lives: tally.lives(),
            stuck: tally.stuck(),
            report,
            left: vec![
                ("living actors", alive as i64),
                ("states of actors", tally.actors()),
                ("tasks", tasks),
                ("timers", tally.timers()),
                ("names", names as i64),
                ("members of groups", members as i64),
            ],
            allocated_kib: allocated_kib(),
            resident_kib: resident_kib().unwrap_or_default(),
        }
    }
}

/// Notes throughput and memory until the time is over.
async fn watch(tree: &Tree, begun: Instant, length: Duration) -> Vec<(f64, u64)> {
    let mut windows = Vec::new();
    let mut before = (tree.tally.handled(), computed());
    for window in 1..=WINDOWS {
        sleep_until(begun + length * window / WINDOWS).await;
        let now = (tree.tally.handled(), computed());
        let kib = allocated_kib();
        if let (Some(then), Some(at)) = (before.1, now.1)
            && at > then
        {
            windows.push(((now.0 - before.0) as f64 / (at - then).as_secs_f64(), kib));
        }
        before = now;
        if window % (WINDOWS / 6) == 0 {
            let (handled, lives) = (tree.tally.handled(), tree.tally.lives());
            let actors = tree.tally.actors();
            eprintln!(
                "  {handled:>11} handled  {lives:>9} lives  {actors:>7} workers  {:>5} MiB",
                kib / 1024
            );
        }
    }
    windows
}
