//! The bytes that an actor holds which has taken a message and waits for the next.

use super::many;
use crate::framework::Framework;

/// Only a process that has done nothing before can tell.
pub(super) async fn run<F: Framework>(world: F::World, operations: u64) -> f64 {
    let before = resident_bytes();
    let actors = many::actors::<F>(&world, operations).await;
    let now = resident_bytes();
    let addresses = size_of::<F::Ref<super::sum::Sum>>() as u64 * operations;
    println!("{}", (now - before - addresses) as f64 / operations as f64);
    drop(actors);
    // Their ends are not measured, and can take long.
    std::process::exit(0)
}

/// What the process holds in memory, or nothing where there is no `/proc`.
fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}
