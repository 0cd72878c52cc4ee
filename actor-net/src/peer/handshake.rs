//! Who is there: both sides of a handshake, from the first byte to an agreement or a refusal.
//!
//! # How it is used
//! [`Handshake::dial`] gives the first bytes to send, [`Handshake::listen`] waits for them. Each whole frame that comes goes to
//! [`Handshake::handle_frame`], the time to [`Handshake::handle_timeout`] when [`Handshake::deadline`] has come. Each of them returns a [`Step`]: what to send, and
//! whether it is over. After [`Step::Done`] the decoder may [allow](crate::wire::frame::Decoder::allow) larger frames; after [`Step::Failed`] the connection is
//! closed behind what is still to be sent.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::Closed;
use crate::id::{NodeId, NodeName};
use crate::peer::datagram::{Key, Keys};
use crate::secret::Secret;
use crate::wire::codes::{Refusal, method};
use crate::wire::frame::LENGTH_BYTES;
use crate::wire::protocol::{Card, DATAGRAMS, Frame, MAGIC, ProtocolError, VERSION, VERSION_MIN};

const CONTEXT: &[u8] = b"actor-net";

/// What this node says of itself, on every connection.
#[derive(Clone, Debug)]
pub(crate) struct Local {
    pub(crate) id: NodeId,
    pub(crate) cluster: String,
    pub(crate) features: u64,
    /// The oldest and the newest version of the protocol that are spoken.
    pub(crate) versions: (u16, u16),
    /// Ids of codecs, the preferred one first.
    pub(crate) codecs: Vec<u8>,
    pub(crate) frame_bytes_max: u32,
    pub(crate) message_bytes_max: u32,
    pub(crate) window_bytes: u32,
}

impl Local {
    /// The versions that this build speaks.
    pub(crate) const VERSIONS: (u16, u16) = (VERSION_MIN, VERSION);
}

/// How the peer is to prove who it is.
#[derive(Clone, Debug)]
pub(crate) enum Auth {
    /// Not at all.
    Insecure,
    /// By knowing a secret.
    Secret(Secret),
    /// It has done so by its certificate.
    Certificate {
        /// What that is good for.
        names: Vec<String>,
        /// What both sides know of their connection, and nobody else.
        secret: Option<Secret>,
    },
}

impl Auth {
    fn method(&self) -> u8 {
        match self {
            Auth::Insecure => method::INSECURE,
            Auth::Secret(_) => method::SECRET,
            Auth::Certificate { .. } => method::CERTIFICATE,
        }
    }

    fn allows(&self, name: &NodeName) -> bool {
        match self {
            Auth::Certificate { names, .. } => names.iter().any(|known| known == name.as_str()),
            Auth::Insecure | Auth::Secret(_) => true,
        }
    }
}

/// What both sides know when it went well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Agreed {
    pub(crate) peer: NodeId,
    pub(crate) version: u16,
    /// What both can.
    pub(crate) features: u64,
    /// The first codec of the dialler that both know.
    pub(crate) codec: u8,
    /// The longest frame that the peer takes.
    pub(crate) frame_bytes_max: u32,
    /// The longest message that the peer takes.
    pub(crate) message_bytes_max: u32,
    /// How much may be under way to one of the peer's actors.
    pub(crate) window_bytes: u32,
    /// For datagrams beside the connection, if both want them.
    pub(crate) datagrams: Option<Keys>,
}

/// What to do next. All bytes are whole frames, with their lengths.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Send, and wait for the next frame.
    Say(Vec<u8>),
    /// Send, and begin the conversation.
    Done { say: Vec<u8>, agreed: Agreed },
    /// Send, and close.
    Failed { say: Vec<u8>, why: Closed },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Dialler,
    Listener,
}

impl Role {
    fn label(self) -> &'static [u8] {
        match self {
            Role::Dialler => b"dialler",
            Role::Listener => b"listener",
        }
    }
}

enum State {
    /// The listener waits for a `Hello`.
    Listening,
    /// The dialler has sent this `Hello`, and waits for a `Challenge`.
    Greeted {
        hello: Vec<u8>,
    },
    /// Both cards are known. The listener waits for a `Proof`, the dialler for a `Welcome`.
    Introduced {
        hello: Vec<u8>,
        challenge: Vec<u8>,
        agreed: Agreed,
    },
    Over,
}

pub(crate) struct Handshake {
    local: Arc<Local>,
    auth: Auth,
    role: Role,
    nonce: [u8; 32],
    /// Who is dialled, if that is known.
    expected: Option<NodeName>,
    deadline: Instant,
    state: State,
}

impl Handshake {
    /// Begins one, with the first bytes to send. The `nonce` is 32 bytes that nobody can foresee, never used before.
    pub(crate) fn dial(
        local: Arc<Local>,
        auth: Auth,
        expected: Option<NodeName>,
        nonce: [u8; 32],
        now: Instant,
        timeout: Duration,
    ) -> (Self, Vec<u8>) {
        let (version_min, version_max) = local.versions;
        let hello = Frame::Hello {
            magic: MAGIC,
            version_min,
            version_max,
            card: card(&local, &auth, nonce),
        };
        let say = encoded(&hello);
        let mut handshake = Self::new(Role::Dialler, local, auth, nonce, now, timeout);
        handshake.expected = expected;
        handshake.state = State::Greeted {
            hello: say[LENGTH_BYTES..].to_vec(),
        };
        (handshake, say)
    }

    /// Waits for one to begin. The `nonce` is as for [`dial`](Self::dial).
    pub(crate) fn listen(local: Arc<Local>, auth: Auth, nonce: [u8; 32], now: Instant, timeout: Duration) -> Self {
        Self::new(Role::Listener, local, auth, nonce, now, timeout)
    }

    fn new(role: Role, local: Arc<Local>, auth: Auth, nonce: [u8; 32], now: Instant, timeout: Duration) -> Self {
        Self {
            local,
            auth,
            role,
            nonce,
            expected: None,
            deadline: now + timeout,
            state: State::Listening,
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    pub(crate) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// The deadline has come before the agreement.
    pub(crate) fn handle_timeout(&mut self) -> Step {
        self.refuse(Refusal::TimedOut, "")
    }

    /// Takes a frame without its length. `judge` is asked once, when the peer has proved who it is: whether this connection to it is wanted.
    pub(crate) fn handle_frame(&mut self, frame: &[u8], judge: impl FnOnce(&NodeId) -> Result<(), Refusal>) -> Step {
        let outcome = match Frame::parse(frame) {
            Err(why) => Err((Refusal::Malformed, why.to_string())),
            Ok(Frame::Refused { code, words }) => {
                self.state = State::Over;
                let words = words.to_owned();
                return Step::Failed {
                    say: Vec::new(),
                    why: Closed::RefusedByPeer { code, words },
                };
            }
            Ok(parsed) => self.advance(&parsed, frame, judge),
        };
        outcome.unwrap_or_else(|(code, words)| self.refuse(code, &words))
    }

    fn advance(
        &mut self,
        parsed: &Frame<'_>,
        raw: &[u8],
        judge: impl FnOnce(&NodeId) -> Result<(), Refusal>,
    ) -> Result<Step, (Refusal, String)> {
        match (std::mem::replace(&mut self.state, State::Over), parsed) {
            (
                State::Listening,
                Frame::Hello {
                    magic: MAGIC,
                    version_min,
                    version_max,
                    card,
                },
            ) => {
                let (ours_min, ours_max) = self.local.versions;
                let version = ours_max.min(*version_max);
                if version < ours_min.max(*version_min) {
                    let words = format!("{version_min} to {version_max} there, {ours_min} to {ours_max} here");
                    return Err((Refusal::Version, words));
                }
                self.greeted(raw, version, card)
            }
            (State::Greeted { hello }, Frame::Challenge { version, card }) => {
                let (ours_min, ours_max) = self.local.versions;
                if !(ours_min..=ours_max).contains(version) {
                    return Err((Refusal::Version, format!("{version} was not offered")));
                }
                let agreed = self.introduce(*version, card, &self.local.codecs, card.codecs)?;
                if self.expected.is_none() {
                    // Only now it is known who was dialled. If that is not wanted the other side is not to judge it.
                    judge(&agreed.peer).map_err(|code| (code, String::new()))?;
                }
                let mac = self.prove(Role::Dialler, &hello, raw);
                self.state = State::Introduced {
                    hello,
                    challenge: raw.to_vec(),
                    agreed,
                };
                Ok(Step::Say(encoded(&Frame::Proof { mac })))
            }
            (
                State::Introduced {
                    hello,
                    challenge,
                    mut agreed,
                },
                Frame::Proof { mac },
            ) if self.role == Role::Listener => {
                self.check(Role::Dialler, &hello, &challenge, mac)?;
                judge(&agreed.peer).map_err(|code| (code, String::new()))?;
                let mac = self.prove(Role::Listener, &hello, &challenge);
                agreed.datagrams = self.keys(agreed.features, &hello, &challenge);
                let say = encoded(&Frame::Welcome { mac });
                Ok(Step::Done { say, agreed })
            }
            (
                State::Introduced {
                    hello,
                    challenge,
                    mut agreed,
                },
                Frame::Welcome { mac },
            ) if self.role == Role::Dialler => {
                self.check(Role::Listener, &hello, &challenge, mac)?;
                judge(&agreed.peer).map_err(|code| (code, String::new()))?;
                agreed.datagrams = self.keys(agreed.features, &hello, &challenge);
                let say = Vec::new();
                Ok(Step::Done { say, agreed })
            }
            (_, out_of_place) => {
                let words = ProtocolError::OutOfPlace(out_of_place.name()).to_string();
                Err((Refusal::Malformed, words))
            }
        }
    }

    /// The listener has been greeted: it presents itself.
    fn greeted(&mut self, hello: &[u8], version: u16, theirs: &Card<'_>) -> Result<Step, (Refusal, String)> {
        let agreed = self.introduce(version, theirs, theirs.codecs, &self.local.codecs)?;
        let card = card(&self.local, &self.auth, self.nonce);
        let say = encoded(&Frame::Challenge { version, card });
        self.state = State::Introduced {
            hello: hello.to_vec(),
            challenge: say[LENGTH_BYTES..].to_vec(),
            agreed,
        };
        Ok(Step::Say(say))
    }

    /// Whether we can talk at all, and how, if the peer is who it says. `wanted` are the dialler's codecs.
    fn introduce(
        &self,
        version: u16,
        theirs: &Card<'_>,
        wanted: &[u8],
        known: &[u8],
    ) -> Result<Agreed, (Refusal, String)> {
        let local = &self.local;
        if theirs.cluster != local.cluster {
            let words = format!("{:?} there, {:?} here", theirs.cluster, local.cluster);
            return Err((Refusal::Cluster, words));
        }
        if theirs.method != self.auth.method() {
            return Err((Refusal::Method, String::new()));
        }
        let name = NodeName::new(theirs.name).ok_or((Refusal::Name, "malformed".to_owned()))?;
        if let Some(expected) = self.expected.as_ref().filter(|expected| **expected != name) {
            return Err((Refusal::Name, format!("{name} answers where {expected} was dialled")));
        }
        if !self.auth.allows(&name) {
            return Err((Refusal::Name, format!("the certificate is not for {name}")));
        }
        if name == local.id.name {
            return Err(if theirs.incarnation == local.id.incarnation {
                (Refusal::Itself, String::new())
            } else {
                let words = format!("both nodes are called {name}; each needs a name of its own");
                (Refusal::Name, words)
            });
        }
        let codec = wanted.iter().find(|codec| known.contains(codec));
        Ok(Agreed {
            peer: NodeId {
                name,
                incarnation: theirs.incarnation,
            },
            version,
            features: theirs.features & local.features,
            codec: *codec.ok_or((Refusal::Codec, String::new()))?,
            frame_bytes_max: theirs.frame_bytes_max,
            message_bytes_max: theirs.message_bytes_max,
            window_bytes: theirs.window_bytes,
            datagrams: None,
        })
    }

    fn prove(&self, role: Role, hello: &[u8], challenge: &[u8]) -> [u8; 32] {
        match &self.auth {
            Auth::Secret(secret) => secret.prove(&[CONTEXT, role.label(), hello, challenge]),
            Auth::Insecure | Auth::Certificate { .. } => [0; 32],
        }
    }

    fn check(&self, role: Role, hello: &[u8], challenge: &[u8], mac: &[u8; 32]) -> Result<(), (Refusal, String)> {
        let holds = match &self.auth {
            Auth::Secret(secret) => secret.check(&[CONTEXT, role.label(), hello, challenge], mac),
            Auth::Insecure | Auth::Certificate { .. } => *mac == [0; 32],
        };
        if holds {
            Ok(())
        } else {
            Err((Refusal::Proof, String::new()))
        }
    }

    /// The keys for datagrams, if both sides want those, and know something that nobody else does.
    fn keys(&self, features: u64, hello: &[u8], challenge: &[u8]) -> Option<Keys> {
        let known = match &self.auth {
            _ if features & DATAGRAMS == 0 => return None,
            Auth::Secret(secret) => secret.clone(),
            Auth::Certificate { secret, .. } => secret.clone()?,
            // On loopback, where nobody is kept from saying anything.
            Auth::Insecure => Secret::new(b"what is known to everybody")?,
        };
        let key = |role: Role| Key::new(known.derive(&[CONTEXT, b"datagrams", role.label(), hello, challenge]));
        let (dialler, listener) = (key(Role::Dialler), key(Role::Listener));
        Some(match self.role {
            Role::Dialler => Keys {
                ours: dialler,
                theirs: listener,
            },
            Role::Listener => Keys {
                ours: listener,
                theirs: dialler,
            },
        })
    }

    fn refuse(&mut self, code: Refusal, words: &str) -> Step {
        self.state = State::Over;
        let say = encoded(&Frame::Refused { code, words });
        let words = words.to_owned();
        Step::Failed {
            say,
            why: Closed::Refused { code, words },
        }
    }
}

fn card<'a>(local: &'a Local, auth: &Auth, nonce: [u8; 32]) -> Card<'a> {
    Card {
        name: local.id.name.as_str(),
        incarnation: local.id.incarnation,
        cluster: &local.cluster,
        features: local.features,
        method: auth.method(),
        frame_bytes_max: local.frame_bytes_max,
        message_bytes_max: local.message_bytes_max,
        window_bytes: local.window_bytes,
        codecs: &local.codecs,
        nonce,
    }
}

fn encoded(frame: &Frame<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    frame.encode(&mut out);
    out
}

#[cfg(test)]
mod tests;
