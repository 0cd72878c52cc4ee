//! Orders through a pipeline: read, parse, enrich by a slow service that fails, add up, write. Nothing piles up, and
//! nothing is lost unnamed, also when Ctrl-C comes in the middle.
//!
//! `cargo run --release --example pipeline -- --help`

mod enrich;
mod flags;
mod flow;
mod numbers;
mod parse;
mod service;
mod sink;
mod source;
#[cfg(test)]
mod tests;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use tokio::sync::mpsc;

use flags::Flags;
use flow::{Flow, feed};
use sink::Report;
use source::Source;

#[tokio::main]
async fn main() -> ExitCode {
    match run(Flags::parse()).await {
        Ok(report) => {
            println!("{report}");
            if report.is_complete() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(error) => {
            eprintln!("pipeline: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(flags: Flags) -> anyhow::Result<Report> {
    let mut source = Source::open(&flags).await?;
    let flow = Flow::start(&flags)?;
    let mut interrupts = interrupts();
    eprintln!(
        "at most {} orders are on their way at a time; Ctrl-C ends the reading",
        flow.in_flight_max()
    );
    let progress = tokio::spawn(show_progress(flow.clone()));

    // `feed` waits while the pipeline is full, so that a fast source is read no faster than the slowest stage goes.
    tokio::select! {
        fed = feed(&mut source, &flow) => fed?,
        _ = interrupts.recv() => eprintln!("reading no more, and finishing what was read; Ctrl-C again stops at once"),
    }
    let report = tokio::select! {
        report = flow.drain() => report?,
        _ = interrupts.recv() => flow.abandon().await?,
    };
    progress.abort();
    Ok(report)
}

/// Each Ctrl-C from now on. One that comes while nobody looks is kept.
fn interrupts() -> mpsc::Receiver<()> {
    let (sender, receiver) = mpsc::channel(2);
    tokio::spawn(async move { while tokio::signal::ctrl_c().await.is_ok() && sender.send(()).await.is_ok() {} });
    receiver
}

/// A line a second: with a source that is never empty, what is on its way and the memory stay where they are.
async fn show_progress(flow: Flow) {
    let mut every = tokio::time::interval(Duration::from_secs(1));
    every.tick().await;
    loop {
        every.tick().await;
        let memory = memory_mib().map_or(String::new(), |mib| format!(", memory {mib} MiB"));
        eprintln!("read {}, on their way {}{memory}", flow.read(), flow.in_flight());
    }
}

/// What the process holds in memory, where the system says so.
fn memory_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? / 1024)
}
