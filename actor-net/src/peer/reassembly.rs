//! Frames that come in pieces, put together again within bounds.
//!
//! # How it is used
//! [`Reassembly::piece`] for each `Chunk`; it gives the whole frame with the last one, its kind and fields, to be parsed as any other. The
//! buffer of one that was carried out comes back by [`Reassembly::reuse`].

use std::collections::BTreeMap;

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

/// A buffer larger than this is not kept.
const SPARE_BYTES_MAX: usize = 2 << 20;

#[derive(Debug)]
pub(crate) struct Reassembly {
    streams: BTreeMap<u32, Vec<u8>>,
    /// Where large frames come one after the other, the next finds memory that is there already.
    spare: Vec<u8>,
    bytes: usize,
    streams_max: usize,
    message_bytes_max: usize,
    bytes_max: usize,
}

impl Reassembly {
    pub(crate) fn new(streams_max: usize, message_bytes_max: usize, bytes_max: usize) -> Self {
        Self {
            streams: BTreeMap::new(),
            spare: Vec::new(),
            bytes: 0,
            streams_max,
            message_bytes_max,
            bytes_max,
        }
    }

    /// Takes a piece of `stream`; gives the whole with the last one.
    ///
    /// Memory is taken as pieces come, and not because a peer says that they will.
    pub(crate) fn piece(&mut self, stream: u32, last: bool, piece: &[u8]) -> Result<Option<Vec<u8>>, Overrun> {
        if piece.is_empty() && !last {
            return Err(Overrun::Empty);
        }
        if !self.streams.contains_key(&stream) && self.streams.len() >= self.streams_max {
            return Err(Overrun::Streams);
        }
        let so_far = self.streams.get(&stream).map_or(0, Vec::len);
        if so_far + piece.len() > self.message_bytes_max {
            return Err(Overrun::Message);
        }
        if self.bytes + piece.len() > self.bytes_max {
            return Err(Overrun::Total);
        }
        self.bytes += piece.len();
        let spare = &mut self.spare;
        let so_far = self.streams.entry(stream).or_insert_with(|| std::mem::take(spare));
        so_far.extend_from_slice(piece);
        if !last {
            return Ok(None);
        }
        let whole = self.streams.remove(&stream);
        self.bytes -= whole.as_ref().map_or(0, Vec::len);
        Ok(whole)
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

    proptest! {
        #[test]
        fn pieces_of_many_frames_in_any_order_are_whole_again(
            frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..60), 1..8),
            turns in prop::collection::vec((0..8_usize, 1..20_usize), 300),
        ) {
            let mut reassembly = Reassembly::new(8, 60, 480);
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
        let mut reassembly = Reassembly::new(2, 10, 15);
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
