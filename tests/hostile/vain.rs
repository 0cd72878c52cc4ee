//! A peer that does again and again what comes to nothing, and costs it no connection.

use actor_net::wire::codes::end;
use actor_net::wire::protocol::Frame;

use crate::telemetry::listen_to;

use super::stage::{Stage, in_each_codec};

#[tokio::test]
async fn what_is_done_in_vain_again_and_again_is_logged_ever_more_seldom() {
    let (log, _listening) = listen_to(tracing::Level::WARN);
    in_each_codec(async |codec| {
        let stage = Stage::new(codec, None).await;
        let mut bad = stage.bad().await;
        let to = bad.lookup().await;
        for number in 0..100 {
            bad.ask(to, number, &[9]).await;
            let answer = bad.hear().await;
            assert!(matches!(Frame::parse(&answer), Ok(Frame::Unanswered { call, .. }) if call == number));
            assert_eq!(bad.kill(to, number).await, end::REFUSED);
        }
        stage.the_good_one_is_served().await;
    })
    .await;
    // The 1st, 2nd, 4th … 64th of each of two nodes.
    for words in ["does not understand", "does not allow"] {
        let lines = log.lines_with(words);
        assert_eq!(lines.len(), 2 * 7, "{lines:#?}");
    }
}
