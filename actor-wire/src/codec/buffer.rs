//! The end of a buffer that is being written: counted, and taken back unless it is finished.

use crate::error::EncodeError;

/// Bytes appended to a buffer, none of which stay if it is dropped unfinished.
pub(super) struct Draft<'a> {
    out: &'a mut Vec<u8>,
    begin: usize,
    bytes_max: usize,
    overflowed: bool,
    finished: bool,
}

/// The value does not fit.
pub(super) struct Full;

impl<'a> Draft<'a> {
    pub(super) fn new(out: &'a mut Vec<u8>, bytes_max: usize) -> Self {
        Self {
            begin: out.len(),
            out,
            bytes_max,
            overflowed: false,
            finished: false,
        }
    }

    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<(), Full> {
        let room = self.bytes_max - (self.out.len() - self.begin);
        if bytes.len() > room {
            self.overflowed = true;
            return Err(Full);
        }
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    /// Keeps what was written, unless it was refused. A codec's own words for a full buffer say less than the limit does.
    pub(super) fn finish(mut self, written: Result<(), String>) -> Result<(), EncodeError> {
        if self.overflowed {
            return Err(EncodeError::TooLarge {
                bytes_max: self.bytes_max,
            });
        }
        written.map_err(EncodeError::Refused)?;
        self.finished = true;
        Ok(())
    }
}

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        if !self.finished {
            self.out.truncate(self.begin);
        }
    }
}
