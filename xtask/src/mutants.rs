//! `cargo xtask mutants`: breaks actor-core in one place after the other, and asks the tests whether they notice.

use crate::step::{self, Outcome, cargo, show};

/// The rooms whose faults would be the hardest to see: who lives, who ends, and what waits.
const FILES: [&str; 8] = [
    "actor-core/src/supervision/*.rs",
    "actor-core/src/supervisor.rs",
    "actor-core/src/family.rs",
    "actor-core/src/regroup.rs",
    "actor-core/src/stop.rs",
    "actor-core/src/mailbox.rs",
    "actor-core/src/mailbox/*.rs",
    "actor-core/src/spawn/*.rs",
];

/// Hands `words` on to cargo-mutants; with files among them, these are broken instead.
pub(crate) fn run(words: &[String]) -> Outcome {
    if step::read(cargo().args(["mutants", "--version"])).is_none() {
        return Err("cargo-mutants is not here; `cargo install --locked cargo-mutants` brings it".to_owned());
    }
    let mut command = cargo();
    // What is left out, and why, stands in .cargo/mutants.toml, with the tests that are asked.
    command.args(["mutants", "--package", "actor-core", "--output", "target"]);
    if !words.iter().any(|word| word == "--file" || word == "-f") {
        command.args(FILES.iter().flat_map(|file| ["--file", file]));
    }
    show(command.args(words))
}
