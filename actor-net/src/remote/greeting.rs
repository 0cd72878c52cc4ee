//! Finding out who is at the other end of a stream: carries out the handshake.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{timeout, timeout_at};

use crate::error::Closed;
use crate::id::NodeId;
use crate::peer::handshake::{Agreed, Handshake, Step};
use crate::peer::roster::Dialled;
use crate::transport::Stream;
use crate::wire::codes::Refusal;
use crate::wire::frame::{Decoder, HANDSHAKE_FRAME_BYTES_MAX};

use super::net::{Net, lock};

/// How long the last words of a conversation may take.
pub(super) const FAREWELL: Duration = Duration::from_secs(1);

/// A stream whose handshake went well.
pub(super) struct Open {
    pub(super) stream: Stream,
    pub(super) decoder: Decoder,
    pub(super) agreed: Agreed,
}

pub(super) async fn shake_hands(
    mut stream: Stream,
    mut handshake: Handshake,
    say: Vec<u8>,
    mut judge: impl FnMut(&NodeId) -> Result<(), Refusal>,
    at_refusal: impl FnOnce(&Closed),
) -> Result<Open, Closed> {
    let mut decoder = Decoder::new(HANDSHAKE_FRAME_BYTES_MAX);
    write(&mut stream.writer, &say).await?;
    let deadline = handshake.deadline().into();
    loop {
        let step = match decoder.next()? {
            Some(frame) => handshake.handle_frame(frame, &mut judge),
            None => {
                let reading = stream.reader.read(decoder.room());
                match timeout_at(deadline, reading).await {
                    Ok(read) => {
                        decoder.filled(came(read)?);
                        continue;
                    }
                    Err(_) => handshake.handle_timeout(),
                }
            }
        };
        match step {
            Step::Say(say) => write(&mut stream.writer, &say).await?,
            Step::Done { say, agreed } => {
                write(&mut stream.writer, &say).await?;
                return Ok(Open {
                    stream,
                    decoder,
                    agreed,
                });
            }
            Step::Failed { say, why } => {
                at_refusal(&why);
                let _ = timeout(FAREWELL, write(&mut stream.writer, &say)).await;
                return Err(why);
            }
        }
    }
}

/// Whether a connection to a peer is wanted.
pub(super) fn judge(net: &Net, peer: &NodeId, dialled: Dialled) -> Result<(), Refusal> {
    if net.is_leaving() || !net.has_room_for(&peer.name) {
        return Err(Refusal::Busy);
    }
    let judged = lock(&net.roster).judge(peer, dialled);
    if judged == Err(Refusal::NameTaken) {
        net.doubt(&peer.name);
    }
    judged
}

pub(super) async fn write(writer: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> Result<(), Closed> {
    let written = async {
        writer.write_all(bytes).await?;
        writer.flush().await
    };
    written.await.map_err(|why| Closed::Lost(why.to_string()))
}

/// How many bytes came; none is the end.
pub(super) fn came(read: std::io::Result<usize>) -> Result<usize, Closed> {
    match read {
        Ok(0) => Err(Closed::Lost("the peer closed it".to_owned())),
        Ok(bytes) => Ok(bytes),
        Err(why) => Err(Closed::Lost(why.to_string())),
    }
}
