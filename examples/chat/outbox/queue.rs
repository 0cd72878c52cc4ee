//! The lines that wait for one client, and how those of a labelled answer are put together.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Waker};

use bytes::Bytes;

use crate::protocol::caps::Caps;
use crate::protocol::delivery;
use crate::protocol::line::Line;
use crate::protocol::volley::Volley;

/// An empty queue with room for more than this gives it back.
const KEPT_LINES: usize = 32;

#[derive(Debug, Default)]
pub(super) struct Queue {
    pub(super) lines: VecDeque<Bytes>,
    /// Lines that are shared with others, and are no more than counted here until they are taken.
    pub(super) volleys: VecDeque<Pending>,
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

/// A volley, or what is left of it.
#[derive(Debug)]
pub(super) struct Pending {
    /// So many of the single lines go before it.
    at: usize,
    volley: Arc<Volley>,
    caps: Caps,
    taken: usize,
    /// What it counts for, until it has all been taken.
    cost: usize,
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

    /// How many lines may be taken: those behind a line that is held back, or behind a volley, wait with it.
    pub(super) fn ready(&self) -> usize {
        let volley = self.volleys.front().map_or(self.lines.len(), |volley| volley.at);
        self.held_at().map_or(volley, |held| held.min(volley))
    }

    fn held_at(&self) -> Option<usize> {
        let held = self.response.as_ref().and_then(|response| response.held.as_ref());
        held.map(|(at, ..)| *at)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.volleys.is_empty()
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
        if self.admits(bytes.len(), bytes_max) {
            self.lines.push_back(bytes);
        }
    }

    /// Counts something, if there is room for it; else nothing more is taken at all.
    fn admits(&mut self, cost: usize, bytes_max: usize) -> bool {
        let fits = self.waiting_bytes + self.taken_bytes + cost <= bytes_max;
        if fits {
            self.waiting_bytes += cost;
        } else {
            self.phase = Phase::Overflown;
            self.lines = VecDeque::new();
            self.volleys = VecDeque::new();
            self.waiting_bytes = 0;
            self.response = None;
        }
        fits
    }

    /// Adds a volley, which counts for a quarter of all room at most.
    pub(super) fn push_all(&mut self, volley: Arc<Volley>, caps: Caps, bytes_max: usize) {
        if self.phase != Phase::Open || volley.bytes_for(caps).is_empty() {
            return;
        }
        let bytes: usize = volley.bytes_for(caps).iter().map(Bytes::len).sum();
        let cost = bytes.min(bytes_max / 4);
        if self.admits(cost, bytes_max) {
            self.volleys.push_back(Pending {
                at: self.lines.len(),
                volley,
                caps,
                taken: 0,
                cost,
            });
        }
    }

    /// Takes of a volley whose turn it is as much as it counts for, and one line at least. `false`: it is the turn of none.
    pub(super) fn take_volley(&mut self, into: &mut VecDeque<Bytes>, bytes_max: usize) -> bool {
        let is_held = self.held_at() == Some(0);
        let Some(pending) = self.volleys.front_mut().filter(|pending| pending.at == 0 && !is_held) else {
            return false;
        };
        let left = pending
            .volley
            .bytes_for(pending.caps)
            .get(pending.taken..)
            .unwrap_or_default();
        let (mut count, mut bytes) = (0, 0);
        for line in left {
            if count > 0 && bytes + line.len() > bytes_max / 4 {
                break;
            }
            into.push_back(line.clone());
            (count, bytes) = (count + 1, bytes + line.len());
        }
        pending.taken += count;
        let (cost, is_over) = (pending.cost, count == left.len());
        self.taken_bytes += bytes;
        if is_over {
            self.volleys.pop_front();
            self.waiting_bytes -= cost;
        }
        true
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
            let behind = self.volleys.iter_mut().filter(|volley| volley.at > at);
            behind.for_each(|volley| volley.at += 1);
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
        if into.is_empty() && count == self.lines.len() && self.volleys.is_empty() {
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
        self.volleys.iter_mut().for_each(|volley| volley.at -= count);
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
