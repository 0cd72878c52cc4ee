//! bincode 2: the only file that knows it.

use bincode::config::{Configuration, Limit, LittleEndian, Varint};
use bincode::enc::write::Writer;
use bincode::error::{DecodeError as BincodeDecodeError, EncodeError as BincodeError};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::buffer::Draft;
use crate::error::DecodeError;
use crate::guard::{Guard, Kept, Whole};
use crate::limits::Limits;

/// Beyond any frame. bincode checks lengths against it before it allocates; the guard's bounds are the ones that bite.
const BYTES_MAX: usize = 1 << 30;

const CONFIG: Configuration<LittleEndian, Varint, Limit<BYTES_MAX>> = bincode::config::standard().with_limit();

impl Writer for Draft<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), BincodeError> {
        self.append(bytes).map_err(|_| BincodeError::UnexpectedEnd)
    }
}

pub(super) fn encode<T: Serialize + ?Sized>(value: &T, draft: &mut Draft<'_>) -> Result<(), String> {
    bincode::serde::encode_into_writer(value, draft, CONFIG).map_err(|why| match why {
        BincodeError::OtherString(words) => words,
        other => other.to_string(),
    })
}

pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8], limits: &Limits) -> Result<T, DecodeError> {
    let guard = Guard::<Kept>::new(bytes.len(), limits);
    match bincode::serde::seed_decode_from_slice(Whole::new(&guard), bytes, CONFIG) {
        Ok((value, read)) => guard.whole(value, bytes.len() - read),
        Err(BincodeDecodeError::OtherString(words)) => Err(guard.fault_or(words)),
        Err(why) => Err(guard.fault_or(why)),
    }
}
