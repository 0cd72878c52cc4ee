//! Why a connection ended.

use std::fmt;

use crate::wire::codes::{Goodbye, Refusal};
use crate::wire::frame::FrameError;
use crate::wire::protocol::ProtocolError;

/// Why a connection ended, or never began. Nothing of its conversation goes on in another one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Closed {
    /// We refused the peer.
    Refused {
        /// Why.
        code: Refusal,
        /// In words.
        words: String,
    },
    /// The peer refused us.
    RefusedByPeer {
        /// Why.
        code: Refusal,
        /// In its words.
        words: String,
    },
    /// We ended it.
    Ended(Goodbye),
    /// The peer ended it.
    EndedByPeer {
        /// Why.
        code: Goodbye,
        /// In its words.
        words: String,
    },
    /// The peer was silent for longer than `heartbeat_timeout`.
    Silent,
    /// The peer sent what is no frame.
    Frame(FrameError),
    /// The peer broke the protocol.
    Protocol(ProtocolError),
    /// The transport failed, or the peer closed it without a word.
    Lost(String),
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Closed::Refused { code, words } => write!(f, "refused: {code} ({words})"),
            Closed::RefusedByPeer { code, words } => write!(f, "refused by the peer: {code} ({words})"),
            Closed::Ended(code) => write!(f, "ended: {code}"),
            Closed::EndedByPeer { code, words } => write!(f, "ended by the peer: {code} ({words})"),
            Closed::Silent => f.write_str("the peer was silent for too long"),
            Closed::Frame(why) => write!(f, "the peer sent {why}"),
            Closed::Protocol(why) => write!(f, "the peer broke the protocol: {why}"),
            Closed::Lost(why) => write!(f, "lost: {why}"),
        }
    }
}

impl std::error::Error for Closed {}

impl From<FrameError> for Closed {
    fn from(why: FrameError) -> Self {
        Closed::Frame(why)
    }
}

impl From<ProtocolError> for Closed {
    fn from(why: ProtocolError) -> Self {
        Closed::Protocol(why)
    }
}
