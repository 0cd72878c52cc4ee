//! How long one message in so many waited, and was handled, for those who read metrics.

use tokio::time::Instant;

use crate::clock;
use crate::times::{Histograms, Times};

/// Made when there is the first sample of its actor. In a box, as most messages have nothing to do with it.
#[derive(Default)]
pub(super) struct Sampler(Option<Box<Sampled>>);

struct Sampled {
    histograms: Histograms,
    /// When the next message was queued.
    queued: Option<Instant>,
    /// When the message in hand was taken up.
    begun: Option<Instant>,
}

impl Sampler {
    /// The next message was queued then.
    pub(super) fn stamped<M>(&mut self, queued: Instant, times: &Times) {
        let sampled = self.0.get_or_insert_with(|| {
            Box::new(Sampled {
                histograms: times.of::<M>(),
                queued: None,
                begun: None,
            })
        });
        sampled.queued = Some(queued);
    }

    /// A message is taken up; or passed over, if it `is_handled` by nobody.
    #[inline(always)]
    pub(super) fn begin(&mut self, is_handled: bool) {
        if let Some(sampled) = &mut self.0
            && let Some(queued) = sampled.queued.take()
            && is_handled
        {
            sampled.begin(queued);
        }
    }

    /// Its handler has ended.
    #[inline(always)]
    pub(super) fn end(&mut self) {
        if let Some(sampled) = &mut self.0
            && let Some(begun) = sampled.begun.take()
        {
            sampled.end(begun);
        }
    }
}

impl Sampled {
    #[cold]
    fn begin(&mut self, queued: Instant) {
        let now = clock::now();
        self.histograms.wait.record(now - queued);
        self.begun = Some(now);
    }

    #[cold]
    fn end(&self, begun: Instant) {
        self.histograms.handling.record(clock::now() - begun);
    }
}
