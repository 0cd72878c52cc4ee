//! What waits to be written to one client: lines shared with others, bounded in bytes.
//!
//! Anyone may add a line and nobody waits to do so; the client's wire takes all that is there and writes it in one go.
//! When an actor has handled a message, each line of it is in its receivers' outboxes; so what a client is answered
//! later is written later than what it caused at others.
//!
//! The lines of an answer to a labelled command need to know of each other: one alone carries the label, several are put
//! into a batch, and none is acknowledged. So the first line of an answer is held back until the second, or the end.

mod queue;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;

use self::queue::{Phase, Queue};
use crate::clock;
use crate::protocol::caps::Caps;
use crate::protocol::delivery::Delivery;
use crate::protocol::line::Line;
use crate::protocol::volley::Volley;

/// One client's outbound queue.
#[derive(Debug)]
pub struct Outbox {
    server: String,
    caps: AtomicU32,
    active_s: AtomicU64,
    bytes_max: usize,
    queue: Mutex<Queue>,
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

    /// For how many seconds its user has said nothing.
    pub fn silent_s(&self) -> u64 {
        (clock::unix_ms() / 1000).saturating_sub(self.active_s.load(Ordering::Relaxed))
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

    /// Adds several lines of what others did. All clients share them, and each takes of them what it has room for: so there may be more of
    /// them than the budget of any.
    pub fn deliver_all(&self, volley: &Arc<Volley>) {
        let caps = self.caps();
        self.wake_after(|queue| queue.push_all(volley.clone(), caps, self.bytes_max));
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
        queue.begin(label, batched);
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
            queue.volleys = VecDeque::new();
        });
    }

    /// Moves what waits into `lines`, or registers the wire to be woken.
    pub fn poll_take(&self, cx: &mut Context<'_>, lines: &mut VecDeque<Bytes>) -> Poll<Taken> {
        let mut queue = self.lock();
        if queue.phase == Phase::Overflown {
            return Poll::Ready(Taken::Overflown);
        }
        let count = queue.ready();
        if count == 0 && queue.take_volley(lines, self.bytes_max) {
            return Poll::Ready(Taken::Lines);
        }
        if count == 0 {
            if queue.phase == Phase::Closed && queue.is_empty() {
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

#[cfg(test)]
mod tests {
    use std::task::Waker;

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

    fn volley(lines: usize) -> Arc<Volley> {
        let mut volley = Volley::new("s", &["netsplit", "a.s", "b.s"], "n1".to_owned(), 0);
        (0..lines).for_each(|at| volley.push(Line::bare(&format!("QUIT{at:04}"))));
        Arc::new(volley)
    }

    #[test]
    fn a_volley_larger_than_the_budget_is_taken_in_parts_in_its_place() {
        let outbox = outbox(1000);
        outbox.set_caps(Caps::default());
        outbox.deliver(&other("BEFORE"));
        outbox.deliver_all(&volley(500));
        outbox.deliver(&other("AFTER"));
        assert!(outbox.is_open());
        let (mut lines, mut cx) = (VecDeque::new(), Context::from_waker(Waker::noop()));
        let mut seen = Vec::new();
        while outbox.poll_take(&mut cx, &mut lines) == Poll::Ready(Taken::Lines) {
            let bytes = lines.iter().map(Bytes::len).sum();
            assert!(bytes <= 1000, "{bytes} at once");
            seen.extend(
                lines
                    .drain(..)
                    .map(|line| String::from_utf8_lossy(&line).trim_end().to_owned()),
            );
            outbox.written(bytes);
        }
        assert_eq!(seen.len(), 502);
        assert_eq!((seen[0].as_str(), seen[1].as_str()), ("BEFORE", "QUIT0000"));
        assert_eq!((seen[500].as_str(), seen[501].as_str()), ("QUIT0499", "AFTER"));
        assert!(seen[1..501].is_sorted());
        assert!(outbox.has_room(), "nothing of it counts any more");
    }

    #[test]
    fn a_volley_keeps_its_place_beside_the_answer_to_a_labelled_command() {
        let outbox = outbox(1000);
        outbox.begin("x");
        outbox.reply(Line::bare("ONE"));
        outbox.deliver_all(&volley(1));
        assert!(take(&outbox).is_empty());
        outbox.reply(Line::bare("TWO"));
        outbox.finish();
        let lines = take(&outbox);
        assert_eq!(lines[1], "@batch=r1 ONE");
        assert_eq!(lines[3], "@batch=n1 QUIT0000");
        assert_eq!(lines[5], "@batch=r1 TWO");
    }

    #[test]
    fn who_takes_nothing_of_one_volley_after_the_other_overflows() {
        let outbox = outbox(1000);
        (0..4).for_each(|_| outbox.deliver_all(&volley(500)));
        assert!(outbox.is_open());
        outbox.deliver_all(&volley(500));
        assert!(outbox.is_overflown());
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
