//! Drives one socket: writes what the outbox holds, and yields what the client sends.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use futures_util::Stream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use super::socket::Socket;
use crate::outbox::{Outbox, Taken};

/// Bytes asked of the socket at one time; they are on the stack while it is polled, so an idle client costs none.
const READ_BYTES: usize = 4096;
/// Lines handed to the socket at one time.
const SLICES: usize = 64;
/// What a client is told whose lines were thrown away.
pub const OVERFLOWN: &str = "ERROR :Closing link: (SendQ exceeded)\r\n";

/// What a wire yields.
#[derive(Debug)]
pub enum Input {
    /// Bytes from the client, cut anywhere.
    Bytes(Vec<u8>),
    /// The client will send no more. What is written now may still reach it.
    Ended(String),
    /// The client did not take its lines fast enough.
    Overflown,
    /// The socket is closed; nothing follows.
    Closed,
}

/// A socket together with the outbox that is written to it. It ends after [`Input::Closed`].
///
/// Closing is done with patience: what waits is written, then the sending side is shut, then whatever the client still
/// sends is thrown away until it closes too. A socket closed with unread bytes would reset the connection, and the client
/// would never see the last line. All that has a time limit.
pub struct Wire {
    socket: Socket,
    outbox: Arc<Outbox>,
    lines: VecDeque<Bytes>,
    phase: Phase,
    unflushed: bool,
    deaf: bool,
    patience: Duration,
    deadline: Option<Pin<Box<Sleep>>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    /// Everything is taken from the outbox, and nothing will follow.
    Last,
    /// Everything is written, and the sending side shut.
    Shut,
    Closed,
}

impl Wire {
    /// A wire that gives a client up to `patience` to take its last lines.
    pub fn new(socket: Socket, outbox: Arc<Outbox>, patience: Duration) -> Self {
        Self {
            socket,
            outbox,
            lines: VecDeque::new(),
            phase: Phase::Open,
            unflushed: false,
            deaf: false,
            patience,
            deadline: None,
        }
    }

    /// Writes until there is nothing left or the socket is full.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<Input>>> {
        loop {
            if self.lines.is_empty() {
                if self.unflushed {
                    ready!(Pin::new(&mut self.socket).poll_flush(cx))?;
                    self.unflushed = false;
                }
                match self.phase {
                    Phase::Last => {
                        ready!(Pin::new(&mut self.socket).poll_shutdown(cx))?;
                        self.phase = Phase::Shut;
                        return Poll::Ready(Ok(None));
                    }
                    Phase::Shut | Phase::Closed => return Poll::Ready(Ok(None)),
                    Phase::Open => {}
                }
                match ready!(self.outbox.poll_take(cx, &mut self.lines)) {
                    Taken::Lines => {}
                    Taken::Closed => self.phase = Phase::Last,
                    Taken::Overflown => return Poll::Ready(Ok(Some(self.overflow()))),
                }
                continue;
            }
            let mut slices = [IoSlice::new(&[]); SLICES];
            let mut count = 0;
            for (slice, line) in slices.iter_mut().zip(&self.lines) {
                *slice = IoSlice::new(line);
                count += 1;
            }
            let written = match Pin::new(&mut self.socket).poll_write_vectored(cx, &slices[..count]) {
                Poll::Ready(written) => written?,
                Poll::Pending => {
                    self.outbox.poll_end(cx);
                    if self.phase == Phase::Open && self.outbox.is_overflown() {
                        return Poll::Ready(Ok(Some(self.overflow())));
                    }
                    return Poll::Pending;
                }
            };
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.unflushed = true;
            self.outbox.written(written);
            self.advance(written);
        }
    }

    fn advance(&mut self, mut written: usize) {
        while let Some(line) = self.lines.front_mut() {
            if written < line.len() {
                line.advance(written);
                return;
            }
            written -= line.len();
            self.lines.pop_front();
        }
    }

    /// Keeps the rest of a line that is half written, drops the others, and says why.
    fn overflow(&mut self) -> Input {
        self.lines.truncate(1);
        self.lines.push_back(Bytes::from_static(OVERFLOWN.as_bytes()));
        self.phase = Phase::Last;
        Input::Overflown
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Vec<u8>>> {
        let mut bytes = [0; READ_BYTES];
        let mut buf = ReadBuf::new(&mut bytes);
        ready!(Pin::new(&mut self.socket).poll_read(cx, &mut buf))?;
        Poll::Ready(Ok(buf.filled().to_vec()))
    }

    fn poll_input(&mut self, cx: &mut Context<'_>) -> Poll<Option<Input>> {
        match ready!(self.poll_read(cx)) {
            Ok(bytes) if bytes.is_empty() => {
                self.deaf = true;
                Poll::Ready(Some(Input::Ended("Connection closed".to_owned())))
            }
            Ok(bytes) => Poll::Ready(Some(Input::Bytes(bytes))),
            Err(error) => self.fail(&error),
        }
    }

    /// Throws away what a client sends that is told no more; whether it has ended too.
    fn poll_drained(&mut self, cx: &mut Context<'_>) -> bool {
        loop {
            match self.poll_read(cx) {
                Poll::Pending => return false,
                Poll::Ready(Ok(bytes)) if !bytes.is_empty() => {}
                Poll::Ready(_) => return true,
            }
        }
    }

    /// Gives up the socket. The next poll ends the wire.
    fn fail(&mut self, error: &io::Error) -> Poll<Option<Input>> {
        self.outbox.abandon();
        self.lines.clear();
        self.unflushed = false;
        self.deaf = true;
        self.phase = Phase::Shut;
        Poll::Ready(Some(Input::Ended(format!("Connection failed: {error}"))))
    }
}

impl Stream for Wire {
    type Item = Input;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Input>> {
        let wire = &mut *self;
        if wire.phase == Phase::Closed {
            return Poll::Ready(None);
        }
        match wire.poll_write(cx) {
            Poll::Ready(Ok(Some(input))) => return Poll::Ready(Some(input)),
            Poll::Ready(Ok(None)) | Poll::Pending => {}
            Poll::Ready(Err(error)) => return wire.fail(&error),
        }
        if wire.phase == Phase::Open && !wire.deaf {
            match wire.poll_input(cx) {
                Poll::Ready(input) => return Poll::Ready(input),
                Poll::Pending => {}
            }
        }
        if wire.phase != Phase::Open || !wire.outbox.is_open() {
            let (deaf, patience) = (wire.deaf, wire.patience);
            let deadline = wire
                .deadline
                .get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
            let late = deadline.as_mut().poll(cx).is_ready();
            let drained = wire.phase == Phase::Shut && (deaf || wire.poll_drained(cx));
            if late || drained {
                wire.phase = Phase::Closed;
                return Poll::Ready(Some(Input::Closed));
            }
        }
        Poll::Pending
    }
}
