//! Senders that wait for room in a conversation.

use std::collections::HashMap;
use std::task::{Poll, Waker};

use actor_core::wire::NoRoom;

use crate::id::ExportId;
use crate::peer::outbox::{self, Admission, Admitted};

use super::{Conversation, lock, wake_all};

#[derive(Default)]
pub(super) struct Places {
    pub(super) by_ticket: HashMap<u64, Admission>,
    pub(super) next: u64,
}

impl Conversation {
    pub(in crate::remote) fn poll_room(
        &self,
        to: ExportId,
        bytes: usize,
        ticket: &mut Option<u64>,
        waker: &Waker,
    ) -> Poll<Result<(), NoRoom>> {
        let known = ticket.and_then(|ticket| lock(&self.places).by_ticket.remove(&ticket));
        let mut place = known.unwrap_or_default();
        let mut stale = None;
        let admitted = self
            .outbox()
            .admit(to, outbox::cost(bytes), &mut place, waker, &mut stale);
        drop(stale);
        match admitted {
            Admitted::Yes => {
                *ticket = None;
                Poll::Ready(Ok(()))
            }
            Admitted::Closed => {
                *ticket = None;
                Poll::Ready(Err(NoRoom::NodeDown))
            }
            Admitted::Rests => {
                // It is given up this very moment: asked again, the link says for what to wait.
                *ticket = None;
                waker.wake_by_ref();
                Poll::Pending
            }
            Admitted::Waits => {
                let mut places = lock(&self.places);
                places.next += 1;
                let number = places.next;
                places.by_ticket.insert(number, place);
                *ticket = Some(number);
                Poll::Pending
            }
        }
    }

    pub(in crate::remote) fn forget(&self, to: ExportId, bytes: usize, ticket: &mut Option<u64>) {
        let place = ticket
            .take()
            .and_then(|ticket| lock(&self.places).by_ticket.remove(&ticket));
        if let Some(mut place) = place {
            let mut wake = Vec::new();
            self.outbox().forget(to, outbox::cost(bytes), &mut place, &mut wake);
            wake_all(wake);
        }
    }

    pub(in crate::remote) fn give_back(&self, to: ExportId, bytes: usize) {
        let mut wake = Vec::new();
        self.outbox().give_up(to, outbox::cost(bytes), &mut wake);
        wake_all(wake);
    }

    /// Nothing is sent to this actor any more: who waits for room is to look again.
    pub(in crate::remote) fn drop_window(&self, to: ExportId) {
        let mut wake = Vec::new();
        self.outbox().drop_window(to, &mut wake);
        wake_all(wake);
    }

    /// The peer's actor has taken messages of so much.
    pub(in crate::remote) fn credited(&self, to: ExportId, bytes: usize) {
        let mut wake = Vec::new();
        self.outbox().credit(to, bytes, &mut wake);
        wake_all(wake);
    }
}
