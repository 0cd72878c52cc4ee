//! `cargo xtask model`: runs actor-core's concurrency tests under a model checker.

use crate::flags;
use crate::step::{Outcome, cargo, show};

/// A minute of it on two cores.
const ITERATIONS_DEFAULT: usize = 20_000;

/// Runs each test in `--iterations` orders, chosen by `--seed`; another word names the tests to run.
pub(crate) fn run(words: &[String]) -> Outcome {
    let mut words = words.to_vec();
    let iterations = flags::take(&mut words, "--iterations")?.unwrap_or(ITERATIONS_DEFAULT);
    let seed: Option<u64> = flags::take(&mut words, "--seed")?;
    let name = words.pop().unwrap_or_default();
    flags::none_left(&words)?;

    let mut rust_flags = std::env::var("RUSTFLAGS").unwrap_or_default();
    rust_flags.push_str(" --cfg shuttle");
    let mut command = cargo();
    command
        .args(["test", "--locked", "--package", "actor-core", "--lib", "--"])
        .arg(format!("model::{name}"))
        // A folder of its own: other flags would have the ordinary build made anew.
        .env("CARGO_TARGET_DIR", crate::step::root().join("target/model"))
        .env("CARGO_PROFILE_DEV_OPT_LEVEL", "1")
        .env("RUSTFLAGS", rust_flags)
        .env("MODEL_ITERATIONS", iterations.to_string());
    if let Some(seed) = seed {
        command.env("MODEL_SEED", seed.to_string());
    }
    show(&mut command)
}
