//! What other nodes can reach here: by a name that was given to it, or because its handle was sent to them.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use actor_core::wire::{Exported, Watched};
use actor_core::{ActorId, ExitReason};
use actor_wire::Fingerprint;

use crate::error::ExposeError;
use crate::id::{ExportId, Ids};
use crate::peer::endings::Endings;
use crate::peer::exports::{self, NoExport, SessionId};

/// What is spoken with an actor: both sides have to mean the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protocol {
    /// What it is called. By default the name of the message type, which both sides then have in the same module.
    pub name: String,
    /// Its version, which is to rise with each change that is no appended variant or field.
    pub version: u32,
}

impl Protocol {
    /// A protocol of this name and version.
    pub fn new(name: impl Into<String>, version: u32) -> Self {
        Self {
            name: name.into(),
            version,
        }
    }

    /// What is spoken with actors that take `M`, where nothing else is said: the name of the type, in version 0.
    pub fn of<M>() -> Self {
        Self::new(std::any::type_name::<M>(), 0)
    }
}

/// What is exposed under a name.
#[derive(Clone)]
pub(crate) struct Named {
    pub(crate) exported: Arc<dyn Exported>,
    pub(crate) protocol: Protocol,
    pub(crate) fingerprint: Fingerprint,
}

/// One actor, or one adapter of an actor, that others can reach.
pub(crate) struct Export {
    pub(crate) exported: Arc<dyn Exported>,
    may_be_ordered: AtomicBool,
    ends: OnceLock<Watched>,
}

impl Export {
    /// Whether others may stop it.
    pub(crate) fn may_be_ordered(&self) -> bool {
        self.may_be_ordered.load(Ordering::Relaxed)
    }
}

/// What tells exports apart. An actor is one, however often its handle is sent; each adapter is another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    Actor(ActorId),
    /// By where it lies, which is nobody else's for as long as it is exported.
    Adapter(usize),
}

/// Keeps the id of an actor, whether it is exported or not.
pub(crate) struct Name {
    exports: Weak<Exports>,
    key: Key,
}

impl Drop for Name {
    fn drop(&mut self) {
        if let Some(exports) = self.exports.upgrade() {
            lock(&exports.table).unname(self.key);
        }
    }
}

/// The exports of one node. An actor stays for as long as it lives; an adapter, of which there can be any number, for as long as a
/// peer holds it.
pub(crate) struct Exports {
    me: Weak<Exports>,
    table: Mutex<exports::Exports<Key, Arc<Export>>>,
    names: Mutex<Names>,
    endings: Mutex<Endings<ExitReason>>,
    ids: Ids,
}

/// What is found by name, and under which names each is found.
#[derive(Default)]
struct Names {
    found: HashMap<String, (Named, Key)>,
    of: BTreeSet<(Key, String)>,
}

impl Names {
    fn remove(&mut self, name: &str) -> Option<(Named, Key)> {
        let removed = self.found.remove(name)?;
        self.of.remove(&(removed.1, name.to_owned()));
        Some(removed)
    }

    /// Takes out one of the names of this.
    fn remove_one(&mut self, of: Key) -> Option<(Named, Key)> {
        let (key, name) = self.of.range((of, String::new())..).next()?.clone();
        (key == of).then(|| self.remove(&name)).flatten()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing of a user's runs under one of these.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Exports {
    pub(crate) fn new(for_each_max: usize, ids: Ids) -> Arc<Self> {
        Arc::new_cyclic(|me| Self {
            me: me.clone(),
            table: Mutex::new(exports::Exports::new(for_each_max)),
            names: Mutex::default(),
            endings: Mutex::default(),
            ids,
        })
    }

    pub(crate) fn key_of(exported: &dyn Exported) -> Key {
        match exported.actor() {
            Some(actor) => Key::Actor(actor),
            None => Key::Adapter(exported.adapter()),
        }
    }

    /// Lets others find it by this name, and stop it if they may.
    ///
    /// # Errors
    /// The name is taken.
    pub(crate) fn expose(&self, name: &str, named: Named, may_be_ordered: bool) -> Result<(), ExposeError> {
        let exported = named.exported.clone();
        let key = Self::key_of(&*exported);
        let mut names = lock(&self.names);
        match names.found.entry(name.to_owned()) {
            Entry::Occupied(_) => return Err(ExposeError::NameTaken(name.to_owned())),
            Entry::Vacant(free) => free.insert((named, key)),
        };
        names.of.insert((key, name.to_owned()));
        drop(names);
        let export = self.admit(exported, key, |table, fresh, make| table.expose(key, fresh, make));
        if may_be_ordered {
            self.allow_orders(export);
        }
        Ok(())
    }

    /// Lets others stop it, and link themselves to it.
    pub(crate) fn allow_orders(&self, export: ExportId) {
        if let Some(export) = self.get(export) {
            export.may_be_ordered.store(true, Ordering::Relaxed);
        }
    }

    /// Takes a name away. Handles that were given out stay good. Returns whether there was one.
    pub(crate) fn conceal(&self, name: &str) -> bool {
        let Some((named, key)) = lock(&self.names).remove(name) else {
            return false;
        };
        // An actor whose handles went out stays reachable through those; see `send`.
        let gone = match key {
            Key::Actor(_) => None,
            Key::Adapter(_) => lock(&self.table).conceal(key),
        };
        drop((named, gone));
        true
    }

    pub(crate) fn named(&self, name: &str) -> Option<(Named, Key)> {
        lock(&self.names).found.get(name).cloned()
    }

    /// The id of one whose handle goes to the peer of this conversation.
    ///
    /// # Errors
    /// The peer holds as many as it may.
    pub(crate) fn send(&self, session: SessionId, exported: Arc<dyn Exported>) -> Result<ExportId, String> {
        let key = Self::key_of(&*exported);
        self.send_as(session, exported, key)
    }

    /// The same, for one that is known by this key.
    pub(crate) fn send_as(
        &self,
        session: SessionId,
        exported: Arc<dyn Exported>,
        key: Key,
    ) -> Result<ExportId, String> {
        let mut refused = None;
        let id = self.admit(exported, key, |table, fresh, make| {
            let mut is_new = false;
            let sent = table.send(session, key, fresh, || {
                is_new = true;
                make()
            });
            match sent {
                Ok(id) => {
                    if is_new && matches!(key, Key::Actor(_)) {
                        // It stays reachable when the connection is lost, for those who come back.
                        table.expose(key, id, || unreachable!("it was just put there"));
                    }
                    id
                }
                Err(NoExport::TooMany | NoExport::NotHeld) => {
                    refused = Some("the other node holds as many handles of this one as it may".to_owned());
                    fresh
                }
            }
        });
        refused.map_or(Ok(id), Err)
    }

    fn admit(
        &self,
        exported: Arc<dyn Exported>,
        key: Key,
        enter: impl FnOnce(&mut exports::Exports<Key, Arc<Export>>, ExportId, &mut dyn FnMut() -> Arc<Export>) -> ExportId,
    ) -> ExportId {
        let fresh = self.ids.export();
        let mut made = None;
        let id = enter(&mut lock(&self.table), fresh, &mut || {
            let export = Arc::new(Export {
                exported: exported.clone(),
                may_be_ordered: AtomicBool::new(false),
                ends: OnceLock::new(),
            });
            made = Some(export.clone());
            export
        });
        if let Some(export) = made {
            // Without the lock: it may have ended, and then this is called at once.
            let exports = self.me.clone();
            let ends = exported.at_end(Box::new(move |reason| {
                if let Some(exports) = exports.upgrade() {
                    exports.ended(key, reason);
                }
            }));
            let _ = export.ends.set(ends);
        }
        id
    }

    /// The id of an actor that has one, or may come to have one, kept as long as what comes with it.
    pub(crate) fn name(&self, actor: ActorId) -> (ExportId, Name) {
        let key = Key::Actor(actor);
        let id = lock(&self.table).name(key, self.ids.export());
        let exports = self.me.clone();
        (id, Name { exports, key })
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        lock(&self.table).len()
    }

    pub(crate) fn get(&self, id: ExportId) -> Option<Arc<Export>> {
        lock(&self.table).get(id).cloned()
    }

    /// What was to be sent in this conversation was not.
    pub(crate) fn unsend(&self, session: SessionId, ids: &[ExportId]) {
        let mut table = lock(&self.table);
        let gone: Vec<_> = ids.iter().map(|&id| table.unsend(session, id)).collect();
        drop(table);
        drop(gone);
    }

    /// The peer was given an export by a third node, and holds it from now on. `false`: it holds as many as it may.
    pub(crate) fn adopt(&self, session: SessionId, id: ExportId) -> bool {
        lock(&self.table)
            .adopt(session, id)
            .is_none_or(|adopted| adopted.is_ok())
    }

    /// The peer lets go of so many. `false`: it does not hold as many.
    pub(crate) fn release(&self, session: SessionId, id: ExportId, count: u32) -> bool {
        let released = lock(&self.table).release(session, id, count);
        released.is_ok()
    }

    /// The conversation is over.
    pub(crate) fn lost(&self, session: SessionId) {
        let gone = lock(&self.table).lost(session);
        drop(gone);
    }

    /// How an actor ended that is not there any more, if that is known.
    pub(crate) fn ending(&self, id: ExportId) -> Option<ExitReason> {
        lock(&self.endings).of(id).cloned()
    }

    fn ended(&self, key: Key, reason: ExitReason) {
        let gone = lock(&self.table).ended(key);
        let forgotten = gone.as_ref().and_then(|(id, _)| lock(&self.endings).note(*id, reason));
        drop(forgotten);
        let mut names = lock(&self.names);
        let nameless: Vec<_> = std::iter::from_fn(|| names.remove_one(key)).collect();
        drop(names);
        drop((gone, nameless));
    }
}
