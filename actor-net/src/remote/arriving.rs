//! Messages for one actor, one behind the other, as they are taken out of what was read.

use std::sync::Arc;
use std::time::Duration;

use actor_core::wire::{Arrival, Arrivals, Asked, Line, TraceContext};
use tokio::time::Instant;

use crate::clock::now;
use crate::error::Closed;
use crate::id::ExportId;
use crate::peer::outbox::cost;
use crate::wire::codes::{Goodbye, Unanswered};
use crate::wire::frame::Decoder;
use crate::wire::message::{Headers, Message, Question};
use crate::wire::protocol::Frame;

use super::conversation::Conversation;

/// Where the messages are.
pub(super) enum Source<'a> {
    /// Whole frames, and what else was read: it ends before the first that is no message for this actor.
    Stream(&'a mut Decoder),
    /// One that came in pieces, or packed.
    One(Option<Message<'a>>),
}

pub(super) struct Arriving<'a> {
    to: ExportId,
    source: Source<'a>,
    conversation: &'a Conversation,
    /// How the actor is called in a log.
    path: &'a dyn std::fmt::Display,
    /// So many more may be taken.
    left: u32,
    now: Option<Instant>,
    last: Option<Asked>,
    pub(super) outcome: Outcome,
    waiting_max: usize,
}

/// What became of them.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// How many were taken.
    pub(super) taken: u32,
    /// How many of them wait beyond the bound of the mailbox.
    pub(super) held: u32,
    /// What the others cost of the sender's window.
    pub(super) cost: usize,
    /// The conversation has to end.
    pub(super) broken: Option<Closed>,
}

impl<'a> Arriving<'a> {
    /// At most so many messages to an actor, of which no more than so many bytes may wait beyond its bound.
    pub(super) fn new(
        to: ExportId,
        source: Source<'a>,
        most: u32,
        waiting_max: usize,
        path: &'a dyn std::fmt::Display,
        conversation: &'a Conversation,
    ) -> Self {
        Self {
            to,
            source,
            conversation,
            path,
            left: most,
            now: None,
            last: None,
            outcome: Outcome::default(),
            waiting_max,
        }
    }

    /// Answers each question among them, as there is no such actor any more.
    pub(super) fn turn_away(&mut self) {
        while self.next().is_some() {
            tracing::debug!(peer = %self.conversation.peer, export = ?self.to, "a message for an actor that is not there any more");
            self.unanswered(Unanswered::NoExport, "");
        }
    }

    /// Answers a question that never began; by a number that it could not have begun by, it ends the conversation as any other does.
    fn unanswered(&mut self, code: Unanswered, words: &str) {
        if let Some(Asked { call, .. }) = self.last {
            if self.conversation.session().their_calls.admits(call) {
                self.conversation.control(&Frame::Unanswered { call, code, words });
            } else {
                self.outcome.broken = Some(Closed::Ended(Goodbye::Limit));
            }
        }
    }
}

/// The trace that a message is part of. What is none is as if it were not there.
#[cold]
fn context(headers: Headers<'_>) -> Option<Box<TraceContext>> {
    let (parent, state) = headers.text()?;
    TraceContext::parse(parent, state).map(Box::new)
}

/// What a question says of itself, as of now.
fn asked(now_known: &mut Option<Instant>, question: Question) -> Asked {
    let Question { call, deadline_millis } = question;
    let deadline = deadline_millis.map(|left| {
        let now = *now_known.get_or_insert_with(now);
        now + Duration::from_millis(left.into())
    });
    Asked { call, deadline }
}

impl Arrivals for Arriving<'_> {
    fn next(&mut self) -> Option<Arrival<'_>> {
        if self.left == 0 || self.outcome.broken.is_some() {
            return None;
        }
        let to = self.to;
        let message = match &mut self.source {
            // What is wrong with the stream is said to whoever looks for the next frame.
            Source::Stream(decoder) => decoder
                .next_if(|frame| Message::of(frame).filter(|message| message.to == to))
                .ok()
                .flatten()?,
            Source::One(message) => message.take()?,
        };
        self.left -= 1;
        self.outcome.taken += 1;
        self.outcome.cost += cost(message.bytes());
        self.last = message.question.map(|question| asked(&mut self.now, question));
        Some(Arrival {
            body: message.body,
            asked: self.last,
            trace: message.trace.and_then(context),
            bytes: message.bytes(),
        })
    }

    fn begin(&mut self, lines: &mut Vec<Arc<Line>>) {
        let mut session = self.conversation.session();
        for line in lines.drain(..) {
            line.open();
            if let Err((line, _)) = session.their_calls.begin_as(line.call(), line) {
                line.hang_up();
                self.outcome.broken = Some(Closed::Ended(Goodbye::Limit));
            }
        }
    }

    fn not_understood(&mut self, why: &str) {
        if let Some(times) = self.conversation.complaints.messages.once_more() {
            let (peer, path) = (&self.conversation.peer, self.path);
            tracing::warn!(%peer, %path, why, times, "a message that its actor does not understand");
        }
        self.unanswered(Unanswered::Undecodable, why);
    }

    fn held(&mut self, bytes: usize) {
        self.outcome.cost -= cost(bytes);
        self.outcome.held += 1;
        if self.conversation.received().waits(self.to, cost(bytes)) > self.waiting_max {
            self.outcome.broken = Some(Closed::Ended(Goodbye::Limit));
        }
    }
}
