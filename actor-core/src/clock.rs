//! The clock: the one place that reads it, so that everything that has rules can take the time as an argument.

use tokio::time::Instant;

/// The present, by the runtime's clock: it stands still where a test has paused it.
#[expect(clippy::disallowed_methods, reason = "this room owns the clock")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
