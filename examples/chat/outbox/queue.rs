//! The lines that wait for one client, and how those of a labelled answer are put together.

use std::collections::VecDeque;
use std::task::{Context, Waker};

use bytes::Bytes;

use crate::protocol::delivery;
use crate::protocol::line::Line;

/// An empty queue with room for more than this gives it back.
const KEPT_LINES: usize = 32;

#[derive(Debug, Default)]
pub(super) struct Queue {
    pub(super) lines: VecDeque<Bytes>,
    pub(super) waiting_bytes: usize,
    pub(super) taken_bytes: usize,
    pub(super) response: Option<Response>,
    batches: u32,
    pub(super) phase: Phase,
    pub(super) waker: Option<Waker>,
    pub(super) wants_lines: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    #[default]
    Open,
    Closed,
    Overflown,
}

/// The answer to a labelled command, as far as it has come.
#[derive(Debug)]
pub(super) struct Response {
    label: String,
    batched: bool,
    lines: usize,
    held: Option<(usize, String, Bytes)>,
    batch: String,
}

impl Queue {
    pub(super) fn begin(&mut self, label: &str, batched: bool) {
        self.batches = self.batches.wrapping_add(1);
        let batch = format!("r{}", self.batches);
        self.response = Some(Response {
            label: label.to_owned(),
            batched,
            lines: 0,
            held: None,
            batch,
        });
    }

    /// How many lines may be taken: those behind a line that is held back wait with it.
    pub(super) fn ready(&self) -> usize {
        let held = self.response.as_ref().and_then(|response| response.held.as_ref());
        held.map_or(self.lines.len(), |(at, ..)| *at)
    }

    pub(super) fn register(&mut self, cx: &Context<'_>, wants_lines: bool) {
        self.wants_lines = wants_lines;
        if !self.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            self.waker = Some(cx.waker().clone());
        }
    }

    pub(super) fn push(&mut self, bytes: Bytes, bytes_max: usize) {
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

    pub(super) fn respond(&mut self, server: &str, tags: String, body: Bytes, bytes_max: usize) {
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

    pub(super) fn finish(&mut self, server: &str, bytes_max: usize) {
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

    pub(super) fn take(&mut self, count: usize, into: &mut VecDeque<Bytes>) {
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
