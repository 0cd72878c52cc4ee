//! One-way messages of 64 bytes to an actor in another process: ours, ractor_cluster and kameo's remote, each as its own
//! documents recommend, in turns within each round.

mod by_kameo;
mod by_ractor;
mod ours;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use benches::measure::{computation, middle, progress};
use tokio::runtime::Runtime;

use crate::figures::{Cell, Line, Table};
use crate::part::Wanted;
use crate::{Failed, machine};

const BYTES: usize = 64;

/// What became of a number of messages.
#[derive(Clone, Copy)]
struct Sent {
    /// Until the last of them that came was handled.
    took: Duration,
    arrived: u64,
}

const SIDES: [&str; 3] = ["actor-net", "ractor_cluster", "kameo remote"];

/// Messages of each side in a round.
const COUNTS: [u64; 3] = [400_000, 50_000, 10_000];

/// A thread for each process, as in the other comparisons.
fn runtime() -> Result<Runtime, Failed> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    Ok(builder.worker_threads(1).enable_all().build()?)
}

/// Prints where its actor is, and serves until it is killed.
pub(crate) fn serve(whose: &str) -> Result<(), Failed> {
    runtime()?.block_on(async {
        match whose {
            "actor-net" => ours::serve().await,
            "ractor_cluster" => by_ractor::serve().await,
            _ => by_kameo::serve().await,
        }
    })
}

pub(crate) fn measure(wanted: &Wanted) -> Result<Table, Failed> {
    let runtime = runtime()?;
    let [ours_there, ractor_there, kameo_there] = SIDES.map(There::start);
    let (ours_there, ractor_there, kameo_there) = (ours_there?, ractor_there?, kameo_there?);
    let ours = runtime.block_on(ours::Sender::connect(&ours_there.address))?;
    let ractor = runtime.block_on(by_ractor::Sender::connect(&ractor_there.address))?;
    let kameo = runtime.block_on(by_kameo::Sender::connect(&kameo_there.address))?;
    let counts = COUNTS.map(|count| ((count as f64 * wanted.size) as u64).max(1));
    let mut nanos = [Vec::new(), Vec::new(), Vec::new()];
    let mut lost = [0; 3];
    let mut noise = Vec::new();
    for round in 0..=wanted.rounds {
        progress(&format!("round {round} of {}", wanted.rounds));
        let sent = [
            in_task(&runtime, ours.clone().send(counts[0]))?,
            in_task(&runtime, ractor.clone().send(counts[1]))?,
            in_task(&runtime, kameo.clone().send(counts[2]))?,
        ];
        noise.push(computation());
        // The first warms up.
        if round > 0 {
            for at in 0..SIDES.len() {
                nanos[at].push(sent[at].took.as_secs_f64() * 1e9 / sent[at].arrived as f64);
                lost[at] += counts[at] - sent[at].arrived;
            }
        }
    }
    progress("");
    let [of_ours, ..] = &nanos;
    let by = middle(of_ours.clone()).median;
    let time = nanos.iter().map(|nanos| {
        let middle = middle(nanos.clone());
        let figure = [middle.quarter, middle.median, middle.three_quarters];
        Some(Cell::new(figure, figure.map(|figure| figure / by)))
    });
    let share = lost.iter().zip(counts).map(|(lost, count)| {
        let share = *lost as f64 * 100.0 / (count * u64::from(wanted.rounds)) as f64;
        Some(Cell::new([share; 3], [f64::NAN; 3]))
    });
    let rows = vec![
        Line {
            name: "ns for each that came, by actor-net".to_owned(),
            cells: time.collect(),
        },
        Line {
            name: "lost, %".to_owned(),
            cells: share.collect(),
        },
    ];
    Ok(Table {
        taken: machine::taken(wanted.rounds, wanted.size, &noise),
        sides: SIDES.map(str::to_owned).to_vec(),
        rows,
    })
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
