//! The doors through which fuzzers come in; what they find is replayed by a test.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::id::{Incarnation, NodeId, NodeName};
use crate::peer::handshake::{Auth, Handshake, Local, Step};
use crate::peer::packing::unpack;
use crate::peer::reassembly::Reassembly;
use crate::secret::Secret;
use crate::wire::frame::Decoder;
use crate::wire::protocol::Frame;

/// A stream of bytes as frames. Whatever can be read is written again as it was.
///
/// # Panics
/// If it is not: that is what is looked for.
pub fn frames(bytes: &[u8]) {
    let mut decoder = Decoder::new(512);
    let mut reassembly = Reassembly::new(4, 2_000, 4_000);
    let mut rest = bytes;
    while !rest.is_empty() {
        let taken = decoder.feed(rest);
        assert!(taken > 0, "a decoder that was asked for its frames has room");
        rest = &rest[taken..];
        loop {
            match decoder.next() {
                Ok(Some(bytes)) => {
                    let Ok(frame) = Frame::parse(bytes) else {
                        continue;
                    };
                    let mut again = Vec::new();
                    frame.encode(&mut again);
                    assert_eq!(&again[4..], bytes, "{frame:?}");
                    if let Frame::Packed { bytes, block } = frame
                        && let Some(whole) = unpack(bytes, block.0, 2_000)
                    {
                        let _ = Frame::parse(&whole);
                    }
                    if let Frame::Chunk { stream, last, piece } = frame
                        && reassembly.piece(stream, last, piece.0).is_err()
                    {
                        return;
                    }
                }
                Ok(None) => break,
                Err(_) => return,
            }
        }
    }
}

/// A stream of bytes as one side of a handshake, against a listener and a dialler that share a secret which these bytes cannot know.
///
/// # Panics
/// If either comes to an agreement.
pub fn handshake(bytes: &[u8]) {
    let local = Arc::new(Local {
        id: NodeId {
            name: NodeName::new("b").expect("it is a name"),
            incarnation: Incarnation(1),
        },
        cluster: "chat".into(),
        features: 0,
        versions: Local::VERSIONS,
        codecs: vec![1, 2],
        frame_bytes_max: 65_600,
        message_bytes_max: 16 << 20,
        window_bytes: 256 << 10,
    });
    let secret = Auth::Secret(Secret::new(b"a secret that no fuzzer guesses").expect("it is long enough"));
    let (now, timeout) = (now(), Duration::from_secs(5));
    let (dialler, _) = Handshake::dial(local.clone(), secret.clone(), None, [1; 32], now, timeout);
    let listener = Handshake::listen(local, secret, [2; 32], now, timeout);
    for mut side in [dialler, listener] {
        let mut decoder = Decoder::new(512);
        decoder.feed(bytes);
        while let Ok(Some(frame)) = decoder.next() {
            match side.handle_frame(frame, |_| Ok(())) {
                Step::Say(_) => {}
                Step::Failed { .. } => break,
                Step::Done { agreed, .. } => panic!("{agreed:?}"),
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a point to count from")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    fn replay(target: &str, run: fn(&[u8])) {
        let corpus = format!("{}/../fuzz/corpus/{target}", env!("CARGO_MANIFEST_DIR"));
        let mut seen = 0;
        for entry in std::fs::read_dir(corpus).expect("the corpus is part of the tree") {
            let path = entry.expect("it can be listed").path();
            run(&std::fs::read(path).expect("it can be read"));
            seen += 1;
        }
        assert!(seen > 10, "{seen} files: where is the corpus?");
    }

    #[test]
    fn what_fuzzing_of_frames_has_found_is_still_handled() {
        replay("frames", super::frames);
    }

    #[test]
    fn what_fuzzing_of_handshakes_has_found_is_still_handled() {
        replay("handshake", super::handshake);
    }
}
