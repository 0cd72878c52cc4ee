//! What waits to be written to one peer: two lanes, a budget, and pieces of what is large.
//!
//! *Control* goes before *data*. Small data is one buffer, taken whole: so batching comes by itself. A frame longer than a chunk
//! goes piece by piece, a few for each write, between which everything else passes, but for what goes to the same receiver: that
//! waits behind it. A frame that goes *behind* data waits until all data that came before it is complete.
//!
//! # How it is used
//! A sender encodes its message (outside the lock that guards this value), asks with [`Outbox::try_admit`] or [`Outbox::admit`], and gives it to [`Outbox::push`]; one that
//! waits and goes away calls [`Outbox::forget`]. One that can wait asks for its turn with [`Outbox::wait_for_writer`]. The writer calls [`Outbox::take`], writes all of it, calls [`Outbox::written`], and
//! begins again until there is nothing to take; then it parks, and the first push says so. [`Outbox::propose`] when nobody needs the connection. [`Outbox::credit`] when a `Credit` comes. [`Outbox::close`] when the connection ends. Wakers are woken when the lock
//! is free.

mod batch;
mod lane;
mod room;

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Waker;

use super::budget::{Budget, Ticket};
use super::numbers::{ByNumber, by_number};
use crate::config::STREAMS;
use crate::id::ExportId;
use crate::wire::frame;
use crate::wire::message::Head;
use crate::wire::protocol::{AFTER_AT, Frame, MESSAGE_OVERHEAD_BYTES};

/// So many pieces go in one write: fewer have the peer wake up more often, more have small messages wait longer.
const PIECES_PER_WRITE: usize = 4;

/// A buffer larger than this is given back, and not kept for the next large message.
const SPARE_BYTES_MAX: usize = 2 << 20;

/// When so much is ready and the writer was told, but did not come yet, senders that can wait let it come: a whole window written at
/// once has the peer idle before it, and does not fit into any cache.
const AHEAD_BYTES_MAX: usize = 64 << 10;

pub(crate) use batch::Batch;
use lane::{Lane, Waiting};

/// To whom data goes, as far as its order matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Receiver {
    /// An actor: `Tell`, `Ask`, and what follows them (`Cancel`, `Release`).
    Export(ExportId),
    /// Who asked: `Answer`.
    Call(u64),
    /// Who answers a `Spawn`, whose arguments may be large.
    Request(u64),
}

/// Whether a frame is one of those that are numbered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Numbered {
    Yes,
    No,
}

/// Where a sender stands that asks for room.
#[derive(Debug, Default)]
pub(crate) struct Admission {
    window: Ticket,
    has_window: bool,
    room: Ticket,
}

/// What became of asking for room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admitted {
    /// The frame may be pushed.
    Yes,
    /// Not yet: the waker will be woken.
    Waits,
    /// The connection is given up, or goes on at once: whoever asks again will hear.
    Rests,
    /// The connection has ended.
    Closed,
}

/// What a message that was queued leaves to be done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent {
    pub(crate) tell_writer: bool,
    /// Who comes next is to let the writer come first.
    pub(crate) is_ahead: bool,
}

/// What is left when the connection has ended.
#[derive(Debug, Default)]
pub(crate) struct Unsent {
    /// Everybody who waits, to be woken: they will find it closed.
    pub(crate) wake: Vec<Waker>,
    /// Numbered frames that were never taken.
    pub(crate) frames: u64,
}

/// The bounds of an outbox, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OutboxLimits {
    /// The longest piece.
    pub(crate) chunk_bytes: usize,
    /// How much may wait to be written.
    pub(crate) outbox_bytes_max: usize,
    /// How much may be under way to one actor of the peer; the last message may exceed it.
    pub(crate) window_bytes: usize,
}

#[derive(Debug)]
pub(crate) struct Outbox {
    limits: OutboxLimits,
    control: Vec<u8>,
    ready: Vec<u8>,
    ready_frames: u64,
    lanes: VecDeque<Lane>,
    /// Where large messages come one after the other, the next finds memory that is there already.
    spare: Vec<u8>,
    behind: VecDeque<Behind>,
    /// Numbered or not, everything that was ever pushed as data.
    pushed: u64,
    /// Numbered frames that are complete, on the wire or in `ready`.
    complete: u64,
    next_stream: u32,
    room: Budget,
    windows: ByNumber<ExportId, Budget>,
    /// What `ready` and the finished frames of lanes took of `room`: waiting, and being written.
    ready_cost: usize,
    writing_cost: usize,
    /// The last proposal to close, and whether nothing but upkeep was pushed since.
    round: u64,
    is_proposed: bool,
    /// Nothing may begin: it is being closed, as nobody needs it.
    rests: bool,
    /// The writer has found nothing, and is to be told when there is something.
    parked: bool,
    /// It writes what it took.
    is_writing: bool,
    /// Senders that let it come first.
    behind_writer: Vec<Waker>,
    closed: bool,
}

#[derive(Debug)]
struct Behind {
    place: u64,
    bytes: Vec<u8>,
}

/// What a message takes of the budgets: an empty one is not free.
pub(crate) fn cost(body_bytes: usize) -> usize {
    body_bytes + MESSAGE_OVERHEAD_BYTES
}

impl Outbox {
    pub(crate) fn new(limits: OutboxLimits) -> Self {
        Self {
            limits,
            control: Vec::new(),
            ready: Vec::new(),
            ready_frames: 0,
            lanes: VecDeque::new(),
            spare: Vec::new(),
            behind: VecDeque::new(),
            pushed: 0,
            complete: 0,
            next_stream: 0,
            room: Budget::new(limits.outbox_bytes_max),
            windows: by_number(),
            ready_cost: 0,
            writing_cost: 0,
            round: 0,
            is_proposed: false,
            rests: false,
            parked: true,
            is_writing: false,
            behind_writer: Vec::new(),
            closed: false,
        }
    }

    /// Whether such a frame goes whole, and has nothing to wait for.
    #[inline]
    fn is_small(&self, head: &Head, body: &[u8]) -> bool {
        self.lanes.is_empty() && !self.closed && head.len() + body.len() <= self.limits.chunk_bytes
    }

    /// Queues a message or an answer as [`push`](Self::push) does, where nothing of it has to wait for its turn. `None`: it is to be pushed.
    #[inline]
    pub(crate) fn push_small(&mut self, cost: usize, head: &Head, body: &[u8]) -> Option<bool> {
        if !self.is_small(head, body) {
            return None;
        }
        self.is_proposed = false;
        self.pushed += 1;
        head.put(body, &mut self.ready);
        Some(self.is_ready(Numbered::Yes, cost))
    }

    /// Queues a `Tell` where there is room now, too. `None`: it is to be admitted, and pushed.
    #[inline]
    pub(crate) fn push_plain(&mut self, to: ExportId, body: &[u8]) -> Option<Sent> {
        let (head, cost) = (Head::message(to, None), cost(body.len()));
        if !self.is_small(&head, body) || self.try_admit(to, cost) != Admitted::Yes {
            return None;
        }
        Some(Sent {
            tell_writer: self.push_small(cost, &head, body)?,
            is_ahead: self.is_ahead(),
        })
    }

    /// A frame stands in `ready`. Returns whether the writer is to be told.
    #[inline]
    fn is_ready(&mut self, numbered: Numbered, cost: usize) -> bool {
        self.ready_cost += cost;
        if numbered == Numbered::Yes {
            self.complete += 1;
            self.ready_frames += 1;
        }
        self.has_more()
    }

    /// Queues a frame as data: `head`, its kind and fields but the last one, and `body`. A large body is taken, with an empty one left in its
    /// place, and not copied. `cost` is what was admitted for it, or 0. Returns whether the writer is to be told.
    pub(crate) fn push(
        &mut self,
        to: Receiver,
        numbered: Numbered,
        cost: usize,
        head: &[u8],
        body: &mut Vec<u8>,
    ) -> bool {
        if self.closed {
            return false;
        }
        self.is_proposed = false;
        self.pushed += 1;
        let found = self.lanes.iter().position(|lane| lane.to == to);
        if found.is_none() && head.len() + body.len() <= self.limits.chunk_bytes {
            frame::put(head, body, &mut self.ready);
            return self.is_ready(numbered, cost);
        }
        let lane = match found.and_then(|at| self.lanes.get_mut(at)) {
            None => {
                self.lanes.push_back(Lane {
                    to,
                    stream: 0,
                    sent: 0,
                    frames: VecDeque::new(),
                });
                self.lanes.back_mut().expect("it was just put there")
            }
            Some(lane) => lane,
        };
        let body = if body.len() > self.limits.chunk_bytes {
            std::mem::replace(body, std::mem::take(&mut self.spare))
        } else {
            body.clone()
        };
        lane.frames.push_back(Waiting {
            place: self.pushed,
            numbered,
            cost,
            head: head.to_vec(),
            body: Arc::new(body),
        });
        self.has_more()
    }

    /// There is something to write. Returns whether the writer is to be told.
    #[inline]
    fn has_more(&mut self) -> bool {
        std::mem::take(&mut self.parked)
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.control.is_empty() && self.ready.is_empty() && self.lanes.is_empty() && self.behind.is_empty()
    }

    /// Proposes to close the connection, if nothing waits. Returns whether the writer is to be told.
    pub(crate) fn propose(&mut self) -> bool {
        if !self.is_empty() {
            return false;
        }
        self.round += 1;
        self.is_proposed = true;
        self.push_control(&Frame::Unneeded { round: self.round })
    }

    /// Whether it was proposed in this round, and nothing was pushed since but upkeep.
    pub(crate) fn is_proposed(&self, round: u64) -> bool {
        self.is_proposed && self.round == round
    }

    /// Takes in no message any more, if nothing waits, or nothing but upkeep since this `proposal` of ours, and nobody has been given room
    /// for one. Returns whether it is so. It lasts until [`goes_on`](Self::goes_on).
    pub(crate) fn rest(&mut self, proposal: Option<u64>) -> bool {
        let is_quiet = proposal.map_or_else(|| self.is_empty(), |round| self.is_proposed(round));
        self.rests = is_quiet && self.room.is_unused();
        self.rests
    }

    /// Whether the connection has ended.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    pub(crate) fn goes_on(&mut self) {
        self.rests = false;
    }

    /// Queues a whole frame before all data. Returns whether the writer is to be told.
    pub(crate) fn push_control(&mut self, frame: &Frame<'_>) -> bool {
        if self.closed {
            return false;
        }
        self.is_proposed &= frame.is_upkeep();
        frame.encode(&mut self.control);
        self.has_more()
    }

    /// Queues a frame that has an `after` behind all data that was pushed before. Its `after` is filled in. Returns whether the writer is
    /// to be told.
    pub(crate) fn push_behind(&mut self, frame: &Frame<'_>) -> bool {
        if self.closed {
            return false;
        }
        self.is_proposed = false;
        let mut bytes = Vec::new();
        frame.encode(&mut bytes);
        self.behind.push_back(Behind {
            place: self.pushed,
            bytes,
        });
        let mut ready = std::mem::take(&mut self.ready);
        self.let_go(&mut ready);
        self.ready = ready;
        self.has_more()
    }

    /// Appends to `out` what was waiting behind data that is complete now.
    fn let_go(&mut self, out: &mut Vec<u8>) {
        let oldest = self
            .lanes
            .iter()
            .filter_map(|lane| lane.frames.front())
            .map(|frame| frame.place)
            .min();
        while let Some(next) = self.behind.front_mut()
            && oldest.is_none_or(|oldest| oldest > next.place)
        {
            next.bytes[AFTER_AT..AFTER_AT + 8].copy_from_slice(&self.complete.to_le_bytes());
            out.extend_from_slice(&next.bytes);
            self.behind.pop_front();
        }
    }

    /// How many frames were ever pushed as data.
    pub(crate) fn pushed(&self) -> u64 {
        self.pushed
    }

    /// How many bytes wait to be written, or are being written.
    pub(crate) fn bytes(&self) -> usize {
        self.room.used() + self.control.len()
    }

    /// Whether more waits than may. Only answers can bring that about.
    pub(crate) fn is_over(&self) -> bool {
        self.room.is_over() || self.control.len() > self.limits.outbox_bytes_max
    }

    /// Whether a sender that can wait is to let the writer come first.
    #[inline]
    pub(crate) fn is_ahead(&self) -> bool {
        !self.parked && !self.is_writing && self.ready.len() >= AHEAD_BYTES_MAX
    }

    /// Lets the writer come first, if it is time for that. Returns whether it is the sender's turn.
    pub(crate) fn wait_for_writer(&mut self, waker: &Waker) -> bool {
        let waits = self.is_ahead();
        if waits && !self.behind_writer.iter().any(|known| known.will_wake(waker)) {
            self.behind_writer.push(waker.clone());
        }
        !waits
    }

    /// Moves into `out` what is to be written next. Returns whether there was anything. An empty `out` costs no copy.
    pub(crate) fn take(&mut self, out: &mut Batch) -> bool {
        let before = out.len();
        for lane in [&mut self.control, &mut self.ready] {
            if out.bytes.is_empty() {
                std::mem::swap(&mut out.bytes, lane);
            } else {
                out.bytes.append(lane);
            }
        }
        out.wake.append(&mut self.behind_writer);
        self.writing_cost += std::mem::take(&mut self.ready_cost);
        self.ready_frames = 0;
        for _ in 0..PIECES_PER_WRITE {
            let Some(mut lane) = self.lanes.pop_front() else { break };
            let turn = self.lanes.len().min(STREAMS - 1);
            if self.send_piece(&mut lane, out) {
                // A lane whose frame is done begins its next one behind those that wait for their first.
                let place = if lane.sent > 0 { turn } else { self.lanes.len() };
                self.lanes.insert(place, lane);
            }
            self.let_go(&mut out.bytes);
        }
        self.parked = out.len() == before;
        self.is_writing = !self.parked;
        !self.parked
    }

    /// Appends the next piece of a lane. Returns whether the lane has more.
    fn send_piece(&mut self, lane: &mut Lane, out: &mut Batch) -> bool {
        let Some(frame) = lane.frames.front() else {
            return false;
        };
        let whole = frame.len();
        let done = if lane.sent == 0 && whole <= self.limits.chunk_bytes {
            frame::put(&frame.head, &frame.body, &mut out.bytes);
            true
        } else {
            if lane.sent == 0 {
                lane.stream = self.next_stream;
                self.next_stream = self.next_stream.wrapping_add(1);
            }
            let end = whole.min(lane.sent + self.limits.chunk_bytes);
            let last = end == whole;
            frame::put_before(end - lane.sent, &Head::chunk(lane.stream, last), &mut out.bytes);
            frame.append_piece(lane.sent, end, out);
            lane.sent = end;
            last
        };
        if done {
            self.writing_cost += frame.cost;
            self.complete += u64::from(frame.numbered == Numbered::Yes);
            lane.sent = 0;
            lane.frames.pop_front();
        }
        !lane.frames.is_empty()
    }

    /// Everything that was taken is written. Whom to wake is added to `wake`.
    pub(crate) fn written(&mut self, written: &mut Batch, wake: &mut Vec<Waker>) {
        self.is_writing = false;
        if let Some(mut body) = written.clear(SPARE_BYTES_MAX) {
            body.clear();
            self.spare = body;
        }
        self.room.give_back(std::mem::take(&mut self.writing_cost), wake);
    }

    /// The connection has ended: nothing is taken any more, and nothing waits.
    pub(crate) fn close(&mut self) -> Unsent {
        let mut unsent = Unsent::default();
        let waiting = self.lanes.iter().flat_map(|lane| &lane.frames);
        unsent.frames = self.ready_frames + waiting.filter(|frame| frame.numbered == Numbered::Yes).count() as u64;
        self.room.dismiss(&mut unsent.wake);
        unsent.wake.append(&mut self.behind_writer);
        let mut windows: Vec<_> = self.windows.iter_mut().collect();
        windows.sort_unstable_by_key(|(to, _)| **to);
        for (_, window) in windows {
            window.dismiss(&mut unsent.wake);
        }
        *self = Self::new(self.limits);
        self.closed = true;
        unsent
    }
}

#[cfg(test)]
mod tests;
