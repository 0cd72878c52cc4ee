//! `cargo xtask bench`: builds the benchmarks with optimisation and hands every word on to them.

use crate::step::{Outcome, cargo, show};

/// Runs the `benches` package with `words`.
pub(crate) fn run(words: &[String]) -> Outcome {
    show(
        cargo()
            .args(["run", "--quiet", "--profile", "measure", "--package", "benches", "--"])
            .args(words),
    )
}
