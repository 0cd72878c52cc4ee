//! The commands about users: WHO, WHOWAS, USERHOST, ISON, MONITOR, SETNAME, and MODE of oneself.

use std::sync::Arc;

use super::Connection;
use crate::channel::request::{Origin, RoomMsg};
use crate::clock;
use crate::protocol::calendar;
use crate::protocol::caps::Caps;
use crate::protocol::delivery::Delivery;
use crate::protocol::line::{self, Line};
use crate::protocol::mask;
use crate::protocol::message::Message;
use crate::protocol::name;
use crate::protocol::numeric::*;
use crate::user::profile::Profile;
use crate::user::request::{DirectoryMsg, Found, Watch};
use crate::user::who;

/// Nicks that one USERHOST or ISON looks up.
const LOOKUPS_MAX: usize = 5;
const ISON_MAX: usize = 50;

impl Connection {
    pub(super) async fn find(&self, nick: &str) -> Option<Found> {
        let nick = nick.to_owned();
        self.doors
            .directory
            .ask(|reply| DirectoryMsg::Find { nick, reply })
            .await
            .unwrap_or_default()
    }

    /// Whether it is a user of this server.
    pub(super) fn is_mine(&self, profile: &Profile) -> bool {
        *profile.server == *self.site.name()
    }

    pub(super) async fn who(&mut self, message: &Message<'_>) {
        let wanted = message.param(0).unwrap_or("*");
        let option = message.param(1).unwrap_or("");
        let fields = option.split_once('%').map(|(_, fields)| fields.to_owned());
        let operators = option.split('%').next().is_some_and(|flags| flags.contains('o'));
        if name::looks_like_channel(wanted) {
            if let Some(room) = self.room(wanted).await {
                let origin = self.origin();
                let shown = room.ask(|reply| RoomMsg::Who { origin, fields, reply }).await;
                self.room_failed(wanted, shown);
            }
        } else {
            for user in self.search(wanted, operators).await {
                if !self.outbox.has_room() {
                    break;
                }
                let line = who::line(
                    &self.site,
                    &self.origin(),
                    &user.profile,
                    self.is_mine(&user.profile).then_some(&*user.outbox),
                    None,
                    fields.as_deref(),
                );
                self.reply(line);
            }
        }
        self.reply(self.numeric(RPL_ENDOFWHO).param(wanted).trailing("End of WHO list"));
    }

    /// Who is asked for by name is found, also if invisible; by a mask only as far as that allows.
    async fn search(&self, wanted: &str, operators: bool) -> Vec<Origin> {
        if !mask::is_mask(wanted)
            && let Some(found) = self.find(wanted).await
        {
            return if operators && !found.user.profile.operator {
                Vec::new()
            } else {
                vec![found.user]
            };
        }
        let mask = if wanted == "0" { "*" } else { wanted }.to_owned();
        let asker = self.guest.id;
        self.doors
            .directory
            .ask(|reply| DirectoryMsg::Search {
                asker,
                mask,
                operators,
                reply,
            })
            .await
            .unwrap_or_default()
    }

    pub(super) async fn whowas(&mut self, message: &Message<'_>) {
        let Some(nick) = message.param(0) else {
            return self.reply(self.numeric(ERR_NONICKNAMEGIVEN).trailing("No nickname given"));
        };
        let count_max = match message.param(1).and_then(|count| count.parse::<i64>().ok()) {
            Some(count) if count > 0 => usize::try_from(count).unwrap_or(usize::MAX),
            _ => usize::MAX,
        };
        let wanted = nick.to_owned();
        let former = self
            .doors
            .directory
            .ask(|reply| DirectoryMsg::Former {
                nick: wanted,
                count_max,
                reply,
            })
            .await;
        let former = former.unwrap_or_default();
        if former.is_empty() {
            self.reply(
                self.numeric(ERR_WASNOSUCHNICK)
                    .param(nick)
                    .trailing("There was no such nickname"),
            );
        }
        for (profile, at_ms) in former {
            if !self.outbox.has_room() {
                break;
            }
            let line = self
                .numeric(RPL_WHOWASUSER)
                .param(&profile.nick)
                .param(&profile.user)
                .param(&profile.host);
            self.reply(line.param("*").trailing(&profile.realname));
            let line = self
                .numeric(RPL_WHOISSERVER)
                .param(&profile.nick)
                .param(&profile.server);
            self.reply(line.trailing(&calendar::human(at_ms)));
        }
        self.reply(self.numeric(RPL_ENDOFWHOWAS).param(nick).trailing("End of WHOWAS"));
    }

    pub(super) async fn userhost(&mut self, message: &Message<'_>) {
        if message.param(0).is_none() {
            return self.need_more("USERHOST");
        }
        let mut texts = Vec::new();
        for nick in message
            .params
            .iter()
            .flat_map(|param| param.split(' '))
            .take(LOOKUPS_MAX)
        {
            if let Some(found) = self.find(nick).await {
                let profile = &found.user.profile;
                let operator = if profile.operator { "*" } else { "" };
                let here = if profile.away.is_some() { '-' } else { '+' };
                texts.push(format!(
                    "{}{operator}={here}{}@{}",
                    profile.nick, profile.user, profile.host
                ));
            }
        }
        self.reply_once(RPL_USERHOST, &texts);
    }

    pub(super) async fn ison(&mut self, message: &Message<'_>) {
        if message.param(0).is_none() {
            return self.need_more("ISON");
        }
        let mut here = Vec::new();
        let nicks = message
            .params
            .iter()
            .flat_map(|param| param.split(' '))
            .filter(|nick| !nick.is_empty());
        for nick in nicks.take(ISON_MAX) {
            if let Some(found) = self.find(nick).await {
                here.push(found.user.profile.nick.clone());
            }
        }
        self.reply_once(RPL_ISON, &here);
    }

    /// A client waits for one reply: what does not fit it is left out, for the half of a nick would be another nick.
    fn reply_once(&self, numeric: Numeric, texts: &[String]) {
        let head = self.numeric(numeric);
        let packed = line::packed(head.bytes(), ' ', texts.iter().map(String::as_str));
        self.reply(head.trailing(packed.first().map_or("", String::as_str)));
    }

    pub(super) async fn monitor(&mut self, message: &Message<'_>) {
        let Some(subcommand) = message.param(0) else {
            return self.need_more("MONITOR");
        };
        let nicks = || -> Vec<String> {
            let nicks = message
                .param(1)
                .unwrap_or("")
                .split(',')
                .filter(|nick| !nick.is_empty());
            nicks.map(str::to_owned).collect()
        };
        let watch = match subcommand.to_ascii_uppercase().as_str() {
            "+" | "-" if message.param(1).is_none() => return self.need_more("MONITOR"),
            "+" => Watch::Add(nicks()),
            "-" => Watch::Remove(nicks()),
            "C" => Watch::Clear,
            "L" => Watch::List,
            "S" => Watch::Status,
            _ => {
                let line = self.numeric(ERR_UNKNOWNERROR).param("MONITOR").param(subcommand);
                return self.reply(line.trailing("Unknown subcommand; there are + - C L S"));
            }
        };
        let id = self.guest.id;
        let _ = self
            .doors
            .directory
            .ask(|reply| DirectoryMsg::Monitor { id, watch, reply })
            .await;
    }

    pub(super) async fn setname(&mut self, message: &Message<'_>) {
        let Some(realname) = message.param(0) else {
            return self.need_more("SETNAME");
        };
        if realname.len() > self.site.config.limits.text_bytes_max {
            return self.fail("SETNAME", "INVALID_REALNAME", "Realname is too long");
        }
        let line = Line::from(&self.profile.source(), "SETNAME").trailing(realname);
        let news = Arc::new(Delivery::new(line, clock::unix_ms()).needing(Caps::SETNAME));
        self.outbox.respond(&news);
        let realname = realname.to_owned();
        self.change_profile(
            Profile {
                realname,
                ..(*self.profile).clone()
            },
            Some(news),
        )
        .await;
    }

    pub(super) async fn user_mode(&mut self, nick: &str, modes: Option<&str>) {
        if !name::same(nick, self.nick()) {
            return match self.find(nick).await {
                None => self.no_such_nick(nick),
                Some(_) => {
                    let line = self.numeric(ERR_USERSDONTMATCH);
                    self.reply(line.trailing("Cannot view or change mode for other users"));
                }
            };
        }
        let Some(modes) = modes else {
            return self.reply(self.numeric(RPL_UMODEIS).param(&self.profile.modes()));
        };
        let mut profile = (*self.profile).clone();
        let (mut set, mut unknown, mut changed) = (true, false, Vec::new());
        for letter in modes.chars() {
            let slot = match letter {
                '+' | '-' => {
                    set = letter == '+';
                    continue;
                }
                'i' => &mut profile.invisible,
                'w' => &mut profile.wallops,
                // Nobody becomes operator by a mode.
                'o' if set => continue,
                'o' => &mut profile.operator,
                _ => {
                    unknown = true;
                    continue;
                }
            };
            if std::mem::replace(slot, set) != set {
                changed.push((set, letter));
            }
        }
        if unknown {
            self.reply(self.numeric(ERR_UMODEUNKNOWNFLAG).trailing("Unknown MODE flag"));
        }
        if !changed.is_empty() {
            self.show_user_modes(&changed);
            self.change_profile(profile, None).await;
        }
    }

    pub(super) fn show_user_modes(&self, changed: &[(bool, char)]) {
        let mut text = String::new();
        let mut sign = None;
        for (set, letter) in changed {
            if sign != Some(*set) {
                text.push(if *set { '+' } else { '-' });
                sign = Some(*set);
            }
            text.push(*letter);
        }
        self.reply(
            Line::from(&self.profile.source(), "MODE")
                .param(self.nick())
                .param(&text),
        );
    }
}
