//! Why a value could not be written, or bytes could not be read.

use std::error::Error;
use std::fmt;

/// Why a value was not encoded. The buffer is as it was before.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EncodeError {
    /// It needs more bytes than the limit that was given.
    TooLarge {
        /// The limit.
        bytes_max: usize,
    },
    /// Its own `Serialize`, or the codec, refuses it; these are its words. (postcard does not keep those of a `Serialize`.)
    Refused(String),
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EncodeError::TooLarge { bytes_max } => write!(f, "not encoded: needs more than {bytes_max} bytes"),
            EncodeError::Refused(why) => write!(f, "not encoded: {why}"),
        }
    }
}

impl Error for EncodeError {}

/// Why bytes were not decoded. Nothing of a value is left.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeError {
    /// More values contain one another than the limit allows.
    TooDeep {
        /// The limit.
        depth_max: usize,
    },
    /// The sequences and maps say that they have more elements than the message has bytes.
    TooMany {
        /// The bytes of the whole message.
        elements_max: usize,
    },
    /// The value ended before the bytes did.
    LeftOver {
        /// How many bytes were left.
        bytes: usize,
    },
    /// The bytes are no value of this type; these are the words of the codec or of the type's own `Deserialize`.
    Malformed(String),
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DecodeError::TooDeep { depth_max } => write!(f, "not decoded: nested deeper than {depth_max} levels"),
            DecodeError::TooMany { elements_max } => {
                write!(f, "not decoded: more elements than its {elements_max} bytes can hold")
            }
            DecodeError::LeftOver { bytes } => write!(f, "not decoded: {bytes} bytes are left over"),
            DecodeError::Malformed(why) => write!(f, "not decoded: {why}"),
        }
    }
}

impl Error for DecodeError {}

impl serde::de::Error for DecodeError {
    fn custom<T: fmt::Display>(words: T) -> Self {
        DecodeError::Malformed(words.to_string())
    }
}
