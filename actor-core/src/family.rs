//! An actor's children: who they are, and what is decided when one of them ends.
//!
//! The table is under a lock and not in its owner's run loop. Who brings an event makes the decision: a child that ends
//! asks the table, and restarts itself if it is told to, while its parent waits in a handler, or computes. Only giving
//! up needs the parent.

mod child;
mod table;

use std::any::Any;
use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, OnceLock, Weak};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use crate::cell::{AnyCell, Core, Stoppable, Subtree};
use crate::error::SpawnError;
use crate::exit::{ExitReason, Failure, FailureKind};
use crate::id::{ActorId, ActorPath};
use crate::signal::{ChildExit, Orders, Signal};
use crate::supervision::strategy::Strategy;
use crate::supervision::window::{RestartWindow, Verdict};
use crate::sync::Mutex;

use child::{Child, Named};
use table::Table;

pub(crate) use child::{Phase, Standing, Treatment};

/// A table of names with room for so many times what is in it gives that back.
const NAMES_SPARE_MAX: usize = 16;

/// How often the children of one actor may be restarted before it gives up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// How the children of one actor are dealt with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rules {
    pub(crate) intensity: Intensity,
    pub(crate) strategy: Strategy,
    pub(crate) stop_together: bool,
    pub(crate) heard: Heard,
}

/// Of which of its children's ends an actor is told: to tell one of what it ignores costs as much as a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Heard {
    #[default]
    All,
    Significant,
    None,
}

pub(crate) struct Family {
    path: ActorPath,
    owner: Weak<dyn AnyCell>,
    rules: Rules,
    front: OnceLock<Weak<dyn Any + Send + Sync>>,
    state: Mutex<State>,
}

struct State {
    closed: bool,
    /// Children that end in order are not restarted any more, whatever their policy.
    retiring: bool,
    window: RestartWindow,
    children: Table,
    names: HashMap<Named, u64>,
    next: u64,
    /// Children that ended and are to be restarted with others, and how long to wait before it.
    fallen: Vec<(u64, Duration)>,
    /// Those who restart children, while they wait for one.
    regroups: Vec<Waker>,
    /// Which life of the owner it is.
    life: u64,
}

/// What an ended child is to do.
pub(crate) enum Next {
    RestartAfter(Duration),
    /// Wait for the order to begin.
    Park,
    End,
}

/// What a child was to its parent that has left it.
pub(crate) struct Left {
    /// The life of the parent that it was a child of. Known when it leaves: the parent waits for that, and may live anew then.
    pub(crate) life: u64,
    pub(crate) significant: bool,
}

impl Family {
    pub(crate) fn new(path: ActorPath, owner: Weak<dyn AnyCell>, rules: Rules, life: u64) -> Self {
        let intensity = rules.intensity;
        Self {
            path,
            owner,
            rules,
            front: OnceLock::new(),
            state: Mutex::new(State {
                closed: false,
                retiring: false,
                window: RestartWindow::new(intensity.restarts, intensity.period),
                children: Table::default(),
                names: HashMap::new(),
                next: 0,
                fallen: Vec::new(),
                regroups: Vec::new(),
                life,
            }),
        }
    }

    /// Enters the child that `make` makes, under a name that no other living child has.
    pub(crate) fn admit<C: AnyCell + 'static>(
        &self,
        name: String,
        treatment: Treatment,
        make: impl FnOnce(ActorPath) -> Arc<C>,
    ) -> Result<(Arc<C>, u64), SpawnError> {
        let mut state = self.state.lock();
        if state.closed {
            return Err(SpawnError::Stopping);
        }
        let path = self.path.child(&name);
        let key = state.next;
        match state.names.entry(Named(path.clone())) {
            Entry::Occupied(_) => return Err(SpawnError::NameTaken(path.name().to_owned())),
            Entry::Vacant(place) => place.insert(key),
        };
        state.next += 1;
        let cell = make(path);
        let child = Child {
            cell: cell.clone(),
            treatment,
            phase: Phase::Starting,
            past: None,
        };
        state.children.push(key, child);
        Ok((cell, key))
    }

    /// Notes that the child's `on_start` has ended well.
    pub(crate) fn life_is_up(&self, key: u64, now: Instant) {
        self.change(key, |child| {
            if child.treatment.backoff().is_some() {
                child.past().attempts.started(now);
            }
            child.phase = Phase::Up;
        });
    }

    /// Decides what becomes of a child whose life has ended. `chance` is for the jitter of its back-off.
    ///
    /// `cycled` says that it was taken down to be restarted: that is no failure, and not counted. `restarts` says that it
    /// is, whatever its policy.
    pub(crate) fn life_ended(
        &self,
        key: u64,
        reason: &ExitReason,
        cycled: bool,
        restarts: bool,
        now: Instant,
        chance: f64,
    ) -> Next {
        let mut guard = self.state.lock();
        let state = &mut *guard;
        let Some(child) = state.children.get_mut(key) else {
            return Next::End;
        };
        let ends = state.closed || !(restarts || child.treatment.policy.restarts_after(reason));
        if !(ends && reason.is_orderly()) {
            let cell = child.cell.clone();
            child.past().ends(reason, now, &cell.core().path);
        }
        if ends {
            return Next::End;
        }
        if cycled {
            return Next::Park;
        }
        if state.retiring && reason.is_orderly() {
            return Next::End;
        }
        if state.window.record(now) == Verdict::GiveUp {
            let cause = reason.as_failure(&child.cell.core().path);
            let (limit, period) = (state.window.limit(), state.window.period());
            let words = format!("gave up: more than {limit} restarts of its children in {period:?}");
            drop(guard);
            self.give_up(words, cause);
            return Next::End;
        }
        let past = child.past.get_or_insert_default();
        let backoff = child.treatment.backoff();
        let wait = backoff.map_or(Duration::ZERO, |backoff| past.attempts.wait(backoff, now, chance));
        past.resumes = (!wait.is_zero()).then(|| now + wait);
        child.phase = Phase::Starting;
        if self.rules.strategy.is_single() {
            return Next::RestartAfter(wait);
        }
        state.fallen.push((key, wait));
        Next::Park
    }

    /// Hangs the way to these children where it can be found from above. There is one, for all lives of the owner.
    pub(crate) fn set_front(&self, front: Weak<dyn Any + Send + Sync>) {
        let _ = self.front.set(front);
    }

    /// The way to these children past their owner's mailbox, where it is a pool.
    pub(crate) fn front(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        self.front.get()?.upgrade()
    }

    /// The children of an actor, if it ever had any.
    pub(crate) fn of(core: &Core) -> Option<Arc<Self>> {
        core.children()?.as_any().downcast().ok()
    }

    /// Whom the failure of a child touches.
    pub(crate) fn strategy(&self) -> Strategy {
        self.rules.strategy
    }

    /// Has the owner fail, because of `cause`.
    pub(crate) fn give_up(&self, words: String, cause: Failure) {
        self.state.lock().closed = true;
        if let Some(owner) = self.owner.upgrade() {
            let path = self.path.clone();
            owner
                .core()
                .doom(Failure::caused_by(path, FailureKind::GaveUp, words, Some(cause)));
            owner.order(Orders::GIVE_UP);
        }
    }

    /// Notes that a child waits for the order to begin its next life.
    pub(crate) fn is_parked(&self, key: u64) {
        self.change(key, |child| {
            child.past().rests += 1;
            child.phase = Phase::Parked;
        });
    }

    /// Changes a child in one step: one who is woken by the half of it would take it for the whole.
    fn change(&self, key: u64, change: impl FnOnce(&mut Child)) {
        let mut state = self.state.lock();
        if let Some(child) = state.children.get_mut(key) {
            change(child);
        }
        let wakers = std::mem::take(&mut state.regroups);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Takes note of the children that have fallen: returns all whom that touches, in the order of their start, and the
    /// longest wait.
    pub(crate) fn poll_fallen(&self, cx: &mut Context<'_>) -> Poll<(BTreeSet<u64>, Duration)> {
        let mut state = self.state.lock();
        if state.fallen.is_empty() {
            state.wait(cx);
            return Poll::Pending;
        }
        let children: Vec<u64> = state.children.iter().map(|(key, _)| key).collect();
        let mut fallen = std::mem::take(&mut state.fallen);
        drop(state);
        fallen.sort_unstable();
        let wait = fallen.iter().map(|&(_, wait)| wait).max().unwrap_or_default();
        let has_fallen = |key| fallen.binary_search_by_key(&key, |&(fallen, _)| fallen).is_ok();
        let touched = self.rules.strategy.touched(&children, has_fallen).into_iter().collect();
        Poll::Ready((touched, wait))
    }

    /// Waits until a child is where it is waited for.
    pub(crate) fn poll_phase(&self, key: u64, awaited: impl Fn(Phase) -> bool, cx: &mut Context<'_>) -> Poll<Phase> {
        let mut state = self.state.lock();
        let phase = state.children.get(key).map_or(Phase::Gone, |child| child.phase);
        if awaited(phase) {
            return Poll::Ready(phase);
        }
        state.wait(cx);
        Poll::Pending
    }

    /// How often a child has been parked; `None` if it is gone.
    pub(crate) fn rests(&self, key: u64) -> Option<u64> {
        let state = self.state.lock();
        state.children.get(key).map(Child::rests)
    }

    /// Waits until a child has been parked since it had `rests`, or is gone. Another may have begun its next life since.
    pub(crate) fn poll_down(&self, key: u64, rests: u64, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.state.lock();
        if state.children.get(key).is_none_or(|child| child.rests() > rests) {
            return Poll::Ready(());
        }
        state.wait(cx);
        Poll::Pending
    }

    /// Where a child is now.
    pub(crate) fn phase(&self, key: u64) -> Phase {
        self.state
            .lock()
            .children
            .get(key)
            .map_or(Phase::Gone, |child| child.phase)
    }

    /// Orders a parked child to begin its next life, unless the owner has given up or is stopping.
    pub(crate) fn begin(&self, key: u64) {
        let cell = {
            let mut state = self.state.lock();
            if state.closed {
                return;
            }
            let Some(child) = state.children.get_mut(key).filter(|child| child.phase == Phase::Parked) else {
                return;
            };
            child.phase = Phase::Starting;
            child.past().resumes = None;
            child.cell.clone()
        };
        // It is parked, so that an order to end its life was for the one before.
        cell.withdraw(Orders::CYCLE);
        cell.order(Orders::BEGIN);
    }

    /// The child with this key, how it is treated, and how to stop it.
    pub(crate) fn child(&self, key: u64) -> Option<(Treatment, Stoppable)> {
        let state = self.state.lock();
        state
            .children
            .get(key)
            .map(|child| (child.treatment.clone(), child.stoppable()))
    }

    /// The key of the living child with this name.
    pub(crate) fn key_of(&self, name: &str) -> Option<u64> {
        self.state.lock().names.get(name.as_bytes()).copied()
    }

    /// The living children in the order of their start.
    pub(crate) fn census(&self) -> Vec<Standing> {
        let (mut found, mut after) = (Vec::new(), None);
        while let Some((last, page)) = self.page(after) {
            found.extend(page);
            after = Some(last);
        }
        found
    }

    /// Some of the living children, in the order of their start, and the key of the last of them: those after one, as
    /// the lock of a large family is not to be held for long. They are looked at without it.
    pub(crate) fn page(&self, after: Option<u64>) -> Option<(u64, Vec<Standing>)> {
        let behind = self.state.lock().children.behind(after);
        let (leaf, at) = behind?;
        let page: Vec<Standing> = leaf[at..].iter().map(|(key, child)| child.standing(*key)).collect();
        Some((page.last()?.key, page))
    }

    /// The living child with this name.
    pub(crate) fn named(&self, name: &str) -> Option<Standing> {
        let state = self.state.lock();
        let key = *state.names.get(name.as_bytes())?;
        state.children.get(key).map(|child| child.standing(key))
    }

    /// How the last lives of a child ended, and when: the latest at the end.
    pub(crate) fn exits(&self, key: u64) -> Vec<(Instant, ExitReason)> {
        let state = self.state.lock();
        let past = state.children.get(key).and_then(|child| child.past.as_ref());
        past.map(|past| past.exits.iter().cloned().collect())
            .unwrap_or_default()
    }

    /// How many children there are.
    pub(crate) fn count(&self) -> usize {
        self.state.lock().children.len()
    }

    /// How many restarts of the children are left at `now`, of how many in which period.
    pub(crate) fn budget(&self, now: Instant) -> (usize, usize, Duration) {
        let window = &self.state.lock().window;
        (window.left(now), window.limit(), window.period())
    }

    /// Takes an ended child out, so that its name is free. `None` if it was forgotten before.
    pub(crate) fn remove(&self, key: u64) -> Option<Left> {
        let mut state = self.state.lock();
        let child = state.children.remove(key);
        let left = child.as_ref().map(|child| Left {
            life: state.life,
            significant: child.treatment.significant,
        });
        if let Some(child) = &child {
            state.names.remove(child.cell.core().path.name_bytes());
            if state.names.len() < state.names.capacity() / NAMES_SPARE_MAX {
                state.names.shrink_to_fit();
            }
        }
        let wakers = std::mem::take(&mut state.regroups);
        drop(state);
        drop(child);
        wakers.into_iter().for_each(Waker::wake);
        left
    }

    /// Tells the owner that a child has ended for good.
    pub(crate) fn tell_owner(&self, significant: bool, exit: impl FnOnce() -> ChildExit) {
        let is_heard = match self.rules.heard {
            Heard::All => true,
            Heard::Significant => significant,
            Heard::None => false,
        };
        if is_heard && let Some(owner) = self.owner.upgrade() {
            owner.push_signal(Signal::ChildExit(exit()));
        }
    }

    /// Makes ready for another life of the owner: its restarts are counted anew.
    pub(crate) fn reopen(&self, life: u64) {
        let mut state = self.state.lock();
        state.closed = false;
        state.retiring = false;
        state.fallen.clear();
        state.life = life;
        state.window = RestartWindow::new(state.window.limit(), state.window.period());
    }
}

impl State {
    /// Has the caller woken when a child changes its phase, beside others who wait for the same.
    fn wait(&mut self, cx: &Context<'_>) {
        if !self.regroups.iter().any(|waker| waker.will_wake(cx.waker())) {
            self.regroups.push(cx.waker().clone());
        }
    }
}

impl Subtree for Family {
    fn close(&self) {
        self.state.lock().closed = true;
    }

    fn stop_together(&self) -> bool {
        self.rules.stop_together
    }

    fn children(&self) -> Vec<Stoppable> {
        let state = self.state.lock();
        state.children.iter().map(|(_, child)| child.stoppable()).collect()
    }

    fn retire(&self) {
        self.state.lock().retiring = true;
    }

    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }

    fn forget(&self, id: ActorId) {
        let key = {
            let state = self.state.lock();
            state
                .children
                .iter()
                .find(|(_, child)| child.cell.core().id == id)
                .map(|(key, _)| key)
        };
        if let Some(key) = key {
            self.remove(key);
        }
    }
}
