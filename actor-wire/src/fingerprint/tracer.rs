//! A deserializer that has no bytes: it makes up values, while it notes what is asked for.

use std::any::type_name;

use serde::de::value::U32Deserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor,
};

use super::shapes::Shapes;
use crate::error::DecodeError;
use crate::port;

pub(super) struct Tracer<'s>(pub(super) &'s mut Shapes);

impl Tracer<'_> {
    fn again(&mut self) -> Tracer<'_> {
        Tracer(self.0)
    }

    /// Walks what `walk` asks for, one level down, between brackets.
    fn nested<T>(
        mut self,
        [open, close]: [&str; 2],
        walk: impl FnOnce(Tracer<'_>) -> Result<T, DecodeError>,
    ) -> Result<T, DecodeError> {
        self.0.write(open);
        let walked = match self.0.descend() {
            Some(()) => walk(self.again()),
            None => Err(endless()),
        };
        self.0.ascend();
        if walked.is_ok() {
            self.0.write(close);
        }
        walked
    }

    /// As [`nested`](Self::nested), for a type with a name, which may hold itself.
    fn named<T>(
        self,
        rust_name: &'static str,
        brackets: [&str; 2],
        walk: impl FnOnce(Tracer<'_>) -> Result<T, DecodeError>,
    ) -> Result<T, DecodeError> {
        let within_itself = self.0.enter(rust_name);
        let shapes = self.0;
        let walked = Tracer(shapes).nested(brackets, walk);
        shapes.leave(within_itself);
        walked
    }

    /// Notes that this is where the shape ends for us.
    fn opaque<T>(self) -> Result<T, DecodeError> {
        self.0.write("?");
        Err(DecodeError::custom("asks for a format that describes itself"))
    }
}

fn endless() -> DecodeError {
    DecodeError::custom("has no end")
}

macro_rules! primitives {
    ($($method:ident $visit:ident $shape:literal $value:expr;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
            self.0.write($shape);
            visitor.$visit($value)
        }
    )*};
}

impl<'de> Deserializer<'de> for Tracer<'_> {
    type Error = DecodeError;

    // One, and not zero: a `NonZero` takes it too.
    primitives! {
        deserialize_bool visit_bool "bool " false;
        deserialize_i8 visit_i8 "i8 " 1;
        deserialize_i16 visit_i16 "i16 " 1;
        deserialize_i32 visit_i32 "i32 " 1;
        deserialize_i64 visit_i64 "i64 " 1;
        deserialize_i128 visit_i128 "i128 " 1;
        deserialize_u8 visit_u8 "u8 " 1;
        deserialize_u16 visit_u16 "u16 " 1;
        deserialize_u32 visit_u32 "u32 " 1;
        deserialize_u64 visit_u64 "u64 " 1;
        deserialize_u128 visit_u128 "u128 " 1;
        deserialize_f32 visit_f32 "f32 " 1.0;
        deserialize_f64 visit_f64 "f64 " 1.0;
        deserialize_char visit_char "char " 'a';
        deserialize_str visit_str "str " "";
        deserialize_string visit_str "str " "";
        deserialize_bytes visit_bytes "bytes " &[];
        deserialize_byte_buf visit_bytes "bytes " &[];
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.0.write("() ");
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        if self.0.is_quiet() {
            return visitor.visit_none();
        }
        self.nested(["option<", ">"], |inner| visitor.visit_some(inner))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        if name == port::NAME {
            // What it takes may be what is being walked: a port to it has an end all the same.
            let count = usize::from(!self.0.is_quiet());
            return self.named(type_name::<V::Value>(), ["port<", ">"], |inner| {
                visitor.visit_seq(Elements::new(inner, count))
            });
        }
        // It has no bytes of its own, so it leaves no mark.
        self.named(type_name::<V::Value>(), ["", ""], |inner| {
            visitor.visit_newtype_struct(inner)
        })
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        let count = usize::from(!self.0.is_quiet());
        self.nested(["[", "]"], |inner| visitor.visit_seq(Elements::new(inner, count)))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, DecodeError> {
        self.nested(["(", ")"], |inner| visitor.visit_seq(Elements::new(inner, len)))
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.named(type_name::<V::Value>(), ["(", ")"], |inner| {
            visitor.visit_seq(Elements::new(inner, len))
        })
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        let count = usize::from(!self.0.is_quiet());
        self.nested(["map<", ">"], |inner| visitor.visit_map(Elements::new(inner, count)))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.named(type_name::<V::Value>(), ["{", "}"], |inner| {
            visitor.visit_seq(Elements::of_fields(inner, fields))
        })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        let rust_name = type_name::<V::Value>();
        let Tracer(shapes) = self;
        let within_itself = shapes.enter(rust_name);
        let taken = match shapes.choose(rust_name, variants) {
            Some(choice) => {
                let index = choice.index();
                let taken = Tracer(shapes).nested([" ", ""], |inner| visitor.visit_enum(Taken { index, inner }));
                shapes.chosen(choice, taken.is_ok());
                taken
            }
            None => Err(endless()),
        };
        shapes.leave(within_itself);
        taken
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, DecodeError> {
        self.opaque()
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, DecodeError> {
        self.opaque()
    }

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, DecodeError> {
        self.opaque()
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

/// So many made-up elements, with the names of fields where they have some.
struct Elements<'s> {
    tracer: Tracer<'s>,
    left: usize,
    names: std::slice::Iter<'static, &'static str>,
}

impl<'s> Elements<'s> {
    fn new(tracer: Tracer<'s>, left: usize) -> Self {
        let names = [].iter();
        Self { tracer, left, names }
    }

    fn of_fields(tracer: Tracer<'s>, fields: &'static [&'static str]) -> Self {
        let (left, names) = (fields.len(), fields.iter());
        Self { tracer, left, names }
    }

    fn next<'de, S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, DecodeError> {
        let Some(left) = self.left.checked_sub(1) else {
            return Ok(None);
        };
        self.left = left;
        if let Some(name) = self.names.next() {
            self.tracer.0.write(name);
            self.tracer.0.write(":");
        }
        seed.deserialize(self.tracer.again()).map(Some)
    }
}

impl<'de> SeqAccess<'de> for Elements<'_> {
    type Error = DecodeError;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, DecodeError> {
        self.next(seed)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

impl<'de> MapAccess<'de> for Elements<'_> {
    type Error = DecodeError;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, DecodeError> {
        self.next(seed)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, DecodeError> {
        seed.deserialize(self.tracer.again())
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

/// The variant that was chosen.
struct Taken<'s> {
    index: u32,
    inner: Tracer<'s>,
}

impl<'de, 's> EnumAccess<'de> for Taken<'s> {
    type Error = DecodeError;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), DecodeError> {
        let index: U32Deserializer<DecodeError> = self.index.into_deserializer();
        Ok((seed.deserialize(index)?, self))
    }
}

impl<'de> VariantAccess<'de> for Taken<'_> {
    type Error = DecodeError;

    fn unit_variant(self) -> Result<(), DecodeError> {
        Ok(())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, DecodeError> {
        seed.deserialize(self.inner)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, DecodeError> {
        self.inner
            .nested(["(", ")"], |inner| visitor.visit_seq(Elements::new(inner, len)))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.inner.nested(["{", "}"], |inner| {
            visitor.visit_seq(Elements::of_fields(inner, fields))
        })
    }
}
