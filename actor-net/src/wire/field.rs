//! The fields that frames are made of: how each is written and read.

use std::fmt;

use crate::id::{ExportId, Incarnation};

/// The most causes that a reason carries; the first ones stay, with the last one, which started it all.
pub(super) const CAUSES_MAX: usize = 8;
/// The longest text in a frame, in bytes; longer ones are cut.
pub(crate) const WORDS_BYTES_MAX: usize = 1024;

/// Why a frame cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProtocolError {
    /// No frame has this kind.
    UnknownKind(u8),
    /// It ends before its fields do.
    Short(&'static str),
    /// It goes on after its fields.
    Long(&'static str),
    /// A field holds what it may not.
    Malformed(&'static str),
    /// It has no place here: before the handshake is done, or after it, or from this side.
    OutOfPlace(&'static str),
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProtocolError::UnknownKind(kind) => write!(f, "no frame has the kind {kind:#04x}"),
            ProtocolError::Short(frame) => write!(f, "{frame} is too short"),
            ProtocolError::Long(frame) => write!(f, "{frame} is too long"),
            ProtocolError::Malformed(frame) => write!(f, "a field of {frame} is malformed"),
            ProtocolError::OutOfPlace(frame) => write!(f, "{frame} has no place here"),
        }
    }
}

impl std::error::Error for ProtocolError {}

/// The bytes of a frame that were not read yet.
pub(crate) struct Reader<'a> {
    pub(crate) rest: &'a [u8],
    pub(crate) frame: &'static str,
}

impl<'a> Reader<'a> {
    fn take(&mut self, bytes: usize) -> Result<&'a [u8], ProtocolError> {
        let (taken, rest) = self
            .rest
            .split_at_checked(bytes)
            .ok_or(ProtocolError::Short(self.frame))?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ProtocolError> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(ProtocolError::Short(self.frame))?;
        self.rest = rest;
        Ok(*taken)
    }
}

pub(crate) trait Field<'a>: Sized {
    fn read(from: &mut Reader<'a>) -> Result<Self, ProtocolError>;
    fn write(&self, out: &mut Vec<u8>);
}

macro_rules! integers {
    ($($int:ty)*) => {$(
        impl Field<'_> for $int {
            fn read(from: &mut Reader<'_>) -> Result<Self, ProtocolError> {
                from.array().map(Self::from_le_bytes)
            }

            fn write(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }
        }
    )*};
}

integers!(u8 u16 u32 u64 u128);

impl Field<'_> for bool {
    fn read(from: &mut Reader<'_>) -> Result<Self, ProtocolError> {
        match u8::read(from)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(ProtocolError::Malformed(from.frame)),
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }
}

impl Field<'_> for [u8; 32] {
    fn read(from: &mut Reader<'_>) -> Result<Self, ProtocolError> {
        from.array()
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }
}

/// Milliseconds; the largest number says that there is no limit.
impl Field<'_> for Option<u32> {
    fn read(from: &mut Reader<'_>) -> Result<Self, ProtocolError> {
        u32::read(from).map(|millis| (millis != u32::MAX).then_some(millis))
    }

    fn write(&self, out: &mut Vec<u8>) {
        millis(*self).write(out);
    }
}

pub(super) fn millis(limit: Option<u32>) -> u32 {
    limit.map_or(u32::MAX, |millis| millis.min(u32::MAX - 1))
}

/// A `u16` of length, then so many bytes.
impl<'a> Field<'a> for &'a [u8] {
    fn read(from: &mut Reader<'a>) -> Result<Self, ProtocolError> {
        let bytes = u16::read(from)?;
        from.take(bytes.into())
    }

    fn write(&self, out: &mut Vec<u8>) {
        let bytes = u16::try_from(self.len()).unwrap_or(u16::MAX);
        bytes.write(out);
        out.extend_from_slice(&self[..bytes.into()]);
    }
}

/// As bytes, and UTF-8. What is longer than [`WORDS_BYTES_MAX`] is cut when it is written.
impl<'a> Field<'a> for &'a str {
    fn read(from: &mut Reader<'a>) -> Result<Self, ProtocolError> {
        let bytes = <&[u8]>::read(from)?;
        if bytes.len() > WORDS_BYTES_MAX {
            return Err(ProtocolError::Malformed(from.frame));
        }
        std::str::from_utf8(bytes).map_err(|_| ProtocolError::Malformed(from.frame))
    }

    fn write(&self, out: &mut Vec<u8>) {
        as_it_travels(self).as_bytes().write(out);
    }
}

/// What of a text stands in a frame.
pub(crate) fn as_it_travels(text: &str) -> &str {
    let mut end = text.len().min(WORDS_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

impl Field<'_> for ExportId {
    fn read(from: &mut Reader<'_>) -> Result<Self, ProtocolError> {
        u128::read(from).map(ExportId)
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
    }
}

impl Field<'_> for Incarnation {
    fn read(from: &mut Reader<'_>) -> Result<Self, ProtocolError> {
        u64::read(from).map(Incarnation)
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
    }
}

/// All bytes up to the end of the frame: an encoded message, or a piece of a frame.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Rest<'a>(pub &'a [u8]);

impl<'a> Field<'a> for Rest<'a> {
    fn read(from: &mut Reader<'a>) -> Result<Self, ProtocolError> {
        Ok(Rest(std::mem::take(&mut from.rest)))
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.0);
    }
}

impl fmt::Debug for Rest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

/// An actor, as its owner tells others of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandleRef<'a> {
    /// The name of the node that it lives on.
    pub owner: &'a str,
    /// The life of that node.
    pub incarnation: Incarnation,
    /// What stands for it there.
    pub export: ExportId,
    /// Where it stands in its tree, for people.
    pub path: &'a str,
}

impl<'a> Field<'a> for HandleRef<'a> {
    fn read(from: &mut Reader<'a>) -> Result<Self, ProtocolError> {
        Ok(Self {
            owner: Field::read(from)?,
            incarnation: Field::read(from)?,
            export: Field::read(from)?,
            path: Field::read(from)?,
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.owner.write(out);
        self.incarnation.write(out);
        self.export.write(out);
        self.path.write(out);
    }
}

/// Why an actor ended: what kind of end it was, and for a failure the chain of causes, the outermost first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason<'a> {
    /// One of [`codes::end`](super::codes::end).
    pub end: u8,
    /// At most eight. Beyond it, those just before the last are left out.
    pub causes: Vec<Cause<'a>>,
}

/// One failure of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cause<'a> {
    /// The actor that failed.
    pub path: &'a str,
    /// One of [`codes::failure`](super::codes::failure).
    pub kind: u8,
    /// Its words.
    pub words: &'a str,
}

impl<'a> Field<'a> for Reason<'a> {
    fn read(from: &mut Reader<'a>) -> Result<Self, ProtocolError> {
        let end = u8::read(from)?;
        let count = u8::read(from)?;
        if usize::from(count) > CAUSES_MAX {
            return Err(ProtocolError::Malformed(from.frame));
        }
        let mut causes = Vec::with_capacity(count.into());
        for _ in 0..count {
            causes.push(Cause {
                path: Field::read(from)?,
                kind: Field::read(from)?,
                words: Field::read(from)?,
            });
        }
        Ok(Self { end, causes })
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.end.write(out);
        let kept = self.causes.len().min(CAUSES_MAX);
        // `kept` is 8 at most.
        (kept as u8).write(out);
        let (last, first) = match self.causes.split_last() {
            Some((last, first)) => (Some(last), &first[..kept - 1]),
            None => (None, &[][..]),
        };
        for cause in first.iter().chain(last) {
            cause.path.write(out);
            cause.kind.write(out);
            cause.words.write(out);
        }
    }
}
