//! What the coordinator and its workers say to each other.

use std::fmt;

use actor_core::{Handle, Reply};
use serde::{Deserialize, Serialize};

/// To the coordinator.
#[derive(Serialize, Deserialize)]
pub(crate) enum Farm {
    Join {
        name: String,
        worker: Handle<Work>,
    },
    Done {
        job: u32,
        primes: u64,
    },
    /// Answered when all is done.
    Result(Reply<Report>),
}

/// To a worker.
#[derive(Serialize, Deserialize)]
pub(crate) enum Work {
    Do {
        job: u32,
        tell: Handle<Farm>,
    },
    /// There is nothing left to do.
    Enough,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) jobs: u32,
    pub(crate) primes: u64,
    /// How often a job was given to a worker.
    pub(crate) given: u64,
    /// How many of those went back since their worker was lost.
    pub(crate) went_back: u64,
    /// Results of jobs that had one.
    pub(crate) repeated: u64,
    /// Workers that were lost.
    pub(crate) lost: u64,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            jobs,
            primes,
            given,
            went_back,
            repeated,
            lost,
        } = self;
        writeln!(f, "{jobs} jobs found {primes} primes")?;
        writeln!(
            f,
            "they were given out {given} times, since {went_back} went back with {lost} lost workers"
        )?;
        write!(
            f,
            "a job may have been done more often than it was counted: {repeated} results came again, and what a worker \
             had found when it was killed nobody knows"
        )
    }
}
