//! The HTTP port with its two limits: how many requests are under way, and how long one may be silent.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::IncomingStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep};

use crate::config::Limits;

/// After a failed accept (no descriptors left, for example), so that the loop does not spin.
const PAUSE: Duration = Duration::from_millis(100);

/// A bound port. Beyond its limit connections wait to be accepted.
#[derive(Debug, Clone)]
pub(crate) struct Port {
    listener: Arc<TcpListener>,
    places: Arc<Semaphore>,
    silence_max: Duration,
}

impl Port {
    /// A port under these limits; a silent client has as long as one that does not register.
    pub(crate) fn new(listener: TcpListener, limits: &Limits) -> Self {
        Self {
            listener: Arc::new(listener),
            places: Arc::new(Semaphore::new(limits.http_connections_max)),
            silence_max: limits.registration_timeout,
        }
    }
}

impl axum::serve::Listener for Port {
    type Io = Guarded;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Guarded, SocketAddr) {
        loop {
            let place = self.places.clone().acquire_owned().await.ok();
            match self.listener.accept().await {
                Ok((stream, address)) => {
                    let _ = stream.set_nodelay(true);
                    let peer = Peer {
                        address,
                        gate: Arc::new(Gate::new(place)),
                    };
                    return (Guarded::new(stream, peer, self.silence_max), address);
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// Who sends a request.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    gate: Arc<Gate>,
}

#[derive(Debug)]
struct Gate {
    upgraded: AtomicBool,
    place: Mutex<Option<OwnedSemaphorePermit>>,
}

impl Gate {
    fn new(place: Option<OwnedSemaphorePermit>) -> Self {
        Self {
            upgraded: AtomicBool::new(false),
            place: Mutex::new(place),
        }
    }
}

impl Peer {
    /// From here on it is a client, which has limits of its own.
    pub(super) fn upgraded(&self) {
        self.gate.upgraded.store(true, Ordering::Relaxed);
        *self.gate.place.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Connected<IncomingStream<'_, Port>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Port>) -> Self {
        stream.io().peer.clone()
    }
}

/// A socket that fails when nothing is heard on it for too long, until it is upgraded.
pub(crate) struct Guarded {
    stream: TcpStream,
    peer: Peer,
    silence_max: Duration,
    silence: Option<Pin<Box<Sleep>>>,
}

impl Guarded {
    fn new(stream: TcpStream, peer: Peer, silence_max: Duration) -> Self {
        Self {
            stream,
            peer,
            silence_max,
            silence: Some(Box::pin(tokio::time::sleep(silence_max))),
        }
    }
}

impl AsyncRead for Guarded {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let guarded = &mut *self;
        let polled = Pin::new(&mut guarded.stream).poll_read(cx, buf);
        if guarded.silence.is_none() {
            return polled;
        }
        if guarded.peer.gate.upgraded.load(Ordering::Relaxed) {
            guarded.silence = None;
            return polled;
        }
        if polled.is_ready() {
            // Whoever sends one byte now and then must not hold a place for ever: a whole request has that long.
            if buf.filled().len() == before {
                guarded.silence = None;
            }
            return polled;
        }
        let late = guarded
            .silence
            .as_mut()
            .is_some_and(|silence| silence.as_mut().poll(cx).is_ready());
        if late {
            Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
        } else {
            Poll::Pending
        }
    }
}

impl AsyncWrite for Guarded {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.answered();
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.answered();
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl Guarded {
    /// A request was answered: the next one has its time from here.
    fn answered(&mut self) {
        if let Some(silence) = &mut self.silence {
            silence.as_mut().reset(Instant::now() + self.silence_max);
        }
    }
}
