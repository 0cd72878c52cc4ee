//! postcard 1: the only file that knows it.

use postcard::ser_flavors::Flavor;
use serde::Serialize;
use serde::de::{DeserializeOwned, DeserializeSeed};

use super::buffer::Draft;
use crate::error::DecodeError;
use crate::guard::{Forgotten, Guard, Whole};
use crate::limits::Limits;

struct Sink<'a, 'b>(&'a mut Draft<'b>);

impl Flavor for Sink<'_, '_> {
    type Output = ();

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.append(bytes).map_err(|_| postcard::Error::SerializeBufferFull)
    }

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.try_extend(&[byte])
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

pub(super) fn encode<T: Serialize + ?Sized>(value: &T, draft: &mut Draft<'_>) -> Result<(), String> {
    postcard::serialize_with_flavor(value, Sink(draft)).map_err(|why| why.to_string())
}

pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8], limits: &Limits) -> Result<T, DecodeError> {
    let guard = Guard::<Forgotten>::new(bytes.len(), limits);
    let mut reader = postcard::Deserializer::from_bytes(bytes);
    let value = Whole::new(&guard)
        .deserialize(&mut reader)
        .map_err(|why| guard.fault_or(why))?;
    let rest = reader.finalize().map_err(|why| guard.fault_or(why))?;
    guard.whole(value, rest.len())
}
