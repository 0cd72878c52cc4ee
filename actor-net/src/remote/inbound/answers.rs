//! Answers of a peer, handed to those who asked.

use crate::error::Closed;
use crate::wire::frame::Decoder;
use crate::wire::message::Answer;

use super::Inbound;

impl Inbound {
    /// Hands answers on, as they come one behind the other. Returns how many those were.
    pub(super) fn answers(&mut self, decoder: &mut Decoder, most: u32) -> Result<u32, Closed> {
        let mut taken = 0;
        while taken < most
            && let Some(Answer { call, body }) = decoder.next_if(Answer::of)?
        {
            taken += 1;
            self.answer(call, body);
        }
        if taken > 0 {
            self.goes_on();
        }
        Ok(taken)
    }

    pub(super) fn answer(&mut self, call: u64, body: &[u8]) {
        let asked = self.conversation.session().calls.settle(call);
        if let Some((asker, _)) = asked {
            asker.answer(&self.peer, &self.conversation.terms, body);
        }
        self.handed_on += 1;
    }
}
