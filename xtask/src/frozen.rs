//! `cargo xtask frozen`: a member of a cluster in a process of its own, which is stopped for a minute.

use crate::flags;
use crate::step::{Outcome, cargo, show};

/// Runs the test that CI runs with a shorter stop.
pub(crate) fn run(words: &[String]) -> Outcome {
    let mut words = words.to_vec();
    let seconds: u32 = flags::take(&mut words, "--seconds")?.unwrap_or(60);
    flags::none_left(&words)?;
    show(
        cargo()
            .args(["test", "--workspace", "--test", "promises", "--"])
            .args(["processes::clusters::a_member_that_is_stopped_for_long"])
            .env("FROZEN_SECS", seconds.to_string()),
    )
}
