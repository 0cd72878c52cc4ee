//! What stands in a message for something that is elsewhere: bytes that say where it is, and a shape that says what it takes.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeOwned, Deserializer, Error, SeqAccess, Visitor};

/// By this name a port is known to who takes a fingerprint.
pub(crate) const NAME: &str = "actor_wire port";

/// Reads a port to something that takes `T`s.
///
/// On the wire it is a `B`, of which `read` makes the port. Where a [`Fingerprint`](crate::Fingerprint) is taken there is nothing to be reached: the shape of
/// `T` is walked in its place, and `dead` makes a port that leads nowhere.
///
/// # Errors
/// The bytes are no `B`, or `read` refuses it.
pub fn deserialize_port<'de, D, B, T, P>(
    deserializer: D,
    read: impl FnOnce(B) -> Result<P, String>,
    dead: impl FnOnce() -> P,
) -> Result<P, D::Error>
where
    D: Deserializer<'de>,
    B: DeserializeOwned,
    T: DeserializeOwned,
{
    let port = Port {
        read,
        dead,
        types: PhantomData::<fn() -> (B, T, P)>,
    };
    deserializer.deserialize_newtype_struct(NAME, port)
}

struct Port<Read, Dead, Types> {
    read: Read,
    dead: Dead,
    types: PhantomData<Types>,
}

impl<'de, Read, Dead, B, T, P> Visitor<'de> for Port<Read, Dead, fn() -> (B, T, P)>
where
    Read: FnOnce(B) -> Result<P, String>,
    Dead: FnOnce() -> P,
    B: DeserializeOwned,
    T: DeserializeOwned,
{
    type Value = P;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a port")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<P, D::Error> {
        (self.read)(B::deserialize(inner)?).map_err(D::Error::custom)
    }

    /// No format has a sequence where a newtype is asked for: this is the walk of a shape.
    fn visit_seq<A: SeqAccess<'de>>(self, mut behind: A) -> Result<P, A::Error> {
        behind.next_element::<T>()?;
        Ok((self.dead)())
    }
}
