//! Frames that come in pieces, put together again within bounds.
//!
//! # How it is used
//! [`Reassembly::piece`] for each `Chunk`; it gives the whole frame with the last one, its kind and fields, to be parsed as any other. The
//! buffer of one that was carried out comes back by [`Reassembly::reuse`].
//!
//! A piece of which most is still to come need not be collected first: [`Reassembly::begin`] takes what is there, what comes is read into [`Reassembly::room`], and
//! [`Reassembly::came`] says what that made of it.

use std::collections::BTreeMap;

use bytes::BufMut;
use bytes::buf::Limit;

use crate::wire::frame::{Decoder, FrameError};
use crate::wire::message::{Begun, Head};

/// The peer sends more than was agreed, or what makes no sense. The connection has to be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Overrun {
    /// More messages under way than allowed.
    Streams,
    /// One message is larger than allowed.
    Message,
    /// All that is under way is more than allowed.
    Total,
    /// A piece without bytes that is not the last.
    Empty,
}

/// A buffer larger than this is not kept. Those for messages of one or two MiB grow to somewhat more than that.
const SPARE_BYTES_MAX: usize = 3 << 20;

/// A piece that has begun, at the end of what came of its frame before.
#[derive(Debug)]
struct Open {
    stream: u32,
    last: bool,
    so_far: Vec<u8>,
    /// Where the piece ends.
    end: usize,
}

/// What has become of the piece that was being read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Came {
    /// None was.
    Nothing,
    /// Not all of it is there.
    Part,
    /// It is there, and its frame is not whole.
    Piece,
    /// It was the last of this frame.
    Whole(Vec<u8>),
}

#[derive(Debug)]
pub(crate) struct Reassembly {
    streams: BTreeMap<u32, Vec<u8>>,
    /// The piece that is being read.
    open: Option<Open>,
    /// Where large frames come one after the other, the next finds memory that is there already.
    spare: Vec<u8>,
    bytes: usize,
    streams_max: usize,
    message_bytes_max: usize,
    bytes_max: usize,
    rest_bytes_min: usize,
}

impl Reassembly {
    /// Where less than `rest_bytes_min` of a piece is missing, it is read with what comes behind it.
    pub(crate) fn new(streams_max: usize, message_bytes_max: usize, bytes_max: usize, rest_bytes_min: usize) -> Self {
        Self {
            streams: BTreeMap::new(),
            open: None,
            spare: Vec::new(),
            bytes: 0,
            streams_max,
            message_bytes_max,
            bytes_max,
            rest_bytes_min,
        }
    }

    /// Takes a piece of `stream`; gives the whole with the last one.
    ///
    /// Memory is taken as pieces come, and not because a peer says that they will.
    pub(crate) fn piece(&mut self, stream: u32, last: bool, piece: &[u8]) -> Result<Option<Vec<u8>>, Overrun> {
        let mut open = self.open(stream, last, piece.len())?;
        open.so_far.extend_from_slice(piece);
        Ok(self.close(open))
    }

    /// Takes what `decoder` has of a piece, where much of it is still to come.
    ///
    /// # Errors
    /// The outer one is of the stream.
    pub(crate) fn begin(&mut self, decoder: &mut Decoder) -> Result<Result<(), Overrun>, FrameError> {
        let least = self.rest_bytes_min;
        let begun = decoder
            .part_if(|part, bytes| Begun::of(part, bytes).filter(|begun| begun.bytes - begun.piece.len() >= least));
        let Some(Begun {
            stream,
            last,
            bytes,
            piece,
        }) = begun?
        else {
            return Ok(Ok(()));
        };
        Ok(self.open(stream, last, bytes).map(|mut open| {
            open.so_far.extend_from_slice(piece);
            self.open = Some(open);
        }))
    }

    /// Where the rest of a piece is to be read, with the head of the next; if one has begun.
    pub(crate) fn room(&mut self) -> Option<Limit<&mut Vec<u8>>> {
        let Open { so_far, end, .. } = self.open.as_mut()?;
        let wanted = *end - so_far.len() + Head::CHUNK_BYTES;
        so_far.reserve(wanted);
        Some(so_far.limit(wanted))
    }

    /// Looks at what was read. What belongs to the next frame is given to `decoder`, which has nothing else.
    pub(crate) fn came(&mut self, decoder: &mut Decoder) -> Came {
        let Some(mut open) = self.open.take() else {
            return Came::Nothing;
        };
        if open.so_far.len() < open.end {
            self.open = Some(open);
            return Came::Part;
        }
        decoder.feed(&open.so_far[open.end..]);
        open.so_far.truncate(open.end);
        self.close(open).map_or(Came::Piece, Came::Whole)
    }

    fn open(&mut self, stream: u32, last: bool, bytes: usize) -> Result<Open, Overrun> {
        if bytes == 0 && !last {
            return Err(Overrun::Empty);
        }
        let known = self.streams.get(&stream).map(Vec::len);
        if known.is_none() && self.streams.len() >= self.streams_max {
            return Err(Overrun::Streams);
        }
        let end = known.unwrap_or(0) + bytes;
        if end > self.message_bytes_max {
            return Err(Overrun::Message);
        }
        if self.bytes + bytes > self.bytes_max {
            return Err(Overrun::Total);
        }
        self.bytes += bytes;
        let so_far = self.streams.remove(&stream);
        let so_far = so_far.unwrap_or_else(|| std::mem::take(&mut self.spare));
        Ok(Open {
            stream,
            last,
            so_far,
            end,
        })
    }

    fn close(&mut self, open: Open) -> Option<Vec<u8>> {
        if open.last {
            self.bytes -= open.end;
            return Some(open.so_far);
        }
        self.streams.insert(open.stream, open.so_far);
        None
    }

    /// Keeps a buffer for the next frame, unless it is so large that an idle connection should not hold it.
    pub(crate) fn reuse(&mut self, mut buffer: Vec<u8>) {
        if buffer.capacity() <= SPARE_BYTES_MAX {
            buffer.clear();
            self.spare = buffer;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::frame;
    use crate::wire::protocol::Frame;

    proptest! {
        #[test]
        fn a_piece_that_is_read_in_place_is_the_same(
            frames in prop::collection::vec((any::<u8>(), 0..30_000_usize, any::<bool>()), 1..8),
            cuts in prop::collection::vec(1..9_000_usize, 1..50),
        ) {
            // Small frames, and pieces that are long enough, some of them the last of theirs.
            let (mut bytes, mut expected, mut so_far) = (Vec::new(), Vec::new(), Vec::new());
            for (fill, length, last) in frames {
                let piece = vec![fill; length.max(1)];
                frame::put(&Head::chunk(1, last), &piece, &mut bytes);
                so_far.extend(piece);
                if last {
                    expected.push(std::mem::take(&mut so_far));
                    frame::put(&[0x77], &[fill], &mut bytes);
                    expected.push(vec![0x77, fill]);
                }
            }
            let mut decoder = Decoder::new(40_000);
            let mut reassembly = Reassembly::new(2, 1 << 20, 1 << 20, 100);
            let (mut found, mut rest, mut cuts) = (Vec::new(), &bytes[..], cuts.iter().cycle());
            while !rest.is_empty() {
                let cut = rest.len().min(*cuts.next().expect("a cycle"));
                let read = match reassembly.room() {
                    None => decoder.feed(&rest[..cut]),
                    Some(mut room) => {
                        let cut = cut.min(room.remaining_mut());
                        room.put_slice(&rest[..cut]);
                        cut
                    }
                };
                rest = &rest[read..];
                loop {
                    match reassembly.came(&mut decoder) {
                        Came::Part => break,
                        Came::Whole(whole) => found.push(whole),
                        Came::Piece | Came::Nothing => {}
                    }
                    if let Some(frame) = decoder.next().expect("they are frames") {
                        match Frame::parse(frame) {
                            Ok(Frame::Chunk { stream, last, piece }) => {
                                found.extend(reassembly.piece(stream, last, piece.0).expect("within bounds"));
                            }
                            _ => found.push(frame.to_vec()),
                        }
                        continue;
                    }
                    reassembly.begin(&mut decoder).expect("they are frames").expect("within bounds");
                    if reassembly.open.is_none() {
                        break;
                    }
                }
            }
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn pieces_of_many_frames_in_any_order_are_whole_again(
            frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..60), 1..8),
            turns in prop::collection::vec((0..8_usize, 1..20_usize), 300),
        ) {
            let mut reassembly = Reassembly::new(8, 60, 480, 1);
            let mut left: Vec<&[u8]> = frames.iter().map(Vec::as_slice).collect();
            let mut whole = vec![None; frames.len()];
            let finish = (0..frames.len()).map(|at| (at, 60));
            for (at, bytes) in turns.into_iter().chain(finish) {
                let at = at % frames.len();
                if left[at].is_empty() {
                    continue;
                }
                let (piece, rest) = left[at].split_at(bytes.min(left[at].len()));
                left[at] = rest;
                if let Some(frame) = reassembly.piece(at as u32, rest.is_empty(), piece).expect("within bounds") {
                    whole[at] = Some(frame);
                }
            }
            prop_assert_eq!(whole, frames.into_iter().map(Some).collect::<Vec<_>>());
            prop_assert_eq!(reassembly.bytes, 0);
        }
    }

    #[test]
    fn every_bound_bites() {
        let mut reassembly = Reassembly::new(2, 10, 15, 1);
        assert_eq!(reassembly.piece(1, false, &[0; 8]), Ok(None));
        assert_eq!(reassembly.piece(1, false, &[0; 3]), Err(Overrun::Message));
        assert_eq!(reassembly.piece(2, false, &[0; 8]), Err(Overrun::Total));
        assert_eq!(reassembly.piece(2, false, &[0; 7]), Ok(None));
        assert_eq!(reassembly.piece(3, false, &[]), Err(Overrun::Empty));
        assert_eq!(reassembly.piece(3, true, &[]), Err(Overrun::Streams));
        assert_eq!(reassembly.piece(1, true, &[]), Ok(Some(vec![0; 8])));
        assert_eq!(reassembly.piece(3, true, &[1]), Ok(Some(vec![1])));
    }
}
