//! What goes in one write: bytes, and between them pieces of large messages, which lie where they were encoded.

use std::io::IoSlice;
use std::ops::Range;
use std::sync::Arc;
use std::task::Waker;

/// A buffer larger than this is given back when it is written.
const KEPT_BYTES_MAX: usize = 1 << 20;

#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(super) bytes: Vec<u8>,
    pub(super) pieces: Vec<Piece>,
    /// Who waited for the writer to come, to be woken without a lock.
    pub(crate) wake: Vec<Waker>,
}

/// A piece of a body, which goes after so many of the bytes.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) after: usize,
    pub(super) body: Arc<Vec<u8>>,
    pub(super) range: Range<usize>,
}

impl Batch {
    /// What it holds, in order.
    pub(crate) fn slices(&self) -> Vec<IoSlice<'_>> {
        let mut slices = Vec::with_capacity(2 * self.pieces.len() + 1);
        let mut begin = 0;
        for Piece { after, body, range } in &self.pieces {
            slices.push(IoSlice::new(&self.bytes[begin..*after]));
            slices.push(IoSlice::new(&body[range.clone()]));
            begin = *after;
        }
        slices.push(IoSlice::new(&self.bytes[begin..]));
        slices.retain(|slice| !slice.is_empty());
        slices
    }

    /// The bytes, if they are all that it holds.
    pub(crate) fn plain(&self) -> Option<&[u8]> {
        self.pieces.is_empty().then_some(&*self.bytes)
    }

    pub(crate) fn len(&self) -> usize {
        let pieces = self.pieces.iter().map(|piece| piece.range.len());
        self.bytes.len() + pieces.sum::<usize>()
    }

    /// Forgets what is written. A body of which this was the last piece comes back, if it is no larger than so many bytes.
    pub(super) fn clear(&mut self, bytes_max: usize) -> Option<Vec<u8>> {
        self.bytes.clear();
        self.bytes.shrink_to(KEPT_BYTES_MAX);
        let mut last = None;
        for piece in self.pieces.drain(..) {
            let body = Arc::into_inner(piece.body).filter(|body| body.capacity() <= bytes_max);
            last = body.or(last);
        }
        last
    }
}
