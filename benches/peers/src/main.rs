//! What an actor costs beside a hand-written task with its channel, and beside the actors of five other frameworks: the
//! same workloads by all, in turns.
//!
//! `cargo xtask bench` runs it. It is no part of the workspace: nobody else builds what these depend on.

mod by;
mod figures;
mod machine;
mod page;
mod part;
mod picture;
#[cfg(feature = "remote")]
mod remote;

use std::process::ExitCode;
use std::time::Instant;

use benches::process;
use clap::{Parser, ValueEnum};

use crate::figures::Figures;
use crate::part::Wanted;

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// Measures actors by actor-core, tokio tasks with channels, kameo, ractor, actix, xtra and coerce, and writes
/// benches/RESULTS.md with its pictures.
#[derive(Parser)]
struct Flags {
    /// What to measure: all that concerns one process, if nothing is said
    #[arg(value_enum)]
    parts: Vec<Part>,

    /// Only workloads whose name holds this word; prints, and writes nothing
    #[arg(long, value_name = "WORD")]
    work: Vec<String>,

    /// Only these, beside tokio; prints, and writes nothing
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,

    /// How often everybody does each workload, beside one round to warm up
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,

    /// Operations of each run, as a share of the usual number
    #[arg(long, value_name = "SHARE", default_value_t = 1.0)]
    size: f64,

    /// How many idle actors share a process
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    idle: u64,

    /// Print, and write nothing
    #[arg(long)]
    dry: bool,

    /// Run one side of one row once, as counts and memory need it
    #[arg(long, hide = true, num_args = 3, value_names = ["ROW", "SIDE", "OPERATIONS"])]
    alone: Option<Vec<String>>,

    /// Be a program that sends its first message
    #[arg(long, hide = true, value_name = "SIDE")]
    first_message: Option<String>,

    /// Be the other process
    #[cfg(feature = "remote")]
    #[arg(long, hide = true, value_name = "SIDE")]
    serve: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// The time of each operation
    Times,
    /// Its instructions and allocations (needs valgrind)
    Counts,
    /// The bytes of an idle actor
    Memory,
    /// How cost grows
    Scale,
    /// From the start of a program to its first message
    Start,
    /// The cold build of a program
    Build,
    /// Messages to another process
    #[cfg(feature = "remote")]
    Remote,
    /// Nothing: page and pictures are written anew from the figures
    Draw,
}

const LOCAL: [Part; 6] = [
    Part::Times,
    Part::Counts,
    Part::Memory,
    Part::Scale,
    Part::Start,
    Part::Build,
];

fn main() -> ExitCode {
    match run(Flags::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("peers: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run(flags: Flags) -> Result<(), Failed> {
    if let Some(side) = &flags.first_message {
        part::start::be(side);
        return Ok(());
    }
    #[cfg(feature = "remote")]
    if let Some(side) = &flags.serve {
        return remote::serve(side);
    }
    let mut contestants = vec![benches::OURS, benches::RAW];
    contestants.extend(by::ALL);
    if !flags.only.is_empty() {
        contestants.retain(|one| one.name == figures::FLOOR || flags.only.iter().any(|name| name == one.name));
    }
    let filtered = !flags.only.is_empty() || !flags.work.is_empty();
    let wanted = Wanted {
        contestants,
        words: flags.work,
        rounds: flags.rounds,
        size: flags.size,
        idle: flags.idle,
    };
    if let Some(words) = &flags.alone {
        return Ok(process::alone(&wanted.alone(), words)?);
    }
    let parts = if flags.parts.is_empty() {
        LOCAL.to_vec()
    } else {
        flags.parts
    };
    let mut figures = if filtered || flags.dry {
        Figures::default()
    } else {
        Figures::load()?
    };
    for part in parts {
        let begun = Instant::now();
        measure(part, &wanted, &mut figures)?;
        if filtered || flags.dry {
            continue;
        }
        // After each part, so that an end between two loses nothing.
        figures.save()?;
        page::write(&figures)?;
        picture::draw(&figures)?;
        eprintln!(
            "{}: {:.0} s",
            part.to_possible_value()
                .map_or(String::new(), |value| value.get_name().to_owned()),
            begun.elapsed().as_secs_f64()
        );
    }
    if filtered || flags.dry {
        print!("{}", page::body(&figures));
    } else {
        println!("see {}", figures::folder().join("RESULTS.md").display());
    }
    Ok(())
}

fn measure(part: Part, wanted: &Wanted, figures: &mut Figures) -> Result<(), Failed> {
    match part {
        Part::Times => figures.times = Some(part::times::measure(wanted)),
        Part::Counts => figures.counts = Some(part::counts::measure(wanted)?),
        Part::Memory => figures.memory = Some(part::memory::measure(wanted)?),
        Part::Scale => figures.scale = Some(part::scale::measure(wanted)?),
        Part::Start => figures.start = Some(part::start::measure(wanted)?),
        Part::Build => figures.build = Some(part::build::measure(wanted)?),
        #[cfg(feature = "remote")]
        Part::Remote => figures.remote = Some(remote::measure(wanted)?),
        Part::Draw => {}
    }
    Ok(())
}
