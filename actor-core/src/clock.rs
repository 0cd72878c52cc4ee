//! The clock: the one place that reads it, so that everything that has rules can take the time as an argument.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use futures_util::task::AtomicWaker;
use tokio::time::Instant;

/// The present, by the runtime's clock: it stands still where a test has paused it.
#[expect(clippy::disallowed_methods, reason = "this room owns the clock")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Resolves when so much time of the world has passed, by a thread of its own: also where the runtime's clock stands
/// still because every thread of it is held by a handler that does not await.
pub(crate) fn real_time(time: Duration) -> impl Future<Output = ()> {
    let passed = Arc::new(Passed::default());
    let there = passed.clone();
    let sleeper = thread::Builder::new()
        .name("actor-core-deadline".into())
        .spawn(move || there.sleep(time));
    RealTime {
        passed,
        sleeper: sleeper.ok(),
    }
}

#[derive(Default)]
struct Passed {
    done: AtomicBool,
    dropped: AtomicBool,
    waiting: AtomicWaker,
}

impl Passed {
    #[expect(clippy::disallowed_methods, reason = "this room owns the clock")]
    fn sleep(&self, time: Duration) {
        let begun = std::time::Instant::now();
        while let Some(left) = time.checked_sub(begun.elapsed()).filter(|left| !left.is_zero()) {
            if self.dropped.load(Ordering::Acquire) {
                return;
            }
            thread::park_timeout(left);
        }
        self.done.store(true, Ordering::Release);
        self.waiting.wake();
    }
}

struct RealTime {
    passed: Arc<Passed>,
    sleeper: Option<thread::JoinHandle<()>>,
}

impl Future for RealTime {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.passed.waiting.register(cx.waker());
        if self.passed.done.load(Ordering::Acquire) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

impl Drop for RealTime {
    fn drop(&mut self) {
        self.passed.dropped.store(true, Ordering::Release);
        if let Some(sleeper) = &self.sleeper {
            sleeper.thread().unpark();
        }
    }
}
