//! A peer that has shaken hands, and then goes on with nothing that it has begun.

use std::time::Duration;

use actor_net::wire::Rest;
use actor_net::wire::protocol::Frame;
use actor_net::{Closed, ExportId, NetConfig};
use futures_util::future::join_all;
use tokio::io::AsyncWriteExt;

use super::stage::{Stage, echo, impatient, in_each_codec};

fn first_half(frame: &Frame<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    frame.encode(&mut bytes);
    bytes.truncate(bytes.len() / 2);
    bytes
}

#[tokio::test]
async fn half_a_frame_for_ever_is_silence() {
    in_each_codec(async |codec| {
        let (to, piece) = (ExportId(1), [0; 20_000]);
        let halves = [
            vec![9, 0],
            first_half(&Frame::Tell { to, body: Rest(&piece) }),
            // Of which a half is put together with what is to come.
            first_half(&Frame::Chunk {
                stream: 1,
                last: false,
                piece: Rest(&piece),
            }),
        ];
        let ended = halves.iter().map(async |half| {
            let stage = Stage::with(codec, None, impatient()).await;
            let mut events = stage.node.events();
            let mut bad = stage.bad().await;
            bad.stream.write_all(half).await.expect("it is read");
            stage.the_good_one_is_served().await;
            let why = stage.bad_is_gone(&mut events).await;
            assert!(matches!(why, Closed::Silent), "{why}");
            assert_eq!(stage.node.peers().len(), 1);
            stage.the_good_one_is_served().await;
        });
        join_all(ended).await;
    })
    .await;
}

/// It has much to ask for, and takes none of the answers.
#[tokio::test]
async fn what_is_owed_to_one_that_never_reads_is_bounded_until_it_is_lost() {
    const OUTBOX_BYTES_MAX: usize = 256 << 10;
    in_each_codec(async |codec| {
        let config = NetConfig {
            outbox_bytes_max: OUTBOX_BYTES_MAX,
            // What is asked has the bytes that the answer has.
            window_bytes: 2 << 20,
            ..impatient()
        };
        let stage = Stage::with(codec, None, config).await;
        let mut events = stage.node.events();
        let mut bad = stage.bad().await;
        let to = bad.lookup().await;
        let floods = async {
            let text = "x".repeat(32 << 10);
            // More than lies in sockets on the way.
            for call in 0..1_000 {
                bad.ask(to, call, &echo(codec, &text, call)).await;
            }
        };
        let served = async {
            let mut looks = tokio::time::interval(Duration::from_millis(100));
            let mut most = 0;
            loop {
                looks.tick().await;
                stage.the_good_one_is_served().await;
                let held = stage.node.holdings();
                most = most.max(held.outbox_bytes);
                assert!(held.outbox_bytes <= 8 * OUTBOX_BYTES_MAX, "{held:?}");
                if stage.node.peers().len() == 1 {
                    break most;
                }
            }
        };
        let ((), most) = tokio::join!(floods, served);
        let why = stage.bad_is_gone(&mut events).await;
        // The system may be the first to find that nothing is taken.
        assert!(matches!(why, Closed::Silent | Closed::Lost(_)), "{why}");
        assert!(most > OUTBOX_BYTES_MAX, "it was never held up: {most}");
        stage.the_good_one_is_served().await;
        assert_eq!(stage.node.holdings().inbox_bytes, 0);
    })
    .await;
}
