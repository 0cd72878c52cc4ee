//! What waits to be written to one client: lines shared with others, bounded in bytes.
//!
//! Anyone may add a line and nobody waits to do so; the client's wire takes all that is there and writes it in one go.
//! When an actor has handled a message, each line of it is in its receivers' outboxes; so what a client is answered
//! later is written later than what it caused at others.
//!
//! The lines of an answer to a labelled command need to know of each other: one alone carries the label, several are put
//! into a batch, and none is acknowledged. So the first line of an answer is held back until the second, or the end.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;

use crate::protocol::caps::Caps;
use crate::protocol::delivery::{self, Delivery};
use crate::protocol::line::Line;

/// An empty queue with room for more than this gives it back.
const KEPT_LINES: usize = 32;

/// One client's outbound queue.
#[derive(Debug)]
pub struct Outbox {
    server: String,
    caps: AtomicU32,
    active_s: AtomicU64,
    bytes_max: usize,
    queue: Mutex<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    lines: VecDeque<Bytes>,
    waiting_bytes: usize,
    taken_bytes: usize,
    response: Option<Response>,
    batches: u32,
    phase: Phase,
    waker: Option<Waker>,
    wants_lines: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Phase {
    #[default]
    Open,
    Closed,
    Overflown,
}

#[derive(Debug)]
struct Response {
    label: String,
    batched: bool,
    lines: usize,
    held: Option<(usize, String, Bytes)>,
    batch: String,
}

/// What the wire finds.
#[derive(Debug, PartialEq, Eq)]
pub enum Taken {
    /// Lines to write.
    Lines,
    /// Everything was taken, and nothing will follow.
    Closed,
    /// The client did not take its lines fast enough; they are gone.
    Overflown,
}

impl Outbox {
    /// An empty queue for at most `bytes_max`, on the server of that name.
    pub fn new(server: &str, bytes_max: usize) -> Self {
        Self {
            server: server.to_owned(),
            caps: AtomicU32::new(0),
            active_s: AtomicU64::new(0),
            bytes_max,
            queue: Mutex::default(),
        }
    }

    /// What the client has negotiated.
    pub fn caps(&self) -> Caps {
        Caps(self.caps.load(Ordering::Relaxed))
    }

    /// Changes what the client has negotiated; lines already queued stay as they are.
    pub fn set_caps(&self, caps: Caps) {
        self.caps.store(caps.0, Ordering::Relaxed);
    }

    /// When its user last said something, in seconds since the Unix epoch.
    pub fn active_s(&self) -> u64 {
        self.active_s.load(Ordering::Relaxed)
    }

    /// Records that its user said something.
    pub fn set_active_s(&self, unix_s: u64) {
        self.active_s.store(unix_s, Ordering::Relaxed);
    }

    /// Whether lines are still taken.
    pub fn is_open(&self) -> bool {
        self.lock().phase == Phase::Open
    }

    /// Whether the client did not take its lines fast enough.
    pub fn is_overflown(&self) -> bool {
        self.lock().phase == Phase::Overflown
    }

    /// Whether more than half of the budget is free: long lists end when it is not.
    pub fn has_room(&self) -> bool {
        let queue = self.lock();
        queue.waiting_bytes + queue.taken_bytes < self.bytes_max / 2
    }

    /// Adds what somebody else did.
    pub fn deliver(&self, delivery: &Delivery) {
        if let Some(bytes) = delivery.bytes_for(self.caps()) {
            self.wake_after(|queue| queue.push(bytes, self.bytes_max));
        }
    }

    /// Adds a line which answers the client's own command.
    pub fn respond(&self, delivery: &Delivery) {
        let caps = self.caps();
        if !caps.has(delivery.needs()) {
            return;
        }
        self.wake_after(|queue| {
            if queue.response.is_some() {
                queue.respond(
                    &self.server,
                    delivery.tags_for(caps),
                    delivery.body().clone(),
                    self.bytes_max,
                );
            } else if let Some(bytes) = delivery.bytes_for(caps) {
                queue.push(bytes, self.bytes_max);
            }
        });
    }

    /// Adds a line which only this client gets, as part of the answer to its command.
    pub fn reply(&self, line: Line) {
        let body = Bytes::from(line.finish());
        self.wake_after(|queue| {
            if queue.response.is_some() {
                queue.respond(&self.server, String::new(), body, self.bytes_max);
            } else {
                queue.push(body, self.bytes_max);
            }
        });
    }

    /// Begins the answer to a labelled command.
    pub fn begin(&self, label: &str) {
        let batched = self.caps().has(Caps::BATCH);
        let mut queue = self.lock();
        queue.batches = queue.batches.wrapping_add(1);
        let batch = format!("r{}", queue.batches);
        queue.response = Some(Response {
            label: label.to_owned(),
            batched,
            lines: 0,
            held: None,
            batch,
        });
    }

    /// Ends the answer, if one was begun.
    pub fn finish(&self) {
        self.wake_after(|queue| queue.finish(&self.server, self.bytes_max));
    }

    /// Takes no more lines; those that wait are still written.
    pub fn close(&self) {
        self.wake_after(|queue| {
            queue.finish(&self.server, self.bytes_max);
            if queue.phase == Phase::Open {
                queue.phase = Phase::Closed;
            }
        });
    }

    /// Takes no more lines and drops those that wait: nobody will write them.
    pub fn abandon(&self) {
        self.wake_after(|queue| {
            queue.phase = Phase::Closed;
            queue.response = None;
            queue.waiting_bytes = 0;
            queue.lines = VecDeque::new();
        });
    }

    /// Moves what waits into `lines`, or registers the wire to be woken.
    pub fn poll_take(&self, cx: &mut Context<'_>, lines: &mut VecDeque<Bytes>) -> Poll<Taken> {
        let mut queue = self.lock();
        if queue.phase == Phase::Overflown {
            return Poll::Ready(Taken::Overflown);
        }
        let ready = queue
            .response
            .as_ref()
            .and_then(|response| response.held.as_ref())
            .map(|(at, ..)| *at);
        let count = ready.unwrap_or(queue.lines.len());
        if count == 0 {
            if queue.phase == Phase::Closed && queue.lines.is_empty() {
                return Poll::Ready(Taken::Closed);
            }
            queue.register(cx, true);
            return Poll::Pending;
        }
        queue.take(count, lines);
        Poll::Ready(Taken::Lines)
    }

    /// Records that `bytes` of what was taken are written, so that their room is free again.
    pub fn written(&self, bytes: usize) {
        let mut queue = self.lock();
        queue.taken_bytes = queue.taken_bytes.saturating_sub(bytes);
    }

    /// Registers the wire, which has enough to write, to be woken only if the outbox is closed or overflows.
    pub fn poll_end(&self, cx: &mut Context<'_>) {
        self.lock().register(cx, false);
    }

    fn wake_after(&self, change: impl FnOnce(&mut Queue)) {
        let waker = {
            let mut queue = self.lock();
            change(&mut queue);
            if queue.wants_lines || queue.phase != Phase::Open {
                queue.waker.take()
            } else {
                None
            }
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// A panic while the lock is held leaves a queue that is at worst short of a line; its owner must still be let go.
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn register(&mut self, cx: &Context<'_>, wants_lines: bool) {
        self.wants_lines = wants_lines;
        if !self.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            self.waker = Some(cx.waker().clone());
        }
    }

    fn push(&mut self, bytes: Bytes, bytes_max: usize) {
        if self.phase != Phase::Open {
            return;
        }
        if self.waiting_bytes + self.taken_bytes + bytes.len() > bytes_max {
            self.phase = Phase::Overflown;
            self.lines = VecDeque::new();
            self.waiting_bytes = 0;
            self.response = None;
            return;
        }
        self.waiting_bytes += bytes.len();
        self.lines.push_back(bytes);
    }

    fn respond(&mut self, server: &str, tags: String, body: Bytes, bytes_max: usize) {
        let Some(mut response) = self.response.take() else {
            return;
        };
        response.lines += 1;
        if response.lines == 1 {
            let at = self.lines.len();
            // Its place is kept, and counted as what it will at least need.
            self.push(body.clone(), bytes_max);
            response.held = Some((at, tags, body));
        } else {
            if let Some((at, tags, body)) = response.held.take() {
                self.open_batch(server, &response, at, &tags, &body);
            }
            let bytes = response.dress(tags, &body);
            self.push(bytes, bytes_max);
        }
        if self.phase == Phase::Open {
            self.response = Some(response);
        }
    }

    fn open_batch(&mut self, server: &str, response: &Response, at: usize, tags: &str, body: &Bytes) {
        if !response.batched {
            return self.replace(
                at,
                delivery::tagged(&join(&format!("label={}", response.label), tags), body),
            );
        }
        let start = Line::from(server, "BATCH")
            .param(&format!("+{}", response.batch))
            .param("labeled-response");
        let start = delivery::tagged(&format!("label={}", response.label), &Bytes::from(start.finish()));
        self.replace(at, response.dress(tags.to_owned(), body));
        if at <= self.lines.len() && self.phase == Phase::Open {
            self.waiting_bytes += start.len();
            self.lines.insert(at, start);
        }
    }

    fn finish(&mut self, server: &str, bytes_max: usize) {
        let Some(mut response) = self.response.take() else {
            return;
        };
        match response.held.take() {
            Some((at, tags, body)) => {
                self.replace(
                    at,
                    delivery::tagged(&join(&format!("label={}", response.label), &tags), &body),
                );
            }
            None if response.lines == 0 => {
                let ack = Bytes::from(Line::from(server, "ACK").finish());
                self.push(delivery::tagged(&format!("label={}", response.label), &ack), bytes_max);
            }
            None if response.batched => {
                let end = Line::from(server, "BATCH").param(&format!("-{}", response.batch));
                self.push(Bytes::from(end.finish()), bytes_max);
            }
            None => {}
        }
    }

    fn replace(&mut self, at: usize, bytes: Bytes) {
        if let Some(line) = self.lines.get_mut(at) {
            self.waiting_bytes = self.waiting_bytes + bytes.len() - line.len();
            *line = bytes;
        }
    }

    fn take(&mut self, count: usize, into: &mut VecDeque<Bytes>) {
        if into.is_empty() && count == self.lines.len() {
            std::mem::swap(&mut self.lines, into);
            if self.lines.capacity() > KEPT_LINES {
                self.lines = VecDeque::new();
            }
            self.taken_bytes += std::mem::take(&mut self.waiting_bytes);
            return;
        }
        let bytes: usize = self.lines.iter().take(count).map(Bytes::len).sum();
        into.extend(self.lines.drain(..count));
        self.waiting_bytes -= bytes;
        self.taken_bytes += bytes;
        if let Some((at, ..)) = self.response.as_mut().and_then(|response| response.held.as_mut()) {
            *at -= count;
        }
    }
}

impl Response {
    fn dress(&self, tags: String, body: &Bytes) -> Bytes {
        let tags = if self.batched {
            join(&format!("batch={}", self.batch), &tags)
        } else {
            tags
        };
        delivery::tagged(&tags, body)
    }
}

fn join(first: &str, rest: &str) -> String {
    let mut tags = first.to_owned();
    if !rest.is_empty() {
        delivery::push_tag(&mut tags, rest);
    }
    tags
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outbox(bytes_max: usize) -> Outbox {
        let outbox = Outbox::new("s", bytes_max);
        outbox.set_caps(Caps::BATCH.with(Caps::LABELED_RESPONSE));
        outbox
    }

    fn take(outbox: &Outbox) -> Vec<String> {
        let mut lines = VecDeque::new();
        let mut cx = Context::from_waker(Waker::noop());
        while outbox.poll_take(&mut cx, &mut lines) == Poll::Ready(Taken::Lines) {}
        lines
            .iter()
            .map(|line| String::from_utf8_lossy(line).trim_end().to_owned())
            .collect()
    }

    fn other(text: &str) -> Delivery {
        Delivery::new(Line::bare(text), 0)
    }

    #[test]
    fn an_answer_of_one_line_carries_the_label() {
        let outbox = outbox(1000);
        outbox.begin("x");
        outbox.reply(Line::bare("ONE"));
        outbox.deliver(&other("OTHER"));
        assert!(take(&outbox).is_empty());
        outbox.finish();
        assert_eq!(take(&outbox), ["@label=x ONE", "OTHER"]);
    }

    #[test]
    fn an_answer_of_several_lines_is_a_batch_which_others_may_interrupt() {
        let outbox = outbox(1000);
        outbox.deliver(&other("BEFORE"));
        outbox.begin("x");
        outbox.reply(Line::bare("ONE"));
        assert_eq!(take(&outbox), ["BEFORE"]);
        outbox.deliver(&other("OTHER"));
        outbox.reply(Line::bare("TWO"));
        outbox.finish();
        let lines = take(&outbox);
        assert_eq!(
            lines,
            [
                "@label=x :s BATCH +r1 labeled-response",
                "@batch=r1 ONE",
                "OTHER",
                "@batch=r1 TWO",
                ":s BATCH -r1"
            ]
        );
    }

    #[test]
    fn an_answer_of_no_line_is_acknowledged() {
        let outbox = outbox(1000);
        outbox.begin("x");
        outbox.finish();
        assert_eq!(take(&outbox), ["@label=x :s ACK"]);
    }

    #[test]
    fn a_client_past_its_budget_overflows_once_and_for_all() {
        let outbox = outbox(20);
        outbox.deliver(&other("123456"));
        outbox.deliver(&other("123456"));
        assert!(outbox.is_open());
        outbox.deliver(&other("123456"));
        assert!(!outbox.is_open());
        let mut cx = Context::from_waker(Waker::noop());
        assert_eq!(
            outbox.poll_take(&mut cx, &mut VecDeque::new()),
            Poll::Ready(Taken::Overflown)
        );
    }

    #[test]
    fn what_is_written_makes_room_again() {
        let outbox = outbox(20);
        for _ in 0..100 {
            outbox.deliver(&other("12345678"));
            assert_eq!(take(&outbox).len(), 1);
            outbox.written(10);
        }
        assert!(outbox.is_open());
    }

    #[test]
    fn a_closed_outbox_gives_what_it_has_and_ends() {
        let outbox = outbox(100);
        outbox.reply(Line::bare("LAST"));
        outbox.close();
        outbox.reply(Line::bare("LATE"));
        assert_eq!(take(&outbox), ["LAST"]);
        let mut cx = Context::from_waker(Waker::noop());
        assert_eq!(
            outbox.poll_take(&mut cx, &mut VecDeque::new()),
            Poll::Ready(Taken::Closed)
        );
    }
}
