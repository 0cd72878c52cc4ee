//! What OTP's documents say of supervision, as decisions on data: pure.
//!
//! Sources: the manual page supervisor(3), and the chapter "Supervisor Behaviour" of OTP Design Principles. Where ours
//! is meant to differ, that is a *deviation*, with its name and its reason:
//!
//! - *giving up is a failure*: OTP's supervisor exits with `shutdown`, so that a transient one is not restarted by its
//!   own supervisor. Ours fails, with the causes kept, and a transient one is: nobody told it to stop.
//! - *stopped by handle*: `stop`, `drain` and `kill` come from anyone and are judged by the restart policy, as an exit
//!   signal is in OTP; `terminate_child` is `stop_child` here, and is for good.
//! - *told to stop*: one that was stopped or drained and whose `on_stop` then fails or has to be killed is judged as
//!   stopped. An exit of OTP has one reason, which would be the failure.
//! - *mailbox survives*: in OTP a restarted child has a new process and an empty queue. Here its handle lives on, and so
//!   does what waits, if it failed itself. What waits for siblings that fall with it goes to dead letters, as a sender
//!   could not tell which state would handle it.
//! - *ended is forgotten*: OTP keeps the specification of a child that ended, and starts it again with its siblings. Here
//!   one that has ended for good is gone with its name.
//! - *each failure counts*: several children that fail before their supervisor has heard of the first are one restart in
//!   OTP and several here, as each child asks for the verdict itself.
//! - *an end in back-off is for good*: OTP has no back-off. One that has no life to end is ended, whatever its policy.
//! - *the window is exact*: OTP counts in whole seconds.
//! - *transient by default*, and 3 restarts in 5 s, where OTP has permanent, and 1 in 5 s.
//! - *dynamic children differ*: OTP's `simple_one_for_one` has one specification for all, ours one for each.
//! - *plain children*: every actor supervises the children that it spawns, one for one, and does not wait for their
//!   starts: a first start that fails is a failure like any other.
//! - *an end that is asked for is normal*: a supervisor that ends because of significant children ends `Normal`, where
//!   OTP's exits with `shutdown`. Both are in order.

use std::collections::VecDeque;

use actor_core::{AutoShutdown, RestartPolicy};

/// Milliseconds of the model's clock.
pub(super) type Ms = u64;

/// Why a life ended. A failure is told from the top to its first cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    Normal,
    Shutdown,
    Killed,
    Failed(Vec<String>),
}

impl Reason {
    /// supervisor(3), Child specification, `restart`: `normal`, `shutdown` and `{shutdown, Term}` are no failures.
    pub(super) fn is_orderly(&self) -> bool {
        matches!(self, Reason::Normal | Reason::Shutdown)
    }

    /// What another tells as its cause, where the one at `path` ended so.
    pub(super) fn as_cause(&self, path: &str) -> Vec<String> {
        let words = match self {
            Reason::Failed(chain) => return chain.clone(),
            Reason::Normal => "ended normally",
            Reason::Shutdown => "was shut down",
            Reason::Killed => "was killed",
        };
        vec![format!("{path} {words}")]
    }
}

/// How the children of one parent belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strategy {
    OneForOne,
    OneForAll,
    RestForOne,
    /// `simple_one_for_one`: like one-for-one, but all are stopped at once.
    Dynamic,
    /// Deviation *plain children*.
    Plain,
}

impl Strategy {
    /// Whom the restart of `fallen` touches, in the order of their start.
    ///
    /// Design Principles, Supervisor Behaviour, Restart Strategy.
    pub(super) fn touched(self, children: &[usize], fallen: usize) -> Vec<usize> {
        match self {
            Strategy::OneForOne | Strategy::Dynamic | Strategy::Plain => vec![fallen],
            Strategy::OneForAll => children.to_vec(),
            Strategy::RestForOne => children.iter().copied().filter(|&child| child >= fallen).collect(),
        }
    }

    pub(super) fn is_of_several(self) -> bool {
        matches!(self, Strategy::OneForAll | Strategy::RestForOne)
    }

    /// supervisor(3), `simple_one_for_one`: children are shut down in no order.
    pub(super) fn stops_together(self) -> bool {
        self == Strategy::Dynamic
    }
}

/// supervisor(3), Child specification, `restart`.
pub(super) fn is_restarted(policy: RestartPolicy, reason: &Reason) -> bool {
    match policy {
        RestartPolicy::Permanent => true,
        RestartPolicy::Transient => !reason.is_orderly(),
        RestartPolicy::Temporary => false,
    }
}

/// supervisor(3), Automatic Shutdown: whether the end of a significant child, by itself and for good, ends the
/// supervisor, where `others` says that more significant children live.
pub(super) fn ends_its_supervisor(auto: AutoShutdown, others: bool) -> bool {
    match auto {
        AutoShutdown::Never => false,
        AutoShutdown::AnySignificant => true,
        AutoShutdown::AllSignificant => !others,
    }
}

/// supervisor(3), Restart intensity and period: more than `limit` restarts within the last `period` are too many.
#[derive(Clone, Debug)]
pub(super) struct Window {
    pub(super) limit: usize,
    pub(super) period: Ms,
    recent: VecDeque<Ms>,
}

impl Window {
    pub(super) fn new(limit: usize, period: Ms) -> Self {
        let recent = VecDeque::new();
        Self { limit, period, recent }
    }

    /// Counts a restart at `now`, and says whether it is allowed.
    pub(super) fn allows(&mut self, now: Ms) -> bool {
        self.recent.push_back(now);
        self.recent.retain(|&at| at + self.period >= now);
        self.recent.len() <= self.limit
    }
}

/// The n-th wait in a row, from 0: doubled each time, up to `max`. Ours, as OTP has no back-off.
pub(super) fn backoff((min, max): (Ms, Ms), n: u32) -> Ms {
    min.saturating_mul(1 << n.min(20)).min(max)
}
