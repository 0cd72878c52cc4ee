//! What a message must be to travel.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// What a message must be to travel between nodes; every type that fulfils the bounds has it.
///
/// A generic message names it as its one bound: `impl<T: Wire> Actor for Cache<T>`.
pub trait Wire: Serialize + DeserializeOwned + Send + 'static {}

impl<T: Serialize + DeserializeOwned + Send + 'static> Wire for T {}
