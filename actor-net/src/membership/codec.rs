//! What foca says, as bytes.

use bytes::{Buf, BufMut};
use foca::{Header, Member, Message, State};

use super::identity::Identity;
use crate::wire::field::{Field, ProtocolError, Reader};

/// ```text
///  header    who src | u16 incarnation | who dst | u8 message | fields of message
///  message   0 Ping, 1 Ack:                       u8 number
///            2 PingReq, 3 IndirectPing,
///            4 IndirectAck, 5 ForwardedAck:       u8 number | who
///            6 Announce, 7 Feed, 8 Gossip, 9 Broadcast, 10 TurnUndead
///  member    who | u16 incarnation | u8 state (0 alive, 1 suspect, 2 down)
/// ```
/// Foca puts the number of members that follow a header before them, as a `u16` in the order of the network.
#[derive(Clone, Copy, Debug)]
pub(super) struct Codec;

/// Reads from a buffer that is in one piece, and moves it on.
fn read<T>(
    mut buf: impl Buf,
    read: impl FnOnce(&mut Reader<'_>) -> Result<T, ProtocolError>,
) -> Result<T, ProtocolError> {
    let mut from = Reader {
        rest: buf.chunk(),
        frame: "Gossip",
    };
    let value = read(&mut from)?;
    let taken = buf.chunk().len() - from.rest.len();
    buf.advance(taken);
    Ok(value)
}

/// Writes all of it, or nothing.
fn write(mut buf: impl BufMut, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), ProtocolError> {
    let mut out = Vec::with_capacity(64);
    write(&mut out);
    if buf.remaining_mut() < out.len() {
        return Err(ProtocolError::Short("Gossip"));
    }
    buf.put_slice(&out);
    Ok(())
}

impl foca::Codec<Identity> for Codec {
    type Error = ProtocolError;

    fn encode_header(&mut self, header: &Header<Identity>, buf: impl BufMut) -> Result<(), ProtocolError> {
        write(buf, |out| {
            header.src.write(out);
            header.src_incarnation.write(out);
            header.dst.write(out);
            let (kind, number, who): (u8, _, _) = match &header.message {
                Message::Ping(number) => (0, Some(number), None),
                Message::Ack(number) => (1, Some(number), None),
                Message::PingReq { target, probe_number } => (2, Some(probe_number), Some(target)),
                Message::IndirectPing { origin, probe_number } => (3, Some(probe_number), Some(origin)),
                Message::IndirectAck { target, probe_number } => (4, Some(probe_number), Some(target)),
                Message::ForwardedAck { origin, probe_number } => (5, Some(probe_number), Some(origin)),
                Message::Announce => (6, None, None),
                Message::Feed => (7, None, None),
                Message::Gossip => (8, None, None),
                Message::Broadcast => (9, None, None),
                Message::TurnUndead => (10, None, None),
            };
            kind.write(out);
            number.iter().for_each(|number| number.write(out));
            who.iter().for_each(|who| who.write(out));
        })
    }

    fn decode_header(&mut self, buf: impl Buf) -> Result<Header<Identity>, ProtocolError> {
        read(buf, |from| {
            let src = Field::read(from)?;
            let src_incarnation = Field::read(from)?;
            let dst = Field::read(from)?;
            let kind = u8::read(from)?;
            let mut number = || u8::read(from);
            let message = match kind {
                0 => Message::Ping(number()?),
                1 => Message::Ack(number()?),
                2 => Message::PingReq {
                    probe_number: number()?,
                    target: Field::read(from)?,
                },
                3 => Message::IndirectPing {
                    probe_number: number()?,
                    origin: Field::read(from)?,
                },
                4 => Message::IndirectAck {
                    probe_number: number()?,
                    target: Field::read(from)?,
                },
                5 => Message::ForwardedAck {
                    probe_number: number()?,
                    origin: Field::read(from)?,
                },
                6 => Message::Announce,
                7 => Message::Feed,
                8 => Message::Gossip,
                9 => Message::Broadcast,
                10 => Message::TurnUndead,
                _ => return Err(ProtocolError::Malformed("Gossip")),
            };
            Ok(Header {
                src,
                src_incarnation,
                dst,
                message,
            })
        })
    }

    fn encode_member(&mut self, member: &Member<Identity>, buf: impl BufMut) -> Result<(), ProtocolError> {
        write(buf, |out| write_member(member, out))
    }

    fn decode_member(&mut self, buf: impl Buf) -> Result<Member<Identity>, ProtocolError> {
        read(buf, read_member)
    }
}

pub(super) fn write_member(member: &Member<Identity>, out: &mut Vec<u8>) {
    member.id().write(out);
    member.incarnation().write(out);
    let state: u8 = match member.state() {
        State::Alive => 0,
        State::Suspect => 1,
        State::Down => 2,
    };
    state.write(out);
}

pub(super) fn read_member(from: &mut Reader<'_>) -> Result<Member<Identity>, ProtocolError> {
    let who = Field::read(from)?;
    let incarnation = Field::read(from)?;
    let state = match u8::read(from)? {
        0 => State::Alive,
        1 => State::Suspect,
        2 => State::Down,
        _ => return Err(ProtocolError::Malformed("Gossip")),
    };
    Ok(Member::new(who, incarnation, state))
}

/// What foca's bytes are, and what they say of whom; first, of the one that they come from, that it is there.
pub(super) fn spoken_of(mut bytes: &[u8]) -> Result<(Message<Identity>, Vec<Member<Identity>>), ProtocolError> {
    let mut codec = Codec;
    let header = foca::Codec::decode_header(&mut codec, &mut bytes)?;
    let members = bytes.split_first_chunk().map_or(0, |(count, rest)| {
        bytes = rest;
        u16::from_be_bytes(*count)
    });
    let src = Member::new(header.src, header.src_incarnation, State::Alive);
    let others = (0..members).map(|_| foca::Codec::decode_member(&mut codec, &mut bytes));
    let members = std::iter::once(Ok(src)).chain(others).collect::<Result<_, _>>()?;
    Ok((header.message, members))
}

/// Foca's count of the suspicions that the sender of its bytes has refuted.
pub(super) fn incarnation_in(mut bytes: &[u8]) -> Option<u16> {
    let header = foca::Codec::decode_header(&mut Codec, &mut bytes).ok()?;
    Some(header.src_incarnation)
}
