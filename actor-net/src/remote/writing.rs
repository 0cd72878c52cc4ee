//! Writes what waits for a peer, as much as there is in one go.

use std::io::IoSlice;

use tokio::io::{AsyncWrite, AsyncWriteExt};

use crate::error::Closed;
use crate::peer::outbox::Batch;

use super::conversation::Conversation;
use super::greeting::{came, write};

/// Writes until the connection ends; returns why it does.
pub(super) async fn write_all(writer: &mut (impl AsyncWrite + Unpin), conversation: &Conversation) -> Closed {
    let mut batch = Batch::default();
    let mut company = Company::default();
    loop {
        while conversation.take(&mut batch) {
            if let Err(why) = write_batch(writer, &batch).await {
                return why;
            }
            conversation.written(&mut batch);
        }
        if let Some(why) = conversation.ends() {
            return why;
        }
        conversation.to_write.notified().await;
        if company.is_expected() {
            let before = conversation.outbox().pushed();
            // Who else is ready to run may have something to say, too: one write for all of it is cheaper than it is late.
            tokio::task::yield_now().await;
            company.came(conversation.outbox().pushed() != before);
        }
    }
}

/// Whether others have anything to say besides the one who speaks first.
///
/// To let them costs a look at all sockets, as the runtime takes one before a task that yields goes on: for one question after the other, that is
/// as much as to read or to write.
#[derive(Default)]
struct Company {
    /// How often nobody had, one time after the other; beyond [`ALONE`](Self::ALONE), how often it was to be written meanwhile.
    alone: u32,
}

impl Company {
    /// So often it is looked for in vain before it is looked for seldom.
    const ALONE: u32 = 8;
    /// Once in so many times.
    const SELDOM: u32 = 16;

    fn is_expected(&mut self) -> bool {
        let looks = self.alone < Self::ALONE || self.alone.is_multiple_of(Self::SELDOM);
        self.alone = self.alone.wrapping_add(u32::from(!looks));
        looks
    }

    fn came(&mut self, came: bool) {
        self.alone = if came { 0 } else { self.alone.wrapping_add(1) };
    }
}

async fn write_batch(writer: &mut (impl AsyncWrite + Unpin), batch: &Batch) -> Result<(), Closed> {
    let mut slices = batch.slices();
    if let Some(bytes) = batch.plain() {
        return write(writer, bytes).await;
    }
    if !writer.is_write_vectored() {
        let whole: Vec<&[u8]> = slices.iter().map(|slice| &**slice).collect();
        return write(writer, &whole.concat()).await;
    }
    let mut left = &mut slices[..];
    while !left.is_empty() {
        let written = came(writer.write_vectored(left).await)?;
        IoSlice::advance_slices(&mut left, written);
    }
    write(writer, &[]).await
}
