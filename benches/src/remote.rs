//! What a message to another process costs, beside a program that writes length-delimited bincode frames by hand.
//!
//! Both sides of each case talk to the same second process over loopback, in turns. The raw side gathers its messages by hand and
//! decodes them in place: it has no mailbox, no window, and nobody to tell who waits.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use actor_core::prelude::*;
use actor_net::{Codec, Node, Security};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::measure::middle;

/// Bytes of a small message, and of a large one.
const SMALL_BYTES: usize = 64;
const LARGE_BYTES: usize = 1 << 20;

/// So much is gathered by hand before it is written.
const GATHERED_BYTES: usize = 32 << 10;

const IN_FLIGHT: u64 = 64;

#[derive(Serialize, Deserialize)]
enum Msg {
    Data(#[serde(with = "serde_bytes")] Vec<u8>),
    Echo(u64, Reply<u64>),
}

/// The same on the raw side.
#[derive(Serialize, Deserialize)]
enum Raw {
    Data(#[serde(with = "serde_bytes")] Vec<u8>),
    Echo(u64),
}

struct Sink;

impl Actor for Sink {
    type Msg = Msg;

    async fn handle(&mut self, msg: Msg, _ctx: &mut Context<Msg>) -> ActorResult {
        if let Msg::Echo(number, reply) = msg {
            reply.send(number);
        }
        Ok(())
    }
}

/// The other process: prints where its node and its raw socket are, and serves until it is killed.
pub(crate) fn serve() -> Result<(), String> {
    runtime()?.block_on(async {
        let system = System::new("there");
        let sink = system.spawn("sink", || Sink).map_err(|why| why.to_string())?;
        let node = Node::builder(&system)
            .name("there")
            .listen("127.0.0.1:0")
            .security(Security::insecure());
        let node = node.start().await.map_err(|why| why.to_string())?;
        node.expose("sink", &sink).map_err(|why| why.to_string())?;
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|why| why.to_string())?;
        let raw = listener.local_addr().map_err(|why| why.to_string())?;
        println!("{} {raw}", node.address().unwrap_or_default());
        loop {
            let (socket, _) = listener.accept().await.map_err(|why| why.to_string())?;
            tokio::spawn(async move {
                // It ends when the other side goes.
                let _ = serve_raw(socket).await;
            });
        }
    })
}

async fn serve_raw(mut socket: TcpStream) -> std::io::Result<()> {
    socket.set_nodelay(true)?;
    let (mut buffer, mut answers) = (Vec::with_capacity(2 * LARGE_BYTES), Vec::new());
    loop {
        if socket.read_buf(&mut buffer).await? == 0 {
            return Ok(());
        }
        let mut at = 0;
        while let Some(frame) = whole_frame(&buffer[at..]) {
            at += 4 + frame.len();
            if let Ok(Raw::Echo(number)) = Codec::Bincode.decode(frame, &actor_wire::Limits::default()) {
                put(&mut answers, &Raw::Echo(number));
            }
        }
        buffer.drain(..at);
        if !answers.is_empty() {
            socket.write_all(&answers).await?;
            answers.clear();
        }
    }
}

fn whole_frame(bytes: &[u8]) -> Option<&[u8]> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.get(..u32::from_le_bytes(*length) as usize)
}

fn put(out: &mut Vec<u8>, msg: &Raw) {
    let begin = out.len();
    out.extend_from_slice(&[0; 4]);
    Codec::Bincode
        .encode(msg, out, 2 * LARGE_BYTES)
        .expect("it is not too large");
    let length = u32::try_from(out.len() - begin - 4).expect("it is not too large");
    out[begin..begin + 4].copy_from_slice(&length.to_le_bytes());
}

/// The second process, while it is needed.
struct There {
    child: Child,
    node: String,
    raw: String,
}

impl There {
    fn start() -> Result<Self, String> {
        let program = std::env::current_exe().map_err(|why| why.to_string())?;
        let mut child = Command::new(program)
            .arg("--serve")
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|why| why.to_string())?;
        let mut line = String::new();
        let stdout = child.stdout.take().ok_or("it has no output")?;
        BufReader::new(stdout)
            .read_line(&mut line)
            .map_err(|why| why.to_string())?;
        let (node, raw) = line.trim().split_once(' ').ok_or("the second process did not start")?;
        Ok(Self {
            child,
            node: node.to_owned(),
            raw: raw.to_owned(),
        })
    }
}

impl Drop for There {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Prints a table of both sides, medians over the rounds.
pub(crate) fn print(rounds: u32, size: f64) -> Result<(), String> {
    let there = There::start()?;
    let runtime = runtime()?;
    let (node, far) = runtime.block_on(async {
        let here = System::new("here");
        let node = Node::builder(&here)
            .name("here")
            .security(Security::insecure())
            .peer("there", &there.node);
        let node = node.start().await.map_err(|why| why.to_string())?;
        let far = node.lookup::<Msg>("sink@there").await.map_err(|why| why.to_string())?;
        Ok::<_, String>((node, far))
    })?;
    let cases: [(&str, u64, Ours, ByHand); 4] = [
        ("tell, 64 B", 400_000, tell_small, tell_small_raw),
        ("tell, 1 MiB", 200, tell_large, tell_large_raw),
        ("ask, one after the other", 5_000, ask, ask_raw),
        ("ask, 64 in flight", 100_000, ask_many, ask_many_raw),
    ];
    println!(
        "{:<26} {:>14} {:>14}   {:>6}",
        "nanoseconds each", "actor-net", "by hand", "ratio"
    );
    for (name, operations, ours, raw) in cases {
        let operations = ((operations as f64 * size) as u64).max(IN_FLIGHT);
        let (mut of_ours, mut of_raw, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..=rounds {
            let each = |took: Duration| took.as_secs_f64() * 1e9 / operations as f64;
            let took = each(ours(&runtime, far.clone(), operations));
            let took_raw = each(raw(&runtime, &there.raw, operations));
            if round > 0 {
                of_ours.push(took);
                of_raw.push(took_raw);
                ratios.push(took / took_raw);
            }
        }
        println!(
            "{name:<26} {:>14.0} {:>14.0}   {:>6.2}",
            middle(of_ours).median,
            middle(of_raw).median,
            middle(ratios).median
        );
    }
    runtime.block_on(node.leave());
    Ok(())
}

type Ours = fn(&Runtime, Handle<Msg>, u64) -> Duration;
type ByHand = fn(&Runtime, &str, u64) -> Duration;

fn runtime() -> Result<Runtime, String> {
    // A thread for each process, as there are two of them, and two cores most likely.
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|why| why.to_string())
}

fn tell_small(runtime: &Runtime, far: Handle<Msg>, operations: u64) -> Duration {
    tell(runtime, far, operations, SMALL_BYTES)
}

fn tell_large(runtime: &Runtime, far: Handle<Msg>, operations: u64) -> Duration {
    tell(runtime, far, operations, LARGE_BYTES)
}

/// Until all was handled: the last question is answered behind it.
fn tell(runtime: &Runtime, far: Handle<Msg>, operations: u64, bytes: usize) -> Duration {
    let work = async move {
        let begun = Instant::now();
        for _ in 0..operations {
            far.tell(Msg::Data(vec![7; bytes])).await.expect("it lives");
        }
        far.ask(|reply| Msg::Echo(0, reply))
            .no_timeout()
            .await
            .expect("it answers");
        begun.elapsed()
    };
    runtime.block_on(async { tokio::spawn(work).await.expect("the sender ends") })
}

fn tell_small_raw(runtime: &Runtime, to: &str, operations: u64) -> Duration {
    tell_raw(runtime, to, operations, SMALL_BYTES)
}

fn tell_large_raw(runtime: &Runtime, to: &str, operations: u64) -> Duration {
    tell_raw(runtime, to, operations, LARGE_BYTES)
}

fn tell_raw(runtime: &Runtime, to: &str, operations: u64, bytes: usize) -> Duration {
    let to = to.to_owned();
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

async fn connect(to: &str) -> TcpStream {
    let socket = TcpStream::connect(to).await.expect("it listens");
    socket.set_nodelay(true).expect("a socket can be set so");
    socket
}

async fn answers(socket: &mut TcpStream, count: usize) {
    let mut buffer = Vec::new();
    let mut left = count;
    while left > 0 {
        socket.read_buf(&mut buffer).await.expect("it answers");
        let mut at = 0;
        while let Some(frame) = whole_frame(&buffer[at..]) {
            at += 4 + frame.len();
            left -= 1;
        }
        buffer.drain(..at);
    }
}

fn ask(runtime: &Runtime, far: Handle<Msg>, operations: u64) -> Duration {
    let work = async move {
        let begun = Instant::now();
        for number in 0..operations {
            far.ask(|reply| Msg::Echo(number, reply)).await.expect("it answers");
        }
        begun.elapsed()
    };
    runtime.block_on(async { tokio::spawn(work).await.expect("the asker ends") })
}

fn ask_raw(runtime: &Runtime, to: &str, operations: u64) -> Duration {
    let to = to.to_owned();
    let work = async move {
        let mut socket = connect(&to).await;
        let begun = Instant::now();
        let mut out = Vec::new();
        for number in 0..operations {
            put(&mut out, &Raw::Echo(number));
            socket.write_all(&out).await.expect("it is read");
            out.clear();
            answers(&mut socket, 1).await;
        }
        begun.elapsed()
    };
    runtime.block_on(async { tokio::spawn(work).await.expect("the asker ends") })
}

fn ask_many(runtime: &Runtime, far: Handle<Msg>, operations: u64) -> Duration {
    runtime.block_on(async move {
        let begun = Instant::now();
        let mut askers = JoinSet::new();
        for _ in 0..IN_FLIGHT {
            let far = far.clone();
            askers.spawn(async move {
                for number in 0..operations / IN_FLIGHT {
                    far.ask(|reply| Msg::Echo(number, reply)).await.expect("it answers");
                }
            });
        }
        while askers.join_next().await.is_some() {}
        begun.elapsed()
    })
}

/// 64 questions in one write, then their answers.
fn ask_many_raw(runtime: &Runtime, to: &str, operations: u64) -> Duration {
    let to = to.to_owned();
    let work = async move {
        let mut socket = connect(&to).await;
        let begun = Instant::now();
        let mut out = Vec::new();
        for _ in 0..operations / IN_FLIGHT {
            for number in 0..IN_FLIGHT {
                put(&mut out, &Raw::Echo(number));
            }
            socket.write_all(&out).await.expect("it is read");
            out.clear();
            answers(&mut socket, IN_FLIGHT as usize).await;
        }
        begun.elapsed()
    };
    runtime.block_on(async { tokio::spawn(work).await.expect("the asker ends") })
}
