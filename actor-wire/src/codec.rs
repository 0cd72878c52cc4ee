//! The codecs: a closed set, known on the wire by one byte.

mod bincode;
mod buffer;
mod postcard;

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{DecodeError, EncodeError};
use crate::limits::Limits;

/// How a message becomes bytes.
///
/// Both are compact, neither describes itself: see the [crate](crate#what-does-not-travel) for what that asks of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
#[non_exhaustive]
pub enum Codec {
    /// bincode 2, standard configuration (little-endian, variable-length integers). The default.
    #[default]
    Bincode,
    /// postcard 1, whose format is documented and stable.
    Postcard,
}

impl Codec {
    /// Every codec, in the order of their ids.
    pub const ALL: [Codec; 2] = [Codec::Bincode, Codec::Postcard];

    /// The byte that stands for it on the wire. It never changes.
    pub const fn id(self) -> u8 {
        match self {
            Codec::Bincode => 1,
            Codec::Postcard => 2,
        }
    }

    /// The codec of an [`id`](Self::id), if this build knows one.
    pub fn from_id(id: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|codec| codec.id() == id)
    }

    /// Appends `value` to `out`, with at most `bytes_max` bytes.
    ///
    /// The bytes are counted while they are written: a value that is too large costs no more than the limit.
    ///
    /// # Errors
    /// [`EncodeError`]: it is too large, or refuses to be encoded. `out` is then as it was before.
    ///
    /// # Panics
    /// Only where the value's own `Serialize` does; `out` is as it was before then, too.
    pub fn encode<T>(self, value: &T, out: &mut Vec<u8>, bytes_max: usize) -> Result<(), EncodeError>
    where
        T: Serialize + ?Sized,
    {
        let mut draft = buffer::Draft::new(out, bytes_max);
        let refused = match self {
            Codec::Bincode => bincode::encode(value, &mut draft),
            Codec::Postcard => postcard::encode(value, &mut draft),
        };
        draft.finish(refused)
    }

    /// Reads the one value that `bytes` are.
    ///
    /// What it allocates is bounded by the number of bytes, times the size of the largest element type of `T`.
    ///
    /// # Errors
    /// [`DecodeError`]: nested too deep, too many elements, bytes left over, or no value of this type.
    ///
    /// # Panics
    /// Only where the type's own `Deserialize` does.
    pub fn decode<T: DeserializeOwned>(self, bytes: &[u8], limits: &Limits) -> Result<T, DecodeError> {
        match self {
            Codec::Bincode => bincode::decode(bytes, limits),
            Codec::Postcard => postcard::decode(bytes, limits),
        }
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Codec::Bincode => "bincode",
            Codec::Postcard => "postcard",
        })
    }
}

#[cfg(test)]
mod tests;
