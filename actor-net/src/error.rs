//! Why something between nodes came to nothing.

use std::fmt;

use crate::wire::EXPOSED_BYTES_MAX;
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

impl Closed {
    /// Whether nobody needed it any more.
    pub(crate) fn is_rest(&self) -> bool {
        let idle = Goodbye::Idle;
        matches!(self, Closed::Ended(code) | Closed::EndedByPeer { code, .. } if *code == idle)
    }

    /// Whether the peer has said that it goes.
    pub(crate) fn has_left(&self) -> bool {
        let leaving = Goodbye::Leaving;
        matches!(self, Closed::EndedByPeer { code, .. } if *code == leaving)
    }
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Closed::Refused { code, words } => write!(f, "refused: {code}{}", Aside(words)),
            Closed::RefusedByPeer { code, words } => write!(f, "refused by the peer: {code}{}", Aside(words)),
            Closed::Ended(code) => write!(f, "ended: {code}"),
            Closed::EndedByPeer { code, words } => write!(f, "ended by the peer: {code}{}", Aside(words)),
            Closed::Silent => f.write_str("the peer was silent for too long"),
            Closed::Frame(why) => write!(f, "the peer sent {why}"),
            Closed::Protocol(why) => write!(f, "the peer broke the protocol: {why}"),
            Closed::Lost(why) => write!(f, "lost: {why}"),
        }
    }
}

/// In brackets, if there is anything to say.
struct Aside<'a>(&'a str);

impl fmt::Display for Aside<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            "" => Ok(()),
            words => write!(f, " ({words})"),
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

/// Why nothing was exposed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExposeError {
    /// Something is exposed by that name, or a kind is registered under it.
    NameTaken(String),
    /// Names that begin with `~` are for what nodes have of themselves.
    Reserved(String),
    /// It is longer than [`EXPOSED_BYTES_MAX`], and could not be asked for.
    TooLong,
}

impl fmt::Display for ExposeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExposeError::NameTaken(name) => {
                write!(f, "'{name}' is exposed already; conceal it first or choose another")
            }
            ExposeError::Reserved(name) => {
                write!(f, "'{name}' begins with '~', as only names of the nodes themselves do")
            }
            ExposeError::TooLong => write!(f, "what is exposed has a name of {EXPOSED_BYTES_MAX} bytes at most"),
        }
    }
}

impl std::error::Error for ExposeError {}

/// Why a look-up, or the start of an actor at another node, gave no handle.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LookupError {
    /// The name has not the form `name@node`, or is longer than any that can be [exposed](EXPOSED_BYTES_MAX).
    BadName(String),
    /// The node cannot be reached.
    Unreachable(Closed),
    /// Nothing is exposed by that name there.
    NotFound,
    /// No kind of that name is registered there.
    NoSuchKind,
    /// What has that name speaks this protocol, and another was asked for.
    OtherProtocol(String),
    /// What has that name speaks this version of the protocol, and another was asked for.
    OtherVersion(String),
    /// Both sides have the same name and version, and types of another shape: this is the fingerprint there.
    OtherShape(String),
    /// The node does not know the codec that is used.
    OtherCodec,
    /// The arguments cannot be sent, for this reason.
    Unsendable(String),
    /// It could not be started there, for this reason.
    NotStarted(String),
    /// Too many requests are open, or too many handles are held.
    TooMany,
    /// The connection was lost meanwhile. Whether an actor was started is unknown.
    NodeDown,
}

impl fmt::Display for LookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LookupError::BadName(name) if name.len() > EXPOSED_BYTES_MAX => {
                write!(f, "what is exposed has a name of {EXPOSED_BYTES_MAX} bytes at most")
            }
            LookupError::BadName(name) => write!(f, "'{name}' is not of the form name@node"),
            LookupError::Unreachable(why) => write!(f, "the node cannot be reached: {why}"),
            LookupError::NotFound => f.write_str("nothing is exposed by that name there; its node has to `expose` it"),
            LookupError::NoSuchKind => {
                f.write_str("no kind of that name is registered there; its node has to `register_kind`")
            }
            LookupError::OtherProtocol(there) => {
                write!(f, "it speaks the protocol '{there}', and another was asked for")
            }
            LookupError::OtherVersion(there) => write!(
                f,
                "it speaks version {there} of the protocol, and another was asked for"
            ),
            LookupError::OtherShape(there) => {
                write!(
                    f,
                    "its messages have another shape (fingerprint {there}): the two builds differ"
                )
            }
            LookupError::OtherCodec => f.write_str("the node does not know the codec"),
            LookupError::Unsendable(why) => write!(f, "the arguments cannot be sent: {why}"),
            LookupError::NotStarted(why) => write!(f, "it could not be started: {why}"),
            LookupError::TooMany => f.write_str(
                "too many requests or handles are open between the two nodes: see `requests_max` and `exports_max`",
            ),
            LookupError::NodeDown => f.write_str("the connection was lost"),
        }
    }
}

impl std::error::Error for LookupError {}

/// Why a node did not start.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// A name or setting that cannot be; what is wrong with it.
    Setting(String),
    /// The address cannot be listened on.
    Listen {
        /// The address.
        address: String,
        /// Why not.
        why: std::io::Error,
    },
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::Setting(what) => f.write_str(what),
            StartError::Listen { address, why } => {
                write!(
                    f,
                    "cannot listen on {address}: {why}; choose another address, or stop what is there"
                )
            }
        }
    }
}

// Without a source: its words are among ours, and a chain would say them twice.
impl std::error::Error for StartError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_said_twice_and_nothing_in_empty_brackets() {
        let refused = |words: &str| Closed::RefusedByPeer {
            code: Refusal::Proof,
            words: words.to_owned(),
        };
        assert_eq!(
            refused("").to_string(),
            format!("refused by the peer: {}", Refusal::Proof)
        );
        assert!(refused("so it is").to_string().ends_with(" (so it is)"));
        let listening = StartError::Listen {
            address: "127.0.0.1:1".to_owned(),
            why: std::io::Error::other("because"),
        };
        assert!(listening.to_string().contains("because"));
        assert!(std::error::Error::source(&listening).is_none());
    }
}
