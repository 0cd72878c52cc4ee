//! What an actor costs beside the hand-written tokio task and channel that it replaces, as ratios.
//!
//! `cargo xtask bench` runs it. Both sides of a case run in turns within each round, on a runtime of their own each, so
//! that whatever else the machine does falls on both; a figure is the median over the rounds.

mod cases;
mod instructions;
mod measure;
mod memory;
mod remote;
mod table;

use std::path::PathBuf;
use std::process::ExitCode;

use cases::Case;
use clap::Parser;

/// Measures actor-core beside raw tokio tasks with `mpsc::channel(1024)`; ratios below 1 mean that actor-core is
/// cheaper.
#[derive(Parser)]
struct Flags {
    /// Only the cases whose name holds one of these words
    words: Vec<String>,

    /// How often both sides of each case run, beside one round to warm up
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,

    /// Operations of each run, as a share of the usual number
    #[arg(long, value_name = "SHARE", default_value_t = 1.0)]
    size: f64,

    /// Count instructions on one thread (needs valgrind) instead of time
    #[arg(long)]
    instructions: bool,

    /// Measure messages to another process instead, beside frames written by hand
    #[arg(long)]
    remote: bool,

    /// Be that other process, with certificates in this folder
    #[arg(long, hide = true, value_name = "FOLDER")]
    serve: Option<PathBuf>,

    /// Run one side of one case once and print nothing, as the counts of instructions and of memory need it
    #[arg(long, hide = true, num_args = 3, value_names = ["CASE", "SIDE", "OPERATIONS"])]
    alone: Option<Vec<String>>,
}

fn main() -> ExitCode {
    let flags = Flags::parse();
    let outcome = match (&flags.alone, &flags.serve) {
        (Some(words), _) => instructions::alone(words),
        (None, Some(folder)) => remote::serve(folder),
        (None, None) if flags.remote => remote::print(&flags.words, flags.rounds, flags.size),
        (None, None) => compare(&flags),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("benches: {why}");
            ExitCode::FAILURE
        }
    }
}

fn compare(flags: &Flags) -> Result<(), String> {
    let wanted = |case: &&Case| flags.words.is_empty() || flags.words.iter().any(|word| case.name.contains(&**word));
    let chosen: Vec<&Case> = cases::ALL.iter().filter(wanted).collect();
    let memory = flags.words.is_empty() || flags.words.iter().any(|word| memory::NAME.contains(&**word));
    if chosen.is_empty() && !memory {
        let names: Vec<&str> = cases::ALL.iter().map(|case| case.name).chain([memory::NAME]).collect();
        return Err(format!(
            "no case has that in its name; the cases are: {}",
            names.join(", ")
        ));
    }
    if flags.instructions {
        return instructions::count(&chosen);
    }
    table::print(&measure::in_turns(&chosen, flags.rounds, flags.size));
    if memory {
        memory::print()?;
    }
    Ok(())
}
