//! A hundred thousand actors under random trouble for a long time, after which nothing may be left, lost or stuck.
//!
//! `cargo xtask soak` runs it. A short round warms memory up; a long one of the same size is measured. In both, a tree
//! of supervisors of every strategy is tormented by the seed, asked whether everyone still answers, and shut down.

mod process;
mod round;
mod tally;
mod tree;
mod trouble;
mod verdict;
mod worker;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use round::Round;
use verdict::Verdict;

/// What soaks are for: leaks, lost wake-ups, decay. Every figure of the report that is out of bounds fails the run.
#[derive(Parser)]
pub(crate) struct Flags {
    /// How long the measured round torments its tree
    #[arg(long, value_name = "N", default_value_t = 600, value_parser = clap::value_parser!(u64).range(5..))]
    seconds: u64,

    /// How many actors the tree has, supervisors included
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1_000..=1_000_000))]
    actors: u32,

    /// Repeats the choices of a run; their order in time stays that of the machine
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

fn main() -> ExitCode {
    let flags = Flags::parse();
    let seed = flags.seed.unwrap_or_else(|| fastrand::u64(..1_000_000_000));
    eprintln!("soak: {} actors for {} s; seed {seed}", flags.actors, flags.seconds);
    worker::keep_panics_on_purpose_quiet();
    match soak(&flags, seed) {
        Ok(report) => {
            print!("{report}");
            if report.failures() == 0 {
                return ExitCode::SUCCESS;
            }
        }
        Err(why) => eprintln!("soak: {why}"),
    }
    let (seconds, actors) = (flags.seconds, flags.actors);
    eprintln!("soak: to see it again: cargo xtask soak --seconds {seconds} --actors {actors} --seed {seed}");
    ExitCode::FAILURE
}

fn soak(flags: &Flags, seed: u64) -> Result<Verdict, String> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|why| why.to_string())?;
    let length = Duration::from_secs(flags.seconds);
    let warm_up = (length / 10).clamp(Duration::from_secs(3), Duration::from_secs(30));
    let mut verdict = Verdict::default();
    runtime.block_on(async {
        let warmed = Round::run(flags.actors, seed, warm_up, &runtime).await?;
        let measured = Round::run(flags.actors, seed.wrapping_add(1), length, &runtime).await?;
        verdict.judge("warm-up", &warmed);
        verdict.judge("measured", &measured);
        verdict.compare(&warmed, &measured);
        Ok(verdict)
    })
}
