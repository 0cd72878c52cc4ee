//! Questions that one who follows the protocol would not ask.

use actor_net::Closed;
use actor_net::wire::codes::Goodbye;
use actor_net::wire::{Rest, protocol::Frame};
use tokio::io::AsyncWriteExt;

use crate::support::Gate;

use super::stage::{Stage, in_each_codec};

#[tokio::test]
async fn a_peer_that_asks_without_end_is_cut_off() {
    in_each_codec(async |codec| {
        let gate = Gate::new();
        let stage = Stage::new(codec, Some(gate.clone())).await;
        let mut events = stage.node.events();
        let mut bad = stage.bad().await;
        let to = bad.lookup().await;
        // Nothing is answered meanwhile: the handler waits.
        for call in 0..100 {
            let mut question = vec![1];
            question.push(u8::try_from(call).expect("it is small"));
            bad.ask(to, call, &question).await;
        }
        let why = stage.bad_is_gone(&mut events).await;
        assert!(matches!(why, Closed::Ended(Goodbye::Limit)), "{why}");
        gate.open();
        stage.the_good_one_is_served().await;
    })
    .await;
}

#[tokio::test]
async fn a_peer_that_asks_twice_by_one_number_is_cut_off() {
    in_each_codec(async |codec| {
        // In one write, and while the first is not answered.
        for at_once in [true, false] {
            let gate = Gate::new();
            let stage = Stage::new(codec, Some(gate.clone())).await;
            let mut events = stage.node.events();
            let mut bad = stage.bad().await;
            let to = bad.lookup().await;
            let (deadline_millis, body) = (None, Rest(&[1, 7][..]));
            let ask = |call| Frame::Ask {
                to,
                call,
                deadline_millis,
                body,
            };
            let mut bytes = Vec::new();
            ask(7).encode(&mut bytes);
            if !at_once {
                bad.stream.write_all(&bytes).await.expect("it is read");
                bad.ask(to, 6, &[9]).await;
                assert!(matches!(
                    Frame::parse(&bad.hear().await),
                    Ok(Frame::Unanswered { call: 6, .. })
                ));
                bytes.clear();
            }
            ask(7).encode(&mut bytes);
            bad.stream.write_all(&bytes).await.expect("it is read");
            let why = stage.bad_is_gone(&mut events).await;
            assert!(matches!(why, Closed::Ended(Goodbye::Limit)), "{why}");
            gate.open();
            stage.the_good_one_is_served().await;
        }
    })
    .await;
}
