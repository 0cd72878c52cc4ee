//! Visitors under guard: they see guarded accesses.

use std::fmt;

use serde::de::{self, Deserializer, EnumAccess, MapAccess, SeqAccess};

use super::access::{Elements, Variant};
use super::{Guard, Length, Words};

pub(super) struct Guarded<'g, V, W> {
    visitor: V,
    guard: &'g Guard<W>,
    length: Length,
}

impl<'g, V, W> Guarded<'g, V, W> {
    #[inline]
    pub(super) fn new(visitor: V, guard: &'g Guard<W>, length: Length) -> Self {
        Self { visitor, guard, length }
    }
}

macro_rules! plain {
    ($($method:ident: $value:ty)*) => {$(
        #[inline]
        fn $method<E: de::Error>(self, value: $value) -> Result<V::Value, E> {
            W::outwards(self.visitor.$method(value), self.guard)
        }
    )*};
}

impl<'de, V: de::Visitor<'de>, W: Words> de::Visitor<'de> for Guarded<'_, V, W> {
    type Value = V::Value;

    #[inline]
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    plain! {
        visit_bool: bool
        visit_i8: i8
        visit_i16: i16
        visit_i32: i32
        visit_i64: i64
        visit_i128: i128
        visit_u8: u8
        visit_u16: u16
        visit_u32: u32
        visit_u64: u64
        visit_u128: u128
        visit_f32: f32
        visit_f64: f64
        visit_char: char
        visit_str: &str
        visit_borrowed_str: &'de str
        visit_string: String
        visit_bytes: &[u8]
        visit_borrowed_bytes: &'de [u8]
        visit_byte_buf: Vec<u8>
    }

    #[inline]
    fn visit_none<E: de::Error>(self) -> Result<V::Value, E> {
        W::outwards(self.visitor.visit_none(), self.guard)
    }

    #[inline]
    fn visit_unit<E: de::Error>(self) -> Result<V::Value, E> {
        W::outwards(self.visitor.visit_unit(), self.guard)
    }

    #[inline]
    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        let guard = self.guard;
        W::outwards(self.visitor.visit_some(super::Guarded { inner, guard }), guard)
    }

    #[inline]
    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        let guard = self.guard;
        W::outwards(
            self.visitor.visit_newtype_struct(super::Guarded { inner, guard }),
            guard,
        )
    }

    #[inline]
    fn visit_seq<A: SeqAccess<'de>>(self, access: A) -> Result<V::Value, A::Error> {
        let guard = self.guard;
        let elements = W::outwards(
            Elements::new::<A::Error>(access, A::size_hint, guard, self.length),
            guard,
        )?;
        W::outwards(self.visitor.visit_seq(elements), guard)
    }

    #[inline]
    fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<V::Value, A::Error> {
        let guard = self.guard;
        let elements = W::outwards(
            Elements::new::<A::Error>(access, A::size_hint, guard, self.length),
            guard,
        )?;
        W::outwards(self.visitor.visit_map(elements), guard)
    }

    #[inline]
    fn visit_enum<A: EnumAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        let guard = self.guard;
        W::outwards(self.visitor.visit_enum(Variant { inner, guard }), guard)
    }
}
