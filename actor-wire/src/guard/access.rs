//! Accesses under guard: elements are charged, variants go on guarded.

use serde::de::{DeserializeSeed, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor};

use super::seed::Element;
use super::{Guard, Length, visitor};
use crate::error::DecodeError;

/// The elements of a sequence, or the entries of a map.
pub(super) struct Elements<'g, A> {
    inner: A,
    guard: &'g Guard,
    /// Whether each is charged when it comes, because nobody said beforehand how many there are.
    one_by_one: bool,
}

impl<'g, A> Elements<'g, A> {
    /// Charges what the message declares, all at once: whoever reads it may make room for so many.
    #[inline]
    pub(super) fn new(
        inner: A,
        size_hint: impl FnOnce(&A) -> Option<usize>,
        guard: &'g Guard,
        length: Length,
    ) -> Result<Self, DecodeError> {
        let mut one_by_one = false;
        if length == Length::Declared {
            match size_hint(&inner) {
                Some(elements) => guard.charge(elements)?,
                None => one_by_one = true,
            }
        }
        Ok(Self {
            inner,
            guard,
            one_by_one,
        })
    }

    /// Charges one that came.
    #[inline]
    fn counted<T>(&self, element: Option<T>) -> Result<Option<T>, DecodeError> {
        if self.one_by_one && element.is_some() {
            self.guard.charge(1)?;
        }
        Ok(element)
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Elements<'_, A> {
    type Error = DecodeError;

    #[inline]
    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, DecodeError> {
        let guard = self.guard;
        let element = self.inner.next_element_seed(Element { seed, guard });
        self.counted(element.map_err(|why| guard.fault_or(why))?)
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Elements<'_, A> {
    type Error = DecodeError;

    #[inline]
    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, DecodeError> {
        let guard = self.guard;
        let key = self.inner.next_key_seed(Element { seed, guard });
        self.counted(key.map_err(|why| guard.fault_or(why))?)
    }

    #[inline]
    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, DecodeError> {
        let guard = self.guard;
        self.inner
            .next_value_seed(Element { seed, guard })
            .map_err(|why| guard.fault_or(why))
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

/// A variant: its name first, then what it holds.
pub(super) struct Variant<'g, A> {
    pub(super) inner: A,
    pub(super) guard: &'g Guard,
}

impl<'g, 'de, A: EnumAccess<'de>> EnumAccess<'de> for Variant<'g, A> {
    type Error = DecodeError;
    type Variant = Variant<'g, A::Variant>;

    #[inline]
    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self::Variant), DecodeError> {
        let guard = self.guard;
        let (name, inner) = self
            .inner
            .variant_seed(Element { seed, guard })
            .map_err(|why| guard.fault_or(why))?;
        Ok((name, Variant { inner, guard }))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Variant<'_, A> {
    type Error = DecodeError;

    #[inline]
    fn unit_variant(self) -> Result<(), DecodeError> {
        self.inner.unit_variant().map_err(|why| self.guard.fault_or(why))
    }

    #[inline]
    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, DecodeError> {
        let guard = self.guard;
        self.inner
            .newtype_variant_seed(Element { seed, guard })
            .map_err(|why| guard.fault_or(why))
    }

    #[inline]
    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, DecodeError> {
        let visitor = visitor::Guarded::new(visitor, self.guard, Length::Fixed);
        self.inner
            .tuple_variant(len, visitor)
            .map_err(|why| self.guard.fault_or(why))
    }

    #[inline]
    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        let visitor = visitor::Guarded::new(visitor, self.guard, Length::Fixed);
        self.inner
            .struct_variant(fields, visitor)
            .map_err(|why| self.guard.fault_or(why))
    }
}
