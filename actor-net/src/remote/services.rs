//! What of a node there is only once, by name.

use std::any::Any;
use std::collections::BTreeMap;
use std::collections::btree_map::{Entry, VacantEntry};
use std::sync::Mutex;

use crate::error::ExposeError;

use super::net::lock;

#[derive(Default)]
pub(crate) struct Services(Mutex<BTreeMap<String, Box<dyn Any + Send + Sync>>>);

impl Services {
    /// Makes the one of this name.
    ///
    /// # Errors
    /// There is one.
    pub(crate) fn add<S: Clone + Send + Sync + 'static>(
        &self,
        name: &str,
        make: impl FnOnce() -> S,
    ) -> Result<S, ExposeError> {
        match lock(&self.0).entry(name.to_owned()) {
            Entry::Occupied(taken) => Err(ExposeError::NameTaken(taken.key().clone())),
            Entry::Vacant(place) => Ok(put(place, make)),
        }
    }

    /// The one of this name, which is made if there is none.
    ///
    /// # Errors
    /// What has that name is something else.
    pub(crate) fn get_or_add<S: Clone + Send + Sync + 'static>(
        &self,
        name: &str,
        make: impl FnOnce() -> S,
    ) -> Result<S, ExposeError> {
        match lock(&self.0).entry(name.to_owned()) {
            Entry::Occupied(known) => {
                let of_that_kind = known.get().downcast_ref::<S>().cloned();
                of_that_kind.ok_or_else(|| ExposeError::NameTaken(known.key().clone()))
            }
            Entry::Vacant(place) => Ok(put(place, make)),
        }
    }
}

/// Made under the lock: there would be two for a moment otherwise, of which one is known to nobody.
fn put<S: Clone + Send + Sync + 'static>(
    place: VacantEntry<'_, String, Box<dyn Any + Send + Sync>>,
    make: impl FnOnce() -> S,
) -> S {
    let made = make();
    place.insert(Box::new(made.clone()));
    made
}
