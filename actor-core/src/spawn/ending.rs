//! What the end of a life means for the one after it: pure.

use crate::exit::ExitReason;
use crate::signal::Orders;

/// Why a life ended, with the orders that were obeyed by ending it.
pub(super) struct End {
    pub(super) reason: ExitReason,
    pub(super) obeyed: Orders,
}

/// How an end is read by the supervisor.
pub(super) struct Meaning<'a> {
    /// The orders that this end obeys. Those that stand beside them are for the next life.
    pub(super) obeyed: Orders,
    /// The reason that the restart policy judges.
    pub(super) judged: &'a ExitReason,
    /// It was taken down to be restarted, which is no failure.
    pub(super) cycled: bool,
    /// It was told to end for good meanwhile, and its policy decides whether it is restarted all the same.
    pub(super) stopped_late: bool,
}

impl End {
    /// Reads the end, where `standing` are the orders at that moment. `by_itself` says that the actor had ended itself.
    pub(super) fn meaning(&self, standing: Orders, by_itself: bool) -> Meaning<'_> {
        // A stop that came while the actor failed is obeyed by this end, and is not undone by a restart.
        let stopped_late = standing.without(self.obeyed).any_of(Orders::STOP);
        // One that was told to stop has done so, though its `on_stop` failed. One that ended itself has failed then.
        // [OTP]
        let was_told = stopped_late || (self.obeyed.any_of(Orders::STOPPING) && !by_itself);
        // One that is taken down to be restarted with others is restarted with them, however it ends: a failure or a
        // kill meanwhile is not one more. [OTP]
        let cycled = self.obeyed.with(standing).any_of(Orders::CYCLE);
        let late = if stopped_late { Orders::STOPPING } else { Orders::NONE };
        Meaning {
            obeyed: self.obeyed.with(Orders::INTERRUPTING).with(late),
            judged: if was_told { &ExitReason::Normal } else { &self.reason },
            cycled,
            stopped_late,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::{Failure, FailureKind};
    use crate::id::ActorPath;

    fn failed(obeyed: Orders) -> End {
        let failure = Failure::new(ActorPath::root("x"), FailureKind::Error, "on purpose".into());
        End {
            reason: ExitReason::Failed(failure),
            obeyed,
        }
    }

    fn killed() -> End {
        End {
            reason: ExitReason::Killed,
            obeyed: Orders::INTERRUPTING,
        }
    }

    #[test]
    fn a_failure_is_judged_as_it_is() {
        let end = failed(Orders::INTERRUPTING);
        let meaning = end.meaning(Orders::NONE, false);
        assert!(matches!(meaning.judged, ExitReason::Failed(_)) && !meaning.cycled);
        assert!(meaning.obeyed == Orders::INTERRUPTING);
    }

    #[test]
    fn a_stop_that_came_late_is_obeyed_and_judged_as_a_stop() {
        for end in [failed(Orders::INTERRUPTING), killed()] {
            let meaning = end.meaning(Orders::STOP.with(Orders::CYCLE), false);
            assert!(matches!(meaning.judged, ExitReason::Normal) && meaning.stopped_late && meaning.cycled);
            assert!(meaning.obeyed.any_of(Orders::STOP) && !meaning.obeyed.any_of(Orders::CYCLE));
        }
    }

    #[test]
    fn a_drain_that_came_late_is_for_the_next_life() {
        let end = failed(Orders::INTERRUPTING);
        let meaning = end.meaning(Orders::DRAIN, false);
        assert!(matches!(meaning.judged, ExitReason::Failed(_)));
        assert!(!meaning.obeyed.any_of(Orders::DRAIN));
    }

    #[test]
    fn an_on_stop_that_fails_is_a_failure_only_of_one_that_ended_itself() {
        let end = failed(Orders::STOPPING);
        assert!(matches!(end.meaning(Orders::NONE, false).judged, ExitReason::Normal));
        assert!(matches!(end.meaning(Orders::NONE, true).judged, ExitReason::Failed(_)));
    }

    #[test]
    fn one_that_fails_or_is_killed_while_it_is_to_be_restarted_with_others_is() {
        for end in [killed(), failed(Orders::INTERRUPTING)] {
            assert!(end.meaning(Orders::CYCLE, false).cycled);
            assert!(!end.meaning(Orders::NONE, false).cycled);
        }
    }
}
