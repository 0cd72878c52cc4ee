//! Ends of actors and fates of questions, as the wire has them and as actors see them.

use actor_core::wire::failure;
use actor_core::{AskError, ExitReason, Failure, FailureKind};

use crate::wire::codes::{self, Unanswered};
use crate::wire::{Cause, Reason};

/// How an actor ended, in the texts that a frame borrows.
pub(super) struct Told {
    end: u8,
    causes: Vec<(String, u8, String)>,
}

impl Told {
    pub(super) fn of(reason: &ExitReason) -> Self {
        let end = match reason {
            ExitReason::Normal => codes::end::NORMAL,
            ExitReason::Shutdown => codes::end::SHUTDOWN,
            ExitReason::Killed => codes::end::KILLED,
            ExitReason::Failed(_) => codes::end::FAILED,
            ExitReason::Stuck => codes::end::STUCK,
            // And whatever comes to be known later: it is not there any more.
            _ => codes::end::NODE_DOWN,
        };
        let mut causes = Vec::new();
        let mut next = match reason {
            ExitReason::Failed(failure) => Some(failure),
            _ => None,
        };
        while let Some(failure) = next {
            causes.push((
                failure.path().to_string(),
                kind_code(failure.kind()),
                failure.message().to_owned(),
            ));
            next = failure.cause();
        }
        Self { end, causes }
    }

    pub(super) fn reason(&self) -> Reason<'_> {
        Reason {
            end: self.end,
            causes: self
                .causes
                .iter()
                .map(|(path, kind, words)| Cause {
                    path,
                    kind: *kind,
                    words,
                })
                .collect(),
        }
    }
}

/// What a reason from `node` means here.
pub(super) fn heard(reason: &Reason<'_>, node: &str) -> ExitReason {
    match reason.end {
        codes::end::NORMAL => ExitReason::Normal,
        codes::end::SHUTDOWN => ExitReason::Shutdown,
        codes::end::KILLED => ExitReason::Killed,
        codes::end::STUCK => ExitReason::Stuck,
        codes::end::FAILED => {
            let chain = reason.causes.iter().rev().fold(None, |cause: Option<Failure>, next| {
                let kind = kind_of(next.kind);
                Some(failure(next.path, node, kind, next.words.to_owned(), cause))
            });
            let unknown = || failure("", node, FailureKind::Error, "failed".to_owned(), None);
            ExitReason::Failed(chain.unwrap_or_else(unknown))
        }
        _ => ExitReason::NodeDown,
    }
}

fn kind_code(kind: FailureKind) -> u8 {
    match kind {
        FailureKind::Panic => codes::failure::PANIC,
        FailureKind::Start => codes::failure::START,
        FailureKind::GaveUp => codes::failure::GAVE_UP,
        FailureKind::Linked => codes::failure::LINKED,
        _ => codes::failure::ERROR,
    }
}

fn kind_of(code: u8) -> FailureKind {
    match code {
        codes::failure::PANIC => FailureKind::Panic,
        codes::failure::START => FailureKind::Start,
        codes::failure::GAVE_UP => FailureKind::GaveUp,
        codes::failure::LINKED => FailureKind::Linked,
        _ => FailureKind::Error,
    }
}

/// Why a question has no answer, for the asker's node.
pub(super) fn fate(why: &AskError) -> (Unanswered, String) {
    let code = match why {
        AskError::Stopped => Unanswered::Stopped,
        AskError::Full => Unanswered::Full,
        AskError::Failed => Unanswered::Failed,
        AskError::TimedOut(_) => Unanswered::TimedOut,
        AskError::Deadlock(_) => Unanswered::Deadlock,
        AskError::NotUnderstood(why) => return (Unanswered::Undecodable, why.clone()),
        AskError::Unsendable(why) => return (Unanswered::Unsendable, why.clone()),
        _ => Unanswered::NoReply,
    };
    (code, String::new())
}

/// What that means to the asker.
pub(super) fn fate_of(code: Unanswered, words: &str) -> AskError {
    match code {
        // Never known, or known no longer: there is no such actor.
        Unanswered::Stopped | Unanswered::NoExport => AskError::Stopped,
        Unanswered::Full | Unanswered::TooMany => AskError::Full,
        Unanswered::Undecodable => AskError::NotUnderstood(words.to_owned()),
        Unanswered::Unsendable => AskError::Unsendable(words.to_owned()),
        Unanswered::NoReply => AskError::NoReply,
        _ => AskError::Failed,
    }
}
