//! The IRC protocol as pure values: bytes and text in, decisions and lines out, without socket, clock or chance.
//!
//! Read in this order: `framing` cuts bytes into lines, `message` parses one, `line` writes one, `delivery` dresses it
//! for each receiver's capabilities, `volley` several of them; `name`, `mask` and `mode` know the small grammars; `isupport` tells clients all limits.

pub mod bucket;
pub mod calendar;
pub mod caps;
pub mod delivery;
pub mod framing;
pub mod isupport;
pub mod line;
pub mod mask;
pub mod message;
pub mod mode;
pub mod name;
pub mod numeric;
pub mod stamp;
pub mod volley;
