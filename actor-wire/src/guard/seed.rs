//! Seeds under guard: what reads an element gets a guarded deserializer.

use std::marker::PhantomData;

use serde::de::{Deserialize, DeserializeSeed, Deserializer};

use super::{Guard, Guarded};

/// The seed of a whole message.
pub(crate) struct Whole<'g, T> {
    guard: &'g Guard,
    value: PhantomData<T>,
}

impl<'g, T> Whole<'g, T> {
    #[inline]
    pub(crate) fn new(guard: &'g Guard) -> Self {
        Self {
            guard,
            value: PhantomData,
        }
    }

    #[inline]
    pub(crate) fn guard(&self) -> &'g Guard {
        self.guard
    }
}

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for Whole<'_, T> {
    type Value = T;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<T, D::Error> {
        let guard = self.guard;
        T::deserialize(Guarded { inner, guard }).map_err(|fault| guard.carry(fault))
    }
}

/// The seed of an element.
pub(super) struct Element<'g, S> {
    pub(super) seed: S,
    pub(super) guard: &'g Guard,
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Element<'_, S> {
    type Value = S::Value;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<S::Value, D::Error> {
        let guard = self.guard;
        self.seed
            .deserialize(Guarded { inner, guard })
            .map_err(|fault| guard.carry(fault))
    }
}
