//! The project's own words: `cargo xtask check` and its companions, with nothing to install but where one says so.

mod bench;
mod browser;
mod chance;
mod check;
mod flags;
mod floor;
mod frozen;
mod fuzz;
mod kills;
mod load;
mod miri;
mod model;
mod mutants;
mod netns;
mod noise;
mod server;
mod soak;
mod step;
mod watched;

use std::process::ExitCode;

use step::Outcome;

const HELP: &str = "\
cargo xtask WORD [OPTIONS]     the chores of this project; nothing to install but where it says so

  check [STEP…]   everything that CI does before the browser: fmt, clippy, test, docs, msrv, deny
                  (name steps to run only those, in that order)
  browser         builds the chat server and drives its page in headless Chromium (needs node and chromium)
  noise           random bytes and random valid commands against both ports of a chat server:
                  it must go on serving, and its memory must stay flat
                    --seconds N   how long (60)          --seed N      repeat a run (else chosen and printed)
  load            starts a chat server and measures it with chat_load: 2,000 clients in 50 rooms
                    everything after the word goes to chat_load: cargo xtask load --clients 500
  kills           three chat servers that are one network, each killed in turn and started again while clients talk: nothing
                  that living servers took for living clients may be lost, doubled or out of order
                    --seconds N   how long (60)          everything else goes to chat_load: cargo xtask kills --kill-every 5
  floor           actor-core beside hand-written tokio tasks and channels, as ratios
                    everything after the word goes to the benchmark: cargo xtask floor --help
  guard           fails when a tell, ask, spawn or broadcast takes 5 % more instructions than were committed, or a tell
                  allocates (needs valgrind)
                    --renew   commit what is counted now    --metered   the same with metrics on, which may take 15 % more
  bench           the same workloads by actor-core, hand-written tasks and five other frameworks, each alone and at every
                  scale: writes benches/RESULTS.md with its pictures (takes minutes; counts need valgrind)
                    everything after the word goes to the benchmark: cargo xtask bench --help
  model [TEST]    locks, wake-ups, whole lives of actors under a model checker, in many orders of their steps
                    --iterations N   for each test (20000)   --seed N   repeat a run (a failed test prints its own)
  soak            a tree of actors under random kills, panics, stops, floods, and actors that come and go: at the end nothing
                  may be left, lost, stuck or slower, and memory must be what it was
                    --seconds N   (600)   --actors N   (100000)   --seed N
  watched         what a page of the observer that is left open takes of a core: 2 % at most
                    --seconds N   (20)   --actors N   (100000)
  miri            actor-core's unit tests in Miri (needs a nightly toolchain with it)
  fuzz [TARGET]   hostile bytes into frames, handshake, packets of members and decode (needs cargo-fuzz and a C++ compiler)
                    --seconds N   for each target (20)
  frozen          one of three members in processes of their own is stopped, and comes back
                    --seconds N   for so long (60)
  netns           two nodes, and three members, in network namespaces, over a network that is cut, slow or lossy (needs Linux, root
                  and iproute2)
  mutants         breaks the rooms of supervision and of the mailbox in one place after the other, and runs the
                  tests each time: takes hours (needs cargo-mutants)
                    everything after the word goes to it: cargo xtask mutants --file actor-core/src/family.rs

The same build as `cargo test --workspace` is used wherever speed does not matter; load, bench, floor, guard and soak build with --release.
";

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let word = words.next();
    let rest: Vec<String> = words.collect();
    match run(word.as_deref(), &rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("\nxtask: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run(word: Option<&str>, rest: &[String]) -> Outcome {
    let wants_help = rest.iter().any(|flag| flag == "--help" || flag == "-h");
    match word {
        Some("load") => load::run(rest),
        Some("bench") => bench::run(rest),
        Some("floor") => floor::run(rest),
        Some("soak") => soak::run(rest),
        None | Some("help" | "--help" | "-h") => help(),
        Some(_) if wants_help => help(),
        Some("check") => check::run(rest),
        Some("guard") => floor::guard(rest),
        Some("kills") => kills::run(rest),
        Some("browser") => browser::run(rest),
        Some("model") => model::run(rest),
        Some("miri") => miri::run(rest),
        Some("mutants") => mutants::run(rest),
        Some("fuzz") => fuzz::run(rest),
        Some("frozen") => frozen::run(rest),
        Some("watched") => watched::run(rest),
        Some("netns") => netns::run(rest),
        Some("noise") => noise::run(rest),
        Some(other) => Err(format!(
            "there is no word `{other}`; `cargo xtask` alone lists the words"
        )),
    }
}

fn help() -> Outcome {
    print!("{HELP}");
    Ok(())
}
