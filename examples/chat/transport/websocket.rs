//! Drives one WebSocket: each line is a message of its own, without its line end (IRCv3's WebSocket rules).

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, close_code};
use bytes::Bytes;
use futures_util::{Sink, Stream};
use tokio::time::Sleep;

use super::wire::{Input, OVERFLOWN};
use crate::outbox::{Outbox, Taken};

/// Bytes given to the socket between two flushes.
const BATCH_BYTES: usize = 16 * 1024;

/// A WebSocket together with the outbox that is written to it. It ends after [`Input::Closed`].
pub struct WebSocketWire {
    socket: WebSocket,
    text: bool,
    outbox: Arc<Outbox>,
    lines: VecDeque<Bytes>,
    batch_bytes: usize,
    phase: Phase,
    deaf: bool,
    patience: Duration,
    deadline: Option<Pin<Box<Sleep>>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    /// Everything is taken from the outbox, and nothing will follow but the close frame.
    Last,
    /// The close frame is given to the socket.
    Closing,
    /// It is written.
    Shut,
    Closed,
}

impl WebSocketWire {
    /// A wire that sends text messages, or binary ones, and gives a client up to `patience` to take its last lines.
    pub fn new(socket: WebSocket, text: bool, outbox: Arc<Outbox>, patience: Duration) -> Self {
        Self {
            socket,
            text,
            outbox,
            lines: VecDeque::new(),
            batch_bytes: 0,
            phase: Phase::Open,
            deaf: false,
            patience,
            deadline: None,
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Input>, axum::Error>> {
        loop {
            if self.batch_bytes >= BATCH_BYTES || (self.lines.is_empty() && self.batch_bytes > 0) {
                if Pin::new(&mut self.socket).poll_flush(cx)?.is_pending() {
                    self.outbox.poll_end(cx);
                    if self.phase == Phase::Open && self.outbox.is_overflown() {
                        return Poll::Ready(Ok(Some(self.overflow())));
                    }
                    return Poll::Pending;
                }
                self.outbox.written(self.batch_bytes);
                self.batch_bytes = 0;
            }
            if let Some(line) = self.lines.front() {
                ready!(Pin::new(&mut self.socket).poll_ready(cx))?;
                let bytes = line.len();
                let message = self.message(line);
                self.lines.pop_front();
                Pin::new(&mut self.socket).start_send(message)?;
                self.batch_bytes += bytes;
                continue;
            }
            match self.phase {
                Phase::Open => match ready!(self.outbox.poll_take(cx, &mut self.lines)) {
                    Taken::Lines => {}
                    Taken::Closed => self.phase = Phase::Last,
                    Taken::Overflown => return Poll::Ready(Ok(Some(self.overflow()))),
                },
                Phase::Last => {
                    ready!(Pin::new(&mut self.socket).poll_ready(cx))?;
                    let frame = CloseFrame {
                        code: close_code::NORMAL,
                        reason: Utf8Bytes::from_static(""),
                    };
                    Pin::new(&mut self.socket).start_send(Message::Close(Some(frame)))?;
                    self.phase = Phase::Closing;
                }
                Phase::Closing => {
                    ready!(Pin::new(&mut self.socket).poll_flush(cx))?;
                    self.phase = Phase::Shut;
                }
                Phase::Shut | Phase::Closed => return Poll::Ready(Ok(None)),
            }
        }
    }

    /// Takes no more from the client, and has nothing more to tell it.
    fn give_up(&mut self) {
        self.outbox.abandon();
        self.lines.clear();
        self.batch_bytes = 0;
        self.deaf = true;
    }

    fn message(&self, line: &Bytes) -> Message {
        let line = line.slice(..line.len().saturating_sub(2));
        if self.text
            && let Ok(text) = Utf8Bytes::try_from(line.clone())
        {
            return Message::Text(text);
        }
        Message::Binary(line)
    }

    fn overflow(&mut self) -> Input {
        self.lines.clear();
        self.lines.push_back(Bytes::from_static(OVERFLOWN.as_bytes()));
        self.phase = Phase::Last;
        Input::Overflown
    }

    fn poll_input(&mut self, cx: &mut Context<'_>) -> Poll<Option<Input>> {
        loop {
            let message = ready!(Pin::new(&mut self.socket).poll_next(cx));
            let line = match message {
                Some(Ok(Message::Text(text))) => text.as_bytes().to_vec(),
                Some(Ok(Message::Binary(bytes))) => bytes.to_vec(),
                // The library answers a ping by itself, with what is written next.
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                Some(Ok(Message::Close(_))) | None => {
                    self.give_up();
                    // The library has its answer to a close frame ready, and takes nothing more to be sent.
                    self.phase = Phase::Closing;
                    return Poll::Ready(Some(Input::Ended("Connection closed".to_owned())));
                }
                Some(Err(error)) => return self.fail(&error),
            };
            let mut line = line;
            line.push(b'\n');
            return Poll::Ready(Some(Input::Bytes(line)));
        }
    }

    fn fail(&mut self, error: &axum::Error) -> Poll<Option<Input>> {
        self.give_up();
        self.phase = Phase::Shut;
        Poll::Ready(Some(Input::Ended(format!("Connection failed: {error}"))))
    }
}

impl Stream for WebSocketWire {
    type Item = Input;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Input>> {
        let wire = &mut *self;
        if wire.phase == Phase::Closed {
            return Poll::Ready(None);
        }
        match wire.poll_write(cx) {
            Poll::Ready(Ok(Some(input))) => return Poll::Ready(Some(input)),
            Poll::Ready(Ok(None)) | Poll::Pending => {}
            // A close frame that crosses ours is no failure.
            Poll::Ready(Err(_)) if wire.phase != Phase::Open => wire.phase = Phase::Shut,
            Poll::Ready(Err(error)) => return wire.fail(&error),
        }
        if wire.phase == Phase::Open && !wire.deaf {
            match wire.poll_input(cx) {
                Poll::Ready(input) => return Poll::Ready(input),
                Poll::Pending => {}
            }
        }
        if wire.phase != Phase::Open || !wire.outbox.is_open() {
            let patience = wire.patience;
            let deadline = wire
                .deadline
                .get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
            let late = deadline.as_mut().poll(cx).is_ready();
            while wire.phase == Phase::Shut && !wire.deaf {
                match Pin::new(&mut wire.socket).poll_next(cx) {
                    Poll::Pending => break,
                    Poll::Ready(Some(Ok(_))) => {}
                    Poll::Ready(_) => wire.deaf = true,
                }
            }
            if late || (wire.phase == Phase::Shut && wire.deaf) {
                wire.phase = Phase::Closed;
                return Poll::Ready(Some(Input::Closed));
            }
        }
        Poll::Pending
    }
}
