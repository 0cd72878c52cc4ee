//! Whether a child is started again after it has ended.

use crate::exit::ExitReason;

/// When a child is restarted, with OTP's meaning of the words.
///
/// Source: the `restart` key of a child specification in Erlang/OTP's `supervisor`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum RestartPolicy {
    /// Always, whatever the reason: also when it was stopped or drained through a handle.
    Permanent,
    /// Only after a failure or a kill: what ended `Normal`ly, or by `Shutdown`, has done its work.
    ///
    /// The default, because a child that was told to stop is then gone, and one that failed is not.
    #[default]
    Transient,
    /// Never.
    Temporary,
}

impl RestartPolicy {
    /// Whether a child with this policy is to be restarted after it ended for `reason`.
    pub fn restarts_after(self, reason: &ExitReason) -> bool {
        match self {
            RestartPolicy::Permanent => true,
            RestartPolicy::Transient => !reason.is_orderly(),
            RestartPolicy::Temporary => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RestartPolicy::{Permanent, Temporary, Transient};
    use super::*;
    use crate::exit::{Failure, FailureKind};
    use crate::id::ActorPath;

    #[test]
    fn the_policies_mean_what_they_mean_in_otp() {
        let failed = ExitReason::Failed(Failure::new(ActorPath::root("x"), FailureKind::Panic, "boom".into()));
        for (reason, restarted) in [
            (ExitReason::Normal, [true, false, false]),
            (ExitReason::Shutdown, [true, false, false]),
            (ExitReason::Killed, [true, true, false]),
            (failed, [true, true, false]),
        ] {
            let got = [Permanent, Transient, Temporary].map(|policy| policy.restarts_after(&reason));
            assert_eq!(got, restarted, "{reason}");
        }
    }
}
