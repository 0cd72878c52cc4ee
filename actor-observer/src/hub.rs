//! One look a second for all pages that are open, and none while none is.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use actor_core::System;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::look::{Looker, Nodes};

/// A look takes at most this part of the time: what is sent of it takes some more.
const SHARE_MAX: u32 = 60;

const LOOK_EVERY: Duration = Duration::from_secs(1);

pub(crate) struct Hub {
    looker: Mutex<Looker>,
    /// The last look, as text that is the same for all.
    seen: watch::Sender<Arc<str>>,
    is_looking: Mutex<bool>,
}

impl Hub {
    pub(crate) fn new(system: &System, nodes: Option<Nodes>) -> Arc<Self> {
        Arc::new(Self {
            looker: Mutex::new(Looker::new(system, nodes)),
            seen: watch::Sender::new(Arc::from("")),
            is_looking: Mutex::new(false),
        })
    }

    /// Runs `f` where it may take a while.
    pub(crate) async fn with<R: Send + 'static>(
        self: &Arc<Self>,
        f: impl FnOnce(&mut Looker) -> R + Send + 'static,
    ) -> Option<R> {
        let hub = self.clone();
        tokio::task::spawn_blocking(move || f(&mut hub.looker())).await.ok()
    }

    /// The looks from now on; the first of them is made at once if nobody looks yet.
    pub(crate) fn follow(self: &Arc<Self>) -> watch::Receiver<Arc<str>> {
        let followed = self.seen.subscribe();
        let mut is_looking = lock(&self.is_looking);
        if !*is_looking {
            *is_looking = true;
            tokio::spawn(self.clone().look_on());
        }
        followed
    }

    /// Looks until nobody follows any more.
    async fn look_on(self: Arc<Self>) {
        let mut usual = Duration::MAX;
        loop {
            let began = Instant::now();
            let Some(seen) = self.with(Looker::look).await else {
                *lock(&self.is_looking) = false;
                return;
            };
            self.seen.send_replace(seen.into());
            // One look that had to wait for the processor has not used it: what they usually take falls at once, and rises step by step.
            usual = began.elapsed().min(usual.saturating_mul(5) / 4);
            sleep(LOOK_EVERY.max(usual * SHARE_MAX)).await;
            let mut is_looking = lock(&self.is_looking);
            // Who follows from now on finds that nobody looks.
            if self.seen.receiver_count() == 0 {
                *is_looking = false;
                return;
            }
        }
    }

    fn looker(&self) -> MutexGuard<'_, Looker> {
        lock(&self.looker)
    }
}

/// A panic while one looks leaves nothing that the next look does not make anew.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
