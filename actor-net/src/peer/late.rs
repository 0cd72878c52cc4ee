//! What a peer says while too much waits to be written to it: kept, in order, to be carried out when that is written.
//!
//! To read nothing meanwhile would be simpler. But two nodes that owe each other more answers than may wait would then each wait for the other
//! to read.
//!
//! # How it is used
//! [`Late::put`] for each frame that has to wait, as long as there [is room](Late::has_room): then nothing more is read. [`Late::take`] gives them back, the
//! first one first.

use crate::wire::frame::{self, LENGTH_BYTES};

#[derive(Debug)]
pub(crate) struct Late {
    frames: Vec<u8>,
    /// Where the first of them begins.
    begin: usize,
    bytes_max: usize,
}

/// A buffer larger than this is not kept.
const KEPT_BYTES_MAX: usize = 64 << 10;

impl Late {
    /// There is room for the next as long as no more than `bytes_max` are kept.
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self {
            frames: Vec::new(),
            begin: 0,
            bytes_max,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.begin == self.frames.len()
    }

    pub(crate) fn has_room(&self) -> bool {
        self.frames.len() - self.begin <= self.bytes_max
    }

    /// Keeps a frame, given without its length.
    pub(crate) fn put(&mut self, frame: &[u8]) {
        frame::put(frame, &[], &mut self.frames);
    }

    /// Takes the first frame.
    pub(crate) fn take(&mut self) -> Option<Vec<u8>> {
        let (length, rest) = self.frames[self.begin..].split_first_chunk::<LENGTH_BYTES>()?;
        let frame = rest.get(..u32::from_le_bytes(*length) as usize)?.to_vec();
        self.begin += LENGTH_BYTES + frame.len();
        if self.is_empty() {
            self.frames.clear();
            self.frames.shrink_to(KEPT_BYTES_MAX);
            self.begin = 0;
        }
        Some(frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_back_as_they_were_put() {
        let mut late = Late::new(20);
        assert!(late.is_empty() && late.has_room());
        for round in 0..3 {
            late.put(&[round, 1]);
            late.put(&[round; 17]);
            assert!(!late.is_empty() && !late.has_room());
            assert_eq!(late.take(), Some(vec![round, 1]));
            assert_eq!(late.take(), Some(vec![round; 17]));
            assert_eq!((late.take(), late.is_empty()), (None, true));
        }
    }
}
