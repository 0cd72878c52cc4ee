//! `cargo xtask soak`: builds the soak with optimisation and hands every word on to it.

use crate::step::{Outcome, cargo, show};

/// Runs the `soak` package with `words`.
pub(crate) fn run(words: &[String]) -> Outcome {
    show(
        cargo()
            .args(["run", "--quiet", "--release", "--locked", "--package", "soak", "--"])
            .args(words)
            // Or memory that was freed stays in as many arenas as there were threads, and looks like a leak.
            .env("MALLOC_ARENA_MAX", "2")
            .env("MALLOC_TRIM_THRESHOLD_", "131072"),
    )
}
