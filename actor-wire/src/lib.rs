//! Bytes to values: what a message must be to travel, and the two codecs that carry it, behind one guard.
//!
//! [`Codec`] appends a value to a buffer and reads one back from a slice. It is a closed set, matched by its id and compiled
//! for each message type, so that no virtual call stands between a message and its bytes. What it reads may come from
//! anyone: depth, element counts and left-over bytes are bounded by [`Limits`], whatever the codec itself would do.
//!
//! ```
//! use actor_wire::{Codec, Limits};
//!
//! let mut bytes = Vec::new();
//! Codec::Bincode.encode(&("lobby", 7_u32), &mut bytes, 1024)?;
//! let (room, seats): (String, u32) = Codec::Bincode.decode(&bytes, &Limits::default())?;
//! assert_eq!((room.as_str(), seats), ("lobby", 7));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What does not travel
//! Neither codec describes itself: `#[serde(untagged)]`, `flatten`, `tag = "…"` and `skip_serializing_if` fail on the wire, and
//! fields and variants are known by their place. So variants and fields are appended and never reordered, and a protocol that changes
//! otherwise gets a new version. A test with [`assert_survives_the_wire`] finds what does not travel; a [`Fingerprint`] shows that
//! two builds mean the same shape.

// From the bottom up, a blank line between two layers: a room imports from its own layer and from those above it here.
mod error;
mod limits;
mod wire;

mod guard;

mod codec;
mod port;

mod fingerprint;
mod survive;

#[doc(hidden)]
pub mod fuzzing;

pub use codec::Codec;
pub use error::{DecodeError, EncodeError};
pub use fingerprint::Fingerprint;
pub use limits::Limits;
pub use port::deserialize_port;
pub use survive::assert_survives_the_wire;
pub use wire::Wire;
