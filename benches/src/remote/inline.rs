//! The least there is: one task encodes into a buffer and writes it, another decodes out of one.
//!
//! It has no mailbox, no window, and nobody to tell who waits.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

use super::frames::{GATHERED_BYTES, Raw, connect, put, take};
use super::{Ends, IN_FLIGHT, LARGE_BYTES, SMALL_BYTES};

/// Decodes all that comes, and answers what is asked.
pub(super) async fn serve(mut socket: TcpStream) -> std::io::Result<()> {
    socket.set_nodelay(true)?;
    let (mut buffer, mut answers) = (Vec::with_capacity(2 * LARGE_BYTES), Vec::new());
    loop {
        if socket.read_buf(&mut buffer).await? == 0 {
            return Ok(());
        }
        take(&mut buffer, |msg| {
            if let Raw::Echo(number) = msg {
                put(&mut answers, &Raw::Echo(number));
            }
        });
        if !answers.is_empty() {
            socket.write_all(&answers).await?;
            answers.clear();
        }
    }
}

pub(super) fn tell_small(runtime: &Runtime, ends: &Ends, operations: u64) -> Duration {
    tell(runtime, ends, operations, SMALL_BYTES)
}

pub(super) fn tell_large(runtime: &Runtime, ends: &Ends, operations: u64) -> Duration {
    tell(runtime, ends, operations, LARGE_BYTES)
}

fn tell(runtime: &Runtime, ends: &Ends, operations: u64, bytes: usize) -> Duration {
    let to = ends.inline.clone();
    let work = async move {
        let mut socket = connect(&to).await;
        let begun = Instant::now();
        let mut out = Vec::new();
        for _ in 0..operations {
            put(&mut out, &Raw::Data(vec![7; bytes]));
            if out.len() >= GATHERED_BYTES {
                socket.write_all(&out).await.expect("it is read");
                out.clear();
            }
        }
        put(&mut out, &Raw::Echo(0));
        socket.write_all(&out).await.expect("it is read");
        answers(&mut socket, 1).await;
        begun.elapsed()
    };
    runtime.block_on(async { tokio::spawn(work).await.expect("the sender ends") })
}

async fn answers(socket: &mut TcpStream, count: usize) {
    let mut buffer = Vec::new();
    let mut left = count;
    while left > 0 {
        socket.read_buf(&mut buffer).await.expect("it answers");
        take(&mut buffer, |_| left -= 1);
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
    let to = ends.inline.clone();
    let work = async move {
        let mut socket = connect(&to).await;
        let begun = Instant::now();
        let mut out = Vec::new();
        for _ in 0..operations / at_a_time {
            for number in 0..at_a_time {
                put(&mut out, &Raw::Echo(number));
            }
            socket.write_all(&out).await.expect("it is read");
            out.clear();
            answers(&mut socket, at_a_time as usize).await;
        }
        begun.elapsed()
    };
    runtime.block_on(async { tokio::spawn(work).await.expect("the asker ends") })
}
