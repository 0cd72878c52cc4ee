//! `cargo xtask mutants`: breaks actor-core in one place after the other, and asks the tests whether they notice.

use std::time::{Duration, Instant};

use crate::step::{self, Outcome, cargo, show, show_or};

/// The rooms whose faults would be the hardest to see: who lives, who ends, and what waits.
const FILES: [&str; 11] = [
    "actor-core/src/supervision/*.rs",
    "actor-core/src/supervisor.rs",
    "actor-core/src/family.rs",
    "actor-core/src/regroup.rs",
    "actor-core/src/stop.rs",
    "actor-core/src/mailbox.rs",
    "actor-core/src/mailbox/*.rs",
    "actor-core/src/signal.rs",
    "actor-core/src/child.rs",
    "actor-core/src/spawn.rs",
    "actor-core/src/spawn/*.rs",
];

/// Who is asked: the unit tests, and the promises about actors of one process. The others, and the random trees (the
/// matrix knows the same rules), take longer than all of these.
const TESTS: [&str; 18] = [
    "--lib",
    "--test",
    "promises",
    "--",
    "--skip",
    "chat::",
    "--skip",
    "hostile::",
    "--skip",
    "node",
    "--skip",
    "otp::trees",
    "--skip",
    "processes::",
    "--skip",
    "sites::",
    "--skip",
    "tidy::",
];

/// A test that hangs for so long, however quick the others are, is a mutant found.
const HANGS_MIN: Duration = Duration::from_secs(20);

/// How cargo-mutants ends where each mutant was found, and some of them by a test that hung.
const SOME_HUNG: i32 = 3;

/// Hands `words` on to cargo-mutants; with files among them, these are broken instead.
pub(crate) fn run(words: &[String]) -> Outcome {
    if step::read(cargo().args(["mutants", "--version"])).is_none() {
        return Err("cargo-mutants is not here; `cargo install --locked cargo-mutants` brings it".to_owned());
    }
    let mut command = cargo();
    // What is left out, and why, stands in .cargo/mutants.toml.
    command.args(["mutants", "--package", "actor-core", "--output", "target"]);
    if !words.iter().any(|word| word == "--file" || word == "-f") {
        command.args(FILES.iter().flat_map(|file| ["--file", file]));
    }
    command.args(words);
    if words.iter().any(|word| word == "--list") {
        return show(&mut command);
    }
    let hangs = HANGS_MIN.max(3 * unbroken()?).as_secs().to_string();
    command.args(["--baseline", "skip", "--timeout", &hangs]);
    command
        .args(["--test-package", "actor-core,promises", "--"])
        .args(TESTS);
    show_or(&mut command, SOME_HUNG)
}

/// How long the tests take when nothing is broken. What cargo-mutants would measure is the unit tests alone.
fn unbroken() -> Outcome<Duration> {
    let tests = || {
        let mut tests = cargo();
        tests.args(["test", "--package", "actor-core", "--package", "promises"]);
        tests
    };
    show(tests().args(["--lib", "--test", "promises", "--no-run"]))?;
    let begun = Instant::now();
    show(tests().args(TESTS))?;
    Ok(begun.elapsed())
}
