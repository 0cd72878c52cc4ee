//! A subscriber that has something to do whenever it is asked whether it listens.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use tracing::subscriber::{DefaultGuard, Interest, set_default};
use tracing::{Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::Registry;

/// What it does waits for others at most: only where it is held up is it as long as that.
const HELD_UP: Duration = Duration::from_secs(5);

/// Listens until it is dropped.
pub(super) struct Nosy {
    seen: Arc<Seen>,
    _listens: DefaultGuard,
}

#[derive(Default)]
struct Seen {
    asked: AtomicUsize,
    held_up: AtomicUsize,
}

struct Listener<F> {
    seen: Arc<Seen>,
    does: Arc<F>,
}

impl Nosy {
    /// Does that, on a thread of its own, so that one that is held up holds up nobody.
    pub(super) fn new(does: impl Fn() + Send + Sync + 'static) -> Self {
        let seen = Arc::<Seen>::default();
        let listener = Listener {
            seen: seen.clone(),
            does: Arc::new(does),
        };
        Self {
            seen,
            _listens: set_default(Registry::default().with(listener)),
        }
    }

    pub(super) fn was_asked(&self) -> bool {
        self.seen.asked.load(Ordering::Relaxed) > 0
    }

    pub(super) fn was_held_up(&self) -> bool {
        self.seen.held_up.load(Ordering::Relaxed) > 0
    }
}

impl<S: Subscriber, F: Fn() + Send + Sync + 'static> Layer<S> for Listener<F> {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn enabled(&self, _: &Metadata<'_>, _: Context<'_, S>) -> bool {
        self.seen.asked.fetch_add(1, Ordering::Relaxed);
        let (says, done) = mpsc::channel();
        let does = self.does.clone();
        std::thread::spawn(move || {
            does();
            let _ = says.send(());
        });
        let held_up = usize::from(done.recv_timeout(HELD_UP).is_err());
        self.seen.held_up.fetch_add(held_up, Ordering::Relaxed);
        true
    }
}
