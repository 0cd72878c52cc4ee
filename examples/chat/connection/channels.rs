//! The commands about channels: each is handed to the room that it names.

use actor_core::prelude::*;

use super::Connection;
use crate::channel::listing::{Filter, Glance};
use crate::channel::request::{Joined, RoomMsg, RoomsMsg};
use crate::clock;
use crate::protocol::message::Message;
use crate::protocol::mode::{self, Asked, Change};
use crate::protocol::name;
use crate::protocol::numeric::*;
use crate::user::request::DirectoryMsg;

/// How often a room may turn out to be ending just when it is entered.
const JOIN_TRIES: usize = 5;

impl Connection {
    /// The room of that name. Those that the user is in need no asking.
    pub(super) async fn room(&mut self, channel: &str) -> Option<Handle<RoomMsg>> {
        let folded = name::fold(channel);
        if let Some(room) = self.joined.get(&folded) {
            if room.is_alive() {
                return Some(room.clone());
            }
            self.joined.remove(&folded);
        }
        if !name::is_channel(channel) {
            return None;
        }
        let name = channel.to_owned();
        self.doors
            .rooms
            .ask(|reply| RoomsMsg::Find { name, reply })
            .await
            .unwrap_or_default()
    }

    pub(super) fn no_such_channel(&self, channel: &str) {
        self.reply(
            self.numeric(ERR_NOSUCHCHANNEL)
                .param(channel)
                .trailing("No such channel"),
        );
    }

    /// The answer of a room, or an error to the client: the room has ended, failed at this very command, or is too busy.
    pub(super) fn room_failed<T>(&self, channel: &str, answer: Result<T, AskError>) -> Option<T> {
        match answer {
            Ok(answer) => return Some(answer),
            Err(AskError::Stopped) => self.no_such_channel(channel),
            Err(error) => {
                let text = format!("The channel could not do this ({error}); try again");
                self.reply(self.numeric(ERR_UNKNOWNERROR).param(channel).trailing(&text));
            }
        }
        None
    }

    pub(super) async fn join(&mut self, message: &Message<'_>) {
        let Some(channels) = message.param(0) else {
            return self.need_more("JOIN");
        };
        if channels == "0" {
            return self.part_all().await;
        }
        let mut keys = message.param(1).unwrap_or("").split(',');
        for channel in channels.split(',').filter(|channel| !channel.is_empty()) {
            let key = keys.next().filter(|key| !key.is_empty()).map(str::to_owned);
            if self.is_leaving() {
                return;
            }
            self.join_one(channel, key).await;
        }
    }

    async fn join_one(&mut self, channel: &str, key: Option<String>) {
        if !name::is_channel(channel) {
            return self.no_such_channel(channel);
        }
        let channels_max = self.site.config.limits.channels_per_user_max;
        if self.joined.len() >= channels_max && !self.joined.contains_key(&name::fold(channel)) {
            self.forget_left_rooms().await;
            if self.joined.len() >= channels_max {
                let line = self.numeric(ERR_TOOMANYCHANNELS).param(channel);
                return self.reply(line.trailing("You have joined too many channels"));
            }
        }
        let mut ended = None;
        for _ in 0..JOIN_TRIES {
            let name = channel.to_owned();
            let opened = self
                .doors
                .rooms
                .ask(|reply| RoomsMsg::Open { name, ended, reply })
                .await;
            let Some(room) = opened.unwrap_or_default() else {
                let line = self.numeric(ERR_TOOMANYCHANNELS).param(channel);
                return self.reply(line.trailing("The server has no room for another channel"));
            };
            let (origin, key) = (self.origin(), key.clone());
            match room.ask(|reply| RoomMsg::Join { origin, key, reply }).await {
                Ok(Joined::Entered) => {
                    self.joined.insert(name::fold(channel), room);
                    return;
                }
                Ok(Joined::Unchanged) => return,
                // It ended because its last member left; nobody has seen our request.
                Err(AskError::Stopped) => ended = Some(room),
                Err(error) => {
                    self.room_failed::<()>(channel, Err(error));
                    return;
                }
            }
        }
        self.no_such_channel(channel);
    }

    /// Being thrown out is not told to a connection; it finds out when it matters.
    async fn forget_left_rooms(&mut self) {
        let nick = self.profile.nick.clone();
        if let Ok(Some(me)) = self
            .doors
            .directory
            .ask(|reply| DirectoryMsg::Find { nick, reply })
            .await
        {
            self.joined.retain(|_, room| me.rooms.contains(room));
        }
    }

    async fn part_all(&mut self) {
        self.forget_left_rooms().await;
        for (_, room) in std::mem::take(&mut self.joined) {
            let origin = self.origin();
            let _ = room
                .ask(|reply| RoomMsg::Part {
                    origin,
                    reason: None,
                    reply,
                })
                .await;
        }
    }

    pub(super) async fn part(&mut self, message: &Message<'_>) {
        let Some(channels) = message.param(0) else {
            return self.need_more("PART");
        };
        let text_bytes_max = self.site.config.limits.text_bytes_max;
        let reason = message
            .param(1)
            .map(|reason| name::cut(reason, text_bytes_max).to_owned());
        for channel in channels.split(',').filter(|channel| !channel.is_empty()) {
            let Some(room) = self.room(channel).await else {
                self.no_such_channel(channel);
                continue;
            };
            let (origin, reason) = (self.origin(), reason.clone());
            let parted = room.ask(|reply| RoomMsg::Part { origin, reason, reply }).await;
            if self.room_failed(channel, parted).is_some() {
                self.joined.remove(&name::fold(channel));
            }
        }
    }

    pub(super) async fn topic(&mut self, message: &Message<'_>) {
        let Some(channel) = message.param(0) else {
            return self.need_more("TOPIC");
        };
        let text_bytes_max = self.site.config.limits.text_bytes_max;
        let text = message
            .params
            .get(1)
            .map(|text| name::cut(text, text_bytes_max).to_owned());
        let Some(room) = self.room(channel).await else {
            return self.no_such_channel(channel);
        };
        let origin = self.origin();
        let done = room.ask(|reply| RoomMsg::Topic { origin, text, reply }).await;
        self.room_failed(channel, done);
    }

    pub(super) async fn names(&mut self, message: &Message<'_>) {
        let channel = message
            .param(0)
            .and_then(|channels| channels.split(',').next())
            .unwrap_or("*");
        if let Some(room) = self.room(channel).await {
            let origin = self.origin();
            if room.ask(|reply| RoomMsg::Names { origin, reply }).await.is_ok() {
                return;
            }
        }
        self.reply(
            self.numeric(RPL_ENDOFNAMES)
                .param(channel)
                .trailing("End of /NAMES list"),
        );
    }

    pub(super) async fn list(&mut self, message: &Message<'_>) {
        let filter = Filter::parse(message.param(0).unwrap_or(""), clock::unix_ms() / 1000);
        let rooms = self
            .doors
            .rooms
            .ask(|reply| RoomsMsg::All { reply })
            .await
            .unwrap_or_default();
        let asker = self.guest.id;
        let glances = ask_all(&rooms, |reply| RoomMsg::Glance { asker, reply }).await;
        let mut glances: Vec<Glance> = glances
            .into_iter()
            .filter_map(|glance| glance.ok().flatten())
            .filter(|glance| filter.wants(glance))
            .collect();
        glances.sort_by(|left, right| left.name.cmp(&right.name));
        self.reply(self.numeric(RPL_LISTSTART).param("Channel").trailing("Users  Name"));
        for glance in &glances {
            if !self.outbox.has_room() {
                let notice = crate::protocol::line::Line::from(self.site.name(), "NOTICE").param(self.nick());
                self.reply(
                    notice.trailing("The list is longer than your connection takes; ask for a part of it by a mask"),
                );
                break;
            }
            let line = self.numeric(RPL_LIST).param(&glance.name).number(glance.members as u64);
            self.reply(line.trailing(&glance.topic));
        }
        self.reply(self.numeric(RPL_LISTEND).trailing("End of /LIST"));
    }

    pub(super) async fn invite(&mut self, message: &Message<'_>) {
        let (Some(nick), Some(channel)) = (message.param(0), message.param(1)) else {
            return self.need_more("INVITE");
        };
        let wanted = nick.to_owned();
        let found = self
            .doors
            .directory
            .ask(|reply| DirectoryMsg::Find { nick: wanted, reply })
            .await;
        let Some(found) = found.unwrap_or_default() else {
            return self.no_such_nick(nick);
        };
        let Some(room) = self.room(channel).await else {
            return self.no_such_channel(channel);
        };
        let origin = self.origin();
        let done = room
            .ask(|reply| RoomMsg::Invite {
                origin,
                guest: found.user,
                reply,
            })
            .await;
        self.room_failed(channel, done);
    }

    pub(super) async fn kick(&mut self, message: &Message<'_>) {
        let (Some(channels), Some(nicks)) = (message.param(0), message.param(1)) else {
            return self.need_more("KICK");
        };
        let limits = &self.site.config.limits;
        let (text_bytes_max, targets_max) = (limits.text_bytes_max, limits.targets_per_command_max);
        let reason = name::cut(message.param(2).unwrap_or(self.nick()), text_bytes_max).to_owned();
        let channels: Vec<&str> = channels.split(',').filter(|channel| !channel.is_empty()).collect();
        let nicks: Vec<&str> = nicks.split(',').filter(|nick| !nick.is_empty()).collect();
        if let Some(excess) = nicks.get(targets_max) {
            let text = format!("Too many targets, at most {targets_max}; nobody was kicked");
            return self.reply(self.numeric(ERR_TOOMANYTARGETS).param(excess).trailing(&text));
        }
        if channels.len() > 1 && channels.len() != nicks.len() {
            return self.need_more("KICK");
        }
        if let [channel] = channels[..] {
            return self
                .kick_from(channel, nicks.into_iter().map(str::to_owned).collect(), reason)
                .await;
        }
        for (channel, nick) in channels.into_iter().zip(nicks) {
            self.kick_from(channel, vec![nick.to_owned()], reason.clone()).await;
        }
    }

    async fn kick_from(&mut self, channel: &str, nicks: Vec<String>, reason: String) {
        let Some(room) = self.room(channel).await else {
            return self.no_such_channel(channel);
        };
        let origin = self.origin();
        let absent = room
            .ask(|reply| RoomMsg::Kick {
                origin,
                nicks,
                reason,
                reply,
            })
            .await;
        if let Some(absent) = self.room_failed(channel, absent) {
            self.report_absent(channel, absent).await;
        }
    }

    /// Tells of nicks that are not in a channel, or not anywhere.
    async fn report_absent(&self, channel: &str, absent: Vec<String>) {
        for nick in absent {
            let wanted = nick.clone();
            let exists = self
                .doors
                .directory
                .ask(|reply| DirectoryMsg::IsTaken { nick: wanted, reply })
                .await;
            if exists.unwrap_or(false) {
                let line = self.numeric(ERR_USERNOTINCHANNEL).param(&nick).param(channel);
                self.reply(line.trailing("They aren't on that channel"));
            } else {
                self.no_such_nick(&nick);
            }
        }
    }

    pub(super) async fn mode(&mut self, message: &Message<'_>) {
        let Some(target) = message.param(0) else {
            return self.need_more("MODE");
        };
        if !name::looks_like_channel(target) {
            return self.user_mode(target, message.param(1)).await;
        }
        let Some(room) = self.room(target).await else {
            return self.no_such_channel(target);
        };
        let modes = message.param(1).unwrap_or("");
        let params = message.params.get(2..).unwrap_or(&[]);
        let mut asked = mode::parse(modes, params);
        asked.truncate(mode::CHANGES_PER_COMMAND_MAX);
        if asked.is_empty() && !modes.is_empty() {
            return;
        }
        let asks_ranks = asked
            .iter()
            .any(|asked| matches!(asked, Asked::Change(Change::Rank(..))));
        let origin = self.origin();
        let absent = room.ask(|reply| RoomMsg::Mode { origin, asked, reply }).await;
        if let Some(absent) = self.room_failed(target, absent)
            && asks_ranks
        {
            self.report_absent(target, absent).await;
        }
    }
}
