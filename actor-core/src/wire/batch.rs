//! Messages that came one behind the other, as they are read to be queued together.

use std::collections::VecDeque;
use std::sync::Arc;

use actor_wire::Wire;

use crate::contain::contain;
use crate::error::AskError;
use crate::handle::Handle;
use crate::mailbox::Entry;
use crate::peer::{self, Arrival, Arrivals, Line, Peer, Terms, Within};
use crate::question::{Envelope, Question, traced};
use crate::trace::Origin;

use super::panicked;

/// So many messages are read before they are queued, if they are small: more take one lock together, fewer wait for one another.
const READ_AT_A_TIME: usize = 32;

/// The memory for more than so many bytes is much slower to be had.
const ENTRIES_BYTES_MAX: usize = 1000;

pub(super) struct Batch<M> {
    /// As they will stand in the mailbox, so that none of them is moved there by itself.
    entries: VecDeque<Entry<M>>,
    /// How many bytes each of them had.
    bytes: VecDeque<usize>,
    /// Whether the message that is being read is a question.
    is_question: bool,
    /// The other ways back in it.
    lines: Vec<Arc<Line>>,
}

impl<M: Wire> Batch<M> {
    const AT_A_TIME: usize = {
        let fit = ENTRIES_BYTES_MAX / size_of::<Entry<M>>();
        if fit < 1 {
            1
        } else if fit < READ_AT_A_TIME {
            fit
        } else {
            READ_AT_A_TIME
        }
    };

    pub(super) fn new() -> Self {
        Self {
            entries: VecDeque::with_capacity(Self::AT_A_TIME),
            bytes: VecDeque::with_capacity(Self::AT_A_TIME),
            is_question: false,
            lines: Vec::new(),
        }
    }

    /// Reads the next messages. Returns whether there were any.
    pub(super) fn read(&mut self, peer: &Arc<dyn Peer>, terms: &Terms, arrivals: &mut dyn Arrivals) -> bool {
        let within = peer::enter(peer);
        while let Err(panic) = contain(|| self.read_on(&within, peer, terms, arrivals)) {
            self.refuse(&within, arrivals, &panicked(&panic));
        }
        let mut found = within.leave();
        if !found.begun.is_empty() {
            arrivals.begin(&mut found.begun);
        }
        found.keep(Vec::new());
        !self.entries.is_empty()
    }

    /// Reads up to the end, or up to where a user's `Deserialize` panics.
    fn read_on(&mut self, within: &Within, peer: &Arc<dyn Peer>, terms: &Terms, arrivals: &mut dyn Arrivals) {
        while self.entries.len() < Self::AT_A_TIME
            && let Some(arrival) = arrivals.next()
        {
            let Arrival {
                body,
                asked,
                trace,
                bytes,
            } = arrival;
            self.is_question = asked.is_some();
            if let Some(asked) = asked {
                within.ask(asked);
            }
            match terms.codec.decode(body, &terms.limits) {
                Ok(msg) => {
                    self.bytes.push_back(bytes);
                    let question = self.question(within);
                    let origin = trace.and_then(|context| Origin::of(*context, peer.propagator()?));
                    let question = traced(question, origin);
                    self.entries.push_back(Entry::Message(Envelope { msg, question }));
                }
                Err(why) => self.refuse(within, arrivals, &why.to_string()),
            }
        }
    }

    /// The question of a message that was read, if the reply port that it is asked by was in it.
    #[inline]
    fn question(&mut self, within: &Within) -> Option<Arc<dyn Question>> {
        within.exchange_lines(&mut self.lines);
        if !self.lines.is_empty() {
            self.lines.drain(..).for_each(|line| line.open());
        }
        if !self.is_question {
            return None;
        }
        within.begun().map(|line| line as Arc<dyn Question>)
    }

    /// Says that the bytes are no message.
    #[cold]
    fn refuse(&mut self, within: &Within, arrivals: &mut dyn Arrivals, why: &str) {
        within.exchange_lines(&mut self.lines);
        for line in self.lines.drain(..) {
            line.open();
            line.answer(Err(AskError::NotUnderstood(why.to_owned())));
        }
        if self.is_question {
            within.is_not_begun();
        }
        arrivals.not_understood(why);
    }

    /// Queues them, as long as nothing stands in their way. Those that are left come back, each with its size.
    pub(super) fn queue(&mut self, to: &Handle<M>) -> impl Iterator<Item = (Envelope<M>, usize)> {
        let read = self.entries.len();
        to.send_many(&mut self.entries);
        self.bytes.drain(..read - self.entries.len());
        let left = self.entries.drain(..).zip(self.bytes.drain(..));
        left.filter_map(|(entry, bytes)| match entry {
            Entry::Message(envelope) => Some((envelope, bytes)),
            // None was read.
            _ => None,
        })
    }
}
