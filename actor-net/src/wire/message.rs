//! A message to an actor as it stands in its frame: a `Tell` or an `Ask`, read without looking at what else a frame can be.

use super::field::{Field, Reader};
use super::protocol::Frame;
use crate::id::ExportId;

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
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::Rest;

    fn of_frame<'a>(frame: &Frame<'a>) -> Option<Message<'a>> {
        match *frame {
            Frame::Tell { to, body } => Some(Message {
                to,
                question: None,
                body: body.0,
            }),
            Frame::Ask {
                to,
                call,
                deadline_millis,
                body,
            } => Some(Message {
                to,
                question: Some(Question { call, deadline_millis }),
                body: body.0,
            }),
            _ => None,
        }
    }

    proptest! {
        #[test]
        fn it_is_what_the_frame_says(to: u128, call: u64, deadline_millis: Option<u32>, body: Vec<u8>) {
            let (to, body) = (ExportId(to), Rest(&body));
            for frame in [Frame::Tell { to, body }, Frame::Ask { to, call, deadline_millis, body }, Frame::Answer { call, body }] {
                let mut bytes = Vec::new();
                frame.encode_fields(&mut bytes);
                prop_assert_eq!(Message::of(&bytes), Frame::parse(&bytes).ok().as_ref().and_then(of_frame));
            }
        }

        #[test]
        fn of_any_bytes_it_reads_no_more_than_a_frame_would(kind in 0x1f_u8..0x23, bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let bytes = [&[kind][..], &bytes].concat();
            prop_assert_eq!(Message::of(&bytes), Frame::parse(&bytes).ok().as_ref().and_then(of_frame));
        }
    }
}
