//! One direction of a connection in memory: bytes in order, each with the time at which it comes.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::clock::now;

use super::Network;

pub(super) struct Pipe {
    network: Weak<Network>,
    from: String,
    to: String,
    state: Mutex<State>,
}

struct State {
    /// What is under way, with the time at which it comes: but never before what was written before it.
    segments: VecDeque<(Instant, Vec<u8>)>,
    /// Of the first segment.
    read: usize,
    bytes: usize,
    bytes_max: usize,
    /// When the end comes, if everything before it has.
    ended: Option<Instant>,
    reset: bool,
    reader_gone: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl Pipe {
    pub(super) fn new(network: Weak<Network>, from: &str, to: &str, bytes_max: usize) -> Arc<Self> {
        Arc::new(Self {
            network,
            from: from.to_owned(),
            to: to.to_owned(),
            state: Mutex::new(State {
                segments: VecDeque::new(),
                read: 0,
                bytes: 0,
                bytes_max,
                ended: None,
                reset: false,
                reader_gone: false,
                reader: None,
                writer: None,
            }),
        })
    }

    pub(super) fn goes(&self, from: &str, to: &str) -> bool {
        self.from == from && self.to == to
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets both ends look again.
    pub(super) fn wake(&self) {
        let (reader, writer) = {
            let mut state = self.lock();
            (state.reader.take(), state.writer.take())
        };
        for waker in [reader, writer].into_iter().flatten() {
            waker.wake();
        }
    }

    pub(super) fn reset(&self) {
        {
            let mut state = self.lock();
            state.reset = true;
            state.segments.clear();
        }
        self.wake();
    }

    fn is_silent(&self) -> bool {
        self.network
            .upgrade()
            .is_some_and(|network| network.is_silent(&self.from, &self.to))
    }

    /// When something of so many bytes comes that is sent now.
    fn arrival(&self, bytes: usize) -> Instant {
        let network = self.network.upgrade();
        let delay = network.map(|network| network.delay(&self.from, &self.to, bytes));
        now() + delay.unwrap_or_default()
    }
}

/// Both ends of a pipe.
pub(super) fn ends(pipe: Arc<Pipe>) -> (Writer, Reader) {
    let reader = Reader {
        pipe: pipe.clone(),
        until: None,
    };
    (Writer(pipe), reader)
}

pub(super) struct Writer(Arc<Pipe>);

pub(super) struct Reader {
    pipe: Arc<Pipe>,
    until: Option<Pin<Box<Sleep>>>,
}

impl AsyncWrite for Writer {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let pipe = &self.0;
        let taken = {
            let mut state = pipe.lock();
            if state.reset {
                return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
            }
            if state.reader_gone || state.ended.is_some() {
                return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
            }
            let taken = bytes.len().min(state.bytes_max.saturating_sub(state.bytes));
            if taken == 0 && !bytes.is_empty() {
                state.writer = Some(cx.waker().clone());
                return Poll::Pending;
            }
            taken
        };
        // Asked without the pipe's lock: the network takes its own.
        let arrival = pipe.arrival(taken);
        {
            let mut state = pipe.lock();
            state.bytes += taken;
            state.segments.push_back((arrival, bytes[..taken].to_vec()));
        }
        pipe.wake();
        Poll::Ready(Ok(taken))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.end();
        Poll::Ready(Ok(()))
    }
}

impl Writer {
    /// The end comes behind what was written.
    fn end(&self) {
        let arrival = self.0.arrival(0);
        self.0.lock().ended.get_or_insert(arrival);
        self.0.wake();
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.end();
    }
}

impl Reader {
    /// Waits for a time.
    fn poll_until(&mut self, at: Instant, cx: &mut Context<'_>) -> Poll<()> {
        if at <= now() {
            return Poll::Ready(());
        }
        match &mut self.until {
            Some(until) => until.as_mut().reset(at),
            None => self.until = Some(Box::pin(sleep_until(at))),
        }
        match &mut self.until {
            Some(until) => until.as_mut().poll(cx),
            None => Poll::Ready(()),
        }
    }
}

impl AsyncRead for Reader {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let pipe = self.pipe.clone();
        let next = {
            let mut state = pipe.lock();
            if state.reset {
                return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
            }
            state.reader = Some(cx.waker().clone());
            match state.segments.front() {
                Some((at, _)) => Some(*at),
                None if state.ended.is_some() => state.ended,
                None => return Poll::Pending,
            }
        };
        if pipe.is_silent() {
            return Poll::Pending;
        }
        if let Some(at) = next {
            ready!(self.poll_until(at, cx));
        }
        let writer = {
            let mut state = pipe.lock();
            let now = now();
            while into.remaining() > 0
                && let Some((at, segment)) = state.segments.front()
                && *at <= now
            {
                let rest = &segment[state.read..];
                let taken = rest.len().min(into.remaining());
                into.put_slice(&rest[..taken]);
                let is_empty = taken == rest.len();
                state.read += taken;
                state.bytes -= taken;
                if is_empty {
                    state.segments.pop_front();
                    state.read = 0;
                }
            }
            state.writer.take()
        };
        if let Some(writer) = writer {
            writer.wake();
        }
        Poll::Ready(Ok(()))
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.pipe.lock().reader_gone = true;
        self.pipe.wake();
    }
}
