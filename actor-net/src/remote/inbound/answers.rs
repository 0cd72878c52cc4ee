//! Answers of a peer, handed to those who asked.

use std::ops::Range;
use std::sync::Arc;

use actor_core::AskError;
use actor_core::wire::Asker;

use crate::error::Closed;
use crate::wire::frame::Decoder;
use crate::wire::message::Answer;

use super::Inbound;

/// So many askers are looked up under one lock: not more, as those who ask meanwhile wait for it.
const LOOKED_UP_AT_A_TIME: u32 = 32;

/// Those whose answers have come, and where in what was read those are.
pub(super) type Answered = Vec<(Arc<dyn Asker>, Range<usize>)>;

impl Inbound {
    /// Hands answers on, as they come one behind the other. Returns how many those were.
    pub(super) fn answers(&mut self, decoder: &mut Decoder, most: u32) -> Result<u32, Closed> {
        let mut taken = 0;
        let mut session = None;
        let ended = loop {
            if taken == most.min(LOOKED_UP_AT_A_TIME) {
                break Ok(taken);
            }
            match decoder.next_placed(|frame| Answer::of(frame).map(|answer| answer.call)) {
                Ok(Some((call, place))) => {
                    taken += 1;
                    let session = session.get_or_insert_with(|| self.conversation.session());
                    if let Some((asker, _)) = session.calls.settle(call) {
                        self.answered.push((asker, place));
                    }
                }
                Ok(None) => break Ok(taken),
                Err(why) => break Err(why.into()),
            }
        };
        drop(session);
        for (asker, place) in self.answered.drain(..) {
            if let Some(Answer { body, .. }) = Answer::of(decoder.taken(place)) {
                asker.answer(&self.peer, &self.conversation.terms, body);
            }
        }
        self.handed_on += u64::from(taken);
        if taken > 0 {
            self.goes_on();
        }
        ended
    }

    /// Hands on one that came in pieces, or packed.
    pub(super) fn answer(&mut self, call: u64, body: &[u8]) {
        let asked = self.conversation.session().calls.settle(call);
        if let Some((asker, _)) = asked {
            asker.answer(&self.peer, &self.conversation.terms, body);
        }
        self.handed_on += 1;
    }

    /// Tells who asked that there will be no answer.
    pub(super) fn unanswered(&self, call: u64, why: AskError) {
        let asked = self.conversation.session().calls.settle(call);
        if let Some((asker, _)) = asked {
            asker.refuse(why);
        }
    }
}
