//! Answers of a peer, handed to those who asked.

use std::collections::VecDeque;
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
#[derive(Default)]
pub(super) struct Answered(VecDeque<(Arc<dyn Asker>, Range<usize>)>);

impl Drop for Answered {
    /// There are any only where one of them panicked when it was woken: nobody else tells the others.
    fn drop(&mut self) {
        self.0.drain(..).for_each(|(asker, _)| asker.refuse(AskError::NodeDown));
    }
}

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
                        self.answered.0.push_back((asker, place));
                    }
                }
                Ok(None) => break Ok(taken),
                Err(why) => break Err(why.into()),
            }
        };
        drop(session);
        while let Some((asker, place)) = self.answered.0.pop_front() {
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

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use actor_core::wire::{Peer, Terms};

    use super::*;

    #[derive(Default)]
    struct Told(Mutex<Vec<AskError>>);

    impl Asker for Told {
        fn answer(&self, _peer: &Arc<dyn Peer>, _terms: &Terms, _body: &[u8]) {}

        fn refuse(&self, why: AskError) {
            self.0.lock().expect("nobody panics").push(why);
        }

        fn is_awaited(&self) -> bool {
            true
        }

        fn has_gone(&self, _to: Arc<dyn Peer>, _call: u64) {}
    }

    #[test]
    fn those_who_were_looked_up_and_not_answered_are_told_so() {
        let told = Arc::new(Told::default());
        let mut answered = Answered::default();
        answered.0.push_back((told.clone(), 0..0));
        answered.0.push_back((told.clone(), 0..0));
        drop(answered.0.pop_front());
        drop(answered);
        assert_eq!(*told.0.lock().expect("nobody panics"), [AskError::NodeDown]);
    }
}
