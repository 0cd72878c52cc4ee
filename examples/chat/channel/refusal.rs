//! Why a channel does not do what it was asked, and how the asker is told.

use crate::protocol::line::Line;
use crate::protocol::numeric::*;
use crate::site::Site;

/// A rule that forbids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The asker is no member.
    NotInside,
    /// The asker is no operator.
    NotOperator,
    /// Someone else is no member.
    AbsentMember(String),
    /// Someone is a member already.
    AlreadyInside(String),
    /// Not invited.
    InviteOnly,
    /// On the ban list.
    Banned,
    /// Wrong key, or none.
    WrongKey,
    /// No room.
    Full,
    /// May not speak.
    Mute(&'static str),
    /// A mode letter without meaning.
    UnknownMode(char),
    /// A mode letter without its parameter.
    ModeWithoutParameter,
    /// A mode with a parameter that cannot be: letter, parameter, reason.
    ModeParameter(char, String, &'static str),
    /// The lists have no room for this mask: letter, mask.
    ListFull(char, String),
}

impl Refusal {
    /// The numeric that tells `nick`.
    pub fn line(&self, site: &Site, nick: &str, channel: &str) -> Line {
        let begin = |numeric| site.numeric(numeric, nick);
        match self {
            Self::NotInside => begin(ERR_NOTONCHANNEL)
                .param(channel)
                .trailing("You're not on that channel"),
            Self::NotOperator => begin(ERR_CHANOPRIVSNEEDED)
                .param(channel)
                .trailing("You're not channel operator"),
            Self::AbsentMember(who) => begin(ERR_USERNOTINCHANNEL)
                .param(who)
                .param(channel)
                .trailing("They aren't on that channel"),
            Self::AlreadyInside(who) => begin(ERR_USERONCHANNEL)
                .param(who)
                .param(channel)
                .trailing("is already on channel"),
            Self::InviteOnly => begin(ERR_INVITEONLYCHAN)
                .param(channel)
                .trailing("Cannot join channel (+i)"),
            Self::Banned => begin(ERR_BANNEDFROMCHAN)
                .param(channel)
                .trailing("Cannot join channel (+b)"),
            Self::WrongKey => begin(ERR_BADCHANNELKEY)
                .param(channel)
                .trailing("Cannot join channel (+k)"),
            Self::Full => begin(ERR_CHANNELISFULL)
                .param(channel)
                .trailing("Cannot join channel (+l)"),
            Self::Mute(reason) => begin(ERR_CANNOTSENDTOCHAN)
                .param(channel)
                .trailing(&format!("Cannot send to channel ({reason})")),
            Self::UnknownMode(letter) => begin(ERR_UNKNOWNMODE)
                .param(&letter.to_string())
                .trailing("is unknown mode char to me"),
            Self::ModeWithoutParameter => begin(ERR_NEEDMOREPARAMS)
                .param("MODE")
                .trailing("Not enough parameters"),
            Self::ModeParameter(letter, param, reason) => begin(ERR_INVALIDMODEPARAM)
                .param(channel)
                .param(&letter.to_string())
                .param(param)
                .trailing(reason),
            Self::ListFull(letter, mask) => begin(ERR_BANLISTFULL)
                .param(channel)
                .param(&letter.to_string())
                .trailing(&format!("List is full, not added: {mask}")),
        }
    }
}
