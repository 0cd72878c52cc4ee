//! A look at the tree of actors from outside: for people, tools and tests.

use std::fmt;
use std::time::Duration;

use crate::clock;
use crate::exit::Failure;
use crate::family::{Family, Phase, Standing};
use crate::id::{ActorId, ActorPath};
use crate::supervision::policy::RestartPolicy;
use crate::supervision::strategy::Strategy;

/// An actor at one moment, with its children.
///
/// Each actor is looked at for itself while all go on: what two of them show need not have been so at the same time.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ChildInfo {
    /// Its id.
    pub id: ActorId,
    /// Its path; the last part is its name.
    pub path: ActorPath,
    /// When it is restarted.
    pub policy: RestartPolicy,
    /// Where it is in its life.
    pub state: ChildState,
    /// How many lives it had before this one.
    pub restarts: u64,
    /// Messages that take up room in its mailbox: those that wait, the one in hand, and up to 16 that are done, whose room
    /// goes back with others'. Where the oldest is dropped or the latest kept, only those that wait.
    pub mailbox_messages: usize,
    /// Why the last of its lives ended that did not end in order.
    pub last_failure: Option<Failure>,
    /// Whom the failure of one of its children touches; `None` if it never had children.
    pub strategy: Option<Strategy>,
    /// Its living children, in the order of their start.
    pub children: Vec<ChildInfo>,
}

/// Where an actor is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChildState {
    /// Its `on_start` has not ended yet.
    Starting,
    /// It handles messages.
    Running,
    /// It accepts no more messages, or stops its children.
    Stopping,
    /// It waits so long before its restart.
    BackOff(Duration),
    /// It waits for the others that are restarted with it.
    Regrouping,
}

impl fmt::Display for ChildState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ChildState::Starting => f.write_str("starting"),
            ChildState::Running => f.write_str("running"),
            ChildState::Stopping => f.write_str("stopping"),
            ChildState::BackOff(left) => write!(f, "back-off, {:.1} s", left.as_secs_f64()),
            ChildState::Regrouping => f.write_str("regrouping"),
        }
    }
}

/// The living children of an actor, and theirs.
pub(crate) fn look_at(children: &Family) -> Vec<ChildInfo> {
    children.census().into_iter().map(info).collect()
}

fn info(child: Standing) -> ChildInfo {
    let Standing { cell, treatment, .. } = &child;
    let core = cell.core();
    let below = Family::of(core);
    ChildInfo {
        id: core.id,
        path: core.path.clone(),
        policy: treatment.policy,
        state: state(&child),
        restarts: core.life().saturating_sub(1),
        mailbox_messages: cell.load(),
        strategy: below.as_deref().map(Family::strategy),
        children: below.as_deref().map(look_at).unwrap_or_default(),
        last_failure: child.failure,
    }
}

fn state(child: &Standing) -> ChildState {
    let now = clock::now().into_std();
    let wait = child.resumes.map(|at| at.saturating_duration_since(now));
    match (child.phase, wait) {
        (Phase::Up, _) if !child.cell.is_open() || child.cell.core().is_winding_up() => ChildState::Stopping,
        (Phase::Up, _) => ChildState::Running,
        (Phase::Starting | Phase::Parked, Some(wait)) if !wait.is_zero() => ChildState::BackOff(wait),
        (Phase::Parked, _) => ChildState::Regrouping,
        (Phase::Starting, _) => ChildState::Starting,
        (Phase::Gone, _) => ChildState::Stopping,
    }
}
