//! What one would write by hand instead of actors: a task at each end of a bounded channel, and one that gathers what is to be
//! written.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use super::frames::{GATHERED_BYTES, Raw, connect, put, take};
use super::{Ends, IN_FLIGHT, SMALL_BYTES};
use benches::framework::PLACES;

/// Has every message handled by a task of its own behind a channel.
pub(super) async fn serve(socket: TcpStream) -> std::io::Result<()> {
    socket.set_nodelay(true)?;
    let (reader, writer) = socket.into_split();
    let (to_handler, mut inbox) = mpsc::channel(PLACES);
    let (to_writer, answers) = mpsc::channel(PLACES);
    tokio::spawn(write(writer, answers));
    tokio::spawn(async move {
        while let Some(msg) = inbox.recv().await {
            if let Raw::Echo(number) = msg {
                // The writer ends with the connection.
                let _ = to_writer.send(Raw::Echo(number)).await;
            }
        }
    });
    read(reader, to_handler).await
}

async fn read(mut socket: OwnedReadHalf, to: mpsc::Sender<Raw>) -> std::io::Result<()> {
    let (mut buffer, mut messages) = (Vec::with_capacity(2 * GATHERED_BYTES), Vec::new());
    while socket.read_buf(&mut buffer).await? > 0 {
        take(&mut buffer, |msg| messages.push(msg));
        for msg in messages.drain(..) {
            let _ = to.send(msg).await;
        }
    }
    Ok(())
}

async fn write(mut socket: OwnedWriteHalf, mut messages: mpsc::Receiver<Raw>) {
    let (mut out, mut gathered) = (Vec::new(), Vec::new());
    while messages.recv_many(&mut gathered, PLACES).await > 0 {
        for msg in gathered.drain(..) {
            put(&mut out, &msg);
        }
        if socket.write_all(&out).await.is_err() {
            return;
        }
        out.clear();
    }
}

/// Until all was handled: the last question is answered behind it.
pub(super) fn tell_small(runtime: &Runtime, ends: &Ends, operations: u64) -> Duration {
    let to = ends.tasks.clone();
    let work = async move {
        let (mut reader, writer) = connect(&to).await.into_split();
        let (sender, messages) = mpsc::channel(PLACES);
        tokio::spawn(write(writer, messages));
        let begun = Instant::now();
        for _ in 0..operations {
            let _ = sender.send(Raw::Data(vec![7; SMALL_BYTES])).await;
        }
        let _ = sender.send(Raw::Echo(0)).await;
        let mut answer = Vec::new();
        reader.read_buf(&mut answer).await.expect("it answers");
        begun.elapsed()
    };
    runtime.block_on(async { tokio::spawn(work).await.expect("the sender ends") })
}

/// Who waits for which answer.
type Waiting = Arc<Mutex<HashMap<u64, oneshot::Sender<u64>>>>;

/// As many askers, each of which asks one question after the other, with a time-out.
pub(super) fn ask_many(runtime: &Runtime, ends: &Ends, operations: u64) -> Duration {
    let to = ends.tasks.clone();
    runtime.block_on(async move {
        let (mut reader, writer) = connect(&to).await.into_split();
        let (sender, messages) = mpsc::channel(PLACES);
        tokio::spawn(write(writer, messages));
        let waiting = Waiting::default();
        let answered = waiting.clone();
        tokio::spawn(async move {
            let mut buffer = Vec::with_capacity(2 * GATHERED_BYTES);
            while reader.read_buf(&mut buffer).await.is_ok_and(|bytes| bytes > 0) {
                take(&mut buffer, |msg| {
                    if let Raw::Echo(number) = msg
                        && let Some(asker) = answered.lock().expect("nobody panics").remove(&number)
                    {
                        let _ = asker.send(number);
                    }
                });
            }
        });
        let begun = Instant::now();
        let mut askers = JoinSet::new();
        for asker in 0..IN_FLIGHT {
            let (sender, waiting) = (sender.clone(), waiting.clone());
            askers.spawn(async move {
                for number in 0..operations / IN_FLIGHT {
                    let (answer, answered) = oneshot::channel();
                    let number = number * IN_FLIGHT + asker;
                    waiting.lock().expect("nobody panics").insert(number, answer);
                    let _ = sender.send(Raw::Echo(number)).await;
                    let answer = tokio::time::timeout(Duration::from_secs(5), answered).await;
                    answer.expect("in time").expect("it answers");
                }
            });
        }
        while askers.join_next().await.is_some() {}
        begun.elapsed()
    })
}
