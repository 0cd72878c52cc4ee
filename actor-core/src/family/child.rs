//! One child in the table of its parent.

use std::borrow::Borrow;
use std::collections::VecDeque;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::cell::{AnyCell, Stoppable};
use crate::exit::{ExitReason, Failure};
use crate::id::ActorPath;
use crate::supervision::backoff::{Attempts, Backoff};
use crate::supervision::policy::RestartPolicy;

/// So many of a child's last ends are kept.
const EXITS_MAX: usize = 8;

/// How a child is treated by its parent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Treatment {
    pub(crate) significant: bool,
    pub(crate) policy: RestartPolicy,
    patience: Option<Box<Patience>>,
}

/// How long one waits for a child. In a box, as most are treated in this as all are.
#[derive(Clone, Debug, Default)]
struct Patience {
    backoff: Option<Backoff>,
    shutdown: Option<Duration>,
}

impl Treatment {
    /// How long it waits before it lives again; `None` is not at all.
    pub(super) fn backoff(&self) -> Option<&Backoff> {
        self.patience.as_ref()?.backoff.as_ref()
    }

    pub(crate) fn set_backoff(&mut self, backoff: Backoff) {
        self.patience.get_or_insert_default().backoff = Some(backoff);
    }

    /// How long it may take to stop; `None` leaves that to what it is.
    fn shutdown(&self) -> Option<Duration> {
        self.patience.as_ref()?.shutdown
    }

    pub(crate) fn set_shutdown(&mut self, within: Duration) {
        self.patience.get_or_insert_default().shutdown = Some(within);
    }
}

/// A child in the table of its parent.
#[derive(Clone)]
pub(super) struct Child {
    pub(super) cell: Arc<dyn AnyCell>,
    pub(super) treatment: Treatment,
    pub(super) phase: Phase,
    /// Made when there is something to note: of most children there never is.
    pub(super) past: Option<Box<Past>>,
}

/// What is known of a child's earlier lives.
#[derive(Clone, Default)]
pub(super) struct Past {
    pub(super) attempts: Attempts,
    /// When its next life begins, if it waits for that in back-off.
    pub(super) resumes: Option<Instant>,
    /// What the last life that failed had failed for.
    pub(super) failure: Option<Failure>,
    /// How often it has been parked.
    pub(super) rests: u64,
    /// How many of its lives did not end in order.
    pub(super) failures: u64,
    /// How the last of its lives ended, and when: the latest at the end.
    pub(super) exits: VecDeque<(Instant, ExitReason)>,
}

/// A path that is found by its last part: the name that a child has among its siblings, kept once.
pub(super) struct Named(pub(super) ActorPath);

impl Borrow<[u8]> for Named {
    fn borrow(&self) -> &[u8] {
        self.0.name_bytes()
    }
}

impl Hash for Named {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.0.name_bytes().hash(hasher);
    }
}

impl PartialEq for Named {
    fn eq(&self, other: &Self) -> bool {
        self.0.name_bytes() == other.0.name_bytes()
    }
}

impl Eq for Named {}

/// A living child, as one sees it who looks at the whole family.
#[derive(Clone)]
pub(crate) struct Standing {
    /// Where it stands in the table.
    pub(crate) key: u64,
    pub(crate) cell: Arc<dyn AnyCell>,
    pub(crate) treatment: Treatment,
    pub(crate) phase: Phase,
    pub(crate) resumes: Option<Instant>,
    pub(crate) failure: Option<Failure>,
    pub(crate) failures: u64,
}

/// Where a child is, as far as one who restarts it must know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Its life has begun, or is to begin.
    Starting,
    /// Its `on_start` has ended well.
    Up,
    /// Its life has ended, and it waits for the order to begin another.
    Parked,
    /// It is gone.
    Gone,
}

impl Past {
    /// Notes how a life ended.
    pub(super) fn ends(&mut self, reason: &ExitReason, now: Instant, path: &ActorPath) {
        if !reason.is_orderly() {
            self.failures += 1;
            self.failure = Some(reason.as_failure(path));
        }
        if self.exits.len() == EXITS_MAX {
            self.exits.pop_front();
        }
        self.exits.push_back((now, reason.clone()));
    }
}

impl Child {
    /// Its past, to note something in it.
    pub(super) fn past(&mut self) -> &mut Past {
        self.past.get_or_insert_default()
    }

    pub(super) fn rests(&self) -> u64 {
        self.past.as_ref().map_or(0, |past| past.rests)
    }

    pub(super) fn stoppable(&self) -> Stoppable {
        Stoppable {
            cell: self.cell.clone(),
            shutdown: self.treatment.shutdown(),
        }
    }

    /// What one sees of it who looks at the whole family.
    pub(super) fn standing(&self, key: u64) -> Standing {
        let past = self.past.as_deref();
        Standing {
            key,
            cell: self.cell.clone(),
            treatment: self.treatment.clone(),
            phase: self.phase,
            resumes: past.and_then(|past| past.resumes),
            failure: past.and_then(|past| past.failure.clone()),
            failures: past.map_or(0, |past| past.failures),
        }
    }
}
