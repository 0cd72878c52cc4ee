//! `cargo xtask floor` and `cargo xtask guard`: actor-core beside what one would write by hand, by time or by counts.

use crate::step::{Outcome, cargo, show};

/// Runs the `benches` package, with all of its optimisation, with `words`.
pub(crate) fn run(words: &[String]) -> Outcome {
    show(
        cargo()
            .args(["run", "--quiet", "--profile", "measure", "--package", "benches", "--"])
            .args(words),
    )
}

/// Holds counts to what was committed, or commits them with `--renew`.
///
/// By the profile that `soak` is built with, so that CI builds what both need once, and without the network.
pub(crate) fn guard(words: &[String]) -> Outcome {
    let (flag, features) = match words {
        [] => ("--guard", ""),
        [word] if word == "--renew" => ("--renew", ""),
        [word] if word == "--metered" => ("--guard", "metrics"),
        _ => return Err("guard takes no word but --renew or --metered".to_owned()),
    };
    show(cargo().args([
        "run",
        "--quiet",
        "--release",
        "--locked",
        "--package",
        "benches",
        "--no-default-features",
        "--features",
        features,
        "--",
        flag,
    ]))
}
