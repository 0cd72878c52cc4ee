//! How often what a peer does in vain is worth a line of the log.

use std::sync::atomic::{AtomicU64, Ordering};

/// What costs a peer no connection it can do without end, and no log is to be filled by it.
#[derive(Debug, Default)]
pub(super) struct Complaints {
    /// Messages that their actors do not understand.
    pub(super) messages: Complaint,
    /// Orders and links that this node does not allow.
    pub(super) orders: Complaint,
}

#[derive(Debug, Default)]
pub(super) struct Complaint(AtomicU64);

impl Complaint {
    /// One more. Returns how many that makes, if it is to be said: at first, and then each time that there were twice as many.
    pub(super) fn once_more(&self) -> Option<u64> {
        let times = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        times.is_power_of_two().then_some(times)
    }
}
