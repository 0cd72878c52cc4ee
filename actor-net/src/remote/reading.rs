//! Reads what a peer says, for as long as it says something, and has it carried out.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use tokio::io::AsyncRead;

use crate::error::Closed;
use crate::wire::frame::Decoder;

use super::conversation::Conversation;
use super::inbound::Inbound;

/// After so many frames other tasks have their turn.
const FRAMES_PER_YIELD: u32 = 256;

/// Reads until the connection ends; returns why it does.
pub(super) async fn read_all(
    reader: &mut (impl AsyncRead + Unpin),
    mut decoder: Decoder,
    mut inbound: Inbound,
    conversation: &Conversation,
) -> Closed {
    let mut frames = 0;
    loop {
        loop {
            match inbound.next(&mut decoder, FRAMES_PER_YIELD - frames) {
                Ok(Some(taken)) => frames += taken,
                Ok(None) => break,
                Err(why) => return why,
            }
            if frames >= FRAMES_PER_YIELD {
                frames = 0;
                tokio::task::yield_now().await;
            }
        }
        let is_late = match inbound.catch_up() {
            Ok(is_late) => is_late,
            Err(why) => return why,
        };
        inbound.pause();
        conversation.give_credit();
        if is_late {
            tokio::task::yield_now().await;
            continue;
        }
        let read = if inbound.holds() {
            let has_room = inbound.has_room();
            let mut is_written = pin!(conversation.until_not_over());
            let mut reads = pin!(inbound.read(reader, &mut decoder));
            poll_fn(|cx| match is_written.as_mut().poll(cx) {
                Poll::Ready(()) => Poll::Ready(None),
                Poll::Pending if has_room => reads.as_mut().poll(cx).map(Some),
                Poll::Pending => Poll::Pending,
            })
            .await
        } else {
            Some(inbound.read(reader, &mut decoder).await)
        };
        match read {
            None => {}
            Some(Ok(())) => conversation.heard(),
            Some(Err(why)) => return inbound.end(why),
        }
    }
}
