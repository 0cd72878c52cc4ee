//! Messages to actors and answers as they stand in their frames, written and read without looking at what else a frame can be.

use std::ops::Deref;

use super::field::{Field, Reader, millis};
use super::frame::LENGTH_BYTES;
use super::protocol::Frame;
use crate::id::ExportId;

/// As much as the longest of these has before its body: a kind, an export, a call and a deadline.
const HEAD_BYTES_MAX: usize = 1 + 16 + 8 + 4;

/// A `Tell`, or an `Ask`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Message<'a> {
    pub(crate) to: ExportId,
    pub(crate) question: Option<Question>,
    pub(crate) body: &'a [u8],
}

/// What an `Ask` says beside its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    pub(crate) call: u64,
    pub(crate) deadline_millis: Option<u32>,
}

impl<'a> Message<'a> {
    /// Reads a frame, if it is one of these. What is too short for one is left to [`Frame::parse`], which says so.
    #[inline]
    pub(crate) fn of(bytes: &'a [u8]) -> Option<Self> {
        let (kind, rest) = bytes.split_first()?;
        let frame = "a message";
        let mut from = Reader { rest, frame };
        match *kind {
            Frame::TELL => Some(Self {
                to: Field::read(&mut from).ok()?,
                question: None,
                body: from.rest,
            }),
            Frame::ASK => Some(Self {
                to: Field::read(&mut from).ok()?,
                question: Some(Question {
                    call: Field::read(&mut from).ok()?,
                    deadline_millis: Field::read(&mut from).ok()?,
                }),
                body: from.rest,
            }),
            _ => None,
        }
    }

    /// The same of a frame that was read the long way.
    pub(crate) fn of_frame(frame: &Frame<'a>) -> Option<Self> {
        match *frame {
            Frame::Tell { to, body } => Some(Self {
                to,
                question: None,
                body: body.0,
            }),
            Frame::Ask {
                to,
                call,
                deadline_millis,
                body,
            } => Some(Self {
                to,
                question: Some(Question { call, deadline_millis }),
                body: body.0,
            }),
            _ => None,
        }
    }
}

/// A `Chunk` of which not all has come.
pub(crate) struct Begun<'a> {
    pub(crate) stream: u32,
    pub(crate) last: bool,
    /// How long its piece is going to be.
    pub(crate) bytes: usize,
    /// As much as is there.
    pub(crate) piece: &'a [u8],
}

impl<'a> Begun<'a> {
    /// Reads the beginning of a frame of so many bytes, if it is one of these. What makes no sense is left to [`Frame::parse`].
    #[inline]
    pub(crate) fn of(begin: &'a [u8], bytes: usize) -> Option<Self> {
        let (&[Frame::CHUNK, a, b, c, d, last], piece) = begin.split_first_chunk()? else {
            return None;
        };
        (last <= 1).then(|| Self {
            stream: u32::from_le_bytes([a, b, c, d]),
            last: last == 1,
            bytes: bytes - (begin.len() - piece.len()),
            piece,
        })
    }
}

/// What goes before a body: the kind of its frame, with all fields but the last.
#[derive(Clone, Copy)]
pub(crate) struct Head {
    bytes: [u8; HEAD_BYTES_MAX],
    len: usize,
}

impl Head {
    fn of(kind: u8) -> Self {
        let mut head = Self {
            bytes: [0; HEAD_BYTES_MAX],
            len: 1,
        };
        head.bytes[0] = kind;
        head
    }

    fn with<const N: usize>(mut self, field: [u8; N]) -> Self {
        let end = self.len + N;
        self.bytes[self.len..end].copy_from_slice(&field);
        self.len = end;
        self
    }

    /// Of a message.
    pub(crate) fn message(to: ExportId, question: Option<Question>) -> Self {
        match question {
            None => Self::of(Frame::TELL).with(to.0.to_le_bytes()),
            Some(Question { call, deadline_millis }) => Self::of(Frame::ASK)
                .with(to.0.to_le_bytes())
                .with(call.to_le_bytes())
                .with(millis(deadline_millis).to_le_bytes()),
        }
    }

    /// Of the answer to a question.
    pub(crate) fn answer(call: u64) -> Self {
        Self::of(Frame::ANSWER).with(call.to_le_bytes())
    }

    /// So many bytes are before a piece, with the length of the frame.
    pub(crate) const CHUNK_BYTES: usize = LENGTH_BYTES + 1 + 4 + 1;

    /// Of a piece of a large one.
    pub(crate) fn chunk(stream: u32, last: bool) -> Self {
        Self::of(Frame::CHUNK).with(stream.to_le_bytes()).with([u8::from(last)])
    }

    /// Of a block that so many bytes were packed into.
    pub(crate) fn packed(bytes: u32) -> Self {
        Self::of(Frame::PACKED).with(bytes.to_le_bytes())
    }
}

impl Deref for Head {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::Rest;

    proptest! {
        #[test]
        fn it_is_what_the_frame_says(to: u128, call: u64, deadline_millis: Option<u32>, body: Vec<u8>) {
            let (to, body) = (ExportId(to), Rest(&body));
            for frame in [Frame::Tell { to, body }, Frame::Ask { to, call, deadline_millis, body }, Frame::Answer { call, body }] {
                let mut bytes = Vec::new();
                frame.encode_fields(&mut bytes);
                prop_assert_eq!(Message::of(&bytes), Frame::parse(&bytes).ok().as_ref().and_then(Message::of_frame));
            }
        }

        #[test]
        fn its_head_and_its_body_are_the_frame(to: u128, call: u64, deadline_millis: Option<u32>, body: Vec<u8>) {
            let (to, rest) = (ExportId(to), Rest(&body));
            for (head, frame) in [
                (Head::message(to, None), Frame::Tell { to, body: rest }),
                (
                    Head::message(to, Some(Question { call, deadline_millis })),
                    Frame::Ask { to, call, deadline_millis, body: rest },
                ),
                (Head::answer(call), Frame::Answer { call, body: rest }),
                (Head::chunk(9, true), Frame::Chunk { stream: 9, last: true, piece: rest }),
                (Head::packed(7), Frame::Packed { bytes: 7, block: rest }),
            ] {
                let mut bytes = Vec::new();
                frame.encode_fields(&mut bytes);
                prop_assert_eq!([&*head, &body].concat(), bytes);
            }
        }

        #[test]
        fn of_any_bytes_it_reads_no_more_than_a_frame_would(kind in 0x1f_u8..0x23, bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let bytes = [&[kind][..], &bytes].concat();
            prop_assert_eq!(Message::of(&bytes), Frame::parse(&bytes).ok().as_ref().and_then(Message::of_frame));
        }
    }
}
