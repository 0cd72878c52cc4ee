//! What all actors of one system have in common.

use std::any::{Any, type_name};
use std::sync::{Arc, OnceLock};

use dashmap::DashMap;

use crate::cell::AnyCell;
use crate::error::LookupError;
use crate::family::Family;
use crate::group::Group;
use crate::id::ActorPath;
use crate::ledger::Ledger;
use crate::registry::Registry;
use crate::sync::Mutex;

pub(crate) struct Home {
    pub(crate) name: String,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) registry: Registry,
    pub(crate) root: OnceLock<Root>,
    groups: DashMap<String, NamedGroup>,
    chance: Mutex<fastrand::Rng>,
    laggards: Mutex<Option<Laggards>>,
}

/// The root of the tree: it stands for the system, and has no code of its own.
pub(crate) struct Root {
    pub(crate) cell: Arc<dyn AnyCell>,
    pub(crate) family: Arc<Family>,
}

struct NamedGroup {
    message: &'static str,
    group: Box<dyn Any + Send + Sync>,
}

/// The actors that did not stop when they should have.
#[derive(Clone, Debug, Default)]
pub(crate) struct Laggards {
    pub(crate) killed: Vec<ActorPath>,
    pub(crate) stuck: Vec<ActorPath>,
}

impl Home {
    pub(crate) fn new(name: String, seed: Option<u64>) -> Self {
        Self {
            name,
            ledger: Arc::default(),
            registry: Registry::default(),
            root: OnceLock::new(),
            groups: DashMap::new(),
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
        let make = || NamedGroup {
            message: type_name::<M>(),
            group: Box::new(Group::<M>::new()),
        };
        let named = match self.groups.get(name) {
            Some(named) => named,
            None => self.groups.entry(name.to_owned()).or_insert_with(make).downgrade(),
        };
        named
            .group
            .downcast_ref::<Group<M>>()
            .cloned()
            .ok_or_else(|| LookupError::WrongType {
                name: name.to_owned(),
                expected: type_name::<M>(),
                found: named.message,
            })
    }

    /// From now on, notes who does not stop in time.
    pub(crate) fn note_laggards(&self) {
        self.laggards.lock().get_or_insert_default();
    }

    pub(crate) fn note_killed(&self, path: &ActorPath) {
        tracing::warn!(%path, "did not stop in time, and is killed");
        if let Some(laggards) = &mut *self.laggards.lock()
            && !laggards.killed.contains(path)
        {
            laggards.killed.push(path.clone());
        }
    }

    pub(crate) fn note_stuck(&self, path: &ActorPath) {
        tracing::error!(%path, "is stuck: its handler does not give the thread back; going on without it");
        if let Some(laggards) = &mut *self.laggards.lock()
            && !laggards.stuck.contains(path)
        {
            laggards.stuck.push(path.clone());
        }
    }

    pub(crate) fn laggards(&self) -> Laggards {
        self.laggards.lock().clone().unwrap_or_default()
    }
}
