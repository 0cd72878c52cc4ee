//! Chance that strangers cannot guess; the one place that asks the operating system for it.

use ring::rand::{SecureRandom, SystemRandom};

/// Bytes nobody can foresee.
///
/// # Panics
/// If the operating system has none to give: nothing that is to be secret could be made then.
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SystemRandom::new()
        .fill(&mut bytes)
        .expect("the operating system gives random bytes");
    bytes
}
