//! Answers of a peer, handed to those who asked.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
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
pub(super) struct Answered(Vec<(Arc<dyn Asker>, Range<usize>)>);

impl Answered {
    /// Hands on what has come. Wakers and values are others' code: a panic in one must not keep the rest from their answers, who are
    /// known to nobody else any more.
    fn hand_on(&mut self, mut answer: impl FnMut(Arc<dyn Asker>, Range<usize>)) {
        for (asker, place) in self.0.drain(..) {
            if catch_unwind(AssertUnwindSafe(|| answer(asker, place))).is_err() {
                tracing::error!("somebody who asked panicked when the answer came");
            }
        }
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
                        self.answered.0.push((asker, place));
                    }
                }
                Ok(None) => break Ok(taken),
                Err(why) => break Err(why.into()),
            }
        };
        drop(session);
        let (peer, terms) = (&self.peer, &self.conversation.terms);
        self.answered.hand_on(|asker, place| {
            if let Some(Answer { body, .. }) = Answer::of(decoder.taken(place)) {
                asker.answer(peer, terms, body);
            }
        });
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
    use std::sync::atomic::{AtomicUsize, Ordering};

    use actor_core::wire::{Peer, Terms};

    use super::*;

    #[derive(Default)]
    struct Told(AtomicUsize);

    impl Asker for Told {
        fn answer(&self, _peer: &Arc<dyn Peer>, _terms: &Terms, _body: &[u8]) {}

        fn refuse(&self, _why: AskError) {}

        fn is_awaited(&self) -> bool {
            true
        }

        fn has_gone(&self, _to: Arc<dyn Peer>, _call: u64) {}
    }

    #[test]
    fn one_that_panics_when_it_is_answered_keeps_nobody_else_from_the_answer() {
        let asker = Arc::new(Told::default());
        let mut answered = Answered(vec![
            (asker.clone(), 0..0),
            (asker.clone(), 1..1),
            (asker.clone(), 2..2),
        ]);
        let told = asker.clone();
        answered.hand_on(|_, place| {
            told.0.fetch_add(place.start, Ordering::Relaxed);
            assert!(place.start == 1, "its waker fails");
        });
        assert_eq!((asker.0.load(Ordering::Relaxed), answered.0.len()), (3, 0));
    }
}
