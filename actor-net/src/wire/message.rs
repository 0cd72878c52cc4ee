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
    pub(crate) trace: Option<Headers<'a>>,
}

/// The trace that a message is part of: two headers of W3C Trace Context, as they came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Headers<'a> {
    pub(crate) parent: &'a [u8],
    pub(crate) state: &'a [u8],
}

impl<'a> Headers<'a> {
    /// How many bytes they are, with their lengths.
    pub(crate) fn bytes(&self) -> usize {
        2 * size_of::<u16>() + self.parent.len() + self.state.len()
    }

    /// The `traceparent` and the `tracestate`, if they are text.
    pub(crate) fn text(&self) -> Option<(&'a str, &'a str)> {
        let parent = str::from_utf8(self.parent).ok()?;
        Some((parent, str::from_utf8(self.state).unwrap_or_default()))
    }
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
        if *kind == Frame::TRACED {
            return Self::of_traced(rest);
        }
        Self::of_kind(*kind, rest)
    }

    fn of_kind(kind: u8, rest: &'a [u8]) -> Option<Self> {
        let frame = "a message";
        let mut from = Reader { rest, frame };
        match kind {
            Frame::TELL => Some(Self {
                to: Field::read(&mut from).ok()?,
                question: None,
                body: from.rest,
                trace: None,
            }),
            Frame::ASK => Some(Self {
                to: Field::read(&mut from).ok()?,
                question: Some(Question {
                    call: Field::read(&mut from).ok()?,
                    deadline_millis: Field::read(&mut from).ok()?,
                }),
                body: from.rest,
                trace: None,
            }),
            _ => None,
        }
    }

    #[inline(never)]
    fn of_traced(rest: &'a [u8]) -> Option<Self> {
        let mut from = Reader { rest, frame: "Traced" };
        let headers = Headers {
            parent: Field::read(&mut from).ok()?,
            state: Field::read(&mut from).ok()?,
        };
        Self::within(headers, from.rest)
    }

    /// What is in a `Traced`.
    fn within(headers: Headers<'a>, message: &'a [u8]) -> Option<Self> {
        let (kind, rest) = message.split_first()?;
        let trace = Some(headers);
        Self::of_kind(*kind, rest).map(|message| Self { trace, ..message })
    }

    /// How many bytes it counts for in a window, beside the overhead.
    pub(crate) fn bytes(&self) -> usize {
        self.body.len() + self.trace.map_or(0, |headers| headers.bytes())
    }

    /// The same of a frame that was read the long way.
    pub(crate) fn of_frame(frame: &Frame<'a>) -> Option<Self> {
        match *frame {
            Frame::Tell { to, body } => Some(Self {
                to,
                question: None,
                body: body.0,
                trace: None,
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
                trace: None,
            }),
            Frame::Traced { parent, state, message } => Self::within(Headers { parent, state }, message.0),
            _ => None,
        }
    }
}

/// An `Answer`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Answer<'a> {
    pub(crate) call: u64,
    pub(crate) body: &'a [u8],
}

impl<'a> Answer<'a> {
    /// Reads a frame, if it is one. What is too short for one is left to [`Frame::parse`], which says so.
    #[inline]
    pub(crate) fn of(bytes: &'a [u8]) -> Option<Self> {
        let (call, body) = bytes.strip_prefix(&[Frame::ANSWER])?.split_first_chunk()?;
        let call = u64::from_le_bytes(*call);
        Some(Self { call, body })
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
    /// Behind room for the length of the frame.
    bytes: [u8; LENGTH_BYTES + HEAD_BYTES_MAX],
    /// Where it ends.
    end: usize,
}

impl Head {
    fn of(kind: u8) -> Self {
        let mut head = Self {
            bytes: [0; LENGTH_BYTES + HEAD_BYTES_MAX],
            end: LENGTH_BYTES + 1,
        };
        head.bytes[LENGTH_BYTES] = kind;
        head
    }

    fn with<const N: usize>(mut self, field: [u8; N]) -> Self {
        let end = self.end + N;
        self.bytes[self.end..end].copy_from_slice(&field);
        self.end = end;
        self
    }

    /// Appends the frame of this and a body, with its length. All of it is copied, and cut off where it ends: what has a fixed length is copied in place.
    #[inline]
    pub(crate) fn put(&self, body: &[u8], out: &mut Vec<u8>) {
        let mut bytes = self.bytes;
        let length = u32::try_from(self.len() + body.len()).unwrap_or(u32::MAX);
        bytes[..LENGTH_BYTES].copy_from_slice(&length.to_le_bytes());
        let begin = out.len();
        out.reserve(bytes.len() + body.len());
        out.extend_from_slice(&bytes);
        out.truncate(begin + self.end);
        out.extend_from_slice(body);
    }

    /// Of a message.
    #[inline]
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

/// What goes before the body of a message that is part of a trace.
pub(crate) fn traced(headers: Headers<'_>, head: &Head) -> Vec<u8> {
    let mut whole = Vec::with_capacity(1 + headers.bytes() + head.len());
    whole.push(Frame::TRACED);
    headers.parent.write(&mut whole);
    headers.state.write(&mut whole);
    whole.extend_from_slice(head);
    whole
}

impl Deref for Head {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[LENGTH_BYTES..self.end]
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
                let traced = traced(Headers { parent: b"p", state: b"" }, &Head { bytes: [0; LENGTH_BYTES + HEAD_BYTES_MAX], end: LENGTH_BYTES });
                let traced = [traced, bytes.clone()].concat();
                let message = Message::of(&traced);
                prop_assert_eq!(message, Frame::parse(&traced).ok().as_ref().and_then(Message::of_frame));
                let trace = message.map(|message| message.trace.and_then(|headers| headers.text()));
                prop_assert_eq!(trace, Message::of(&bytes).map(|_| Some(("p", ""))));
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
                let mut whole = vec![7];
                head.put(&body, &mut whole);
                let length = (head.len() + body.len()) as u32;
                prop_assert_eq!([&[7], &length.to_le_bytes()[..], &head, &body].concat(), whole);
            }
            let headers = Headers { parent: b"p", state: b"s" };
            let message = Head::message(to, None);
            let whole = [&*message, &body].concat();
            let frame = Frame::Traced { parent: b"p", state: b"s", message: Rest(&whole) };
            let mut bytes = Vec::new();
            frame.encode_fields(&mut bytes);
            prop_assert_eq!([&*traced(headers, &message), &body].concat(), bytes);
        }

        #[test]
        fn of_any_bytes_it_reads_no_more_than_a_frame_would(kind in 0x1f_u8..0x26, bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let bytes = [&[kind][..], &bytes].concat();
            let frame = Frame::parse(&bytes).ok();
            prop_assert_eq!(Message::of(&bytes), frame.as_ref().and_then(Message::of_frame));
            let answer = frame.and_then(|frame| match frame {
                Frame::Answer { call, body: Rest(body) } => Some(Answer { call, body }),
                _ => None,
            });
            prop_assert_eq!(Answer::of(&bytes), answer);
        }
    }
}
