//! Asking from a thread that belongs to no runtime.

use std::pin::pin;
use std::sync::Arc;
use std::task::{self, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use actor_core::prelude::*;

use super::threads;
use crate::support::{Do, subject};

#[test]
fn a_question_that_is_asked_outside_of_any_runtime_ends_by_its_deadline() {
    let runtime = threads(1);
    let (_system, actor, _) = runtime.block_on(async { subject("a") });
    assert_eq!(block_on(actor.ask(Do::Life)), Ok(1));
    let answer = block_on(actor.ask(Do::Keep).timeout(Duration::from_millis(5)));
    assert!(matches!(answer, Err(AskError::TimedOut(_))));
    let mut asks = pin!(actor.ask(Do::Keep));
    assert!(
        asks.as_mut()
            .poll(&mut task::Context::from_waker(Waker::noop()))
            .is_pending()
    );
    drop(runtime);
    assert!(block_on(asks).is_err(), "nobody is left to answer");
}

/// Waits on this thread, as programs do that have no runtime.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unparks(Thread);
    impl Wake for Unparks {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unparks(thread::current())));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut task::Context::from_waker(&waker)) {
            return output;
        }
        thread::park();
    }
}
