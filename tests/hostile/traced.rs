//! A peer that says of a message that it is part of a trace, which is none.

use actor_net::Closed;
use actor_net::wire::Rest;
use actor_net::wire::protocol::Frame;

use super::stage::{Msg, Stage, body, in_each_codec};

const GOOD: &[u8] = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[tokio::test]
async fn a_trace_that_is_none_is_dropped_and_its_message_delivered() {
    in_each_codec(async |codec| {
        let stage = Stage::new(codec, None).await;
        let mut bad = stage.bad().await;
        let to = bad.lookup().await;
        let text = body(codec, &Msg::Text("in a trace".to_owned()));
        let mut message = Vec::new();
        Frame::Tell { to, body: Rest(&text) }.encode(&mut message);
        let message = Rest(&message[4..]);
        // As long as one frame of a piece may be, with room to spare.
        let long = [b'0'; 40_000];
        let traces: [(&[u8], &[u8]); 7] = [
            (GOOD, b"a=1"),
            (GOOD, &long),
            (GOOD, &[0xff; 9]),
            (&long, b""),
            (&GOOD[1..], b""),
            (&[0xff; 55], b""),
            (b"", b""),
        ];
        for (parent, state) in traces {
            bad.say(&Frame::Traced { parent, state, message }).await;
        }
        // In both codecs: how many were told; and then the number of them.
        bad.ask(to, 9, &[1, 9]).await;
        let all = [u8::try_from(traces.len()).expect("they are few")];
        let (answer, body) = (bad.hear().await, Rest(&all));
        assert_eq!(Frame::parse(&answer), Ok(Frame::Answer { call: 9, body }));
        stage.the_good_one_is_served().await;
    })
    .await;
}

#[tokio::test]
async fn what_is_no_message_and_has_a_trace_costs_the_connection() {
    in_each_codec(async |codec| {
        let stage = Stage::new(codec, None).await;
        let mut events = stage.node.events();
        // Nothing; a message cut short; an answer; one trace within another.
        let answer = [0x22, 1, 0, 0, 0, 0, 0, 0, 0];
        for message in [&b""[..], &[0x20], &answer, &[0x25, 0, 0, 0, 0, 0x20]] {
            let mut bad = stage.bad().await;
            let (parent, message) = (GOOD, Rest(message));
            let state = b"";
            bad.say(&Frame::Traced { parent, state, message }).await;
            let why = stage.bad_is_gone(&mut events).await;
            assert!(matches!(why, Closed::Protocol(_)), "{why}");
        }
        stage.the_good_one_is_served().await;
    })
    .await;
}
