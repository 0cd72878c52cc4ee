//! Why an actor ended.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::id::ActorPath;

/// Why an actor ended; every end has exactly one.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ExitReason {
    /// It ended itself, or was stopped or drained through a handle.
    Normal,
    /// Its parent, or the whole system, was shutting down.
    Shutdown,
    /// It was killed: the handler was dropped at an await, and `on_stop` did not run.
    Killed,
    /// It returned an error, panicked, could not start, or gave up on its children.
    Failed(Failure),
    /// It did not give its thread back after a kill, and was cut off.
    Stuck,
    /// The node that it lives on was lost, or the connection to it. Whether it lives there still is unknown.
    NodeDown,
}

impl ExitReason {
    /// Whether this end is one that a *transient* child is not restarted after: `Normal` or `Shutdown`. (As OTP has
    /// it.)
    pub fn is_orderly(&self) -> bool {
        matches!(self, ExitReason::Normal | ExitReason::Shutdown)
    }

    /// What failed, where the actor at `path` ended so: its own failure, or that it ended like this at all.
    pub(crate) fn as_failure(&self, path: &ActorPath) -> Failure {
        match self {
            ExitReason::Failed(failure) => failure.clone(),
            other => Failure::new(path.clone(), FailureKind::Error, other.to_string()),
        }
    }
}

impl fmt::Display for ExitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExitReason::Normal => f.write_str("ended normally"),
            ExitReason::Shutdown => f.write_str("was shut down"),
            ExitReason::Killed => f.write_str("was killed"),
            ExitReason::Failed(failure) => write!(f, "failed: {failure}"),
            ExitReason::Stuck => f.write_str("was stuck in its handler"),
            ExitReason::NodeDown => f.write_str("was lost with its node"),
        }
    }
}

/// What went wrong in an actor, kept as text so that it can be shown long after the actor is gone.
///
/// [`source`](Error::source) leads to the failure of the child that brought this actor down, down to the first cause.
#[derive(Clone)]
pub struct Failure(Arc<Inner>);

struct Inner {
    path: ActorPath,
    kind: FailureKind,
    message: String,
    cause: Option<Failure>,
}

/// How an actor failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailureKind {
    /// `handle`, `on_signal` or `on_stop` returned an error.
    Error,
    /// Its code, or work attached to it, panicked.
    Panic,
    /// Its factory or `on_start` returned an error or panicked.
    Start,
    /// Its children were restarted more often than its intensity allows.
    GaveUp,
    /// An actor that it was linked to failed.
    Linked,
}

impl Failure {
    pub(crate) fn new(path: ActorPath, kind: FailureKind, message: String) -> Self {
        Self(Arc::new(Inner {
            path,
            kind,
            message,
            cause: None,
        }))
    }

    pub(crate) fn caused_by(path: ActorPath, kind: FailureKind, message: String, cause: Option<Failure>) -> Self {
        Self(Arc::new(Inner {
            path,
            kind,
            message,
            cause,
        }))
    }

    /// The actor that failed.
    pub fn path(&self) -> &ActorPath {
        &self.0.path
    }

    /// How it failed.
    pub fn kind(&self) -> FailureKind {
        self.0.kind
    }

    /// The error's or the panic's own words, the chain of its sources included.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The child's failure that led to this one.
    pub fn cause(&self) -> Option<&Failure> {
        self.0.cause.as_ref()
    }

    /// The failure at the end of the chain: the one that started it all.
    pub fn first_cause(&self) -> &Failure {
        let mut failure = self;
        while let Some(cause) = failure.cause() {
            failure = cause;
        }
        failure
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.0.kind {
            FailureKind::Error | FailureKind::GaveUp | FailureKind::Linked => "",
            FailureKind::Panic => "panicked: ",
            FailureKind::Start => "could not start: ",
        };
        write!(f, "{} {what}{}", self.0.path, self.0.message)
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)?;
        if let Some(cause) = self.cause() {
            write!(f, ", because {cause:?}")?;
        }
        Ok(())
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause().map(|cause| cause as &(dyn Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_of_failures_is_told_from_the_top_to_the_first_cause() {
        let root = ActorPath::root("demo");
        let disk = Failure::new(
            root.child("db").child("disk"),
            FailureKind::Error,
            "no space left".into(),
        );
        let db = Failure::caused_by(
            root.child("db"),
            FailureKind::GaveUp,
            "gave up after 3 restarts in 5s".into(),
            Some(disk),
        );
        assert_eq!(
            format!("{db:?}"),
            "/demo/db gave up after 3 restarts in 5s, because /demo/db/disk no space left"
        );
        assert_eq!(db.first_cause().message(), "no space left");
        assert_eq!(
            db.source().map(ToString::to_string).as_deref(),
            Some("/demo/db/disk no space left")
        );
    }
}
