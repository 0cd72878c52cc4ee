//! `cargo xtask bench`: actor-core beside hand-written tasks and the other frameworks.

use crate::step::{self, Outcome, cargo, show};

/// Runs the `peers` package, which is no part of the workspace, with `words`.
pub(crate) fn run(words: &[String]) -> Outcome {
    let mut command = cargo();
    command
        .current_dir(step::root().join("benches/peers"))
        .args(["run", "--quiet", "--release", "--locked"]);
    // What the others need to reach another process makes their local messages slower: it is built for that alone.
    if words.iter().any(|word| word == "remote") {
        command.args(["--features", "remote"]);
    }
    show(command.arg("--").args(words))
}
