//! Frames there and back, and the test vectors that other implementations are checked with.

mod document;

use proptest::prelude::*;

use super::super::codes::{end, failure, method, order};
use super::super::field::Cause;
use super::*;
use crate::secret::Secret;

const VECTORS: &str = include_str!("../../../vectors/frames.txt");

/// What proves who is there in the vectors.
const SECRET: &[u8] = b"correct horse battery staple";

fn card(name: &'static str) -> Card<'static> {
    Card {
        name,
        incarnation: Incarnation(0x0102_0304_0506_0708),
        cluster: "chat",
        features: 0,
        method: method::SECRET,
        frame_bytes_max: 65_600,
        message_bytes_max: 16 << 20,
        window_bytes: 256 << 10,
        codecs: &[1, 2],
        nonce: [7; 32],
    }
}

fn hello() -> Frame<'static> {
    Frame::Hello {
        magic: MAGIC,
        version_min: 1,
        version_max: 1,
        card: card("a"),
    }
}

fn challenge() -> Frame<'static> {
    Frame::Challenge {
        version: 1,
        card: card("b"),
    }
}

fn mac(role: &[u8]) -> [u8; 32] {
    let (hello, challenge) = (encoded(&hello()), encoded(&challenge()));
    let parts = [
        b"actor-net",
        role,
        &hello[frame::LENGTH_BYTES..],
        &challenge[frame::LENGTH_BYTES..],
    ];
    Secret::new(SECRET).expect("it is long enough").prove(&parts)
}

/// One frame of each kind, and some of its corners.
fn examples() -> Vec<(&'static str, Frame<'static>)> {
    let to = ExportId(1);
    let reason = Reason {
        end: end::FAILED,
        causes: vec![
            Cause {
                path: "/sys/a",
                kind: failure::GAVE_UP,
                words: "3 restarts",
            },
            Cause {
                path: "/sys/a/b",
                kind: failure::PANIC,
                words: "boom",
            },
        ],
    };
    let normal = Reason {
        end: end::NORMAL,
        causes: Vec::new(),
    };
    vec![
        ("a dialler presents itself", hello()),
        ("the listener presents itself", challenge()),
        ("the dialler's mac", Frame::Proof { mac: mac(b"dialler") }),
        ("the listener's mac", Frame::Welcome { mac: mac(b"listener") }),
        (
            "a wrong secret",
            Frame::Refused {
                code: Refusal::Proof,
                words: "the proof does not hold",
            },
        ),
        ("a sign of life, please", Frame::Ping { token: 9 }),
        ("a sign of life", Frame::Pong { token: 9 }),
        ("300 bytes were taken", Frame::Credit { to, bytes: 300 }),
        (
            "the node leaves",
            Frame::Goodbye {
                code: Goodbye::Leaving,
                words: "",
            },
        ),
        ("is this needed", Frame::Unneeded { round: 3 }),
        ("it is not", Frame::Neither { round: 3 }),
        ("of the membership", Frame::Members { packet: Rest(b"who?") }),
        ("a message of three bytes", Frame::Tell { to, body: Rest(b"abc") }),
        ("a message without bytes", Frame::Tell { to, body: Rest(b"") }),
        (
            "a question, 5 s left",
            Frame::Ask {
                to,
                call: 2,
                deadline_millis: Some(5_000),
                body: Rest(b"?"),
            },
        ),
        (
            "a question without a deadline",
            Frame::Ask {
                to,
                call: 3,
                deadline_millis: None,
                body: Rest(b"?"),
            },
        ),
        (
            "an answer",
            Frame::Answer {
                call: 2,
                body: Rest(b"!"),
            },
        ),
        ("the asker has gone", Frame::Cancel { call: 3 }),
        (
            "the handler died on it",
            Frame::Unanswered {
                call: 3,
                code: Unanswered::Failed,
                words: "boom",
            },
        ),
        (
            "a Tell of three bytes to the export 1, in a trace",
            Frame::Traced {
                parent: b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                state: b"a=1",
                message: Rest(b"\x20\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0abc"),
            },
        ),
        ("a watch", Frame::Watch { watch: 4, to }),
        ("no watch", Frame::Unwatch { watch: 4 }),
        (
            "a failure with its cause",
            Frame::Down {
                after: 17,
                watch: 4,
                reason,
            },
        ),
        (
            "drain, behind 17 data frames",
            Frame::Order {
                after: 17,
                to,
                order: order::DRAIN,
                ending: 5,
            },
        ),
        (
            "it was drained",
            Frame::Ended {
                after: 17,
                ending: 5,
                reason: normal.clone(),
            },
        ),
        (
            "one of mine shares its fate",
            Frame::Link {
                link: 6,
                to,
                from: ExportId(9),
                path: "/chat/ann",
            },
        ),
        ("no link", Frame::Unlink { link: 6 }),
        (
            "mine, which had linked itself, has ended",
            Frame::LinkBroken {
                after: 17,
                link: 6,
                own: true,
                reason: normal,
            },
        ),
        (
            "nobody may link itself to it",
            Frame::LinkBroken {
                after: 17,
                link: 6,
                own: false,
                reason: Reason {
                    end: end::REFUSED,
                    causes: Vec::new(),
                },
            },
        ),
        (
            "who is the lobby",
            Frame::Lookup {
                request: 6,
                name: "lobby",
                protocol: "room",
                version: 1,
                fingerprint: 0xfeed,
                codec: 1,
            },
        ),
        (
            "the lobby",
            Frame::Found {
                request: 6,
                handle: HandleRef {
                    owner: "b",
                    incarnation: Incarnation(8),
                    export: ExportId(9),
                    path: "/chat/lobby",
                },
            },
        ),
        (
            "another shape",
            Frame::NotFound {
                request: 6,
                code: NotFound::Fingerprint,
                words: "beef",
            },
        ),
        (
            "start a worker",
            Frame::Spawn {
                request: 7,
                kind: "worker",
                protocol: "job",
                version: 2,
                fingerprint: 0,
                codec: 2,
                args: Rest(b"\x01"),
            },
        ),
        (
            "two handles are dropped",
            Frame::Release {
                export: ExportId(9),
                count: 2,
            },
        ),
        (
            "a Tell of 100 zeroes to the export 7",
            Frame::Packed {
                bytes: 117,
                block: Rest(&[0x3f, 0x20, 7, 0, 1, 0, 0x59, 0x60, 0, 0, 0, 0, 0, 0]),
            },
        ),
        (
            "a first piece",
            Frame::Chunk {
                stream: 1,
                last: false,
                piece: Rest(b"\x20\x01"),
            },
        ),
    ]
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn encoded(frame: &Frame<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    frame.encode(&mut out);
    out
}

#[test]
fn the_vectors_hold() {
    let mut lines = VECTORS
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    for (words, frame) in examples() {
        let expected = format!("{} {words}", frame.name());
        let bytes = encoded(&frame);
        assert_eq!(
            lines.next(),
            Some(&expected[..]),
            "its line should hold {}",
            hex(&bytes)
        );
        assert_eq!(lines.next(), Some(&hex(&bytes)[..]), "{expected}");
        assert_eq!(Frame::parse(&bytes[frame::LENGTH_BYTES..]).as_ref(), Ok(&frame));
    }
    for (what, bytes) in [
        ("a kind that is none", "ff"),
        ("a Ping that is too short", "1001"),
        ("a Ping that is too long", "100900000000000000ff"),
    ] {
        assert_eq!(lines.next(), Some(&format!("refused: {what}")[..]));
        assert_eq!(lines.next(), Some(bytes));
        let bytes: Vec<u8> = (0..bytes.len() / 2)
            .map(|at| u8::from_str_radix(&bytes[2 * at..2 * at + 2], 16).expect("it is hexadecimal"))
            .collect();
        assert!(Frame::parse(&bytes).is_err(), "{what}");
    }
    assert_eq!(lines.next(), None);
}

#[test]
fn a_frame_cut_short_or_drawn_out_is_refused() {
    for (words, frame) in examples() {
        let bytes = encoded(&frame);
        let bytes = &bytes[frame::LENGTH_BYTES..];
        let open_ended = matches!(
            frame,
            Frame::Tell { .. }
                | Frame::Ask { .. }
                | Frame::Answer { .. }
                | Frame::Spawn { .. }
                | Frame::Members { .. }
                | Frame::Packed { .. }
                | Frame::Traced { .. }
                | Frame::Chunk { .. }
        );
        if !open_ended {
            for end in 0..bytes.len() {
                assert!(Frame::parse(&bytes[..end]).is_err(), "{words}, {end} bytes");
            }
            let longer = [bytes, &[0]].concat();
            assert_eq!(Frame::parse(&longer), Err(Error::Long(frame.name())));
        }
    }
}

#[test]
fn words_are_cut_between_characters_and_chains_in_the_middle() {
    let long = "ä".repeat(700);
    let bytes = encoded(&Frame::Refused {
        code: Refusal::Busy,
        words: &long,
    });
    let Ok(Frame::Refused { words, .. }) = Frame::parse(&bytes[4..]) else {
        panic!("it can be read");
    };
    assert_eq!(words, "ä".repeat(512));

    let kinds = |reason: &Reason<'_>| reason.causes.iter().map(|cause| cause.kind).collect::<Vec<_>>();
    let causes = (0..20).map(|kind| Cause {
        path: "/",
        kind,
        words: "",
    });
    let reason = Reason {
        end: end::FAILED,
        causes: causes.collect(),
    };
    let bytes = encoded(&Frame::Down {
        after: 0,
        watch: 0,
        reason,
    });
    let Ok(Frame::Down { reason, .. }) = Frame::parse(&bytes[4..]) else {
        panic!("it can be read");
    };
    assert_eq!(kinds(&reason), [0, 1, 2, 3, 4, 5, 6, 19]);
}

#[test]
fn a_chain_that_says_it_is_long_is_refused() {
    let mut bytes = vec![0x32];
    bytes.extend_from_slice(&[0; 16]);
    bytes.extend_from_slice(&[end::FAILED, 9]);
    assert_eq!(Frame::parse(&bytes), Err(Error::Malformed("Down")));
}

#[test]
fn the_place_of_after_is_where_it_is_looked_for() {
    for (_, frame) in examples() {
        let has_after = matches!(
            frame,
            Frame::Down { .. } | Frame::Order { .. } | Frame::Ended { .. } | Frame::LinkBroken { .. }
        );
        if has_after {
            assert_eq!(encoded(&frame)[AFTER_AT..AFTER_AT + 8], 17_u64.to_le_bytes());
        }
    }
}

proptest! {
    #[test]
    fn what_can_be_read_is_written_as_it_was(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(frame) = Frame::parse(&bytes) {
            prop_assert_eq!(&encoded(&frame)[4..], &bytes[..]);
        }
    }

    #[test]
    fn one_byte_changed_does_no_harm(
        which in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let examples = examples();
        let mut bytes = encoded(&examples[which.index(examples.len())].1).split_off(4);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(frame) = Frame::parse(&bytes) {
            prop_assert_eq!(&encoded(&frame)[4..], &bytes[..]);
        }
    }
}
