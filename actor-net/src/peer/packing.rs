//! Messages made smaller for the wire, where both sides agreed to that.
//!
//! A message with its kind and fields becomes one block of LZ4, if that is worth it. What comes says how long it is unpacked; no more is
//! made of it than that, and than a message may have.

use lz4_flex::block::{compress, decompress_into};

/// Packs a frame of these two parts. `None`: it would not become smaller by an eighth.
pub(crate) fn pack(head: &[u8], body: &[u8]) -> Option<(u32, Vec<u8>)> {
    let whole = [head, body].concat();
    let packed = compress(&whole);
    let is_worth_it = packed.len() < whole.len() - whole.len() / 8;
    is_worth_it
        .then_some(packed)
        .and_then(|packed| Some((u32::try_from(whole.len()).ok()?, packed)))
}

/// The kind and fields of a frame that was packed. `None`: it is longer than it may be, or not what it says.
pub(crate) fn unpack(bytes: u32, packed: &[u8], bytes_max: usize) -> Option<Vec<u8>> {
    let bytes = usize::try_from(bytes).ok().filter(|bytes| *bytes <= bytes_max)?;
    // LZ4 makes at most 255 bytes of one: who claims more has not packed anything, and gets no memory for it.
    if bytes / 255 > packed.len() {
        return None;
    }
    let mut whole = vec![0; bytes];
    let unpacked = decompress_into(packed, &mut whole).ok()?;
    (unpacked == bytes).then_some(whole)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::id::ExportId;
    use crate::wire::Rest;
    use crate::wire::message::Head;
    use crate::wire::protocol::Frame;

    fn tell() -> Head {
        Head::message(ExportId(7), None)
    }

    #[test]
    fn what_repeats_itself_is_packed_and_comes_back() {
        let body = b"again and ".repeat(1_000);
        let (bytes, packed) = pack(&tell(), &body).expect("it is worth it");
        assert!(packed.len() < body.len() / 10);
        let whole = unpack(bytes, &packed, 1 << 20).expect("it is what it says");
        assert_eq!(
            Frame::parse(&whole),
            Ok(Frame::Tell {
                to: ExportId(7),
                body: Rest(&body)
            })
        );
        assert_eq!(unpack(bytes, &packed, body.len()), None, "longer than it may be");
        assert_eq!(unpack(bytes - 1, &packed, 1 << 20), None);
        assert_eq!(unpack(bytes + 1, &packed, 1 << 20), None);
        assert_eq!(unpack(1 << 30, &[0; 100], 1 << 30), None);
    }

    /// As it stands among the test vectors of the protocol.
    #[test]
    fn a_block_of_another_implementation_is_read() {
        let block = [0x3f, 0x20, 7, 0, 1, 0, 0x59, 0x60, 0, 0, 0, 0, 0, 0];
        let whole = unpack(117, &block, 1_000).expect("it is a block");
        assert_eq!(
            Frame::parse(&whole),
            Ok(Frame::Tell {
                to: ExportId(7),
                body: Rest(&[0; 100])
            })
        );
    }

    proptest! {
        #[test]
        fn what_was_never_packed_does_no_harm(bytes in 0..2_000_u32, packed in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Some(whole) = unpack(bytes, &packed, 1_000) {
                prop_assert_eq!(whole.len(), bytes as usize);
                prop_assert!(bytes <= 1_000);
            }
        }

        #[test]
        fn noise_is_left_as_it_is(seed in any::<u64>()) {
            let mut chance = fastrand::Rng::with_seed(seed);
            let body: Vec<u8> = std::iter::repeat_with(|| chance.u8(..)).take(2_000).collect();
            prop_assert!(pack(&tell(), &body).is_none());
        }
    }
}
