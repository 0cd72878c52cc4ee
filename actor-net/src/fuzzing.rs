//! The doors through which fuzzers come in; what they find is replayed by a test.

use crate::wire::frame::Decoder;
use crate::wire::protocol::Frame;

/// A stream of bytes as frames. Whatever can be read is written again as it was.
///
/// # Panics
/// If it is not: that is what is looked for.
pub fn frames(bytes: &[u8]) {
    let mut decoder = Decoder::new(512);
    let mut rest = bytes;
    while !rest.is_empty() {
        let taken = decoder.feed(rest);
        assert!(taken > 0, "a decoder that was asked for its frames has room");
        rest = &rest[taken..];
        loop {
            match decoder.next() {
                Ok(Some(bytes)) => {
                    if let Ok(frame) = Frame::parse(bytes) {
                        let mut again = Vec::new();
                        frame.encode(&mut again);
                        assert_eq!(&again[4..], bytes, "{frame:?}");
                    }
                }
                Ok(None) => break,
                Err(_) => return,
            }
        }
    }
}
