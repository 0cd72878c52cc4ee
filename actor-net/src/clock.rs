//! The only reading of the clock: that of the runtime, which a test can pause. The pure rooms are given what it says.

use tokio::time::Instant;

#[expect(clippy::disallowed_methods, reason = "this room owns the clock")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
