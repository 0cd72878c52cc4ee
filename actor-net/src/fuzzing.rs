//! The doors through which fuzzers come in; what they find is replayed by a test.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actor_core::wire::TraceContext;
use bytes::BufMut;

use crate::id::{Incarnation, NodeId, NodeName};
use crate::membership::engine::Engine;
use crate::membership::{ClusterConfig, Identity, PACKET_BYTES_MAX, Packet, Profile, Stay};
use crate::peer::datagram::Key;
use crate::peer::handshake::{Auth, Handshake, Local, Step};
use crate::peer::packing::unpack;
use crate::peer::reassembly::{Came, Reassembly};
use crate::secret::Secret;
use crate::wire::frame::Decoder;
use crate::wire::message::Message;
use crate::wire::protocol::Frame;

/// A stream of bytes as frames. Whatever can be read is written again as it was.
///
/// # Panics
/// If it is not: that is what is looked for.
pub fn frames(bytes: &[u8]) {
    let mut decoder = Decoder::new(512);
    let mut reassembly = Reassembly::new(4, 2_000, 4_000, 16);
    let mut rest = bytes;
    while !rest.is_empty() {
        let taken = match reassembly.room() {
            None => decoder.feed(rest),
            Some(mut room) => {
                let bytes = rest.len().min(room.remaining_mut());
                room.put_slice(&rest[..bytes]);
                bytes
            }
        };
        assert!(taken > 0, "a decoder that was asked for its frames has room");
        rest = &rest[taken..];
        loop {
            if let Came::Part = reassembly.came(&mut decoder) {
                break;
            }
            // As a conversation does: it looks at a frame, and takes it the short way if it is a message.
            let Ok(seen) = decoder.peek().map(|frame| frame.map(<[u8]>::to_vec)) else {
                return;
            };
            let message = decoder.next_if(Message::of).expect("it was seen to be a frame");
            if let Some(message) = message {
                let seen = seen.expect("it was there");
                let frame = Frame::parse(&seen).expect("the short way reads no more than the long one");
                assert_eq!(Some(message), Message::of_frame(&frame));
                if let Some((parent, state)) = message.trace.and_then(|headers| headers.text())
                    && let Some(trace) = TraceContext::parse(parent, state)
                {
                    assert_eq!(TraceContext::parse(&trace.parent(), trace.state()), Some(trace));
                }
                write_again(&frame, &seen);
                continue;
            }
            match decoder.next() {
                Ok(Some(bytes)) => {
                    assert_eq!(Some(bytes), seen.as_deref());
                    let Ok(frame) = Frame::parse(bytes) else {
                        continue;
                    };
                    assert_eq!(
                        Message::of_frame(&frame),
                        None,
                        "the short way reads no less than the long one"
                    );
                    write_again(&frame, bytes);
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
                Ok(None) => match reassembly.begin(&mut decoder) {
                    Ok(Ok(())) => break,
                    Ok(Err(_)) | Err(_) => return,
                },
                Err(_) => return,
            }
        }
    }
}

fn write_again(frame: &Frame<'_>, bytes: &[u8]) {
    let mut again = Vec::new();
    frame.encode(&mut again);
    assert_eq!(&again[4..], bytes, "{frame:?}");
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

/// A datagram of a stranger, who does not know the key that it names; and the same bytes as packets of a member, one behind the other, each behind its
/// length. Whatever can be read is written again as it was, and then told to a node that is a member.
///
/// # Panics
/// If the datagram is taken, a packet is written otherwise, or the node says something that is too long.
pub fn packets(bytes: &[u8]) {
    let theirs = Key::new(Secret::new(b"a secret that no fuzzer guesses").expect("it is long enough"));
    let strange = [&theirs.id()[..], bytes].concat();
    for bytes in [bytes, &strange] {
        assert!(theirs.open(bytes).is_err(), "nobody else can have made it");
    }

    let now = now();
    let me = Identity {
        id: NodeId {
            name: NodeName::new("b").expect("it is a name"),
            incarnation: Incarnation(1),
        },
        stay: Stay(1),
        address: "b:1".into(),
    };
    let mut engine = Engine::new(
        me,
        "chat",
        Arc::new(Profile::default()),
        ClusterConfig::default(),
        1,
        now,
    );
    let (mut rest, mut later) = (bytes, now);
    while let Some((length, behind)) = rest.split_first_chunk::<2>() {
        let (packet, behind) = behind.split_at(behind.len().min(u16::from_le_bytes(*length).into()));
        rest = behind;
        let Ok(parsed) = Packet::parse(packet, engine.cluster()) else {
            continue;
        };
        let mut again = Vec::new();
        parsed.encode(engine.cluster(), &mut again);
        assert_eq!(again, packet);
        let _ = engine.handle_packet(&parsed.head.src.id, packet, later);
        if let Some(due) = engine.next_timeout() {
            later = later.max(due);
            engine.handle_timeout(later);
        }
        while let Some(transmit) = engine.poll_transmit() {
            assert!(transmit.bytes.len() <= PACKET_BYTES_MAX);
        }
        while engine.poll_event().is_some() {}
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
    fn what_fuzzing_of_packets_has_found_is_still_handled() {
        replay("packets", super::packets);
    }

    #[test]
    fn what_fuzzing_of_handshakes_has_found_is_still_handled() {
        replay("handshake", super::handshake);
    }
}
