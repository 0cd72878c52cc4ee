//! Numbers that stand for reasons on the wire. They are appended to and never change.

use std::fmt;

macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident = $code:literal $words:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$of])* $variant,)*
            /// A number that this build does not know.
            Unknown(u8),
        }

        impl $name {
            /// Every one that this build knows.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The number on the wire.
            pub fn code(self) -> u8 {
                match self {
                    $(Self::$variant => $code,)*
                    Self::Unknown(code) => code,
                }
            }
        }

        impl From<u8> for $name {
            fn from(code: u8) -> Self {
                match code {
                    $($code => Self::$variant,)*
                    other => Self::Unknown(other),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$variant => f.write_str($words),)*
                    Self::Unknown(code) => write!(f, "reason {code}"),
                }
            }
        }
    };
}

codes! {
    /// Why a handshake was refused.
    Refusal {
        /// No version of the protocol is spoken by both.
        Version = 1 "no common version of the protocol",
        /// It belongs to another cluster.
        Cluster = 2 "another cluster; the nodes of one cluster all say its name",
        /// The name is malformed, is not the one that was dialled, is not in the certificate, or is that of the other side, too.
        Name = 3 "a name that is not its own",
        /// The proof does not hold: another secret, or somebody who has none.
        Proof = 4 "the proof does not hold; both nodes need the same secret",
        /// One authenticates in a way that the other does not.
        Method = 5 "another way to authenticate; both nodes need the same security",
        /// Both dialled at once, and the other connection is the one that stays.
        Simultaneous = 6 "the other connection between the two stays",
        /// A node of that name is connected, and alive.
        NameTaken = 7 "a live node has that name; each needs one of its own",
        /// This life of the node was replaced by a newer one.
        Stale = 8 "this incarnation was replaced",
        /// No codec is known to both.
        Codec = 9 "no common codec",
        /// It is not a handshake.
        Malformed = 10 "not a handshake",
        /// It took too long.
        TimedOut = 11 "it took too long",
        /// There are too many connections, or this node is leaving.
        Busy = 12 "not taking connections now",
        /// Both sides are the same life of the same node.
        Itself = 13 "it is this very node",
    }
}

codes! {
    /// Why a question was not answered.
    Unanswered {
        /// The actor has stopped; the question was never seen.
        Stopped = 1 "stopped",
        /// Its mailbox is full, and refuses.
        Full = 2 "full",
        /// The handler died on it.
        Failed = 3 "failed",
        /// The reply was dropped.
        NoReply = 4 "no reply",
        /// Its time was over before it was handled.
        TimedOut = 5 "timed out",
        /// It would have closed a cycle of waits.
        Deadlock = 6 "deadlock",
        /// No such export: never known, or no longer.
        NoExport = 7 "no such actor",
        /// The bytes are no message of that actor.
        Undecodable = 8 "not decodable",
        /// The answer cannot be sent: too large, or refused by its codec.
        Unsendable = 9 "the answer cannot be sent",
        /// Too many questions are unanswered.
        TooMany = 10 "too many unanswered",
    }
}

codes! {
    /// Why a look-up or a spawn found nothing.
    NotFound {
        /// Nothing has that name.
        Name = 1 "nothing has that name",
        /// What has that name speaks another protocol.
        Protocol = 2 "another protocol",
        /// It speaks another version of the protocol.
        Version = 3 "another version of the protocol",
        /// The protocol has the same name and version, and another shape.
        Fingerprint = 4 "another shape of the protocol",
        /// The codec is not known here.
        Codec = 5 "an unknown codec",
        /// No such kind is registered for spawning.
        Kind = 6 "no such kind",
        /// The actor could not be started.
        Start = 7 "it could not be started",
        /// There are too many requests, or exports.
        TooMany = 8 "too many",
    }
}

codes! {
    /// Why a conversation ends.
    Goodbye {
        /// The node leaves.
        Leaving = 1 "the node leaves",
        /// Nobody needs the connection.
        Idle = 2 "nobody needs it",
        /// The peer broke the protocol.
        Protocol = 3 "the protocol was broken",
        /// Another connection to the same node takes its place.
        Replaced = 4 "another connection takes its place",
        /// A limit was passed.
        Limit = 5 "a limit was passed",
    }
}

/// How an actor ended: the numbers of `ExitReason`.
pub mod end {
    /// It ended itself, or was stopped.
    pub const NORMAL: u8 = 1;
    /// Its parent or system was shutting down.
    pub const SHUTDOWN: u8 = 2;
    /// It was killed.
    pub const KILLED: u8 = 3;
    /// It failed; the causes say how.
    pub const FAILED: u8 = 4;
    /// It was stuck.
    pub const STUCK: u8 = 5;
    /// Its node was lost, to the one who says so.
    pub const NODE_DOWN: u8 = 6;
    /// It has not ended: its node does not allow that order, or that link.
    pub const REFUSED: u8 = 7;
}

/// How it failed: the numbers of `FailureKind`.
pub mod failure {
    /// An error was returned.
    pub const ERROR: u8 = 1;
    /// A panic.
    pub const PANIC: u8 = 2;
    /// It could not start.
    pub const START: u8 = 3;
    /// Its children were restarted too often.
    pub const GAVE_UP: u8 = 4;
    /// One that it was linked to failed.
    pub const LINKED: u8 = 5;
}

/// What an order asks of an actor.
pub mod order {
    /// Finish the message in hand, and stop.
    pub const STOP: u8 = 1;
    /// Handle what is queued, and stop.
    pub const DRAIN: u8 = 2;
    /// Stop at once.
    pub const KILL: u8 = 3;
}

/// How a peer proves who it is.
pub mod method {
    /// It does not.
    pub const INSECURE: u8 = 1;
    /// By a shared secret.
    pub const SECRET: u8 = 2;
    /// By its certificate, before the handshake.
    pub const CERTIFICATE: u8 = 3;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_comes_back() {
        for &code in Refusal::ALL {
            assert_eq!(Refusal::from(code.code()), code);
        }
        for &code in Unanswered::ALL {
            assert_eq!(Unanswered::from(code.code()), code);
        }
        for &code in NotFound::ALL {
            assert_eq!(NotFound::from(code.code()), code);
        }
        for &code in Goodbye::ALL {
            assert_eq!(Goodbye::from(code.code()), code);
        }
        assert_eq!(Refusal::from(200).code(), 200);
    }
}
