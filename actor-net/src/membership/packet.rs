//! What members say to each other, as bytes.
//!
//! ```text
//!  packet    u8 version = 1 | u8 kind | u64 cluster | who src | u16 incarnation | u64 your_stay | u32 card_number
//!            | u64 view | fields of kind | u8 count | count × card
//!  who       text name | u64 incarnation | u64 stay | text address
//!  card      text name | u64 incarnation | u64 stay | bytes card
//!  kind      1 Gossip  bytes of foca         5 Tried  u64 token | u8 reached
//!            2 Ping    u64 token | u32 doubted 6 Out
//!            3 Pong    u64 token             7 Want   u16 count | count × text name
//!            4 Try     u64 token | who | u16 incarnation   8 Cards
//!            9 Known   text after | text up_to | u16 count
//!                      | count × ( text name | u64 stay | u16 incarnation | u8 state )
//!           10 News    u16 count | count × ( who | u16 incarnation | u8 state )
//! ```
//! Numbers are little-endian. `cluster` is a number made of the cluster's name. `your_stay` is the latest stay of the receiver that the sender
//! knows of, 0 if none; `view` a number made of all members that it knows, the same for the same members. `doubted` is the incarnation, as foca counts them, at which the sender suspects the receiver; 0xffff_ffff: it does not. A `Known` speaks of all
//! names behind `after` up to `up_to`; an empty text stands for none and for the end. States are foca's: 0 alive, 1 suspect, 2 down.

use std::fmt;
use std::sync::Arc;

use foca::Member;

use super::codec::{read_member, write_member};
use super::identity::{Identity, Stay};
use crate::id::{Incarnation, NodeId, NodeName};
use crate::wire::field::{Field, ProtocolError, Reader};

/// The longest packet, in bytes.
pub const PACKET_BYTES_MAX: usize = 8 << 10;

const VERSION: u8 = 1;

/// Why a packet was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PacketError {
    /// It is of another cluster.
    Cluster,
    /// It is none, or of a later version.
    Malformed,
    /// It says that it is from another node than the one that it came from.
    Sender,
    /// It speaks of more members than there may be.
    TooMany,
}

impl fmt::Display for PacketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PacketError::Cluster => "a packet of another cluster",
            PacketError::Malformed => "no packet that can be read",
            PacketError::Sender => "a packet that says it is from another node",
            PacketError::TooMany => "a packet that speaks of more members than there may be",
        })
    }
}

impl std::error::Error for PacketError {}

impl From<ProtocolError> for PacketError {
    fn from(_: ProtocolError) -> Self {
        PacketError::Malformed
    }
}

/// What every packet says of its sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) src: Identity,
    pub(super) incarnation: u16,
    pub(super) your_stay: Stay,
    pub(super) card_number: u32,
    pub(super) view: u64,
}

/// How late what is known of a member is: of two that are told of one name the higher one holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank {
    pub(super) stay: Stay,
    pub(super) is_down: bool,
    pub(super) incarnation: u16,
    pub(super) is_suspect: bool,
}

impl Field<'_> for Rank {
    fn read(from: &mut Reader<'_>) -> Result<Self, ProtocolError> {
        let (stay, incarnation) = (Field::read(from)?, Field::read(from)?);
        let state = u8::read(from)?;
        if state > 2 {
            return Err(ProtocolError::Malformed(from.frame));
        }
        Ok(Self {
            stay,
            is_down: state == 2,
            incarnation,
            is_suspect: state == 1,
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.stay.write(out);
        self.incarnation.write(out);
        out.push(if self.is_down { 2 } else { u8::from(self.is_suspect) });
    }
}

/// What a packet is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said<'a> {
    /// Something of foca's.
    Gossip(&'a [u8]),
    /// Are you there? And: I suspect you.
    Ping { token: u64, doubted: Option<u32> },
    /// I am.
    Pong { token: u64 },
    /// Try whether you reach it.
    Try {
        token: u64,
        who: Identity,
        incarnation: u16,
    },
    /// I have tried.
    Tried { token: u64, reached: bool },
    /// Your stay is over.
    Out,
    /// Tell me what these say of themselves.
    Want(Vec<NodeName>),
    /// What members say of themselves, and nothing else.
    Cards,
    /// These are all that I know, among the names behind one and up to another.
    Known {
        after: Option<NodeName>,
        up_to: Option<NodeName>,
        members: Vec<(NodeName, Rank)>,
    },
    /// Of these you do not know, or not the latest.
    News(Vec<Member<Identity>>),
}

/// What a member says of itself, as it is passed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CardOf<'a> {
    pub(super) id: NodeId,
    pub(super) stay: Stay,
    pub(super) card: &'a [u8],
}

pub(crate) struct Packet<'a> {
    pub(crate) head: Head,
    pub(super) said: Said<'a>,
    pub(super) cards: Vec<CardOf<'a>>,
}

impl Field<'_> for NodeName {
    fn read(from: &mut Reader<'_>) -> Result<Self, ProtocolError> {
        let name = <&str>::read(from)?;
        NodeName::new(name).ok_or(ProtocolError::Malformed(from.frame))
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.as_str().write(out);
    }
}

impl Field<'_> for NodeId {
    fn read(from: &mut Reader<'_>) -> Result<Self, ProtocolError> {
        Ok(Self {
            name: Field::read(from)?,
            incarnation: Incarnation::read(from)?,
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.name.write(out);
        self.incarnation.write(out);
    }
}

impl Field<'_> for Stay {
    fn read(from: &mut Reader<'_>) -> Result<Self, ProtocolError> {
        u64::read(from).map(Self)
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
    }
}

impl Field<'_> for Identity {
    fn read(from: &mut Reader<'_>) -> Result<Self, ProtocolError> {
        Ok(Self {
            id: Field::read(from)?,
            stay: Field::read(from)?,
            address: Arc::from(<&str>::read(from)?),
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.id.write(out);
        self.stay.write(out);
        (&*self.address).write(out);
    }
}

fn list<'a, T>(
    from: &mut Reader<'a>,
    mut one: impl FnMut(&mut Reader<'a>) -> Result<T, ProtocolError>,
) -> Result<Vec<T>, ProtocolError> {
    let count = u16::read(from)?;
    // Nothing is set aside for what only the count says: each takes bytes that have to be there.
    (0..count).map(|_| one(from)).collect()
}

fn write_list<T>(items: &[T], out: &mut Vec<u8>, one: impl Fn(&T, &mut Vec<u8>)) {
    u16::try_from(items.len()).unwrap_or(u16::MAX).write(out);
    items.iter().for_each(|item| one(item, out));
}

fn maybe_name(from: &mut Reader<'_>) -> Result<Option<NodeName>, ProtocolError> {
    match <&str>::read(from)? {
        "" => Ok(None),
        name => NodeName::new(name)
            .map(Some)
            .ok_or(ProtocolError::Malformed(from.frame)),
    }
}

impl<'a> Packet<'a> {
    /// Reads a packet of this cluster.
    pub(crate) fn parse(bytes: &'a [u8], cluster: u64) -> Result<Self, PacketError> {
        if bytes.len() > PACKET_BYTES_MAX {
            return Err(PacketError::Malformed);
        }
        let mut from = Reader {
            rest: bytes,
            frame: "Members",
        };
        let from = &mut from;
        let (version, kind) = (u8::read(from)?, u8::read(from)?);
        if version != VERSION {
            return Err(PacketError::Malformed);
        }
        if u64::read(from)? != cluster {
            return Err(PacketError::Cluster);
        }
        let head = Head {
            src: Field::read(from)?,
            incarnation: Field::read(from)?,
            your_stay: Field::read(from)?,
            card_number: Field::read(from)?,
            view: Field::read(from)?,
        };
        let said = match kind {
            1 => Said::Gossip(Field::read(from)?),
            2 => Said::Ping {
                token: Field::read(from)?,
                doubted: Field::read(from)?,
            },
            3 => Said::Pong {
                token: Field::read(from)?,
            },
            4 => Said::Try {
                token: Field::read(from)?,
                who: Field::read(from)?,
                incarnation: Field::read(from)?,
            },
            5 => Said::Tried {
                token: Field::read(from)?,
                reached: Field::read(from)?,
            },
            6 => Said::Out,
            7 => Said::Want(list(from, NodeName::read)?),
            8 => Said::Cards,
            9 => Said::Known {
                after: maybe_name(from)?,
                up_to: maybe_name(from)?,
                members: list(from, |from| Ok((Field::read(from)?, Field::read(from)?)))?,
            },
            10 => Said::News(list(from, read_member)?),
            _ => return Err(PacketError::Malformed),
        };
        let cards = u8::read(from)?;
        let card = |from: &mut Reader<'a>| -> Result<CardOf<'a>, ProtocolError> {
            Ok(CardOf {
                id: Field::read(from)?,
                stay: Field::read(from)?,
                card: Field::read(from)?,
            })
        };
        let cards = (0..cards).map(|_| card(from)).collect::<Result<_, _>>()?;
        match from.rest {
            [] => Ok(Self { head, said, cards }),
            _ => Err(PacketError::Malformed),
        }
    }

    /// Writes a packet, with as many of the cards as it has room for. Returns how many those are.
    pub(crate) fn encode(&self, cluster: u64, out: &mut Vec<u8>) -> usize {
        let Head {
            src,
            incarnation,
            your_stay,
            card_number,
            view,
        } = &self.head;
        let kind: u8 = match &self.said {
            Said::Gossip(_) => 1,
            Said::Ping { .. } => 2,
            Said::Pong { .. } => 3,
            Said::Try { .. } => 4,
            Said::Tried { .. } => 5,
            Said::Out => 6,
            Said::Want(_) => 7,
            Said::Cards => 8,
            Said::Known { .. } => 9,
            Said::News(_) => 10,
        };
        VERSION.write(out);
        kind.write(out);
        cluster.write(out);
        src.write(out);
        incarnation.write(out);
        your_stay.write(out);
        card_number.write(out);
        view.write(out);
        match &self.said {
            Said::Gossip(bytes) => bytes.write(out),
            Said::Ping { token, doubted } => {
                token.write(out);
                doubted.write(out);
            }
            Said::Pong { token } => token.write(out),
            Said::Try {
                token,
                who,
                incarnation,
            } => {
                token.write(out);
                who.write(out);
                incarnation.write(out);
            }
            Said::Tried { token, reached } => {
                token.write(out);
                reached.write(out);
            }
            Said::Out | Said::Cards => {}
            Said::Want(names) => write_list(names, out, |name, out| name.write(out)),
            Said::Known { after, up_to, members } => {
                for bound in [after, up_to] {
                    bound.as_ref().map_or("", NodeName::as_str).write(out);
                }
                write_list(members, out, |(name, rank), out| {
                    name.write(out);
                    rank.write(out);
                });
            }
            Said::News(members) => write_list(members, out, write_member),
        }
        let count_at = out.len();
        out.push(0);
        for card in self.cards.iter().take(u8::MAX.into()) {
            let before = out.len();
            card.id.write(out);
            card.stay.write(out);
            card.card.write(out);
            if out.len() > PACKET_BYTES_MAX {
                out.truncate(before);
                break;
            }
            out[count_at] += 1;
        }
        out[count_at].into()
    }
}

#[cfg(test)]
mod tests;
