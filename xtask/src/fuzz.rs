//! `cargo xtask fuzz`: hostile bytes, chosen by what they reach, into everything that reads bytes of strangers.

use crate::flags;
use crate::step::{self, Outcome, cargo, show};

const TARGETS: [&str; 4] = ["frames", "handshake", "packets", "decode"];

const SECONDS_DEFAULT: u64 = 20;

/// Runs each target for `--seconds`. What it reaches is added to `fuzz/corpus`, which the tests of the crates replay.
pub(crate) fn run(words: &[String]) -> Outcome {
    let mut words = words.to_vec();
    let seconds = flags::take(&mut words, "--seconds")?.unwrap_or(SECONDS_DEFAULT);
    let chosen = words.pop();
    flags::none_left(&words)?;
    if let Some(other) = chosen.as_deref().filter(|name| !TARGETS.contains(name)) {
        return Err(format!(
            "there is no target `{other}`; the targets are {}",
            TARGETS.join(", ")
        ));
    }
    if step::read(cargo().args(["fuzz", "--version"])).is_none() {
        return Err("cargo-fuzz is not here; `cargo install --locked cargo-fuzz` brings it".to_owned());
    }
    for target in TARGETS
        .into_iter()
        .filter(|name| chosen.as_deref().is_none_or(|chosen| chosen == *name))
    {
        show(
            cargo()
                .args(["fuzz", "run", target, "--", "-max_len=4096"])
                .arg(format!("-max_total_time={seconds}"))
                // Instrumentation is a matter of nightly toolchains; a stable one can do it when it is told so.
                .env("RUSTC_BOOTSTRAP", "1"),
        )?;
    }
    Ok(())
}
