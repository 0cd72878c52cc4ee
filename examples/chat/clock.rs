//! The only place that reads a clock; everything else is told the time.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The time for measuring spans, which follows the runtime's clock.
pub fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// The time of day, in milliseconds since the Unix epoch.
pub fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
