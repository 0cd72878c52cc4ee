//! The time that processes spent on a processor, as the kernel counts it.

use std::fs;
use std::time::Duration;

/// Of all threads of these processes. Zero where there is no `/proc`.
pub(super) fn spent(processes: &[u32]) -> Duration {
    let threads = processes.iter().flat_map(|process| {
        let folder = fs::read_dir(format!("/proc/{process}/task"));
        folder.into_iter().flatten().flatten()
    });
    let nanos = threads.filter_map(|thread| {
        let words = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        words.split_whitespace().next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanos.sum())
}
