//! Length-delimited bincode frames, as both hand-written programs write and read them.

use actor_net::Codec;
use serde::{Deserialize, Serialize};
use tokio::net::TcpStream;

use super::LARGE_BYTES;

/// What the hand-written programs say to each other.
#[derive(Serialize, Deserialize)]
pub(super) enum Raw {
    Data(#[serde(with = "serde_bytes")] Vec<u8>),
    Echo(u64),
}

/// So much is read and written at a time.
pub(super) const GATHERED_BYTES: usize = 32 << 10;

/// The first whole frame of `bytes`, without its length.
pub(super) fn whole_frame(bytes: &[u8]) -> Option<&[u8]> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.get(..u32::from_le_bytes(*length) as usize)
}

/// Appends a frame.
pub(super) fn put(out: &mut Vec<u8>, msg: &Raw) {
    let begin = out.len();
    out.extend_from_slice(&[0; 4]);
    Codec::Bincode
        .encode(msg, out, 2 * LARGE_BYTES)
        .expect("it is not too large");
    let length = u32::try_from(out.len() - begin - 4).expect("it is not too large");
    out[begin..begin + 4].copy_from_slice(&length.to_le_bytes());
}

/// Takes every whole frame out of `buffer`, decoded.
pub(super) fn take(buffer: &mut Vec<u8>, mut each: impl FnMut(Raw)) {
    let mut at = 0;
    while let Some(frame) = whole_frame(&buffer[at..]) {
        at += 4 + frame.len();
        let msg = Codec::Bincode.decode(frame, &actor_wire::Limits::default());
        each(msg.expect("both ends are the same program"));
    }
    buffer.drain(..at);
}

pub(super) async fn connect(to: &str) -> TcpStream {
    let socket = TcpStream::connect(to).await.expect("it listens");
    socket.set_nodelay(true).expect("a socket can be set so");
    socket
}
