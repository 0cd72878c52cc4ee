//! What a message to another process costs, beside three programs that write length-delimited bincode frames by hand.
//!
//! All sides of a case talk to the same second process over loopback, in turns. [`inline`] is the least there is; [`framed`] is the same by what
//! tokio has for it; [`tasks`] is what one would write by hand for the same work, with a task and a channel where we have an actor.

mod cpu;
mod fan_out;
mod framed;
mod frames;
mod inline;
mod ours;
mod tasks;
mod there;

use std::path::Path;
use std::time::Duration;

use actor_core::prelude::*;
use tokio::runtime::Runtime;

use benches::measure::middle;

use ours::Msg;
use there::There;

/// Bytes of a small message, and of a large one.
const SMALL_BYTES: usize = 64;
const LARGE_BYTES: usize = 1 << 20;

const IN_FLIGHT: u64 = 64;

/// The other ends, in the second process.
struct Ends {
    sink: Handle<Msg>,
    echo: Handle<Msg>,
    sink_over_tls: Handle<Msg>,
    inline: String,
    framed: String,
    tasks: String,
}

type Work = fn(&Runtime, &Ends, u64) -> Duration;

/// One comparison.
struct Case {
    name: &'static str,
    operations: u64,
    ours: Work,
    by_hand: Work,
    counts: Counts,
}

/// What is compared.
#[derive(Clone, Copy)]
enum Counts {
    Time,
    /// The time of both processes on a processor.
    Cpu,
}

const CASES: [Case; 12] = [
    time(
        "tell 64 B, by hand inline",
        400_000,
        ours::tell_small,
        inline::tell_small,
    ),
    time(
        "tell 64 B, by hand framed",
        400_000,
        ours::tell_small,
        framed::tell_small,
    ),
    time(
        "tell 64 B, by hand in tasks",
        400_000,
        ours::tell_small,
        tasks::tell_small,
    ),
    time("tell 1 MiB, by hand inline", 200, ours::tell_large, inline::tell_large),
    time("ask, one after the other", 5_000, ours::ask, inline::ask),
    time("ask, one by one, framed", 5_000, ours::ask, framed::ask),
    time("ask 64 in flight, inline", 100_000, ours::ask_many, inline::ask_many),
    time("ask 64 in flight, framed", 100_000, ours::ask_many, framed::ask_many),
    time("ask 64 in flight, in tasks", 100_000, ours::ask_many, tasks::ask_many),
    // Beside the same fan-out at one node.
    time("broadcast, 3 nodes", 20 * fan_out::ALL, fan_out::across, fan_out::local),
    Case {
        name: "broadcast, 3 nodes, CPU",
        operations: 20 * fan_out::ALL,
        ours: fan_out::across,
        by_hand: fan_out::local,
        counts: Counts::Cpu,
    },
    Case {
        name: "tell 64 B over TLS, CPU",
        operations: 400_000,
        ours: ours::tell_over_tls,
        by_hand: ours::tell_small,
        counts: Counts::Cpu,
    },
];

const fn time(name: &'static str, operations: u64, ours: Work, by_hand: Work) -> Case {
    Case {
        name,
        operations,
        ours,
        by_hand,
        counts: Counts::Time,
    }
}

/// Large messages beside which small questions are asked.
const BESIDE: u64 = 300;

/// Be the other process; `folder` is where its certificate is.
pub(crate) fn serve(folder: &Path) -> Result<(), String> {
    runtime()?.block_on(there::serve(folder))
}

/// Prints a table of all cases whose names hold one of `words`, medians over the rounds.
pub(crate) fn print(words: &[String], rounds: u32, size: f64) -> Result<(), String> {
    let there = There::start()?;
    let runtime = runtime()?;
    let (ends, nodes) = there.connect(&runtime)?;
    println!(
        "{:<28} {:>12} {:>12}   {:>6}  (quartiles)",
        "nanoseconds each", "actor-net", "by hand", "ratio"
    );
    let wanted = |name: &str| words.is_empty() || words.iter().any(|word| name.contains(&**word));
    for case in CASES.iter().filter(|case| wanted(case.name)) {
        let operations = ((case.operations as f64 * size) as u64).max(IN_FLIGHT);
        let once = |work: Work| {
            let before = cpu::spent(&[std::process::id(), there.process()]);
            let took = work(&runtime, &ends, operations);
            let spent = cpu::spent(&[std::process::id(), there.process()]) - before;
            let counted = match case.counts {
                Counts::Time => took,
                Counts::Cpu => spent,
            };
            counted.as_secs_f64() * 1e9 / operations as f64
        };
        let (mut of_ours, mut of_hand, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..=rounds {
            let (ours, by_hand) = if round % 2 == 0 {
                let ours = once(case.ours);
                (ours, once(case.by_hand))
            } else {
                let by_hand = once(case.by_hand);
                (once(case.ours), by_hand)
            };
            // The first warms up.
            if round > 0 {
                of_ours.push(ours);
                of_hand.push(by_hand);
                ratios.push(ours / by_hand);
            }
        }
        let ratio = middle(ratios);
        println!(
            "{:<28} {:>12.0} {:>12.0}   {:>6.2}  ({:.2} to {:.2})",
            case.name,
            middle(of_ours).median,
            middle(of_hand).median,
            ratio.median,
            ratio.quarter,
            ratio.three_quarters
        );
    }
    if wanted("ask beside 1 MiB") {
        let mut at = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            let took = ours::ask_beside_large(&runtime, &ends, (BESIDE as f64 * size) as u64);
            let millis = |share: f64| {
                let place = (took.len().saturating_sub(1) as f64 * share) as usize;
                took.get(place).map_or(f64::NAN, |took| took.as_secs_f64() * 1e3)
            };
            at.0.push(millis(0.5));
            at.1.push(millis(0.99));
        }
        let (half, most) = (middle(at.0).median, middle(at.1).median);
        println!("ask beside 1 MiB: {half:.2} ms at p50, {most:.2} ms at p99");
    }
    for node in nodes {
        runtime.block_on(node.leave());
    }
    Ok(())
}

fn runtime() -> Result<Runtime, String> {
    // A thread for each process, as there are two of them, and two cores most likely.
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|why| why.to_string())
}
