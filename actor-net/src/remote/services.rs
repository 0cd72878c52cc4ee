//! What of a node there is only once, by name.

use std::any::Any;
use std::collections::BTreeMap;
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
        let mut services = lock(&self.0);
        if services.contains_key(name) {
            return Err(ExposeError::NameTaken(name.to_owned()));
        }
        let made = make();
        services.insert(name.to_owned(), Box::new(made.clone()));
        Ok(made)
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
        self.add(name, make).or_else(|taken| {
            let services = lock(&self.0);
            let known = services.get(name).and_then(|known| known.downcast_ref::<S>());
            known.cloned().ok_or(taken)
        })
    }
}
