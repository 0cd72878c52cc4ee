//! Seeds under guard: what reads an element gets a guarded deserializer.

use std::marker::PhantomData;

use serde::de::{Deserialize, DeserializeSeed, Deserializer};

use super::{Guard, Guarded, Words};

/// The seed of a whole message.
pub(crate) struct Whole<'g, T, W> {
    guard: &'g Guard<W>,
    value: PhantomData<T>,
}

impl<'g, T, W> Whole<'g, T, W> {
    #[inline]
    pub(crate) fn new(guard: &'g Guard<W>) -> Self {
        Self {
            guard,
            value: PhantomData,
        }
    }
}

impl<'de, T: Deserialize<'de>, W: Words> DeserializeSeed<'de> for Whole<'_, T, W> {
    type Value = T;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<T, D::Error> {
        let guard = self.guard;
        W::outwards(T::deserialize(Guarded { inner, guard }), guard)
    }
}

/// The seed of an element.
pub(super) struct Element<'g, S, W> {
    pub(super) seed: S,
    pub(super) guard: &'g Guard<W>,
}

impl<'de, S: DeserializeSeed<'de>, W: Words> DeserializeSeed<'de> for Element<'_, S, W> {
    type Value = S::Value;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<S::Value, D::Error> {
        let guard = self.guard;
        W::outwards(self.seed.deserialize(Guarded { inner, guard }), guard)
    }
}
