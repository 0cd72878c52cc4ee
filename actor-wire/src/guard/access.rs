//! Accesses under guard: elements are charged, variants go on guarded.

use serde::de::{self, DeserializeSeed, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor};

use super::seed::Element;
use super::{Guard, Length, Words, visitor};

/// The elements of a sequence, or the entries of a map.
pub(super) struct Elements<'g, A, W> {
    inner: A,
    guard: &'g Guard<W>,
    /// Whether each is charged when it comes, because nobody said beforehand how many there are.
    one_by_one: bool,
}

impl<'g, A, W: Words> Elements<'g, A, W> {
    /// Charges what the message declares, all at once: whoever reads it may make room for so many.
    #[inline]
    pub(super) fn new<E: de::Error>(
        inner: A,
        size_hint: impl FnOnce(&A) -> Option<usize>,
        guard: &'g Guard<W>,
        length: Length,
    ) -> Result<Self, W::Error<E>> {
        let mut one_by_one = false;
        if length == Length::Declared {
            match size_hint(&inner) {
                Some(elements) => guard.charge::<E>(elements)?,
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
    fn counted<T, E: de::Error>(&self, element: Result<Option<T>, E>) -> Result<Option<T>, W::Error<E>> {
        if self.one_by_one && matches!(element, Ok(Some(_))) {
            self.guard.charge::<E>(1)?;
        }
        W::inwards(element, self.guard)
    }
}

impl<'de, A: SeqAccess<'de>, W: Words> SeqAccess<'de> for Elements<'_, A, W> {
    type Error = W::Error<A::Error>;

    #[inline]
    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Self::Error> {
        let guard = self.guard;
        let element = self.inner.next_element_seed(Element { seed, guard });
        self.counted(element)
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

impl<'de, A: MapAccess<'de>, W: Words> MapAccess<'de> for Elements<'_, A, W> {
    type Error = W::Error<A::Error>;

    #[inline]
    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Self::Error> {
        let guard = self.guard;
        let key = self.inner.next_key_seed(Element { seed, guard });
        self.counted(key)
    }

    #[inline]
    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Self::Error> {
        let guard = self.guard;
        W::inwards(self.inner.next_value_seed(Element { seed, guard }), guard)
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

/// A variant: its name first, then what it holds.
pub(super) struct Variant<'g, A, W> {
    pub(super) inner: A,
    pub(super) guard: &'g Guard<W>,
}

impl<'g, 'de, A: EnumAccess<'de>, W: Words> EnumAccess<'de> for Variant<'g, A, W> {
    type Error = W::Error<A::Error>;
    type Variant = Variant<'g, A::Variant, W>;

    #[inline]
    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self::Variant), Self::Error> {
        let guard = self.guard;
        let (name, inner) = W::inwards(self.inner.variant_seed(Element { seed, guard }), guard)?;
        Ok((name, Variant { inner, guard }))
    }
}

impl<'de, A: VariantAccess<'de>, W: Words> VariantAccess<'de> for Variant<'_, A, W> {
    type Error = W::Error<A::Error>;

    #[inline]
    fn unit_variant(self) -> Result<(), Self::Error> {
        W::inwards(self.inner.unit_variant(), self.guard)
    }

    #[inline]
    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Self::Error> {
        let guard = self.guard;
        W::inwards(self.inner.newtype_variant_seed(Element { seed, guard }), guard)
    }

    #[inline]
    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Self::Error> {
        let visitor = visitor::Guarded::new(visitor, self.guard, Length::Fixed);
        W::inwards(self.inner.tuple_variant(len, visitor), self.guard)
    }

    #[inline]
    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        let visitor = visitor::Guarded::new(visitor, self.guard, Length::Fixed);
        W::inwards(self.inner.struct_variant(fields, visitor), self.guard)
    }
}
