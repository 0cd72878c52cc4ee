//! Counting how questions end.

use crate::error::AskError;
use crate::ledger::Outcome;

use super::Ask;

impl<M: Send + 'static, T: Send + 'static> Ask<'_, M, T> {
    pub(super) fn count(&mut self, outcome: Outcome) {
        self.is_counted = true;
        self.handle.core().ledger().asked(outcome);
    }
}

pub(super) fn of<T>(answer: &Result<T, AskError>) -> Outcome {
    match answer {
        Ok(_) => Outcome::Answered,
        Err(AskError::Stopped) => Outcome::Stopped,
        Err(AskError::Full) => Outcome::Full,
        Err(AskError::Failed) => Outcome::Failed,
        Err(AskError::NoReply) => Outcome::NoReply,
        Err(AskError::TimedOut(_)) => Outcome::TimedOut,
        Err(AskError::Deadlock(_)) => Outcome::Deadlock,
        Err(AskError::NodeDown) => Outcome::NodeDown,
        Err(AskError::Unsendable(_)) => Outcome::Unsendable,
        Err(AskError::NotUnderstood(_)) => Outcome::NotUnderstood,
    }
}
