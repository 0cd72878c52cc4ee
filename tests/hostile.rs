//! A peer that means harm: what it sends costs it its connection, and nobody else anything.

mod asks;
mod crowd;
mod stage;
mod stuck;
mod traced;
mod vain;

use std::time::Duration;

use actor_net::wire::codes::{Goodbye, Unanswered, end};
use actor_net::wire::{Reason, Rest, protocol::Frame};
use actor_net::{Closed, ExportId, NetConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::Gate;

use stage::{Bad, Msg, Stage, body, config, echo, impatient, in_each_codec};

/// What each of these says ends its connection, for the reason given.
#[tokio::test]
async fn a_peer_that_breaks_the_protocol_is_cut_off_with_a_reason_and_nobody_else_notices() {
    in_each_codec(async |codec| {
        let stage = Stage::new(codec, None).await;
        let mut events = stage.node.events();
        let id = ExportId(1);
        let huge: &[&[u8]] = &[
            // A length beyond all bounds, none, and a kind that there is not.
            &[0xff, 0xff, 0xff, 0x7f, 0x20],
            &[0, 0, 0, 0],
            &[1, 0, 0, 0, 0xee],
            // A look-up whose name claims to be longer than any may be.
            &[12, 0, 0, 0, 0x40, 1, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0],
        ];
        for bytes in huge {
            let mut bad = stage.bad().await;
            bad.stream.write_all(bytes).await.expect("it is read");
            let why = stage.bad_is_gone(&mut events).await;
            assert!(matches!(why, Closed::Frame(_) | Closed::Protocol(_)), "{why}");
        }
        let frames = [
            Frame::Proof { mac: [0; 32] },
            Frame::Down {
                after: 9,
                watch: 1,
                reason: Reason {
                    end: 1,
                    causes: Vec::new(),
                },
            },
            Frame::Order {
                after: 0,
                to: id,
                order: 99,
                ending: 1,
            },
            Frame::LinkBroken {
                after: 9,
                link: 1,
                own: true,
                reason: Reason {
                    end: 1,
                    causes: Vec::new(),
                },
            },
        ];
        for frame in &frames {
            let mut bad = stage.bad().await;
            bad.say(frame).await;
            let why = stage.bad_is_gone(&mut events).await;
            assert!(matches!(why, Closed::Protocol(_) | Closed::Ended(_)), "{frame}: {why}");
        }
        stage.the_good_one_is_served().await;
    })
    .await;
}

#[tokio::test]
async fn a_peer_that_floods_an_actor_beyond_its_window_is_cut_off() {
    in_each_codec(async |codec| {
        let gate = Gate::new();
        let stage = Stage::new(codec, Some(gate.clone())).await;
        let mut events = stage.node.events();
        let mut bad = stage.bad().await;
        let to = bad.lookup().await;
        let text = body(codec, &Msg::Text("x".repeat(8 << 10)));
        for _ in 0..100 {
            let tell = Frame::Tell { to, body: Rest(&text) };
            bad.say(&tell).await;
        }
        let why = stage.bad_is_gone(&mut events).await;
        assert!(matches!(why, Closed::Ended(Goodbye::Limit)), "{why}");
        gate.open();
        stage.the_good_one_is_served().await;
    })
    .await;
}

#[tokio::test]
async fn pieces_of_messages_that_never_end_are_bounded() {
    in_each_codec(async |codec| {
        let stage = Stage::new(codec, None).await;
        let mut events = stage.node.events();
        let piece = vec![0; 32 << 10];
        // Too many at a time, and one that is too large.
        for streams in [100, 1] {
            let mut bad = stage.bad().await;
            for n in 0..100 {
                let chunk = Frame::Chunk {
                    stream: n % streams,
                    last: false,
                    piece: Rest(&piece),
                };
                bad.say(&chunk).await;
            }
            let why = stage.bad_is_gone(&mut events).await;
            assert!(matches!(why, Closed::Ended(Goodbye::Limit)), "{why}");
        }
        stage.the_good_one_is_served().await;
    })
    .await;
}

#[tokio::test]
async fn bytes_that_are_no_message_are_an_error_of_that_call_alone() {
    in_each_codec(async |codec| {
        let stage = Stage::new(codec, None).await;
        let mut bad = stage.bad().await;
        let to = bad.lookup().await;
        // No such variant; nested without end; more behind it; a text longer than it is.
        let mut deep = vec![2];
        deep.extend(std::iter::repeat_n(1, 20_000));
        let mut more = body(codec, &Msg::Text(String::new()));
        more.push(0);
        let bodies = [vec![9], deep, more, vec![0, 251, 0xff, 0xff]];
        for (call, body) in (0..).zip(&bodies) {
            bad.ask(to, call, body).await;
            let answer = bad.hear().await;
            match Frame::parse(&answer) {
                Ok(Frame::Unanswered { call: answered, .. }) => assert_eq!(answered, call),
                other => panic!("{other:?}"),
            }
        }
        // Answers that nobody asked for, and messages for nobody, are nothing.
        bad.say(&Frame::Answer {
            call: 77,
            body: Rest(&[1, 2, 3]),
        })
        .await;
        bad.say(&Frame::Tell {
            to: ExportId(1),
            body: Rest(&[1, 2, 3]),
        })
        .await;
        bad.say(&Frame::Ping { token: 5 }).await;
        assert!(matches!(Frame::parse(&bad.hear().await), Ok(Frame::Pong { token: 5 })));
        stage.the_good_one_is_served().await;
        assert_eq!(stage.node.peers().len(), 2);
        drop(stage.system);
    })
    .await;
}

#[tokio::test]
async fn bytes_that_are_no_message_do_nothing_to_those_which_come_with_them() {
    in_each_codec(async |codec| {
        let stage = Stage::new(codec, None).await;
        let mut bad = stage.bad().await;
        let to = bad.lookup().await;
        let text = body(codec, &Msg::Text("x".to_owned()));
        // All in one write, and more than the mailbox holds.
        let mut bytes = Vec::new();
        for call in 1..=100 {
            let tell = |body| Frame::Tell { to, body: Rest(body) };
            tell(&text).encode(&mut bytes);
            tell(&[9]).encode(&mut bytes);
            let count = [1, call];
            let deadline_millis = None;
            let (call, body) = (call.into(), Rest(&count[..]));
            Frame::Ask {
                to,
                call,
                deadline_millis,
                body,
            }
            .encode(&mut bytes);
            // To nobody.
            Frame::Tell {
                to: ExportId(1),
                body: Rest(&text),
            }
            .encode(&mut bytes);
        }
        bad.stream.write_all(&bytes).await.expect("it is read");
        for call in 1..=100 {
            let answer = bad.hear().await;
            match Frame::parse(&answer) {
                Ok(Frame::Answer { call: answered, body }) => {
                    assert_eq!((answered, body), (call.into(), Rest(&[call])))
                }
                other => panic!("{other:?}"),
            }
        }
        stage.the_good_one_is_served().await;
    })
    .await;
}

#[tokio::test]
async fn a_handshake_is_not_held_for_longer_than_its_time() {
    in_each_codec(async |codec| {
        let stage = Stage::new(codec, None).await;
        let mut bad = Bad::connect(&stage).await;
        bad.stream.write_all(&[200, 0, 0]).await.expect("it is read");
        // Half a frame, and then nothing: the other side ends it.
        let mut rest = Vec::new();
        let refused = bad.stream.read_to_end(&mut rest).await;
        assert!(refused.is_ok() || rest.is_empty(), "{refused:?}");
        stage.the_good_one_is_served().await;
    })
    .await;
}

/// Ids are 128 random bits: who was told of one actor knows nothing of another.
#[tokio::test]
async fn an_actor_that_nobody_was_told_of_is_not_reached_by_guessing() {
    in_each_codec(async |codec| {
        let stage = Stage::new(codec, None).await;
        let mut bad = stage.bad().await;
        let known = bad.lookup().await;
        let ids = [
            ExportId(0),
            ExportId(1),
            ExportId(known.0 ^ 1),
            ExportId(known.0.wrapping_add(1)),
            ExportId(known.0.swap_bytes()),
            ExportId(u128::MAX),
        ];
        for (number, to) in (0..).zip(ids) {
            bad.ask(to, number, &[1, 0]).await;
            let answer = bad.hear().await;
            let Ok(Frame::Unanswered { call, code, .. }) = Frame::parse(&answer) else {
                panic!("it is refused")
            };
            assert_eq!((call, code), (number, Unanswered::NoExport));
            bad.say(&Frame::Watch { watch: number, to }).await;
            assert!(matches!(Frame::parse(&bad.hear().await), Ok(Frame::Down { watch, .. }) if watch == number));
            bad.kill(to, number).await;
            let link = Frame::Link {
                link: number,
                to,
                from: ExportId(7),
                path: "/bad",
            };
            bad.say(&link).await;
            let broken = bad.hear().await;
            assert!(matches!(Frame::parse(&broken), Ok(Frame::LinkBroken { link, own: false, .. }) if link == number));
            // What is not held cannot be let go of either, and is nothing.
            bad.say(&Frame::Release { export: to, count: 1 }).await;
        }
        // The one that it was told of takes messages, and no orders.
        assert_eq!(bad.kill(known, 99).await, end::REFUSED);
        stage.the_good_one_is_served().await;
    })
    .await;
}

/// What is asked for and never read waits at its own connection, within its bound.
#[tokio::test]
async fn a_million_tiny_frames_take_no_memory_and_hold_up_nobody() {
    in_each_codec(async |codec| {
        let stage = Stage::new(codec, None).await;
        let mut bad = stage.bad().await;
        let mut pings = Vec::new();
        for token in 0..10_000 {
            Frame::Ping { token }.encode(&mut pings);
            Frame::Unwatch { watch: token }.encode(&mut pings);
            Frame::Cancel { call: token }.encode(&mut pings);
        }
        let flood = async {
            for _ in 0..34 {
                if bad.stream.write_all(&pings).await.is_err() {
                    break;
                }
            }
        };
        // It stops reading from one that does not: then the flood stands still.
        let _ = tokio::time::timeout(Duration::from_secs(5), flood).await;
        let held = stage.node.holdings();
        assert!(
            held.outbox_bytes <= NetConfig::default().outbox_bytes_max + (1 << 20),
            "{held:?}"
        );
        stage.the_good_one_is_served().await;
    })
    .await;
}

#[tokio::test]
async fn a_name_of_a_megabyte_is_no_name() {
    in_each_codec(async |codec| {
        let stage = Stage::new(codec, None).await;
        let mut events = stage.node.events();
        // Before the handshake, and in a look-up behind it: longer than any frame, and longer than any text.
        let mut bad = Bad::connect(&stage).await;
        let mut hello = Vec::from((1_u32 << 20).to_le_bytes());
        hello.push(1);
        hello.resize(1 << 20, b'x');
        let _ = bad.stream.write_all(&hello).await;
        let mut rest = Vec::new();
        let _ = bad.stream.read_to_end(&mut rest).await;
        assert!(rest.len() < 2_048, "no more than a refusal: {}", rest.len());
        let mut bad = stage.bad().await;
        let mut lookup = vec![0x40, 1, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
        lookup.resize(11 + 0xffff, b'x');
        let mut frame = Vec::from(u32::try_from(lookup.len()).expect("it is small").to_le_bytes());
        frame.extend(lookup);
        let _ = bad.stream.write_all(&frame).await;
        let why = stage.bad_is_gone(&mut events).await;
        assert!(matches!(why, Closed::Frame(_) | Closed::Protocol(_)), "{why}");
        stage.the_good_one_is_served().await;
    })
    .await;
}

/// It says that it needs the connection no longer, is told that nobody does, and neither closes it nor goes on.
#[tokio::test]
async fn a_peer_that_wants_to_close_and_does_not_is_closed() {
    in_each_codec(async |codec| {
        let stage = Stage::with(codec, None, impatient()).await;
        let mut events = stage.node.events();
        let mut bad = stage.bad().await;
        let (mut round, mut is_told) = (7, false);
        bad.say(&Frame::Unneeded { round }).await;
        loop {
            let frame = bad.hear().await;
            match Frame::parse(&frame) {
                Ok(Frame::Ping { token }) => {
                    bad.say(&Frame::Pong { token }).await;
                    if !is_told {
                        // It is silent about it if just then it had that to write.
                        round += 1;
                        bad.say(&Frame::Unneeded { round }).await;
                    }
                }
                Ok(Frame::Neither { round: heard }) => is_told = (7..=round).contains(&heard),
                Ok(Frame::Goodbye { code, .. }) => break assert_eq!((code, is_told), (Goodbye::Idle, true)),
                other => panic!("{other:?}"),
            }
        }
        let why = stage.bad_is_gone(&mut events).await;
        assert!(matches!(why, Closed::Ended(Goodbye::Idle)), "{why}");
        // One that goes on is served as before.
        let mut bad = stage.bad().await;
        bad.say(&Frame::Unneeded { round: 1 }).await;
        let (watch, to) = (1, ExportId(1));
        bad.say(&Frame::Watch { watch, to }).await;
        loop {
            let frame = bad.hear().await;
            match Frame::parse(&frame) {
                Ok(Frame::Ping { .. } | Frame::Neither { round: 1 }) => {}
                Ok(Frame::Down { watch: 1, .. }) => break,
                other => panic!("{other:?}"),
            }
        }
        stage.the_good_one_is_served().await;
    })
    .await;
}

/// As one of another make may be, which knows nothing of that.
#[tokio::test]
async fn a_peer_that_reads_no_compressed_messages_is_sent_none() {
    in_each_codec(async |codec| {
        let config = NetConfig {
            compress_bytes_min: Some(100),
            ..config()
        };
        let stage = Stage::with(codec, None, config).await;
        let mut bad = stage.bad().await;
        let to = bad.lookup().await;
        let (text, call) = ("x".repeat(10_000), 5_u64);
        let mut answer = Vec::new();
        let encoded = codec.encode(&text, &mut answer, 1 << 20);
        encoded.expect("it is small");
        bad.ask(to, call, &echo(codec, &text, call)).await;
        let heard = bad.hear().await;
        let Ok(Frame::Answer { call: 5, body }) = Frame::parse(&heard) else {
            panic!("{:?}", Frame::parse(&heard))
        };
        assert_eq!(body.0, answer);
    })
    .await;
}
