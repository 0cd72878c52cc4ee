//! One-way messages of 64 bytes to an actor in another process: ours, ractor_cluster and kameo's remote, each as its own
//! documents recommend, in turns within each round.
//!
//! `cargo run --release` in this folder. It is no part of the workspace: nobody else builds what these depend on.

mod by_kameo;
mod by_ractor;
mod ours;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::runtime::Runtime;

const BYTES: usize = 64;
const ROUNDS: usize = 5;

/// What became of a number of messages.
#[derive(Clone, Copy)]
struct Sent {
    /// Until the last of them that came was handled.
    took: Duration,
    arrived: u64,
}

type Failed = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Failed> {
    let runtime = runtime()?;
    let mut words = std::env::args().skip(1);
    match words.next().as_deref() {
        Some("--serve") => runtime.block_on(serve(&words.next().ok_or("whose actor?")?)),
        _ => compare(&runtime),
    }
}

/// A thread for each process, as in the other comparisons.
fn runtime() -> Result<Runtime, Failed> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    Ok(builder.worker_threads(1).enable_all().build()?)
}

/// Prints where its actor is, and serves until it is killed.
async fn serve(whose: &str) -> Result<(), Failed> {
    match whose {
        "ours" => ours::serve().await,
        "ractor" => by_ractor::serve().await,
        _ => by_kameo::serve().await,
    }
}

fn compare(runtime: &Runtime) -> Result<(), Failed> {
    let there = ["ours", "ractor", "kameo"].map(There::start);
    let [ours_there, ractor_there, kameo_there] = there;
    let (ours_there, ractor_there, kameo_there) = (ours_there?, ractor_there?, kameo_there?);
    let ours = runtime.block_on(ours::Sender::connect(&ours_there.address))?;
    let ractor = runtime.block_on(by_ractor::Sender::connect(&ractor_there.address))?;
    let kameo = runtime.block_on(by_kameo::Sender::connect(&kameo_there.address))?;
    let mut rates = [Vec::new(), Vec::new(), Vec::new()];
    let mut lost = [0; 3];
    for round in 0..=ROUNDS {
        let counts = [400_000, 50_000, 10_000];
        let sent = [
            in_task(runtime, ours.clone().send(counts[0]))?,
            in_task(runtime, ractor.clone().send(counts[1]))?,
            in_task(runtime, kameo.clone().send(counts[2]))?,
        ];
        // The first warms up.
        if round > 0 {
            for at in 0..3 {
                rates[at].push(sent[at].arrived as f64 / sent[at].took.as_secs_f64());
                lost[at] += counts[at] - sent[at].arrived;
            }
        }
    }
    let median = |rates: &mut Vec<f64>| {
        rates.sort_by(f64::total_cmp);
        rates[rates.len() / 2]
    };
    let [of_ours, of_ractor, of_kameo] = rates.each_mut().map(median);
    println!(
        "{:<18} {:>14} {:>10} {:>8}",
        "tell 64 B", "messages/s", "ours by it", "lost"
    );
    for (name, rate, lost) in [
        ("actor-net", of_ours, lost[0]),
        ("ractor_cluster", of_ractor, lost[1]),
        ("kameo remote", of_kameo, lost[2]),
    ] {
        println!("{name:<18} {rate:>14.0} {:>10.1} {lost:>8}", of_ours / rate);
    }
    Ok(())
}

fn in_task(
    runtime: &Runtime,
    sending: impl Future<Output = Result<Sent, Failed>> + Send + 'static,
) -> Result<Sent, Failed> {
    runtime.block_on(async { tokio::spawn(sending).await? })
}

/// The process of one actor, while it is needed.
struct There {
    child: Child,
    address: String,
}

impl There {
    fn start(whose: &str) -> Result<Self, Failed> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["--serve", whose])
            .stdout(Stdio::piped())
            .spawn()?;
        let mut address = String::new();
        let stdout = child.stdout.take().ok_or("it has no output")?;
        BufReader::new(stdout).read_line(&mut address)?;
        let address = address.trim().to_owned();
        Ok(Self { child, address })
    }
}

impl Drop for There {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
