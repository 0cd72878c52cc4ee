//! The tree: regions of teams of workers, every strategy among the teams.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use actor_core::prelude::*;
use actor_core::{SpawnError, Supervise, Supervisor};

use crate::tally::Tally;
use crate::worker::{Job, Worker};

/// Workers under one team.
pub(crate) const TEAM: usize = 10;

/// Teams under one region.
pub(crate) const TEAMS: usize = 100;

const GROUPS: usize = 16;

/// A team gives up after so many restarts in a second: now and then, and not all the time.
const TEAM_INTENSITY: usize = 20;

/// What must not give up.
const NEVER: usize = 1_000_000_000;

/// Where each worker stands: a place outlives whoever holds it.
pub(crate) struct Places(Vec<RwLock<Option<Handle<Job>>>>);

impl Places {
    fn new(count: usize) -> Self {
        Self((0..count).map(|_| RwLock::new(None)).collect())
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn take(&self, number: usize, handle: &Handle<Job>) {
        let before = self.0[number]
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .replace(handle.clone());
        drop(before);
    }

    pub(crate) fn at(&self, number: usize) -> Option<Handle<Job>> {
        self.0[number].read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn group_name(number: usize) -> String {
        format!("group-{}", number % GROUPS)
    }
}

/// What those who make trouble are given.
#[derive(Clone)]
pub(crate) struct Tree {
    pub(crate) system: System,
    pub(crate) places: Arc<Places>,
    pub(crate) tally: Arc<Tally>,
    pub(crate) regions: Arc<[Handle<Supervise>]>,
}

/// How a team restarts its workers. Those of a dynamic one are added at run time, and may be gone.
pub(crate) fn is_dynamic(team: usize) -> bool {
    team % 4 == 3
}

impl Tree {
    /// Starts so many actors, more or less: whole regions.
    pub(crate) async fn grow(actors: u32, seed: u64) -> Result<Self, SpawnError> {
        let regions = (actors as usize).div_ceil(TEAMS * (TEAM + 1) + 1);
        let second = Duration::from_secs(1);
        let system = System::builder("soak").seed(seed).intensity(NEVER, second).build()?;
        let mut tree = Self {
            system,
            places: Arc::new(Places::new(regions * TEAMS * TEAM)),
            tally: Arc::default(),
            regions: Arc::new([]),
        };
        let mut started = Vec::new();
        for region in 0..regions {
            let mut supervisor = Supervisor::one_for_one().intensity(NEVER, second);
            for team in region * TEAMS..(region + 1) * TEAMS {
                supervisor = supervisor.child(tree.team(team));
            }
            let spec = supervisor
                .named(format!("region-{region}"))
                .restart(RestartPolicy::Permanent);
            started.push(tree.system.start(spec).await?);
        }
        tree.regions = started.into();
        Ok(tree)
    }

    fn team(&self, team: usize) -> ChildSpec<impl Actor<Msg = Supervise>> {
        let supervisor = match team % 4 {
            0 => Supervisor::one_for_one(),
            1 => Supervisor::one_for_all(),
            2 => Supervisor::rest_for_one(),
            _ => Supervisor::dynamic(),
        };
        let mut supervisor = supervisor.intensity(TEAM_INTENSITY, Duration::from_secs(1));
        if !is_dynamic(team) {
            for number in team * TEAM..(team + 1) * TEAM {
                supervisor = supervisor.child(self.worker(number).restart(RestartPolicy::Permanent));
            }
        }
        supervisor
            .named(format!("team-{team}"))
            .restart(RestartPolicy::Permanent)
    }

    /// A worker as it is specified for its place.
    pub(crate) fn worker(&self, number: usize) -> ChildSpec<Worker> {
        let (places, tally) = (self.places.clone(), self.tally.clone());
        ChildSpec::new(worker_name(number), move || {
            Worker::new(number, places.clone(), tally.clone())
        })
        .mailbox(MailboxSpec::bounded(256))
    }

    /// The handle of a team, if it is there now.
    pub(crate) async fn supervisor_of(&self, team: usize) -> Option<Handle<Supervise>> {
        self.regions[team / TEAMS].child(&format!("team-{team}")).await.ok()
    }
}

pub(crate) fn worker_name(number: usize) -> String {
    format!("worker-{number}")
}
