//! One name, one handle.

use std::any::{Any, type_name};
use std::fmt;
use std::sync::Arc;

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;

use crate::error::{LookupError, RegisterError};
use crate::handle::Handle;
use crate::id::ActorId;

/// The names of a system's actors: each leads to one living actor, and is free again when that actor ends.
///
/// A name stays through supervised restarts. It is released before anyone is told of the actor's end.
#[derive(Clone, Default)]
pub struct Registry(Arc<DashMap<Arc<str>, Registered>>);

struct Registered {
    id: ActorId,
    message: &'static str,
    handle: Box<dyn Any + Send + Sync>,
    release: u64,
}

impl Registry {
    /// Gives the actor a name.
    ///
    /// # Errors
    /// The name is held by a living actor, or this one has stopped.
    pub fn register<M: Send + 'static>(
        &self,
        name: impl Into<String>,
        handle: &Handle<M>,
    ) -> Result<(), RegisterError> {
        let name: Arc<str> = name.into().into();
        match self.0.entry(name.clone()) {
            Entry::Occupied(_) => Err(RegisterError::NameTaken(name.to_string())),
            Entry::Vacant(vacant) => {
                let (names, key) = (Arc::downgrade(&self.0), name.clone());
                let release = handle.core().at_end(move |id| {
                    if let Some(names) = names.upgrade() {
                        names.remove_if(&key, |_, registered| registered.id == id);
                    }
                });
                let Some(release) = release else {
                    return Err(RegisterError::Stopped(name.to_string()));
                };
                vacant.insert(Registered {
                    id: handle.id(),
                    message: type_name::<M>(),
                    handle: Box::new(handle.clone()),
                    release,
                });
                Ok(())
            }
        }
    }

    /// The handle of the actor with this name.
    ///
    /// # Errors
    /// There is no such actor, or it takes messages of another type, which the error names.
    pub fn lookup<M: Send + 'static>(&self, name: &str) -> Result<Handle<M>, LookupError> {
        let registered = self.0.get(name).ok_or_else(|| LookupError::NotFound(name.to_owned()))?;
        registered
            .handle
            .downcast_ref::<Handle<M>>()
            .cloned()
            .ok_or_else(|| LookupError::WrongType {
                name: name.to_owned(),
                expected: type_name::<M>(),
                found: registered.message,
            })
    }

    /// Takes the name away. Returns whether there was such a name.
    pub fn unregister<M: Send + 'static>(&self, name: &str, handle: &Handle<M>) -> bool {
        let removed = self.0.remove_if(name, |_, registered| registered.id == handle.id());
        if let Some((_, registered)) = &removed {
            handle.core().not_at_end(registered.release);
        }
        removed.is_some()
    }

    /// The names of one actor.
    pub(crate) fn names_of(&self, id: ActorId) -> Vec<String> {
        let held = self.0.iter().filter(|entry| entry.id == id);
        held.map(|entry| entry.key().to_string()).collect()
    }

    /// The names that are held now, in no particular order.
    pub fn names(&self) -> Vec<String> {
        self.0.iter().map(|entry| entry.key().to_string()).collect()
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Registry({} names)", self.0.len())
    }
}
