//! `cargo xtask miri`: runs actor-core's unit tests in Miri, which finds what is undefined in the crates beneath it.

use crate::step::{self, Outcome, cargo, show};

/// Hands `words` on to the test binary.
pub(crate) fn run(words: &[String]) -> Outcome {
    if step::read(cargo().args(["miri", "--version"])).is_none() {
        return Err(
            "Miri is not here. It is a component of the nightly toolchain alone:\n       \
             rustup toolchain install nightly --component miri\n       \
             cargo +nightly xtask miri"
                .to_owned(),
        );
    }
    show(
        cargo()
            .args(["miri", "test", "--locked", "--package", "actor-core", "--lib", "--"])
            .args(words)
            .env("CARGO_TARGET_DIR", step::root().join("target/miri"))
            // The tests ask for the time, and start a thread that sleeps.
            .env("MIRIFLAGS", "-Zmiri-disable-isolation"),
    )
}
