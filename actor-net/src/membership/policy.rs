//! Which side of a cluster that has come apart may hold what must be single.

use std::fmt;
use std::time::Duration;

use crate::id::NodeName;

/// What becomes of a side of the cluster that cannot reach the rest of it.
///
/// It governs what must be single, and verdicts about members: a side without a majority finds nobody down, since it might be
/// the one that is cut off. Messages, groups and presence go on, on every side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Policy {
    /// The side that reaches more than half of the members goes on; of two halves the one with the member whose name is the first. So of two
    /// members the first one goes on alone, and the second waits for it.
    /// [Akka, `keep-majority`]
    KeepMajority {
        /// For how long nothing must have changed before it is said. Default 5 s. Shorter answers sooner, and more often wrongly, while
        /// a network is coming apart.
        stable_after: Duration,
    },
    /// The side that reaches so many members goes on. For clusters of a known size. [Akka, `static-quorum`]
    StaticQuorum {
        /// How many: more than half of all that will ever be members at a time, or two sides can have it.
        members: usize,
        /// As above.
        stable_after: Duration,
    },
    /// Every side goes on. For what needs nothing that is single.
    Off,
}

impl Default for Policy {
    fn default() -> Self {
        Self::KeepMajority {
            stable_after: Duration::from_secs(5),
        }
    }
}

/// Whether the side that this node is on may hold what must be single.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// It may.
    Entitled,
    /// It may not.
    Minority,
}

/// What is decided on: the members of the last view, and which of them are reached.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// How many are reached, with this node.
    pub reached: usize,
    /// How many are not.
    pub unreached: usize,
    /// The first of all by name that is neither joining nor leaving, and whether it is reached.
    pub first: Option<(NodeName, bool)>,
}

/// A decision, with what it was made of.
#[derive(Clone, Debug)]
pub struct Ruling {
    /// What was decided.
    pub standing: Standing,
    why: String,
}

impl fmt::Display for Ruling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl Policy {
    /// For how long nothing must have changed before a decision counts.
    pub fn stable_after(&self) -> Duration {
        match self {
            Policy::KeepMajority { stable_after } | Policy::StaticQuorum { stable_after, .. } => *stable_after,
            Policy::Off => Duration::ZERO,
        }
    }

    /// Decides.
    pub fn rule(&self, view: &View) -> Ruling {
        let View { reached, unreached, .. } = view;
        let all = reached + unreached;
        let (entitled, why) = match self {
            Policy::Off => (true, "there is no policy".to_owned()),
            Policy::StaticQuorum { members, .. } => (
                reached >= members,
                format!("{reached} of {all} members are reached, and {members} are needed"),
            ),
            Policy::KeepMajority { .. } if reached * 2 != all => {
                (reached * 2 > all, format!("{reached} of {all} members are reached"))
            }
            Policy::KeepMajority { .. } => match &view.first {
                Some((first, here)) => {
                    let which = if *here { "reached" } else { "not reached" };
                    let why = format!(
                        "{reached} of {all} members are reached, and {first}, which decides between halves, is {which}"
                    );
                    (*here, why)
                }
                None => (true, "there are no members yet".to_owned()),
            },
        };
        let standing = if entitled {
            Standing::Entitled
        } else {
            Standing::Minority
        };
        Ruling { standing, why }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(reached: usize, unreached: usize, first_is_reached: bool) -> View {
        let name = NodeName::new("a").expect("a name");
        View {
            reached,
            unreached,
            first: Some((name, first_is_reached)),
        }
    }

    fn standing(policy: Policy, view: &View) -> Standing {
        policy.rule(view).standing
    }

    #[test]
    fn the_larger_side_goes_on_and_never_both() {
        let policy = Policy::default();
        for all in 1..=9_usize {
            for one in 0..=all {
                let other = all - one;
                let entitled = |reached, unreached, first| {
                    reached > 0 && standing(policy, &view(reached, unreached, first)) == Standing::Entitled
                };
                for first in [true, false] {
                    let sides = (entitled(one, other, first), entitled(other, one, !first));
                    assert!(!(sides.0 && sides.1), "{one} | {other}");
                    // The first is on a side that has members.
                    let first_is_somewhere = if first { one > 0 } else { other > 0 };
                    assert!(
                        sides.0 || sides.1 || !first_is_somewhere,
                        "{one} | {other}: somebody goes on"
                    );
                }
            }
        }
    }

    #[test]
    fn of_two_halves_the_one_with_the_first_name_goes_on() {
        assert_eq!(standing(Policy::default(), &view(2, 2, true)), Standing::Entitled);
        let ruling = Policy::default().rule(&view(2, 2, false));
        assert_eq!(ruling.standing, Standing::Minority);
        assert_eq!(
            ruling.to_string(),
            "2 of 4 members are reached, and a, which decides between halves, is not reached"
        );
    }

    #[test]
    fn a_quorum_is_a_number_and_without_a_policy_all_go_on() {
        let quorum = Policy::StaticQuorum {
            members: 3,
            stable_after: Duration::ZERO,
        };
        assert_eq!(standing(quorum, &view(3, 6, false)), Standing::Entitled);
        assert_eq!(standing(quorum, &view(2, 0, true)), Standing::Minority);
        assert_eq!(standing(Policy::Off, &view(1, 8, false)), Standing::Entitled);
    }
}
