//! A message that is told, and waited for only until it is queued.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::error::TellError;
use crate::question::Envelope;

use super::{Handle, Kind, Sending};

/// What [`Handle::tell`] returns. Written out, as an `async fn` keeps its message in two places and copies it from one into the
/// other, and is entered by a call where this is a part of its caller.
pub(super) struct Tell<'a, M: Send + 'static> {
    handle: &'a Handle<M>,
    stage: Stage<'a, M>,
}

enum Stage<'a, M: Send + 'static> {
    /// Not tried yet; `None` once it is sent.
    New(Option<M>),
    /// Others who carry what was sent before go first.
    Turn(Option<M>),
    Room(Sending<'a, M>),
}

impl<'a, M: Send + 'static> Tell<'a, M> {
    #[inline]
    pub(super) fn new(handle: &'a Handle<M>, msg: M) -> Self {
        let stage = Stage::New(Some(msg));
        Self { handle, stage }
    }

    /// Sends it where the room is elsewhere, or there is none, or the policy of the mailbox has a say. Not inlined, so that what
    /// goes fast needs few registers.
    #[inline(never)]
    fn poll_slowly(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TellError<M>>> {
        if let (Kind::Routed(_), Stage::New(msg)) = (&self.handle.0, &mut self.stage) {
            self.stage = Stage::Turn(msg.take());
        }
        if let (Kind::Routed(route), Stage::Turn(_)) = (&self.handle.0, &self.stage)
            && route.poll_turn(cx).is_pending()
        {
            return Poll::Pending;
        }
        if let Stage::New(msg) | Stage::Turn(msg) = &mut self.stage
            && let Some(msg) = msg.take()
        {
            self.stage = Stage::Room(Sending::new(self.handle, Envelope::plain(msg)));
        }
        let Stage::Room(sending) = &mut self.stage else {
            return Poll::Pending;
        };
        let told = match sending.poll(cx) {
            Poll::Ready(sent) => Poll::Ready(sent.map_err(TellError::of)),
            Poll::Pending => match sending.wait_for_room() {
                Ok(()) => Poll::Pending,
                Err(deadlock) => sending.give_up(deadlock),
            },
        };
        if told.is_ready() {
            // Its place in the queue goes now, as whoever polled this may keep it.
            self.stage = Stage::New(None);
        }
        told
    }
}

// Nothing in it is pinned in place: the message is moved.
impl<M: Send + 'static> Unpin for Tell<'_, M> {}

impl<M: Send + 'static> Future for Tell<'_, M> {
    type Output = Result<(), TellError<M>>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { handle, stage } = &mut *self;
        if let Stage::New(msg) = stage
            && (handle.send_at_once(msg) || handle.send_elsewhere(msg))
        {
            return Poll::Ready(Ok(()));
        }
        self.poll_slowly(cx)
    }
}
