//! How much a message may make its reader do.

/// The bounds within which bytes of a stranger are read.
///
/// The number of elements needs no setting: all sequences and maps of one message together may have as many elements as the
/// message has bytes, since each takes a byte at least. Only sequences of things without any bytes, as `Vec<()>`, can want more,
/// and those are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many values may contain one another: each `Option`, `enum`, struct, tuple, sequence and map on the way to a
    /// value is one level. Default 64. It bounds the stack that decoding takes; a deeper message is refused.
    pub depth_max: usize,
}

impl Limits {
    /// The default of [`depth_max`](Self::depth_max).
    pub const DEPTH_DEFAULT: usize = 64;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth_max: Self::DEPTH_DEFAULT,
        }
    }
}
