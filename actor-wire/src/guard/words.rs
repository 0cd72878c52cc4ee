//! Whose error carries a user's words while a message is read: the codec's own, or ours where the codec forgets them.

use serde::de;

use super::Guard;
use crate::error::DecodeError;

pub(crate) trait Words: Sized {
    /// What a user's code has where the codec has `E`.
    type Error<E: de::Error>: de::Error;

    fn inwards<T, E: de::Error>(read: Result<T, E>, guard: &Guard<Self>) -> Result<T, Self::Error<E>>;

    fn outwards<T, E: de::Error>(read: Result<T, Self::Error<E>>, guard: &Guard<Self>) -> Result<T, E>;

    fn refuse<E: de::Error>(fault: DecodeError, guard: &Guard<Self>) -> Self::Error<E>;
}

/// The codec keeps them. Values pass through the guard as they are: to turn their results into those of another error, and back
/// at every level, would take longer than to read them.
pub(crate) struct Kept;

impl Words for Kept {
    type Error<E: de::Error> = E;

    #[inline]
    fn inwards<T, E: de::Error>(read: Result<T, E>, _guard: &Guard<Self>) -> Result<T, E> {
        read
    }

    #[inline]
    fn outwards<T, E: de::Error>(read: Result<T, E>, _guard: &Guard<Self>) -> Result<T, E> {
        read
    }

    fn refuse<E: de::Error>(fault: DecodeError, guard: &Guard<Self>) -> E {
        guard.carry(fault)
    }
}

/// The codec forgets them.
pub(crate) struct Forgotten;

impl Words for Forgotten {
    type Error<E: de::Error> = DecodeError;

    #[inline]
    fn inwards<T, E: de::Error>(read: Result<T, E>, guard: &Guard<Self>) -> Result<T, DecodeError> {
        read.map_err(|why| guard.fault_or(why))
    }

    #[inline]
    fn outwards<T, E: de::Error>(read: Result<T, DecodeError>, guard: &Guard<Self>) -> Result<T, E> {
        read.map_err(|fault| guard.carry(fault))
    }

    fn refuse<E: de::Error>(fault: DecodeError, _guard: &Guard<Self>) -> DecodeError {
        fault
    }
}
