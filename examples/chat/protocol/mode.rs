//! Mode strings of channels: what was asked for, and how what was done is written.

use serde::{Deserialize, Serialize};

use super::message::PARAMS_MAX;
use super::name;

/// Modes with a parameter that one command may change: the channel and the mode string are parameters too.
pub const MODES_PER_COMMAND_MAX: usize = PARAMS_MAX - 2;
/// Changes of any kind that one command may ask for; what comes behind is not looked at.
pub const CHANGES_PER_COMMAND_MAX: usize = 100;
/// Bytes of a mask on a list. More than the longest `nick!user@host`, and so few that a line can show one with its setter.
pub const MASK_BYTES_MAX: usize = 150;

/// A member's standing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rank {
    /// `o`, shown as `@`.
    Operator,
    /// `v`, shown as `+`.
    Voice,
}

/// A list of masks that a channel keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ListKind {
    /// `b`: may neither join nor speak.
    Ban,
    /// `e`: though banned, may.
    Exception,
    /// `I`: may join an invite-only channel.
    Invitation,
}

/// A switch of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Flag {
    /// `i`: joins by invitation.
    InviteOnly,
    /// `m`: only operators and voiced members speak.
    Moderated,
    /// `n`: only members speak.
    NoExternal,
    /// `s`: hidden from those who are outside.
    Secret,
    /// `t`: only operators set the topic.
    TopicLocked,
}

/// All switches, in the order in which they are shown.
pub const FLAGS: [Flag; 5] = [
    Flag::InviteOnly,
    Flag::Moderated,
    Flag::NoExternal,
    Flag::Secret,
    Flag::TopicLocked,
];

/// One change to a channel, complete and well formed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    /// Grants or takes a rank.
    Rank(bool, Rank, String),
    /// Adds or removes a mask.
    List(bool, ListKind, String),
    /// Sets or removes the key.
    Key(Option<String>),
    /// Sets or removes the limit of members.
    Limit(Option<u32>),
    /// Turns a switch.
    Flag(bool, Flag),
}

/// What one letter of a mode string asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// To change something.
    Change(Change),
    /// To see a list.
    Show(ListKind),
    /// Nothing that is known.
    Unknown(char),
    /// Something whose parameter is missing.
    Missing(char),
    /// Something with a parameter that cannot be: letter, the parameter as it may be shown, reason.
    Invalid(char, String, &'static str),
}

impl Rank {
    /// The mode letter.
    pub fn letter(self) -> char {
        if self == Self::Operator { 'o' } else { 'v' }
    }

    /// The sign before a nick.
    pub fn prefix(self) -> char {
        if self == Self::Operator { '@' } else { '+' }
    }
}

impl ListKind {
    /// The mode letter.
    pub fn letter(self) -> char {
        match self {
            Self::Ban => 'b',
            Self::Exception => 'e',
            Self::Invitation => 'I',
        }
    }
}

impl Flag {
    /// The mode letter.
    pub fn letter(self) -> char {
        match self {
            Self::InviteOnly => 'i',
            Self::Moderated => 'm',
            Self::NoExternal => 'n',
            Self::Secret => 's',
            Self::TopicLocked => 't',
        }
    }
}

/// Reads a mode string with its parameters. Parameters past [`MODES_PER_COMMAND_MAX`] are not looked at.
pub fn parse(modes: &str, params: &[&str]) -> Vec<Asked> {
    let mut params = params.iter().copied().take(MODES_PER_COMMAND_MAX);
    let mut set = true;
    let mut asked = Vec::new();
    for letter in modes.chars() {
        match letter {
            '+' => set = true,
            '-' => set = false,
            _ => asked.push(parse_letter(letter, set, &mut params)),
        }
    }
    asked.dedup_by(|later, earlier| later == earlier && !matches!(later, Asked::Change(_)));
    asked
}

fn parse_letter<'a>(letter: char, set: bool, params: &mut impl Iterator<Item = &'a str>) -> Asked {
    if let Some(flag) = FLAGS.into_iter().find(|flag| flag.letter() == letter) {
        return Asked::Change(Change::Flag(set, flag));
    }
    match letter {
        'o' | 'v' => match params.next().filter(|nick| !nick.is_empty()) {
            Some(nick) => {
                let rank = if letter == 'o' { Rank::Operator } else { Rank::Voice };
                Asked::Change(Change::Rank(set, rank, nick.to_owned()))
            }
            None => Asked::Missing(letter),
        },
        'b' | 'e' | 'I' => {
            let kind = match letter {
                'b' => ListKind::Ban,
                'e' => ListKind::Exception,
                _ => ListKind::Invitation,
            };
            match params.next() {
                None => Asked::Show(kind),
                Some(mask) if mask.is_empty() || mask.contains(' ') || mask.starts_with(':') => {
                    Asked::Invalid(letter, "*".to_owned(), "A mask is one word")
                }
                Some(mask) => {
                    let mask = super::mask::complete(mask);
                    if mask.len() > MASK_BYTES_MAX {
                        return Asked::Invalid(letter, "*".to_owned(), "A mask has at most 150 bytes");
                    }
                    Asked::Change(Change::List(set, kind, mask))
                }
            }
        }
        'k' if !set => {
            // Clients send the key along, some a star; which one it is matters to nobody.
            params.next();
            Asked::Change(Change::Key(None))
        }
        'k' => match params.next() {
            None => Asked::Missing(letter),
            Some(key) if name::is_key(key) => Asked::Change(Change::Key(Some(key.to_owned()))),
            Some(_) => Asked::Invalid(letter, "*".to_owned(), "A key is one short word of ASCII letters"),
        },
        'l' if !set => Asked::Change(Change::Limit(None)),
        'l' => match params.next() {
            None => Asked::Missing(letter),
            Some(text) => match text.parse::<u32>() {
                Ok(limit) if limit > 0 => Asked::Change(Change::Limit(Some(limit))),
                _ => Asked::Invalid(letter, text.to_owned(), "A limit is a number above zero"),
            },
        },
        _ => Asked::Unknown(letter),
    }
}

/// Writes what was changed, in as few lines as hold it: of each the mode string, then its parameters. With blanks between
/// them they take up to `bytes_max`; a line that is cut would tell members of less than was done.
pub fn write(changes: &[Change], bytes_max: usize) -> Vec<Vec<String>> {
    let mut lines: Vec<(String, Vec<String>)> = Vec::new();
    let (mut sign, mut bytes) = (None, 0);
    for change in changes {
        let (set, letter, param) = change.spelled();
        // A sign and a letter, and a blank before the parameter.
        let more = 2 + param.as_ref().map_or(0, |param| 1 + param.len());
        if bytes + more > bytes_max {
            (sign, bytes) = (None, 0);
        }
        if bytes == 0 {
            lines.push(Default::default());
        }
        bytes += more;
        if let Some((modes, params)) = lines.last_mut() {
            if sign.replace(set) != Some(set) {
                modes.push(if set { '+' } else { '-' });
            }
            modes.push(letter);
            params.extend(param);
        }
    }
    lines
        .into_iter()
        .map(|(modes, params)| std::iter::once(modes).chain(params).collect())
        .collect()
}

impl Change {
    /// Whether something is set, its letter, its parameter.
    fn spelled(&self) -> (bool, char, Option<String>) {
        match self {
            Self::Rank(set, rank, nick) => (*set, rank.letter(), Some(nick.clone())),
            Self::List(set, kind, mask) => (*set, kind.letter(), Some(mask.clone())),
            Self::Key(Some(key)) => (true, 'k', Some(key.clone())),
            // A removed key is not told again: the parameter only keeps old clients in step.
            Self::Key(None) => (false, 'k', Some("*".to_owned())),
            Self::Limit(limit) => (limit.is_some(), 'l', limit.map(|limit| limit.to_string())),
            Self::Flag(set, flag) => (*set, flag.letter(), None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_letters_and_parameters_find_each_other() {
        let asked = parse("+o-v+kl-n", &["a", "b", "key", "5"]);
        assert_eq!(
            asked,
            [
                Asked::Change(Change::Rank(true, Rank::Operator, "a".to_owned())),
                Asked::Change(Change::Rank(false, Rank::Voice, "b".to_owned())),
                Asked::Change(Change::Key(Some("key".to_owned()))),
                Asked::Change(Change::Limit(Some(5))),
                Asked::Change(Change::Flag(false, Flag::NoExternal)),
            ]
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(parse("x", &[]), [Asked::Unknown('x')]);
        assert_eq!(parse("o", &[]), [Asked::Missing('o')]);
        assert_eq!(parse("bb", &[]), [Asked::Show(ListKind::Ban)]);
        assert!(matches!(&parse("k", &["two words"])[0], Asked::Invalid('k', _, _)));
        assert!(matches!(&parse("k", &[""])[0], Asked::Invalid('k', _, _)));
        assert!(matches!(&parse("l", &["-1"])[0], Asked::Invalid('l', _, _)));
        let longest = "n".repeat(MASK_BYTES_MAX - "!*@*".len());
        assert!(matches!(&parse("b", &[&longest])[0], Asked::Change(_)));
        assert!(matches!(
            &parse("b", &[&(longest + "n")])[0],
            Asked::Invalid('b', _, reason) if reason.contains(&MASK_BYTES_MAX.to_string())
        ));
    }

    #[test]
    fn what_was_done_is_written_with_as_few_signs_as_it_needs() {
        let changes = [
            Change::Flag(true, Flag::InviteOnly),
            Change::Rank(true, Rank::Voice, "a".to_owned()),
            Change::Limit(None),
            Change::Key(None),
        ];
        assert_eq!(write(&changes, 400), [["+iv-lk", "a", "*"]]);
        assert!(write(&[], 400).is_empty());
    }

    #[test]
    fn what_does_not_fit_one_line_is_written_in_several() {
        let ban = |n: usize| Change::List(true, ListKind::Ban, format!("nick{n}!*@*"));
        let changes: Vec<Change> = (0..10).map(ban).chain([Change::Flag(false, Flag::Secret)]).collect();
        let lines = write(&changes, 50);
        assert!(lines.iter().all(|line| line.join(" ").len() <= 50));
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[0][0], "+bbbb");
        assert_eq!(lines[2], ["+bb-s", "nick8!*@*", "nick9!*@*"]);
    }
}
