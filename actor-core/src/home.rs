//! What all actors of one system have in common.

use std::any::{Any, type_name};
use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use dashmap::DashMap;

use crate::cell::AnyCell;
use crate::clock;
use crate::closeup::CloseUps;
use crate::error::LookupError;
use crate::family::Family;
use crate::group::{Group, WeakGroup};
use crate::history::{Happening, History};
use crate::id::{ActorId, ActorPath};
use crate::ledger::Ledger;
use crate::registry::Registry;
use crate::scheduler::{Scheduler, Tree};
use crate::sync::Mutex;
#[cfg(feature = "metrics")]
use crate::times::Times;

/// So many names of groups are kept without a look at whether the groups are still there.
const GROUPS_MIN: usize = 64;

pub(crate) struct Home {
    pub(crate) name: String,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) history: History,
    pub(crate) closeups: CloseUps,
    #[cfg(feature = "metrics")]
    pub(crate) times: Times,
    pub(crate) registry: Registry,
    pub(crate) root: OnceLock<Root>,
    pub(crate) scheduler: Arc<Scheduler>,
    groups: DashMap<String, NamedGroup>,
    clear_groups_at: AtomicUsize,
    chance: Mutex<fastrand::Rng>,
    laggards: Mutex<Option<Laggards>>,
}

/// The root of the tree: it stands for the system, and has no code of its own.
pub(crate) struct Root {
    pub(crate) cell: Arc<dyn AnyCell>,
    pub(crate) family: Arc<Family>,
}

/// A group is kept by its members and by those who hold it. Its name keeps nothing, or names that are used once would
/// pile up.
struct NamedGroup {
    message: &'static str,
    /// A `WeakGroup` of the right type.
    group: Box<dyn Any + Send + Sync>,
    is_gone: fn(&(dyn Any + Send + Sync)) -> bool,
    has: fn(&(dyn Any + Send + Sync), ActorId) -> bool,
}

impl NamedGroup {
    fn new<M: Send + 'static>(group: &Group<M>) -> Self {
        Self {
            message: type_name::<M>(),
            group: Box::new(group.downgrade()),
            is_gone: |group| {
                group
                    .downcast_ref::<WeakGroup<M>>()
                    .is_none_or(|group| group.upgrade().is_none())
            },
            has: |group, id| {
                let group = group.downcast_ref::<WeakGroup<M>>().and_then(WeakGroup::upgrade);
                group.is_some_and(|group| group.has(id))
            },
        }
    }

    fn is_gone(&self) -> bool {
        (self.is_gone)(&*self.group)
    }
}

/// The actors that did not stop when they should have.
#[derive(Clone, Debug, Default)]
pub(crate) struct Laggards {
    pub(crate) killed: Vec<ActorPath>,
    pub(crate) stuck: Vec<ActorPath>,
    /// Who is named already: there may be as many as there are actors.
    known: HashSet<(ActorId, bool)>,
}

impl Laggards {
    fn note(&mut self, path: &ActorPath, id: ActorId, is_stuck: bool) {
        if self.known.insert((id, is_stuck)) {
            let named = if is_stuck { &mut self.stuck } else { &mut self.killed };
            named.push(path.clone());
        }
    }
}

impl Tree for Home {
    fn cut_down(&self) {
        if let Some(root) = self.root.get() {
            cut_down(&root.cell);
        }
    }
}

/// Children go first, as in every end.
fn cut_down(cell: &Arc<dyn AnyCell>) {
    let children = cell.core().children().map(|children| children.children());
    for child in children.into_iter().flatten().rev() {
        cut_down(&child.cell);
    }
    cell.let_go();
}

impl Home {
    /// The home of a new system, in the runtime that this runs in.
    pub(crate) fn new(name: String, seed: Option<u64>) -> Self {
        Self {
            name,
            ledger: Arc::default(),
            history: History::default(),
            closeups: CloseUps::default(),
            #[cfg(feature = "metrics")]
            times: Times::default(),
            registry: Registry::default(),
            root: OnceLock::new(),
            scheduler: Scheduler::current(),
            groups: DashMap::new(),
            clear_groups_at: AtomicUsize::new(GROUPS_MIN),
            chance: Mutex::new(seed.map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed)),
            laggards: Mutex::new(None),
        }
    }

    /// A number from 0 to 1, from the seed of the system.
    pub(crate) fn chance(&self) -> f64 {
        self.chance.lock().f64()
    }

    /// The group of this name, made if there was none.
    pub(crate) fn group<M: Send + 'static>(&self, name: &str) -> Result<Group<M>, LookupError> {
        self.forget_gone_groups();
        let mut named = self
            .groups
            .entry(name.to_owned())
            .or_insert_with(|| NamedGroup::new(&Group::<M>::new()));
        let of_this_type = named.group.downcast_ref::<WeakGroup<M>>();
        if let Some(group) = of_this_type.and_then(WeakGroup::upgrade) {
            return Ok(group);
        }
        if of_this_type.is_none() && !named.is_gone() {
            return Err(LookupError::WrongType {
                name: name.to_owned(),
                expected: type_name::<M>(),
                found: named.message,
            });
        }
        let group = Group::new();
        *named = NamedGroup::new(&group);
        Ok(group)
    }

    /// The names of the groups that an actor is in.
    pub(crate) fn groups_of(&self, id: ActorId) -> Vec<String> {
        let has = |named: &NamedGroup| (named.has)(&*named.group, id);
        let groups = self.groups.iter().filter(|group| has(group.value()));
        groups.map(|group| group.key().clone()).collect()
    }

    /// Clears the table of names when it has doubled, which costs each new name a constant.
    fn forget_gone_groups(&self) {
        let clear_at = self.clear_groups_at.load(Ordering::Relaxed);
        if self.groups.len() >= clear_at {
            self.groups.retain(|_, named| !named.is_gone());
            self.clear_groups_at
                .store((self.groups.len() * 2).max(GROUPS_MIN), Ordering::Relaxed);
        }
    }

    /// Notes what has happened to an actor, for those who want to read it later.
    pub(crate) fn note(&self, path: &ActorPath, id: ActorId, what: Happening) {
        self.history.note(path, id, what, clock::now().into_std());
    }

    /// From now on, notes who does not stop in time.
    pub(crate) fn note_laggards(&self) {
        self.laggards.lock().get_or_insert_default();
    }

    pub(crate) fn note_killed(&self, path: &ActorPath, id: ActorId) {
        tracing::warn!(%path, "did not stop in time, and is killed");
        self.note(path, id, Happening::Overdue);
        if let Some(laggards) = &mut *self.laggards.lock() {
            laggards.note(path, id, false);
        }
    }

    pub(crate) fn note_stuck(&self, path: &ActorPath, id: ActorId) {
        tracing::error!(%path, "is stuck: its handler does not give the thread back; going on without it");
        self.note(path, id, Happening::Stuck);
        if let Some(laggards) = &mut *self.laggards.lock() {
            laggards.note(path, id, true);
        }
    }

    pub(crate) fn laggards(&self) -> Laggards {
        self.laggards.lock().clone().unwrap_or_default()
    }
}
