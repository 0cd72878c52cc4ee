//! Cutting frames out of a stream of bytes.
//!
//! ```text
//!  0        4      5                 4 + length
//! +--------+------+-----------------+
//! | length | kind | fields of kind  |     length: u32, little-endian, counts kind and fields; never 0
//! +--------+------+-----------------+
//! ```
//!
//! # How it is used
//! [`Decoder::room`] gives the space to read into and [`Decoder::filled`] says how much came; [`Decoder::next`] then gives frame
//! after frame until it says `None`. A frame is borrowed from the buffer. An error is final: the connection has to be closed.

use std::fmt;
use std::ops::Range;

/// How many bytes stand before the kind.
pub const LENGTH_BYTES: usize = 4;

/// The largest frame before the peer has proved who it is, in bytes, its length not counted.
pub const HANDSHAKE_FRAME_BYTES_MAX: usize = 2048;

/// Why a stream is no stream of frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameError {
    /// A frame says that it has no bytes, not even a kind.
    Empty,
    /// A frame says that it is larger than it may be. Nothing was allocated for it.
    TooLarge {
        /// What it says.
        bytes: usize,
        /// What is allowed.
        bytes_max: usize,
    },
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FrameError::Empty => f.write_str("a frame without a kind"),
            FrameError::TooLarge { bytes, bytes_max } => {
                write!(f, "a frame of {bytes} bytes, where {bytes_max} are allowed")
            }
        }
    }
}

impl std::error::Error for FrameError {}

/// Collects bytes and gives out frames.
///
/// It holds one buffer, which grows to hold one frame of the largest size with its length; where as much as that comes at a time, four,
/// and never more.
pub struct Decoder {
    buffer: Vec<u8>,
    begin: usize,
    end: usize,
    frame_bytes_max: usize,
    /// How many frames of the largest size it holds.
    frames: usize,
}

/// What comes faster than this holds is read in more than one go.
const FRAMES_MAX: usize = 4;

impl Decoder {
    /// Takes frames of at most `frame_bytes_max` bytes.
    pub fn new(frame_bytes_max: usize) -> Self {
        Self {
            buffer: Vec::new(),
            begin: 0,
            end: 0,
            frame_bytes_max,
            frames: 1,
        }
    }

    /// From now on, takes frames of at most `frame_bytes_max` bytes. What has come already is kept.
    pub fn allow(&mut self, frame_bytes_max: usize) {
        self.frame_bytes_max = frame_bytes_max;
    }

    /// Where to read to: never empty, as long as [`next`](Self::next) is called until it gives `None` after each read.
    pub fn room(&mut self) -> &mut [u8] {
        if self.begin == self.end {
            (self.begin, self.end) = (0, 0);
        }
        let wanted = LENGTH_BYTES + self.frame_bytes_max;
        if self.buffer.len() < self.frames * wanted {
            self.buffer.resize(self.frames * wanted, 0);
        }
        // Moved only when the rest of a frame might not fit behind its beginning.
        if self.begin > 0 && self.buffer.len() - self.begin < wanted {
            self.buffer.copy_within(self.begin..self.end, 0);
            self.end -= self.begin;
            self.begin = 0;
        }
        &mut self.buffer[self.end..]
    }

    /// So many bytes were put into the [`room`](Self::room).
    pub fn filled(&mut self, bytes: usize) {
        self.end = (self.end + bytes).min(self.buffer.len());
        if self.end == self.buffer.len() {
            self.frames = (2 * self.frames).min(FRAMES_MAX);
        }
    }

    /// Takes what fits of `bytes`, and says how many those were.
    pub fn feed(&mut self, bytes: &[u8]) -> usize {
        let room = self.room();
        let taken = bytes.len().min(room.len());
        room[..taken].copy_from_slice(&bytes[..taken]);
        self.filled(taken);
        taken
    }

    /// The next whole frame: its kind and fields. `None` until more bytes come.
    ///
    /// # Errors
    /// [`FrameError`], as soon as the length is there, and from then on always.
    #[expect(clippy::should_implement_trait, reason = "it lends")]
    pub fn next(&mut self) -> Result<Option<&[u8]>, FrameError> {
        self.next_if(Some)
    }

    /// The same without taking it.
    ///
    /// # Errors
    /// As for [`next`](Self::next).
    pub fn peek(&self) -> Result<Option<&[u8]>, FrameError> {
        Ok(self.whole()?.map(|frame| &self.buffer[frame]))
    }

    /// Takes the next whole frame if it `is` one that is wanted, as what it is.
    ///
    /// # Errors
    /// As for [`next`](Self::next).
    #[inline]
    pub fn next_if<'a, T>(&'a mut self, is: impl FnOnce(&'a [u8]) -> Option<T>) -> Result<Option<T>, FrameError> {
        let Some(frame) = self.whole()? else { return Ok(None) };
        let end = frame.end;
        let taken = is(&self.buffer[frame]);
        if taken.is_some() {
            self.begin = end;
        }
        Ok(taken)
    }

    /// The same, with where it lies.
    ///
    /// # Errors
    /// As for [`next`](Self::next).
    #[inline]
    pub(crate) fn next_placed<T>(
        &mut self,
        is: impl FnOnce(&[u8]) -> Option<T>,
    ) -> Result<Option<(T, Range<usize>)>, FrameError> {
        let Some(place) = self.whole()? else { return Ok(None) };
        Ok(is(&self.buffer[place.clone()]).map(|taken| {
            self.begin = place.end;
            (taken, place)
        }))
    }

    /// A frame that was taken from there, until there is [room](Self::room) made for more.
    #[inline]
    pub(crate) fn taken(&self, place: Range<usize>) -> &[u8] {
        &self.buffer[place]
    }

    /// Takes what has come of a frame that is not whole, if it `is` one whose rest is read to somewhere else: it is given that, and how long the
    /// frame is. Nothing is left here then.
    ///
    /// # Errors
    /// As for [`next`](Self::next).
    pub(crate) fn part_if<'a, T>(
        &'a mut self,
        is: impl FnOnce(&'a [u8], usize) -> Option<T>,
    ) -> Result<Option<T>, FrameError> {
        let waiting = &self.buffer[self.begin..self.end];
        let Some((length, part)) = waiting.split_first_chunk::<LENGTH_BYTES>() else {
            return Ok(None);
        };
        let bytes = u32::from_le_bytes(*length) as usize;
        if self.whole()?.is_some() {
            return Ok(None);
        }
        let taken = is(part, bytes);
        if taken.is_some() {
            self.begin = self.end;
        }
        Ok(taken)
    }

    /// Where the next whole frame lies.
    #[inline]
    fn whole(&self) -> Result<Option<Range<usize>>, FrameError> {
        let waiting = &self.buffer[self.begin..self.end];
        let Some((length, rest)) = waiting.split_first_chunk::<LENGTH_BYTES>() else {
            return Ok(None);
        };
        let bytes = u32::from_le_bytes(*length) as usize;
        if bytes == 0 {
            return Err(FrameError::Empty);
        }
        if bytes > self.frame_bytes_max {
            let bytes_max = self.frame_bytes_max;
            return Err(FrameError::TooLarge { bytes, bytes_max });
        }
        let begin = self.begin + LENGTH_BYTES;
        Ok((rest.len() >= bytes).then_some(begin..begin + bytes))
    }
}

/// Makes room for a frame's length in `out`, and says where it begins. [`seal`] fills it in.
pub fn open(out: &mut Vec<u8>) -> usize {
    let begin = out.len();
    out.extend_from_slice(&[0; LENGTH_BYTES]);
    begin
}

/// Writes the length of the frame that begins at `begin` and ends with `out`.
pub fn seal(out: &mut [u8], begin: usize) {
    // Whoever encodes has a limit far below 4 GiB.
    let bytes = u32::try_from(out.len() - begin - LENGTH_BYTES).unwrap_or(u32::MAX);
    out[begin..begin + LENGTH_BYTES].copy_from_slice(&bytes.to_le_bytes());
}

/// Appends a frame of these two parts, with its length.
#[inline]
pub(crate) fn put(head: &[u8], body: &[u8], out: &mut Vec<u8>) {
    out.reserve(LENGTH_BYTES + head.len() + body.len());
    put_before(body.len(), head, out);
    out.extend_from_slice(body);
}

/// The same without the second part, of so many bytes, which is to follow.
#[inline]
pub(crate) fn put_before(bytes: usize, head: &[u8], out: &mut Vec<u8>) {
    let length = u32::try_from(head.len() + bytes).unwrap_or(u32::MAX);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(head);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stream(frames: &[Vec<u8>]) -> Vec<u8> {
        let mut out = Vec::new();
        for frame in frames {
            let begin = open(&mut out);
            out.extend_from_slice(frame);
            seal(&mut out, begin);
        }
        out
    }

    proptest! {
        #[test]
        fn frames_come_out_as_they_went_in_however_they_are_cut(
            frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 0..30),
            cuts in prop::collection::vec(1_usize..60, 1..200),
        ) {
            let bytes = stream(&frames);
            let mut decoder = Decoder::new(40);
            let mut found = Vec::new();
            let mut rest = &bytes[..];
            let mut cuts = cuts.iter().cycle();
            while !rest.is_empty() {
                let cut = rest.len().min(*cuts.next().expect("a cycle"));
                let taken = decoder.feed(&rest[..cut]);
                rest = &rest[taken..];
                while let Some(frame) = decoder.next().expect("they are frames") {
                    found.push(frame.to_vec());
                }
                prop_assert!(decoder.buffer.capacity() <= 4 * 44);
            }
            prop_assert_eq!(found, frames);
        }

        #[test]
        fn any_bytes_end_in_frames_or_in_an_error(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut decoder = Decoder::new(64);
            let mut rest = &bytes[..];
            'stream: while !rest.is_empty() {
                let taken = decoder.feed(rest);
                prop_assert!(taken > 0);
                rest = &rest[taken..];
                loop {
                    match decoder.next() {
                        Ok(Some(frame)) => prop_assert!(!frame.is_empty() && frame.len() <= 64),
                        Ok(None) => break,
                        Err(_) => break 'stream,
                    }
                }
            }
        }
    }

    #[test]
    fn a_huge_length_is_refused_at_once_and_costs_nothing() {
        let mut decoder = Decoder::new(100);
        decoder.feed(&u32::MAX.to_le_bytes());
        let refused = FrameError::TooLarge {
            bytes: u32::MAX as usize,
            bytes_max: 100,
        };
        assert_eq!(decoder.next(), Err(refused));
        assert_eq!(decoder.next(), Err(refused));
        assert!(decoder.buffer.capacity() <= 104);
    }

    #[test]
    fn a_frame_without_a_kind_is_refused() {
        let mut decoder = Decoder::new(100);
        decoder.feed(&[0; 4]);
        assert_eq!(decoder.next(), Err(FrameError::Empty));
    }

    #[test]
    fn more_is_allowed_when_the_peer_is_known() {
        let mut decoder = Decoder::new(4);
        let bytes = stream(&[vec![1; 4], vec![2; 9]]);
        decoder.feed(&bytes[..8]);
        assert_eq!(decoder.next(), Ok(Some(&[1; 4][..])));
        decoder.allow(9);
        assert_eq!(decoder.feed(&bytes[8..]), 13);
        assert_eq!(decoder.next(), Ok(Some(&[2; 9][..])));
        assert_eq!(decoder.next(), Ok(None));
    }
}
