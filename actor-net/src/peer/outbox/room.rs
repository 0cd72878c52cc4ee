//! Room for messages: what may be under way to each receiver, and what may wait in all.

use std::task::Waker;

use super::super::budget::Budget;
use super::{Admission, Admitted, Outbox};
use crate::id::ExportId;

impl Outbox {
    pub(super) fn window(&mut self, to: ExportId) -> &mut Budget {
        let window_bytes = self.limits.window_bytes;
        self.windows.entry(to).or_insert_with(|| Budget::lending(window_bytes))
    }

    /// Asks for room for a message to `to`, at this [`cost`], now or not at all.
    #[inline]
    pub(crate) fn try_admit(&mut self, to: ExportId, cost: usize) -> Admitted {
        if self.closed {
            return Admitted::Closed;
        }
        if self.rests {
            return Admitted::Rests;
        }
        if !self.room.is_free(cost) {
            return Admitted::Waits;
        }
        let has_window = match self.windows.get_mut(&to) {
            Some(window) => window.try_take(cost),
            None => self.window(to).try_take(cost),
        };
        if !has_window {
            return Admitted::Waits;
        }
        self.room.take(cost);
        Admitted::Yes
    }

    /// Asks for room for a message to `to`, at this [`cost`], and waits for it in order.
    pub(crate) fn admit(
        &mut self,
        to: ExportId,
        cost: usize,
        place: &mut Admission,
        waker: &Waker,
        stale: &mut Option<Waker>,
    ) -> Admitted {
        if self.closed {
            return Admitted::Closed;
        }
        if self.rests {
            return Admitted::Rests;
        }
        place.has_window = place.has_window || self.window(to).take_or_wait(cost, &mut place.window, waker, stale);
        if place.has_window && self.room.take_or_wait(cost, &mut place.room, waker, stale) {
            *place = Admission::default();
            return Admitted::Yes;
        }
        Admitted::Waits
    }

    /// A sender that was told to wait goes away. Whom to wake, or whose waker is to be dropped, is added to `wake`.
    pub(crate) fn forget(&mut self, to: ExportId, cost: usize, place: &mut Admission, wake: &mut Vec<Waker>) {
        let Admission {
            mut window,
            has_window,
            mut room,
        } = std::mem::take(place);
        self.room.forget(&mut room, wake);
        if has_window {
            self.window(to).give_back(cost, wake);
        } else {
            self.window(to).forget(&mut window, wake);
        }
    }

    /// Takes room for an answer, which cannot wait. While the outbox [`is_over`](Self::is_over), nothing of the peer's is to be carried out that may bring more.
    pub(crate) fn admit_answer(&mut self, cost: usize) {
        self.room.take(cost);
    }

    /// An admitted message is not sent after all: it could not be encoded.
    pub(crate) fn give_up(&mut self, to: ExportId, cost: usize, wake: &mut Vec<Waker>) {
        self.window(to).give_back(cost, wake);
        self.room.give_back(cost, wake);
    }

    /// A message for which room was admitted at another cost than it turned out to have.
    pub(crate) fn settle(&mut self, to: ExportId, admitted: usize, cost: usize, wake: &mut Vec<Waker>) {
        if cost > admitted {
            self.window(to).take(cost - admitted);
            self.room.take(cost - admitted);
        } else {
            self.give_up(to, admitted - cost, wake);
        }
    }

    /// The peer's actor has taken messages of so many bytes. Whom to wake is added to `wake`.
    pub(crate) fn credit(&mut self, to: ExportId, bytes: usize, wake: &mut Vec<Waker>) {
        if let Some(window) = self.windows.get_mut(&to) {
            window.give_back(bytes, wake);
        }
    }

    /// Nobody holds a handle of `to` any more.
    pub(crate) fn drop_window(&mut self, to: ExportId, wake: &mut Vec<Waker>) {
        if let Some(mut window) = self.windows.remove(&to) {
            window.dismiss(wake);
        }
    }
}
