//! A wrapper around any codec's `Deserializer` that bounds what a message may make its reader do.
//!
//! It counts levels and elements where serde passes them on, so it holds for every codec and for every type: derived ones and
//! hand-written ones. Lengths are charged when they are declared, before anything is allocated for them. Text and bytes are taken as slices
//! of the message, whose own length bounds them.

mod access;
mod seed;
mod visitor;
mod words;

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserializer, Visitor};

use crate::error::DecodeError;
use crate::limits::Limits;

pub(crate) use seed::Whole;
pub(crate) use words::{Forgotten, Kept, Words};

/// What is left of the bounds while one message is read.
pub(crate) struct Guard<W> {
    depth_max: usize,
    depth_left: Cell<usize>,
    elements_max: usize,
    elements_left: Cell<usize>,
    /// What really went wrong, while the codec's own error carries the news outwards.
    fault: Cell<Option<DecodeError>>,
    words: PhantomData<W>,
}

impl<W: Words> Guard<W> {
    #[inline]
    pub(crate) fn new(message_bytes: usize, limits: &Limits) -> Self {
        Self {
            depth_max: limits.depth_max,
            depth_left: Cell::new(limits.depth_max),
            elements_max: message_bytes,
            elements_left: Cell::new(message_bytes),
            fault: Cell::new(None),
            words: PhantomData,
        }
    }

    /// The value, if nothing of the message is left over.
    #[inline]
    pub(crate) fn whole<T>(&self, value: T, bytes_left: usize) -> Result<T, DecodeError> {
        match bytes_left {
            0 => Ok(value),
            bytes => Err(DecodeError::LeftOver { bytes }),
        }
    }

    /// What went wrong, by the guard's word or else by the codec's.
    #[cold]
    pub(crate) fn fault_or(&self, other: impl fmt::Display) -> DecodeError {
        let known = self.fault.take();
        known.unwrap_or_else(|| DecodeError::Malformed(other.to_string()))
    }

    /// Keeps `fault` and gives the codec an error of its own to carry.
    #[cold]
    fn carry<E: serde::de::Error>(&self, fault: DecodeError) -> E {
        self.fault.set(Some(fault));
        E::custom("refused")
    }

    #[inline]
    fn descend<E: de::Error>(&self) -> Result<(), W::Error<E>> {
        let Some(left) = self.depth_left.get().checked_sub(1) else {
            let depth_max = self.depth_max;
            return Err(W::refuse(DecodeError::TooDeep { depth_max }, self));
        };
        self.depth_left.set(left);
        Ok(())
    }

    #[inline]
    fn ascend(&self) {
        self.depth_left.set(self.depth_left.get() + 1);
    }

    #[inline]
    fn charge<E: de::Error>(&self, elements: usize) -> Result<(), W::Error<E>> {
        let Some(left) = self.elements_left.get().checked_sub(elements) else {
            let elements_max = self.elements_max;
            return Err(W::refuse(DecodeError::TooMany { elements_max }, self));
        };
        self.elements_left.set(left);
        Ok(())
    }
}

/// What stands around a value, as far as the guard has to treat it differently.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Length {
    /// The type says how many there are.
    Fixed,
    /// The message says it.
    Declared,
}

/// A deserializer under guard.
pub(crate) struct Guarded<'g, D, W> {
    inner: D,
    guard: &'g Guard<W>,
}

impl<'g, 'de, D: Deserializer<'de>, W: Words> Guarded<'g, D, W> {
    /// Reads what holds no other value.
    #[inline]
    fn plain<V, F>(self, visitor: V, read: F) -> Result<V::Value, W::Error<D::Error>>
    where
        V: Visitor<'de>,
        F: FnOnce(D, visitor::Guarded<'g, V, W>) -> Result<V::Value, D::Error>,
    {
        let guard = self.guard;
        W::inwards(
            read(self.inner, visitor::Guarded::new(visitor, guard, Length::Fixed)),
            guard,
        )
    }

    /// Reads what holds others, one level down.
    #[inline]
    fn nested<V, F>(self, visitor: V, length: Length, read: F) -> Result<V::Value, W::Error<D::Error>>
    where
        V: Visitor<'de>,
        F: FnOnce(D, visitor::Guarded<'g, V, W>) -> Result<V::Value, D::Error>,
    {
        let guard = self.guard;
        guard.descend::<D::Error>()?;
        let read = read(self.inner, visitor::Guarded::new(visitor, guard, length));
        guard.ascend();
        W::inwards(read, guard)
    }
}

macro_rules! plain {
    ($($method:ident => $inner:ident)*) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
            self.plain(visitor, |inner, visitor| inner.$inner(visitor))
        }
    )*};
}

impl<'de, D: Deserializer<'de>, W: Words> Deserializer<'de> for Guarded<'_, D, W> {
    type Error = W::Error<D::Error>;

    plain! {
        deserialize_bool => deserialize_bool
        deserialize_i8 => deserialize_i8
        deserialize_i16 => deserialize_i16
        deserialize_i32 => deserialize_i32
        deserialize_i64 => deserialize_i64
        deserialize_i128 => deserialize_i128
        deserialize_u8 => deserialize_u8
        deserialize_u16 => deserialize_u16
        deserialize_u32 => deserialize_u32
        deserialize_u64 => deserialize_u64
        deserialize_u128 => deserialize_u128
        deserialize_f32 => deserialize_f32
        deserialize_f64 => deserialize_f64
        deserialize_char => deserialize_char
        deserialize_str => deserialize_str
        deserialize_string => deserialize_str
        deserialize_bytes => deserialize_bytes
        deserialize_byte_buf => deserialize_bytes
        deserialize_unit => deserialize_unit
        deserialize_identifier => deserialize_identifier
        deserialize_ignored_any => deserialize_ignored_any
        deserialize_any => deserialize_any
    }

    #[inline]
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        self.nested(visitor, Length::Fixed, |inner, visitor| {
            inner.deserialize_option(visitor)
        })
    }

    #[inline]
    fn deserialize_unit_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Self::Error> {
        self.plain(visitor, |inner, visitor| inner.deserialize_unit_struct(name, visitor))
    }

    #[inline]
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.nested(visitor, Length::Fixed, |inner, visitor| {
            inner.deserialize_newtype_struct(name, visitor)
        })
    }

    #[inline]
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        self.nested(visitor, Length::Declared, |inner, visitor| {
            inner.deserialize_seq(visitor)
        })
    }

    #[inline]
    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Self::Error> {
        self.nested(visitor, Length::Fixed, |inner, visitor| {
            inner.deserialize_tuple(len, visitor)
        })
    }

    #[inline]
    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.nested(visitor, Length::Fixed, |inner, visitor| {
            inner.deserialize_tuple_struct(name, len, visitor)
        })
    }

    #[inline]
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        self.nested(visitor, Length::Declared, |inner, visitor| {
            inner.deserialize_map(visitor)
        })
    }

    #[inline]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.nested(visitor, Length::Fixed, |inner, visitor| {
            inner.deserialize_struct(name, fields, visitor)
        })
    }

    #[inline]
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.nested(visitor, Length::Fixed, |inner, visitor| {
            inner.deserialize_enum(name, variants, visitor)
        })
    }

    #[inline]
    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}
