//! An actor's children: who they are, and what is decided when one of them ends.
//!
//! The table is under a lock and not in its owner's run loop. Who brings an event makes the decision: a child that ends asks
//! the table, and restarts itself if it is told to, while its parent waits in a handler, or computes. Only giving up needs
//! the parent.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use crate::cell::{AnyCell, Stoppable, Subtree};
use crate::error::SpawnError;
use crate::exit::{ExitReason, Failure, FailureKind};
use crate::id::{ActorId, ActorPath};
use crate::signal::{ChildExit, Orders, Signal};
use crate::supervisor::backoff::{Attempts, Backoff};
use crate::supervisor::policy::RestartPolicy;
use crate::supervisor::window::{RestartWindow, Verdict};
use crate::sync::Mutex;

/// How often the children of one actor may be restarted before it gives up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Intensity {
    pub(crate) restarts: usize,
    pub(crate) period: Duration,
}

impl Default for Intensity {
    /// 3 restarts in 5 s.
    fn default() -> Self {
        Self {
            restarts: 3,
            period: Duration::from_secs(5),
        }
    }
}

/// How a child is treated by its parent.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Treatment {
    pub(crate) policy: RestartPolicy,
    pub(crate) backoff: Option<Backoff>,
    pub(crate) shutdown: Option<Duration>,
}

pub(crate) struct Family {
    path: ActorPath,
    owner: Weak<dyn AnyCell>,
    state: Mutex<State>,
}

struct State {
    closed: bool,
    window: RestartWindow,
    children: BTreeMap<u64, Child>,
    names: BTreeMap<Box<str>, u64>,
    next: u64,
    failure: Option<Failure>,
}

struct Child {
    cell: Arc<dyn AnyCell>,
    treatment: Treatment,
    attempts: Attempts,
}

/// What an ended child is to do.
pub(crate) enum Next {
    RestartAfter(Duration),
    End,
}

impl Family {
    pub(crate) fn new(path: ActorPath, owner: Weak<dyn AnyCell>, intensity: Intensity) -> Self {
        Self {
            path,
            owner,
            state: Mutex::new(State {
                closed: false,
                window: RestartWindow::new(intensity.restarts, intensity.period),
                children: BTreeMap::new(),
                names: BTreeMap::new(),
                next: 0,
                failure: None,
            }),
        }
    }

    /// Enters the child that `make` makes, under a name that no other living child has.
    pub(crate) fn admit<C: AnyCell + 'static>(
        &self,
        name: &str,
        treatment: Treatment,
        make: impl FnOnce(ActorPath) -> Arc<C>,
    ) -> Result<(Arc<C>, u64), SpawnError> {
        let mut state = self.state.lock();
        if state.closed {
            return Err(SpawnError::Stopping);
        }
        if state.names.contains_key(name) {
            return Err(SpawnError::NameTaken(name.to_owned()));
        }
        let key = state.next;
        state.next += 1;
        let cell = make(self.path.child(name));
        state.names.insert(name.into(), key);
        state.children.insert(
            key,
            Child {
                cell: cell.clone(),
                treatment,
                attempts: Attempts::default(),
            },
        );
        Ok((cell, key))
    }

    /// Notes that a life of the child began.
    pub(crate) fn life_began(&self, key: u64, now: Instant) {
        if let Some(child) = self.state.lock().children.get_mut(&key) {
            child.attempts.started(now);
        }
    }

    /// Decides what becomes of a child whose life has ended. `chance` is for the jitter of its back-off.
    pub(crate) fn life_ended(&self, key: u64, reason: &ExitReason, now: Instant, chance: f64) -> Next {
        let mut guard = self.state.lock();
        let state = &mut *guard;
        let Some(child) = state.children.get_mut(&key) else {
            return Next::End;
        };
        if state.closed || !child.treatment.policy.restarts_after(reason) {
            return Next::End;
        }
        match state.window.record(now) {
            Verdict::Restart => {
                let backoff = child.treatment.backoff.as_ref();
                Next::RestartAfter(backoff.map_or(Duration::ZERO, |b| child.attempts.wait(b, now, chance)))
            }
            Verdict::GiveUp => {
                let cause = match reason {
                    ExitReason::Failed(failure) => failure.clone(),
                    other => Failure::new(child.cell.core().path.clone(), FailureKind::Error, other.to_string()),
                };
                let (limit, period) = (state.window.limit(), state.window.period());
                let words = format!("gave up: more than {limit} restarts of its children in {period:?}");
                state.failure = Some(Failure::caused_by(self.path.clone(), words, Some(cause)));
                state.closed = true;
                drop(guard);
                if let Some(owner) = self.owner.upgrade() {
                    owner.order(Orders::GIVE_UP);
                }
                Next::End
            }
        }
    }

    /// Takes an ended child out, so that its name is free.
    pub(crate) fn remove(&self, key: u64) {
        let mut state = self.state.lock();
        let child = state.children.remove(&key);
        if let Some(child) = &child {
            state.names.remove(child.cell.core().path.name());
        }
        drop(state);
        drop(child);
    }

    /// Tells the owner that a child has ended for good.
    pub(crate) fn tell_owner(&self, exit: ChildExit) {
        if let Some(owner) = self.owner.upgrade() {
            owner.push_signal(Signal::ChildExit(exit));
        }
    }

    /// Why the owner has to give up, if it has.
    pub(crate) fn take_failure(&self) -> Option<Failure> {
        self.state.lock().failure.take()
    }

    /// Makes ready for another life of the owner: its restarts are counted anew.
    pub(crate) fn reopen(&self) {
        let mut state = self.state.lock();
        state.closed = false;
        state.failure = None;
        state.window = RestartWindow::new(state.window.limit(), state.window.period());
    }
}

impl Subtree for Family {
    fn close(&self) {
        self.state.lock().closed = true;
    }

    fn children(&self) -> Vec<Stoppable> {
        let state = self.state.lock();
        let stoppable = |child: &Child| Stoppable {
            cell: child.cell.clone(),
            shutdown: child.treatment.shutdown,
        };
        state.children.values().map(stoppable).collect()
    }

    fn forget(&self, id: ActorId) {
        let key = {
            let state = self.state.lock();
            state
                .children
                .iter()
                .find(|(_, child)| child.cell.core().id == id)
                .map(|(&key, _)| key)
        };
        if let Some(key) = key {
            self.remove(key);
        }
    }
}
