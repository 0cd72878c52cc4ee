//! What may bring more to be written waits, while too much of that waits already.

use crate::error::Closed;
use crate::wire::protocol::Frame;

use super::Inbound;

/// So much of it is carried out in a row.
const LATE_AT_A_TIME: usize = 64;

impl Inbound {
    /// Looks whether too much waits to be written. If it does not, carries out some of what was kept meanwhile; returns whether there is more of
    /// it, when others have had their turn.
    ///
    /// # Errors
    /// As for [`next`](Self::next).
    pub(in crate::remote) fn catch_up(&mut self) -> Result<bool, Closed> {
        for _ in 0..LATE_AT_A_TIME {
            self.holds = self.conversation.is_over();
            if self.holds {
                return Ok(false);
            }
            let Some(frame) = self.late.take() else {
                return Ok(false);
            };
            self.carry_out(&frame, Frame::parse(&frame)?)?;
        }
        // Nothing passes what is kept.
        self.holds = !self.late.is_empty();
        Ok(self.holds)
    }

    /// Nothing more comes, for this reason: what was kept is carried out, as it would have been when it came. Returns the reason, which may be
    /// among that.
    pub(in crate::remote) fn end(&mut self, why: Closed) -> Closed {
        self.holds = false;
        while let Some(frame) = self.late.take() {
            let parsed = Frame::parse(&frame).map_err(Closed::from);
            if let Err(why) = parsed.and_then(|parsed| self.carry_out(&frame, parsed)) {
                return why;
            }
        }
        why
    }

    /// Whether what may bring more to be written is kept.
    pub(in crate::remote) fn holds(&self) -> bool {
        self.holds
    }

    /// Whether more can be kept, if it has to be.
    pub(in crate::remote) fn has_room(&self) -> bool {
        self.late.has_room()
    }
}
