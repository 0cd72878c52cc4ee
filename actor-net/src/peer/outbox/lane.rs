//! What waits for one receiver that a large frame is under way to: it goes piece by piece, and all else to that receiver behind it.

use std::collections::VecDeque;
use std::sync::Arc;

use super::batch::{Batch, Piece};
use super::{Numbered, Receiver};

/// One receiver with a large frame under way.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) to: Receiver,
    pub(super) stream: u32,
    /// Of the first frame, without its length.
    pub(super) sent: usize,
    pub(super) frames: VecDeque<Waiting>,
}

/// A frame whose bytes are those of `head` and `body`, and have no length before them.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) place: u64,
    pub(super) numbered: Numbered,
    pub(super) cost: usize,
    pub(super) head: Vec<u8>,
    pub(super) body: Arc<Vec<u8>>,
}

impl Waiting {
    pub(super) fn len(&self) -> usize {
        self.head.len() + self.body.len()
    }

    /// Appends the piece from `begin` to `end`.
    pub(super) fn append_piece(&self, begin: usize, end: usize, out: &mut Batch) {
        let head = self.head.len();
        out.bytes.extend_from_slice(&self.head[begin.min(head)..end.min(head)]);
        let range = begin.saturating_sub(head)..end.saturating_sub(head);
        if !range.is_empty() {
            out.pieces.push(Piece {
                after: out.bytes.len(),
                body: self.body.clone(),
                range,
            });
        }
    }
}
