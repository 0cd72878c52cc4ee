//! A MODE command against a channel: what is changed, refused, shown.

use super::charter::Effect;
use super::refusal::Refusal;
use super::roster::Channel;
use crate::protocol::mode::{Asked, Change, ListKind};
use crate::user::profile::ClientId;

/// What came of a MODE command.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// What was changed, to be told to all.
    pub changes: Vec<Change>,
    /// What was not, to be told to the asker.
    pub refusals: Vec<Refusal>,
    /// Lists that the asker wants to see.
    pub shown: Vec<ListKind>,
}

impl<P> Channel<P> {
    /// Carries out what `by` asked for, in order. Who may change nothing is told once.
    pub fn change(&mut self, by: ClientId, source: &str, asked: Vec<Asked>, at_s: u64, masks_max: usize) -> Outcome {
        let mut outcome = Outcome::default();
        let allowed = self.operator(by).err();
        for asked in asked {
            let change = match asked {
                Asked::Show(kind) => {
                    outcome.shown.push(kind);
                    continue;
                }
                Asked::Unknown(letter) => {
                    outcome.refusals.push(Refusal::UnknownMode(letter));
                    continue;
                }
                Asked::Change(_) | Asked::Missing(_) | Asked::Invalid(..) if allowed.is_some() => {
                    let refusal = allowed.clone().unwrap_or(Refusal::NotOperator);
                    if !outcome.refusals.contains(&refusal) {
                        outcome.refusals.push(refusal);
                    }
                    continue;
                }
                Asked::Missing(_) => {
                    outcome.refusals.push(Refusal::ModeWithoutParameter);
                    continue;
                }
                Asked::Invalid(letter, param, reason) => {
                    outcome.refusals.push(Refusal::ModeParameter(letter, param, reason));
                    continue;
                }
                Asked::Change(change) => change,
            };
            match self.change_one(change, source, at_s, masks_max) {
                Ok(change) => outcome.changes.extend(change),
                Err(refusal) => outcome.refusals.push(refusal),
            }
        }
        outcome
    }

    fn change_one(
        &mut self,
        change: Change,
        source: &str,
        at_s: u64,
        masks_max: usize,
    ) -> Result<Option<Change>, Refusal> {
        if let Change::Rank(set, rank, nick) = &change {
            let changed = self.rank(*set, *rank, nick)?;
            return Ok(changed.map(|nick| Change::Rank(*set, *rank, nick)));
        }
        match self.charter.change(&change, source, at_s, masks_max) {
            Effect::Made => Ok(Some(change)),
            Effect::Idle => Ok(None),
            Effect::Full => match change {
                Change::List(_, kind, mask) => Err(Refusal::ListFull(kind.letter(), mask)),
                _ => Ok(None),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::channel::charter::Charter;
    use crate::protocol::mode::{Flag, Rank, parse};
    use crate::user::profile::Profile;

    fn channel() -> Channel<()> {
        let mut channel = Channel::new("#c".to_owned(), Charter::new(0));
        for (id, nick) in [(1, "op"), (2, "bob")] {
            channel.enter(
                id,
                Arc::new(Profile {
                    nick: nick.to_owned(),
                    ..Profile::default()
                }),
                (),
            );
        }
        channel
    }

    #[test]
    fn an_operator_changes_and_hears_of_what_failed() {
        let outcome = channel().change(1, "op!u@h", parse("+ovvmb-n", &["BOB", "bob", "eve", "x"]), 0, 9);
        assert_eq!(
            outcome.changes,
            [
                Change::Rank(true, Rank::Operator, "bob".to_owned()),
                Change::Rank(true, Rank::Voice, "bob".to_owned()),
                Change::Flag(true, Flag::Moderated),
                Change::List(true, ListKind::Ban, "x!*@*".to_owned()),
                Change::Flag(false, Flag::NoExternal),
            ]
        );
        assert_eq!(outcome.refusals, [Refusal::AbsentMember("eve".to_owned())]);
    }

    #[test]
    fn a_member_without_rank_is_told_once_and_may_look_at_lists() {
        let outcome = channel().change(2, "bob!u@h", parse("+imb", &[]), 0, 9);
        assert_eq!(outcome.refusals, [Refusal::NotOperator]);
        assert_eq!(outcome.shown, [ListKind::Ban]);
        assert!(outcome.changes.is_empty());
    }
}
