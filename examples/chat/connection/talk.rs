//! PRIVMSG, NOTICE and TAGMSG to users and channels, and AWAY.

use std::sync::Arc;

use super::Connection;
use crate::channel::request::{RoomMsg, Speech, Verb};
use crate::clock;
use crate::protocol::caps::Caps;
use crate::protocol::delivery::Delivery;
use crate::protocol::line::Line;
use crate::protocol::message::Message;
use crate::protocol::name;
use crate::protocol::numeric::*;
use crate::user::profile::Profile;
use crate::user::request::DirectoryMsg;

impl Connection {
    /// A NOTICE is never answered, not even by an error.
    pub(super) async fn talk(&mut self, message: &Message<'_>) {
        let verb = match message.command.as_str() {
            "PRIVMSG" => Verb::Privmsg,
            "NOTICE" => Verb::Notice,
            _ => Verb::Tagmsg,
        };
        let complain = verb != Verb::Notice;
        let Some(targets) = message.param(0) else {
            if complain {
                let text = format!("No recipient given ({})", verb.name());
                self.reply(self.numeric(ERR_NORECIPIENT).trailing(&text));
            }
            return;
        };
        let text = message.param(1).unwrap_or("");
        if verb == Verb::Tagmsg {
            // Without tags there is nothing in it; and who cannot be told of tags cannot send them.
            if !self.outbox.caps().has(Caps::MESSAGE_TAGS) {
                let line = self.numeric(ERR_UNKNOWNCOMMAND).param("TAGMSG");
                return self.reply(line.trailing("Unknown command"));
            }
        } else if text.is_empty() {
            if complain {
                self.reply(self.numeric(ERR_NOTEXTTOSEND).trailing("No text to send"));
            }
            return;
        }
        let targets: Vec<&str> = targets.split(',').filter(|target| !target.is_empty()).collect();
        let targets_max = self.site.config.limits.targets_per_command_max;
        if let Some(excess) = targets.get(targets_max) {
            if complain {
                let text = format!("Too many recipients, at most {targets_max}; no message delivered");
                self.reply(self.numeric(ERR_TOOMANYTARGETS).param(excess).trailing(&text));
            }
            return;
        }
        if verb != Verb::Tagmsg {
            self.outbox.set_active_s(clock::unix_ms() / 1000);
        }
        let client_tags = if self.outbox.caps().has(Caps::MESSAGE_TAGS) {
            message.client_tags()
        } else {
            None
        };
        for target in targets {
            let channel = target.trim_start_matches(['@', '+']);
            if name::looks_like_channel(channel) {
                let signs = &target[..target.len() - channel.len()];
                // Of several signs the lowest reaches all who have any of them.
                let sign = if signs.contains('+') {
                    Some('+')
                } else {
                    signs.chars().next()
                };
                let speech = Speech {
                    verb,
                    sign,
                    text: text.to_owned(),
                    client_tags: client_tags.clone(),
                };
                self.talk_in_channel(channel, speech, complain).await;
            } else {
                self.talk_to_user(target, verb, text, client_tags.clone()).await;
            }
        }
    }

    async fn talk_in_channel(&mut self, channel: &str, speech: Speech, complain: bool) {
        let origin = self.origin();
        match self.room(channel).await {
            Some(room) => {
                let spoken = room.ask(|reply| RoomMsg::Speak { origin, speech, reply }).await;
                if complain {
                    self.room_failed(channel, spoken);
                }
            }
            None if complain => self.no_such_channel(channel),
            None => {}
        }
    }

    async fn talk_to_user(&mut self, nick: &str, verb: Verb, text: &str, client_tags: Option<String>) {
        let mut line = Line::from(&self.profile.source(), verb.name()).param(nick);
        let mut needs = Caps::default();
        if verb == Verb::Tagmsg {
            needs = Caps::MESSAGE_TAGS;
        } else {
            line = line.trailing(text);
        }
        let delivery = Delivery::new(line, clock::unix_ms()).identified(self.site.message_id(), client_tags);
        let delivery = Arc::new(delivery.needing(needs));
        let (to, shared) = (nick.to_owned(), delivery.clone());
        let receiver = self
            .doors
            .directory
            .ask(|reply| DirectoryMsg::Deliver {
                nick: to,
                delivery: shared,
                reply,
            })
            .await;
        let Some(receiver) = receiver.unwrap_or_default() else {
            if verb != Verb::Notice {
                self.no_such_nick(nick);
            }
            return;
        };
        if self.outbox.caps().has(Caps::ECHO_MESSAGE) {
            self.outbox.respond(&delivery);
        }
        if let (Some(away), Verb::Privmsg) = (&receiver.away, verb) {
            self.reply(self.numeric(RPL_AWAY).param(&receiver.nick).trailing(away));
        }
    }

    pub(super) fn no_such_nick(&self, nick: &str) {
        self.reply(
            self.numeric(ERR_NOSUCHNICK)
                .param(nick)
                .trailing("No such nick/channel"),
        );
    }

    pub(super) async fn away(&mut self, message: &Message<'_>) {
        let text_bytes_max = self.site.config.limits.text_bytes_max;
        let away = message
            .param(0)
            .map(|reason| name::cut(reason, text_bytes_max).to_owned());
        let (numeric, text) = match away {
            Some(_) => (RPL_NOWAWAY, "You have been marked as being away"),
            None => (RPL_UNAWAY, "You are no longer marked as being away"),
        };
        self.reply(self.numeric(numeric).trailing(text));
        if away == self.profile.away {
            return;
        }
        let mut line = Line::from(&self.profile.source(), "AWAY");
        if let Some(reason) = &away {
            line = line.trailing(reason);
        }
        let news = Arc::new(Delivery::new(line, clock::unix_ms()).needing(Caps::AWAY_NOTIFY));
        self.change_profile(
            Profile {
                away,
                ..(*self.profile).clone()
            },
            Some(news),
        )
        .await;
    }
}
