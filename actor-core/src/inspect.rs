//! A look at the tree of actors from outside: for people, tools and tests.

mod closely;
mod inspector;
#[cfg(feature = "metrics")]
mod measured;
mod walk;
mod worst;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::cell::AnyCell;
use crate::clock;
use crate::exit::{ExitReason, Failure};
use crate::family::{Family, Phase, Standing};
use crate::id::{ActorId, ActorPath};
use crate::mailbox::Glance;
use crate::scheduler::{Look, Sight};
use crate::supervision::policy::RestartPolicy;
use crate::supervision::strategy::Strategy;

pub use inspector::{ActorDetail, Inspector, KindInfo, Overview, Page, Totals, Worst};

/// One that is at work for so long in one go is stuck, or as good as that for who waits for it.
const STUCK_AFTER: Duration = Duration::from_secs(1);

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
    /// The name of the type of its messages.
    pub message_type: &'static str,
    /// When it is restarted.
    pub policy: RestartPolicy,
    /// Where it is in its life.
    pub state: ChildState,
    /// What it does.
    pub activity: Activity,
    /// For how long it has done that, at least: it is known as far back as somebody has looked. After a first look it is
    /// zero; looks less than 10 s apart are one long one.
    pub lasts: Duration,
    /// Which part of the last seconds it was at work on a thread, from 0 to 1; known as far back as `lasts`.
    pub busy: f32,
    /// Whom its handler waits for: those that it asks, that are to make room, or that it starts or stops.
    pub waits_for: Vec<ActorPath>,
    /// How many lives it had before this one.
    pub restarts: u64,
    /// How many of its lives did not end in order.
    pub failures: u64,
    /// Messages that take up room in its mailbox: those that wait, the one in hand, and up to 16 that are done, whose room
    /// goes back with others'. Where the oldest is dropped or the latest kept, only those that wait.
    pub mailbox_messages: usize,
    /// How many there is room for; `None` if it takes what comes.
    pub mailbox_bound: Option<usize>,
    /// Messages that it was sent so far, and that were taken.
    pub accepted: u64,
    /// Messages that are dealt with, also those that failed; where the oldest is dropped or the latest kept, also what was
    /// dropped for others.
    pub finished: u64,
    /// For how long the oldest message in its mailbox has been there, at least; known as far back as an [`Inspector`] has
    /// looked.
    pub oldest: Duration,
    /// Why the last of its lives ended that did not end in order.
    pub last_failure: Option<Failure>,
    /// Whom the failure of one of its children touches; `None` if it never had children.
    pub strategy: Option<Strategy>,
    /// How often its children may still be restarted; `None` if it never had children.
    pub budget: Option<Budget>,
    /// How many living children it has.
    pub child_count: usize,
    /// Its living children, in the order of their start; left out where actors are shown by themselves.
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

/// What an actor does at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Activity {
    /// It has nothing to do.
    Idle,
    /// It has something to do, and waits for a thread.
    Ready,
    /// It is at work on a thread.
    Busy,
    /// The same for a second or longer, in one go: its code computes or blocks without awaiting, and obeys no order before it is done.
    Stuck,
    /// Its handler, `on_start` or `on_stop` awaits something; or it has no life.
    Waiting,
}

impl fmt::Display for Activity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Activity::Idle => "idle",
            Activity::Ready => "ready",
            Activity::Busy => "busy",
            Activity::Stuck => "stuck",
            Activity::Waiting => "waiting",
        })
    }
}

/// How often the children of an actor may be restarted before it gives up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Budget {
    /// So often from now on.
    pub left: usize,
    /// So often within a period.
    pub limit: usize,
    /// The period, which slides.
    pub period: Duration,
}

/// The end of one of an actor's earlier lives.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PastExit {
    /// So long ago.
    pub ago: Duration,
    /// Why.
    pub reason: ExitReason,
}

/// One look, at many actors.
#[derive(Clone, Copy)]
pub(crate) struct Glimpse {
    look: Look,
    now: Instant,
}

impl Glimpse {
    pub(crate) fn new(look: Look) -> Self {
        Self {
            look,
            now: clock::now().into_std(),
        }
    }

    /// The living children of an actor, and theirs.
    pub(crate) fn tree(self, children: &Family) -> Vec<ChildInfo> {
        let (mut tree, mut after) = (Vec::new(), None);
        while let Some((last, page)) = children.page(after) {
            tree.extend(page.iter().map(|child| {
                let below = Family::of(child.cell.core());
                let mut info = self.info(child);
                info.children = below.map(|below| self.tree(&below)).unwrap_or_default();
                info
            }));
            after = Some(last);
        }
        tree
    }

    /// An actor without its children.
    fn info(self, child: &Standing) -> ChildInfo {
        let core = child.cell.core();
        let below = Family::of(core);
        let Seen { glance, sight } = self.see(&child.cell);
        let mut info = ChildInfo {
            id: core.id,
            path: core.path.clone(),
            message_type: child.cell.message_type(),
            policy: child.treatment.policy,
            state: self.state(child, glance.is_open),
            activity: activity(&glance, &sight),
            lasts: sight.lasts,
            busy: sight.busy,
            waits_for: child.cell.waits().on(),
            restarts: core.life().saturating_sub(1),
            failures: child.failures,
            mailbox_messages: glance.load,
            mailbox_bound: glance.bound,
            accepted: glance.accepted,
            finished: glance.finished,
            oldest: Duration::ZERO,
            last_failure: child.failure.clone(),
            strategy: below.as_deref().map(Family::strategy),
            budget: below.as_deref().map(|below| self.budget(below)),
            child_count: below.as_deref().map_or(0, Family::count),
            children: Vec::new(),
        };
        if matches!(info.activity, Activity::Ready) {
            // When it was woken is not noted.
            info.lasts = Duration::ZERO;
        }
        if matches!(info.activity, Activity::Busy | Activity::Stuck | Activity::Waiting) && info.mailbox_messages > 0 {
            info.oldest = info.lasts;
        }
        info
    }

    fn see(self, cell: &Arc<dyn AnyCell>) -> Seen {
        Seen {
            glance: cell.glance().unwrap_or_default(),
            sight: cell.sight(self.look).unwrap_or_default(),
        }
    }

    fn budget(self, children: &Family) -> Budget {
        let (left, limit, period) = children.budget(self.now);
        Budget { left, limit, period }
    }

    fn state(self, child: &Standing, is_open: bool) -> ChildState {
        let wait = child.resumes.map(|at| at.saturating_duration_since(self.now));
        match (child.phase, wait) {
            (Phase::Up, _) if !is_open || child.cell.core().is_winding_up() => ChildState::Stopping,
            (Phase::Up, _) => ChildState::Running,
            (Phase::Starting | Phase::Parked, Some(wait)) if !wait.is_zero() => ChildState::BackOff(wait),
            (Phase::Parked, _) => ChildState::Regrouping,
            (Phase::Starting, _) => ChildState::Starting,
            (Phase::Gone, _) => ChildState::Stopping,
        }
    }
}

/// What the mailbox and the scheduler know of an actor.
struct Seen {
    glance: Glance,
    sight: Sight,
}

fn activity(glance: &Glance, sight: &Sight) -> Activity {
    match sight {
        Sight { is_polled: true, .. } if sight.lasts >= STUCK_AFTER => Activity::Stuck,
        Sight { is_polled: true, .. } => Activity::Busy,
        Sight { is_queued: true, .. } => Activity::Ready,
        _ if glance.awaits_messages => Activity::Idle,
        _ => Activity::Waiting,
    }
}
