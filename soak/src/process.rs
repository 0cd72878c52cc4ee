//! What is known of this process: its memory, and the time that it has computed.

use std::fs;
use std::time::Duration;

use peak_alloc::PeakAlloc;

/// Counts what is allocated and not freed: memory that the allocator keeps for later looks like a leak from outside.
#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

pub(crate) fn allocated_kib() -> u64 {
    HEAP.current_usage() as u64 / 1024
}

/// The kernel counts computing time in hundredths of a second, whatever the machine.
const TICK: Duration = Duration::from_millis(10);

/// Memory in use, in KiB; `None` where there is no `/proc`.
pub(crate) fn resident_kib() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// How long the threads of this process have computed, all together.
pub(crate) fn computed() -> Option<Duration> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program stands in parentheses, and may contain anything.
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u32>().ok();
    Some(TICK * (ticks()? + ticks()?))
}
