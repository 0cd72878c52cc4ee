//! Length-delimited bincode frames by the tools that tokio's users have for them: a `Framed` at each end, fed by hand in batches.
//!
//! As [`inline`](super::inline), with no mailbox, no window and nobody to tell who waits.

use std::time::{Duration, Instant};

use bincode::config::{Configuration, standard};
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt as _};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio_util::codec::{Framed, LengthDelimitedCodec};

use super::frames::{GATHERED_BYTES, Raw, connect};
use super::{Ends, IN_FLIGHT, SMALL_BYTES};

const CONFIG: Configuration = standard();

type Frames = Framed<TcpStream, LengthDelimitedCodec>;

/// Reads and writes as much at a time as the others do; by itself it would be a quarter of that.
fn frames(socket: TcpStream) -> Frames {
    let mut frames = Framed::with_capacity(socket, LengthDelimitedCodec::new(), GATHERED_BYTES);
    frames.set_backpressure_boundary(GATHERED_BYTES);
    frames
}

fn encoded(msg: &Raw) -> Bytes {
    let bytes = bincode::serde::encode_to_vec(msg, CONFIG);
    bytes.expect("it can be encoded").into()
}

fn decoded(frame: &[u8]) -> Raw {
    let decoded = bincode::serde::decode_from_slice(frame, CONFIG);
    let (msg, _) = decoded.expect("both ends are the same program");
    msg
}

/// Decodes all that comes, and answers what is asked when it has read all that has come.
pub(super) async fn serve(socket: TcpStream) -> std::io::Result<()> {
    socket.set_nodelay(true)?;
    let mut frames = frames(socket);
    while let Some(frame) = frames.next().await {
        if let Raw::Echo(number) = decoded(&frame?) {
            frames.feed(encoded(&Raw::Echo(number))).await?;
        }
        if frames.read_buffer().is_empty() {
            SinkExt::<Bytes>::flush(&mut frames).await?;
        }
    }
    Ok(())
}

/// Until all was handled: the last question is answered behind it.
pub(super) fn tell_small(runtime: &Runtime, ends: &Ends, operations: u64) -> Duration {
    let to = ends.framed.clone();
    let work = async move {
        let mut frames = frames(connect(&to).await);
        let begun = Instant::now();
        for _ in 0..operations {
            feed(&mut frames, &Raw::Data(vec![7; SMALL_BYTES])).await;
        }
        feed(&mut frames, &Raw::Echo(0)).await;
        answers(&mut frames, 1).await;
        begun.elapsed()
    };
    runtime.block_on(async { tokio::spawn(work).await.expect("the sender ends") })
}

/// It is written when enough has gathered.
async fn feed(frames: &mut Frames, msg: &Raw) {
    frames.feed(encoded(msg)).await.expect("it is read");
}

/// Writes the rest, and reads so many answers.
async fn answers(frames: &mut Frames, count: u64) {
    SinkExt::<Bytes>::flush(frames).await.expect("it is read");
    for _ in 0..count {
        let answer = frames.next().await.expect("it answers");
        decoded(&answer.expect("it answers"));
    }
}

/// One write for each question.
pub(super) fn ask(runtime: &Runtime, ends: &Ends, operations: u64) -> Duration {
    ask_by(runtime, ends, operations, 1)
}

/// 64 questions in one write, then their answers.
pub(super) fn ask_many(runtime: &Runtime, ends: &Ends, operations: u64) -> Duration {
    ask_by(runtime, ends, operations, IN_FLIGHT)
}

fn ask_by(runtime: &Runtime, ends: &Ends, operations: u64, at_a_time: u64) -> Duration {
    let to = ends.framed.clone();
    let work = async move {
        let mut frames = frames(connect(&to).await);
        let begun = Instant::now();
        for _ in 0..operations / at_a_time {
            for number in 0..at_a_time {
                feed(&mut frames, &Raw::Echo(number)).await;
            }
            answers(&mut frames, at_a_time).await;
        }
        begun.elapsed()
    };
    runtime.block_on(async { tokio::spawn(work).await.expect("the asker ends") })
}
