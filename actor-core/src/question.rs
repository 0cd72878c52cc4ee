//! What those who carry a question know of the one who asked it.

#[cfg(feature = "traces")]
mod traced;
#[cfg(not(feature = "traces"))]
mod untraced;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

#[cfg(feature = "wire")]
use crate::clock;
use crate::error::AskError;
#[cfg(feature = "traces")]
use crate::trace::Origin;

#[cfg(all(feature = "traces", feature = "wire"))]
pub(crate) use traced::origin_of;
#[cfg(feature = "traces")]
pub(crate) use traced::{Trace, begin, trace_of_sender, traced, untraced};
#[cfg(all(not(feature = "traces"), feature = "wire"))]
pub(crate) use untraced::origin_of;
#[cfg(not(feature = "traces"))]
pub(crate) use untraced::{Trace, begin, trace_of_sender, traced, untraced};

/// The asker's side of a question, without the type of its answer.
pub(crate) trait Question: Send + Sync {
    /// Whether the asker still waits, and how long.
    fn wait(&self) -> Wait;
    /// Ends the wait without an answer. Does nothing if there is an answer, or if the asker has gone.
    fn refuse(&self, why: AskError);

    /// From where the message that it goes along with was sent, and what of it is a question; if that is part of a trace.
    #[cfg(feature = "traces")]
    fn traced(&self) -> Option<(&Origin, Option<&Arc<dyn Question>>)> {
        None
    }

    fn is_awaited(&self) -> bool {
        matches!(self.wait(), Wait::Until(_))
    }
}

/// The wait of one who asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// It goes on, at the longest until then.
    Until(Option<Instant>),
    /// There is an answer, or the asker has gone.
    Over,
}

/// For how much longer an asker waits, as of this moment; `None` for as long as it takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Left(
    #[cfg_attr(not(feature = "wire"), expect(dead_code, reason = "said where nodes are connected"))]
    pub(crate)  Option<Duration>,
);

impl Wait {
    /// How much of it is left.
    #[cfg(feature = "wire")]
    pub(crate) fn left(self) -> Left {
        Left(match self {
            Wait::Until(deadline) => deadline.map(|deadline| deadline.saturating_duration_since(clock::now())),
            Wait::Over => None,
        })
    }
}

/// Where a reply port has gone, and the number that it has there.
pub(crate) struct Away {
    pub(crate) to: Arc<dyn Abroad>,
    pub(crate) call: u64,
}

/// One who keeps reply ports that have left this process.
#[cfg_attr(
    not(feature = "wire"),
    expect(unreachable_pub, reason = "public where nodes are connected")
)]
pub trait Abroad: Send + Sync {
    /// Nobody waits for this answer any more.
    fn asker_gone(&self, call: u64);
}

/// A message on its way, with what travels beside it.
///
/// A plain message carries two empty words, where one that is part of a trace has that. A question carries its asker: so
/// a question nobody waits for any more is skipped, its deadline is inherited by what the handler asks in turn, and it
/// is answered `Stopped` when the mailbox goes down with it.
pub(crate) struct Envelope<M> {
    pub(crate) msg: M,
    pub(crate) question: Option<Arc<dyn Question>>,
}

impl<M> Envelope<M> {
    /// A message without a question, sent by whoever runs here. Not to be made under a lock: who listens to traces is asked.
    #[inline(always)]
    pub(crate) fn plain(msg: M) -> Self {
        Self {
            msg,
            question: trace_of_sender(),
        }
    }
}
