//! A suspicion, from the moment that a member was missed to the verdict, with what witnesses say of it.
//!
//! # How it is used
//! [`Doubt::new`] with the time of the first look. At each look [`Doubt::look`] says what to do: ask witnesses, with the number of that round,
//! or pass the verdict. What witnesses say of a round comes in with [`Doubt::missed`]; if one of them has reached the member, the
//! doubt is dropped.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::identity::Identity;
use crate::id::NodeName;

/// Rounds that find nothing out become rarer, up to so many times as rare.
const RARER_MAX: u32 = 16;

#[derive(Debug)]
pub(super) struct Doubt {
    pub(super) who: Identity,
    /// Foca's count of the suspicions that the member has refuted.
    pub(super) incarnation: u16,
    since: Instant,
    verdict_after: Duration,
    /// The round that is under way, when it began, and who has tried in vain in it.
    round: Option<(u64, Instant)>,
    missed: BTreeSet<NodeName>,
    rarer: u32,
}

/// What to do about a doubt, and when to look at it again.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// Ask others to try.
    Ask { again: Instant },
    /// Nothing for now.
    Wait { again: Instant },
    /// It is down.
    Verdict,
}

/// What a look needs to know.
#[derive(Clone, Copy, Debug)]
pub(super) struct Court {
    /// So many witnesses are needed.
    pub(super) needed: usize,
    /// Whether this side may pass verdicts now, if it had waited for no longer than usual.
    pub(super) may_judge: bool,
    /// Whether nothing has become unreachable for a while: a network that comes apart does so bit by bit, and who finds others
    /// missing first must not judge before it knows how many are.
    pub(super) is_calm: bool,
}

impl Doubt {
    pub(super) fn new(who: Identity, incarnation: u16, verdict_after: Duration, now: Instant) -> Self {
        Self {
            who,
            incarnation,
            since: now,
            verdict_after,
            round: None,
            missed: BTreeSet::new(),
            rarer: 1,
        }
    }

    /// This node was away: so much later is everything.
    pub(super) fn put_off(&mut self, by: Duration) {
        self.since += by;
        if let Some((_, began)) = &mut self.round {
            *began += by;
        }
    }

    /// Looks at it; `round` is the number for a round that begins now.
    pub(super) fn look(&mut self, now: Instant, round: u64, court: Court) -> Look {
        let half = self.verdict_after / 2;
        if let Some((_, began)) = self.round.take_if(|_| now >= self.since + self.verdict_after) {
            // What was tried long ago says nothing about now.
            let is_proven = now < began + half * 2 && self.missed.len() >= court.needed;
            let is_calm = court.is_calm || now >= self.since + self.verdict_after * 2;
            if is_proven && court.may_judge && is_calm {
                return Look::Verdict;
            }
            if is_proven && court.may_judge {
                self.round = Some((round, began));
                return Look::Wait { again: now + half / 8 };
            }
            self.rarer = (self.rarer * 2).min(RARER_MAX);
            if self.rarer > 2 {
                let rest = half * (self.rarer / 2 - 1);
                return Look::Wait { again: now + rest };
            }
        }
        self.round = Some((round, now));
        self.missed.clear();
        Look::Ask { again: now + half }
    }

    /// A witness has tried in vain.
    pub(super) fn missed(&mut self, round: u64, by: NodeName) {
        if self.is_round(round) {
            self.missed.insert(by);
        }
    }

    /// Whether this is the round that is under way.
    pub(super) fn is_round(&self, round: u64) -> bool {
        self.round.is_some_and(|(number, _)| number == round)
    }

    /// Who has tried in vain.
    pub(super) fn witnesses(&self) -> impl Iterator<Item = &NodeName> {
        self.missed.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{Incarnation, NodeId};
    use crate::membership::Stay;

    const SECOND: Duration = Duration::from_secs(1);
    const FREE: Court = Court {
        needed: 2,
        may_judge: true,
        is_calm: true,
    };

    #[expect(clippy::disallowed_methods, reason = "any moment will do")]
    fn t0() -> Instant {
        Instant::now()
    }

    fn name(name: &str) -> NodeName {
        NodeName::new(name).expect("a name")
    }

    fn doubt(now: Instant) -> Doubt {
        let id = NodeId {
            name: name("x"),
            incarnation: Incarnation(1),
        };
        let who = Identity {
            id,
            stay: Stay(1),
            address: "x:1".into(),
        };
        Doubt::new(who, 0, SECOND * 2, now)
    }

    #[test]
    fn a_verdict_needs_its_time_and_witnesses_of_its_second_half() {
        let t0 = t0();
        let mut doubt = doubt(t0);
        assert_eq!(doubt.look(t0, 1, FREE), Look::Ask { again: t0 + SECOND });
        doubt.missed(1, name("a"));
        doubt.missed(1, name("b"));
        assert_eq!(doubt.look(t0 + SECOND, 2, FREE), Look::Ask { again: t0 + SECOND * 2 });
        doubt.missed(1, name("a"));
        doubt.missed(2, name("b"));
        let again = t0 + SECOND * 3;
        assert_eq!(
            doubt.look(t0 + SECOND * 2, 3, FREE),
            Look::Ask { again },
            "one witness of the last round"
        );
        doubt.missed(3, name("a"));
        doubt.missed(3, name("a"));
        let again = again + SECOND;
        assert_eq!(
            doubt.look(again - SECOND, 4, FREE),
            Look::Wait { again },
            "one witness twice"
        );
        doubt.missed(3, name("c"));
        assert_eq!(
            doubt.look(again, 5, FREE),
            Look::Ask { again: again + SECOND },
            "of a round that is over"
        );
        doubt.missed(5, name("a"));
        doubt.missed(5, name("c"));
        assert_eq!(doubt.look(again + SECOND, 6, FREE), Look::Verdict);
    }

    #[test]
    fn a_side_that_may_not_judge_goes_on_asking_and_ever_less_often() {
        let t0 = t0();
        let (mut doubt, mut now, mut waits) = (doubt(t0), t0, Vec::new());
        let court = Court {
            may_judge: false,
            ..FREE
        };
        for round in 1..20 {
            match doubt.look(now, round, court) {
                Look::Ask { again } => {
                    doubt.missed(round, name("a"));
                    doubt.missed(round, name("b"));
                    now = again;
                }
                Look::Wait { again } => {
                    waits.push(again - now);
                    now = again;
                }
                Look::Verdict => panic!("it may not judge"),
            }
        }
        assert!(waits.is_sorted() && waits.last() == Some(&(SECOND * 7)), "{waits:?}");
    }

    #[test]
    fn while_more_and_more_are_missed_a_verdict_waits_but_not_for_ever() {
        let t0 = t0();
        let mut doubt = doubt(t0);
        let court = Court { is_calm: false, ..FREE };
        let (mut now, mut round) = (t0, 0);
        loop {
            round += 1;
            match doubt.look(now, round, court) {
                Look::Verdict => break,
                Look::Ask { again } => {
                    doubt.missed(round, name("a"));
                    doubt.missed(round, name("b"));
                    now = again;
                }
                Look::Wait { again } => now = again,
            }
            assert!(now < t0 + SECOND * 10);
        }
        assert!(now >= t0 + SECOND * 4);
    }

    #[test]
    fn where_nobody_else_is_nobody_is_needed() {
        let t0 = t0();
        let mut doubt = doubt(t0);
        let court = Court { needed: 0, ..FREE };
        doubt.look(t0, 1, court);
        doubt.look(t0 + SECOND, 2, court);
        assert_eq!(doubt.look(t0 + SECOND * 2, 3, court), Look::Verdict);
    }
}
