//! What an actor costs beside the hand-written tokio task and channel that it replaces, as ratios.
//!
//! `cargo xtask floor` runs it. Both sides of a row run in turns within each round, on a runtime of their own each, so
//! that whatever else the machine does falls on both; a figure is the median over the rounds.

mod guard;
mod own;
#[cfg(feature = "remote")]
mod remote;

use std::path::PathBuf;
use std::process::ExitCode;

use benches::measure::{self, Middle, Row, middle, ratio};
use benches::{OURS, RAW, process, rows};
use clap::Parser;

/// Actors of an idle row.
const IDLE: u64 = 100_000;

/// Measures actor-core beside raw tokio tasks with `mpsc::channel(1024)`; ratios below 1 mean that actor-core is
/// cheaper.
#[derive(Parser)]
struct Flags {
    /// Only the rows whose name holds one of these words
    words: Vec<String>,

    /// How often both sides of each row run, beside one round to warm up
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,

    /// Operations of each run, as a share of the usual number
    #[arg(long, value_name = "SHARE", default_value_t = 1.0)]
    size: f64,

    /// Count instructions and allocations on one thread (needs valgrind) instead of time
    #[arg(long)]
    counts: bool,

    /// Fail when actor-core takes more instructions than it did, or allocates where it did not (needs valgrind)
    #[arg(long)]
    guard: bool,

    /// The same, and take what is counted as the new measure
    #[arg(long)]
    renew: bool,

    /// Measure messages to another process instead, beside frames written by hand
    #[cfg(feature = "remote")]
    #[arg(long)]
    remote: bool,

    /// Be that other process, with certificates in this folder
    #[arg(long, hide = true, value_name = "FOLDER")]
    serve: Option<PathBuf>,

    /// Run one side of one row once and print nothing, as counts and memory need it
    #[arg(long, hide = true, num_args = 3, value_names = ["ROW", "SIDE", "OPERATIONS"])]
    alone: Option<Vec<String>>,
}

fn main() -> ExitCode {
    match run(&Flags::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("benches: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run(flags: &Flags) -> Result<(), String> {
    #[cfg(feature = "metrics")]
    metrics_util::debugging::DebuggingRecorder::new()
        .install()
        .map_err(|why| why.to_string())?;
    let both = [OURS, RAW];
    if let Some(words) = &flags.alone {
        let idle = rows::idle(IDLE, &both);
        let known = rows::counted(&both).into_iter().chain(own::rows()).chain([idle]);
        return process::alone(&known.collect::<Vec<_>>(), words);
    }
    #[cfg(feature = "remote")]
    if let Some(folder) = &flags.serve {
        return remote::serve(folder);
    } else if flags.remote {
        return remote::print(&flags.words, flags.rounds, flags.size);
    }
    if flags.guard || flags.renew {
        return guard::run(flags.renew);
    }
    let wanted = |row: &Row| row.is_wanted(&flags.words);
    if flags.counts {
        return counts(rows::counted(&both).into_iter().filter(wanted));
    }
    let chosen = rows::timed(&both).into_iter().chain(own::rows()).filter(wanted);
    times(&chosen.collect::<Vec<_>>(), flags.rounds, flags.size);
    let idle = rows::idle(IDLE, &both);
    if wanted(&idle) {
        let bytes = |side: &str| Ok::<_, String>(process::printed(&idle.name, side, IDLE)?.unwrap_or(f64::NAN));
        print("bytes of an idle actor", bytes(OURS.name)?, bytes(RAW.name)?);
        println!();
    }
    Ok(())
}

fn print(name: &str, ours: f64, raw: f64) {
    print!("{name:<28} {ours:>14.0} {raw:>14.0}   {:>6.2}", ours / raw);
}

fn head(what: &str) {
    println!("{what:<28} {:>14} {:>14}   {:>6}", OURS.name, RAW.name, "ratio");
}

fn times(rows: &[Row], rounds: u32, size: f64) {
    let measured = measure::in_turns(rows, rounds, size);
    head("nanoseconds each");
    for (row, sides) in rows.iter().zip(measured.rows) {
        let [ours, raw] = &sides[..] else { continue };
        let ratio = ratio(ours, raw);
        print(&row.name, middle(ours.clone()).median, middle(raw.clone()).median);
        println!("  ({:.2} to {:.2})", ratio.quarter, ratio.three_quarters);
    }
    let noise: Middle = middle(measured.noise);
    println!(
        "\n{rounds} rounds; the same computation took {:.1} ms each time, its middle half within {:.1} %: that is the machine's noise",
        noise.median * 1e3,
        noise.spread() * 100.0
    );
}

fn counts(rows: impl Iterator<Item = Row>) -> Result<(), String> {
    head("instructions each");
    for row in rows {
        let count = |side| process::instructions(&row.name, side, row.operations).map(Option::unwrap_or_default);
        print(&row.name, count(OURS.name)?, count(RAW.name)?);
        let heap = |side| process::heap(&row.name, side, row.operations);
        if let (Some(ours), Some(raw)) = (heap(OURS.name)?, heap(RAW.name)?) {
            print!("   allocations {:.2} and {:.2}", ours.allocations, raw.allocations);
        }
        println!();
    }
    Ok(())
}
