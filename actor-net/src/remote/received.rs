//! What came for actors here, of which their senders do not know yet whether it was taken.

use std::collections::HashMap;

use crate::id::ExportId;

/// What came for each actor and was not given back to the sender's window.
#[derive(Default)]
pub(super) struct Received {
    pub(super) by_export: HashMap<ExportId, Window>,
    /// Those with something to give back.
    pub(super) to_credit: Vec<ExportId>,
}

#[derive(Default)]
pub(super) struct Window {
    /// What waits beyond the bound of the mailbox.
    pub(super) waiting: isize,
    pub(super) to_credit: usize,
    pub(super) is_listed: bool,
    /// The peer has let go of the actor: what is left here goes when nothing waits.
    pub(super) is_released: bool,
}

impl Window {
    pub(super) fn is_over(&self) -> bool {
        self.is_released && self.waiting == 0
    }
}

impl Received {
    pub(super) fn credit(&mut self, to: ExportId, cost: usize, worth: usize) {
        let window = self.by_export.entry(to).or_default();
        window.to_credit += cost;
        if window.to_credit >= worth && !window.is_listed {
            window.is_listed = true;
            self.to_credit.push(to);
        }
    }
}
