//! What an actor has going on beside its messages: timers, futures and streams, whose results come in as messages.
//!
//! All of it is polled by the actor's own run loop and dropped with the actor's life. Nothing goes through the mailbox,
//! so a full one cannot stop it: a tick that finds the actor busy is one tick when it is free, and a stream is asked
//! for its next item when the last was handled.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, Stream, StreamExt};
use futures_util::task::AtomicWaker;
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use crate::clock;
use crate::contain::{contain, discard};
use crate::error::BlockingError;
use crate::question::Trace;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::turn;

/// A period of zero would keep an actor busy with nothing but its ticks.
const PERIOD_MIN: Duration = Duration::from_millis(1);

/// A period beyond what the clock can say would overflow it: ten years.
const PERIOD_MAX: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// A timer is part of the trace in which it was set if it comes so soon. What is told of a trace waits for all that is part of it,
/// and should not wait for what may happen tomorrow.
const TRACED_MAX: Duration = Duration::from_secs(60);

/// A timer, future or stream attached to an actor. Dropping this leaves it attached.
#[derive(Clone)]
pub struct Attached(Arc<Token>);

#[derive(Default)]
struct Token {
    cancelled: AtomicBool,
    running: AtomicWaker,
}

impl Attached {
    /// Ends the timer, future or stream. Called by the actor itself, no message of it is handled after this returns.
    pub fn cancel(&self) {
        self.0.cancelled.store(true, Ordering::Release);
        self.0.running.wake();
    }

    fn is_cancelled(&self) -> bool {
        self.0.cancelled.load(Ordering::Acquire)
    }
}

impl fmt::Debug for Attached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_cancelled() {
            "Attached(cancelled)"
        } else {
            "Attached"
        })
    }
}

/// Attached work that has not been begun: it is when the handler which attached it has returned.
pub(crate) struct Fresh<M> {
    step: Step<M>,
    attached: Attached,
    trace: Trace,
}

enum Source<M> {
    Once(Pin<Box<Sleep>>, Option<M>),
    Every(Box<Ticker<M>>),
    Future(Pin<Box<dyn Future<Output = M> + Send>>),
    Stream(Pin<Box<dyn Stream<Item = M> + Send>>),
}

struct Ticker<M> {
    period: Duration,
    at: Instant,
    sleep: Pin<Box<Sleep>>,
    make: Box<dyn FnMut() -> M + Send>,
}

impl<M> Ticker<M> {
    /// Sets the next tick, when the last was taken up at `now`. It keeps the beat; but ticks that would have come by
    /// now are one with that.
    fn wind(&mut self, now: Instant) {
        self.at += self.period;
        if self.at <= now {
            self.at = now + self.period;
        }
        self.sleep.as_mut().reset(self.at);
    }
}

impl<M: Send + 'static> Fresh<M> {
    fn new(source: Source<M>, trace: Trace) -> (Self, Attached) {
        let attached = Attached(Arc::default());
        (
            Self {
                step: Step(Some(source)),
                attached: attached.clone(),
                trace,
            },
            attached,
        )
    }

    pub(crate) fn once(after: Duration, msg: M) -> (Self, Attached) {
        let is_soon = after <= TRACED_MAX;
        let trace = if is_soon { Trace::current() } else { Trace::default() };
        Self::new(Source::Once(Box::pin(sleep(after)), Some(msg)), trace)
    }

    pub(crate) fn every(period: Duration, make: impl FnMut() -> M + Send + 'static) -> (Self, Attached) {
        // Far enough for any program, and near enough for any clock.
        let period = period.clamp(PERIOD_MIN, PERIOD_MAX);
        let at = clock::now() + period;
        let make = Box::new(make);
        let ticker = Ticker {
            period,
            at,
            sleep: Box::pin(sleep_until(at)),
            make,
        };
        Self::new(Source::Every(Box::new(ticker)), Trace::default())
    }

    pub(crate) fn future(future: impl Future<Output = M> + Send + 'static) -> (Self, Attached) {
        Self::new(Source::Future(Box::pin(future)), Trace::current())
    }

    pub(crate) fn stream(stream: impl Stream<Item = M> + Send + 'static) -> (Self, Attached) {
        Self::new(Source::Stream(Box::pin(stream)), Trace::default())
    }
}

/// A source on its way to its next message.
struct Step<M>(Option<Source<M>>);

type Stepped<M> = Option<(M, Option<Step<M>>)>;

impl<M> Unpin for Step<M> {}

impl<M> Drop for Step<M> {
    /// Contained one by one: of several that are dropped together, a panic in one must not leak the others.
    fn drop(&mut self) {
        discard(self.0.take());
    }
}

impl<M> Future for Step<M> {
    type Output = Stepped<M>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Stepped<M>> {
        let Some(source) = &mut self.0 else {
            return Poll::Ready(None);
        };
        let msg = match source {
            Source::Once(sleep, msg) => {
                ready!(sleep.as_mut().poll(cx));
                msg.take()
            }
            Source::Every(ticker) => {
                ready!(ticker.sleep.as_mut().poll(cx));
                Some((ticker.make)())
            }
            Source::Future(future) => Some(ready!(future.as_mut().poll(cx))),
            Source::Stream(stream) => ready!(stream.as_mut().poll_next(cx)),
        };
        let again = self
            .0
            .take()
            .filter(|source| matches!(source, Source::Every(_) | Source::Stream(_)));
        Poll::Ready(msg.map(|msg| (msg, again.map(|source| Step(Some(source))))))
    }
}

/// All attached work of one life.
pub(crate) struct Work<M> {
    running: FuturesUnordered<Running<M>>,
    ready: VecDeque<Done<M>>,
    panic: Option<String>,
}

struct Running<M> {
    step: Step<M>,
    attached: Attached,
    trace: Trace,
}

struct Done<M> {
    msg: M,
    again: Option<Step<M>>,
    attached: Attached,
    trace: Trace,
}

impl<M> Future for Running<M> {
    type Output = Option<Done<M>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // Registered before it is looked at, so that a cancellation in between is not missed.
        self.attached.0.running.register(cx.waker());
        if self.attached.is_cancelled() {
            return Poll::Ready(None);
        }
        let Self { step, attached, trace } = &mut *self;
        let stepped = {
            let _within = trace.enter();
            ready!(Pin::new(step).poll(cx))
        };
        Poll::Ready(stepped.map(|(msg, again)| Done {
            msg,
            again,
            attached: attached.clone(),
            trace: mem::take(trace),
        }))
    }
}

/// What attached work has for the actor.
pub(crate) enum Outcome<M> {
    Message(M, Trace),
    Panicked(String),
}

impl<M: Send + 'static> Work<M> {
    pub(crate) fn new() -> Self {
        Self {
            running: FuturesUnordered::new(),
            ready: VecDeque::new(),
            panic: None,
        }
    }

    pub(crate) fn begin(&mut self, fresh: Fresh<M>) {
        let Fresh { step, attached, trace } = fresh;
        self.running.push(Running { step, attached, trace });
    }

    /// Lets all of it make progress, and keeps what comes of it: at most one message for each piece of work.
    pub(crate) fn poll_progress(&mut self, cx: &mut Context<'_>) {
        loop {
            let running = &mut self.running;
            match turn::aside(|| contain(|| running.poll_next_unpin(cx))) {
                Ok(Poll::Ready(Some(done))) => self.ready.extend(done),
                Ok(Poll::Ready(None) | Poll::Pending) => return,
                // The others go on: a handler may wait for what they do.
                Err(panic) => {
                    self.panic.get_or_insert(panic);
                }
            }
        }
    }

    /// Lets all of it make progress, and takes the next result, if there is one.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Option<Outcome<M>> {
        self.poll_progress(cx);
        self.next()
    }

    /// Takes the next result, and sets its source going again.
    fn next(&mut self) -> Option<Outcome<M>> {
        if let Some(panic) = self.panic.take() {
            return Some(Outcome::Panicked(panic));
        }
        loop {
            let done = self.ready.pop_front()?;
            if done.attached.is_cancelled() {
                discard(done);
                continue;
            }
            if let Some(mut step) = done.again {
                if let Some(Source::Every(ticker)) = &mut step.0 {
                    ticker.wind(clock::now());
                }
                let (attached, trace) = (done.attached, Trace::default());
                self.running.push(Running { step, attached, trace });
            }
            return Some(Outcome::Message(done.msg, done.trace));
        }
    }
}

/// Runs `f` on the pool of threads that may block.
pub(crate) fn blocking<T: Send + 'static>(
    f: impl FnOnce() -> T + Send + 'static,
) -> impl Future<Output = Result<T, BlockingError>> + Send + 'static {
    let running = tokio::task::spawn_blocking(move || contain(f));
    async move {
        match running.await {
            Ok(result) => result.map_err(BlockingError::Panicked),
            Err(_) => Err(BlockingError::Cancelled),
        }
    }
}
