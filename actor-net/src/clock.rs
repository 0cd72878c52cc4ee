//! The only reading of the clock: that of the runtime, which a test can pause. The pure rooms are given what it says.

use std::sync::OnceLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

#[expect(clippy::disallowed_methods, reason = "this room owns the clock")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// The time of the world in nanoseconds, which jumps when somebody sets it.
#[expect(clippy::disallowed_methods, reason = "this room owns the clock")]
pub(crate) fn wall_nanos() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// The same by the clock that a test can pause, counted from the middle of what a number can hold: each paused clock has a beginning of its own,
/// and only nodes on the same one are compared.
pub(crate) fn paused_nanos() -> u64 {
    static MIDDLE: OnceLock<Instant> = OnceLock::new();
    let (now, middle) = (now(), *MIDDLE.get_or_init(now));
    let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX >> 1);
    let (after, before) = (
        now.saturating_duration_since(middle),
        middle.saturating_duration_since(now),
    );
    (1 << 63) + nanos(after) - nanos(before)
}
