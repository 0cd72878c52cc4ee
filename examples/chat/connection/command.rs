//! From a line to the method that deals with its command.

use std::time::Duration;

use actor_core::prelude::*;

use super::{Connection, ConnectionMsg, Stage};
use crate::about::Question;
use crate::channel::request::RoomMsg;
use crate::network::word::Card;
use crate::protocol::caps::Caps;
use crate::protocol::line::Line;
use crate::protocol::message::{Malformed, Message};
use crate::protocol::numeric::*;
use crate::protocol::{mask, name};
use crate::user::request::DirectoryMsg;

/// A page can make a browser send these to any port, with commands in the body; what stands there must not be carried out.
const HTTP_METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

impl Connection {
    /// Answers one line; with a label, if it has one, on all of the answer.
    pub(super) async fn line(&mut self, bytes: &[u8], ctx: &mut Context<ConnectionMsg>) {
        let text = String::from_utf8_lossy(bytes);
        if self.outbox.caps().has(Caps::LABELED_RESPONSE)
            && let Some(label) = Message::label_of(&text)
        {
            self.outbox.begin(label);
        }
        if std::str::from_utf8(bytes).is_err() {
            self.fail(
                &Message::command_of(&text),
                "INVALID_UTF8",
                "This server takes UTF-8 only; the line was dropped",
            );
        } else {
            match Message::parse(&text) {
                Ok(message) => self.command(&message, ctx).await,
                Err(Malformed::NoCommand) => {}
                Err(Malformed::TooLong) => {
                    self.reply(self.numeric(ERR_INPUTTOOLONG).trailing("Input line was too long"));
                }
                Err(Malformed::Nul) => {
                    let command = Message::command_of(&text);
                    let line = self.numeric(ERR_UNKNOWNERROR).param(&command);
                    self.reply(line.trailing("A line cannot hold a NUL; it was dropped"));
                }
            }
        }
        if !self.checking_oper {
            self.outbox.finish();
        }
    }

    /// A standard reply: something failed, for a reason that a program can tell.
    pub(super) fn fail(&self, command: &str, code: &str, text: &str) {
        self.reply(
            Line::from(self.site.name(), "FAIL")
                .param(command)
                .param(code)
                .trailing(text),
        );
    }

    pub(super) fn need_more(&self, command: &str) {
        self.reply(
            self.numeric(ERR_NEEDMOREPARAMS)
                .param(command)
                .trailing("Not enough parameters"),
        );
    }

    async fn command(&mut self, message: &Message<'_>, ctx: &mut Context<ConnectionMsg>) {
        let command = message.command.as_str();
        match command {
            "CAP" => return self.cap(message).await,
            "NICK" => return self.nick_command(message).await,
            "PASS" => return self.pass(message),
            "USER" => return self.user(message).await,
            "PING" => return self.ping(message),
            "PONG" | "ERROR" => return,
            "QUIT" => return self.quit(message).await,
            _ => {}
        }
        if matches!(self.stage, Stage::Registering(_)) {
            if HTTP_METHODS.contains(&command) {
                return self.leave("This port speaks IRC and not HTTP").await;
            }
            return self.reply(self.numeric(ERR_NOTREGISTERED).trailing("You have not registered"));
        }
        match command {
            "PRIVMSG" | "NOTICE" | "TAGMSG" => self.talk(message).await,
            "AWAY" => self.away(message).await,
            "JOIN" => self.join(message).await,
            "PART" => self.part(message).await,
            "TOPIC" => self.topic(message).await,
            "NAMES" => self.names(message).await,
            "LIST" => self.list(message).await,
            "INVITE" => self.invite(message).await,
            "KICK" => self.kick(message).await,
            "MODE" => self.mode(message).await,
            "WHO" => self.who(message).await,
            "WHOIS" => self.whois(message).await,
            "WHOWAS" => self.whowas(message).await,
            "USERHOST" => self.userhost(message).await,
            "ISON" => self.ison(message).await,
            "SETNAME" => self.setname(message).await,
            "MONITOR" => self.monitor(message).await,
            "MOTD" => self.about(message, Question::Motd).await,
            "VERSION" => self.about(message, Question::Version).await,
            "TIME" => self.about(message, Question::Time).await,
            "INFO" => self.about(message, Question::Info).await,
            "ADMIN" => self.about(message, Question::Admin).await,
            "LUSERS" => self.lusers().await,
            "LINKS" => self.links(message),
            "MAP" => self.map().await,
            "HELP" | "HELPOP" => self.help(message),
            "OPER" => self.oper(message, ctx),
            "KILL" => self.kill(message).await,
            "WALLOPS" => self.wallops(message).await,
            "CRASH" if self.site.config.test_commands => self.crash(message).await,
            "SLOW" if self.site.config.test_commands => self.slow(message).await,
            _ => self.reply(
                self.numeric(ERR_UNKNOWNCOMMAND)
                    .param(command)
                    .trailing("Unknown command"),
            ),
        }
    }

    pub(super) fn is_here(&self, server: &str) -> bool {
        mask::matches(server, self.site.name()) || name::same(server, self.nick())
    }

    /// The other server of the network that is named.
    pub(super) fn known(&self, server: &str) -> Option<Card> {
        let all = self.site.servers.all();
        all.into_iter().find(|card| mask::matches(server, &card.name))
    }

    pub(super) fn no_such_server(&self, server: &str) {
        self.reply(self.numeric(ERR_NOSUCHSERVER).param(server).trailing("No such server"));
    }

    async fn quit(&mut self, message: &Message<'_>) {
        let reason = match message.param(0) {
            Some(reason) => format!("Quit: {reason}"),
            None => "Quit".to_owned(),
        };
        self.leave(&reason).await;
    }

    fn ping(&self, message: &Message<'_>) {
        match message.param(0) {
            Some(token) => {
                let pong = Line::from(self.site.name(), "PONG").param(self.site.name());
                self.reply(pong.trailing(token));
            }
            None if message.params.is_empty() => self.need_more("PING"),
            None => self.reply(self.numeric(ERR_NOORIGIN).trailing("No origin specified")),
        }
    }

    /// Panics, or makes a room or the directory panic: only in a server that was started to be tested.
    async fn crash(&self, message: &Message<'_>) {
        match message.param(0) {
            None => panic!("a test made this connection panic"),
            Some("directory") => {
                let _ = self.doors.directory.tell(DirectoryMsg::Crash).await;
            }
            Some(channel) => {
                if let Some(room) = self.joined.get(&name::fold(channel)) {
                    let _ = room.tell(RoomMsg::Crash).await;
                }
            }
        }
    }

    /// Makes a room take so many ms over everything, from now on: as above.
    async fn slow(&self, message: &Message<'_>) {
        let room = message
            .param(0)
            .and_then(|channel| self.joined.get(&name::fold(channel)));
        let time = message.param(1).and_then(|ms| ms.parse().ok());
        if let (Some(room), Some(ms)) = (room, time) {
            let _ = room.tell(RoomMsg::Slow(Duration::from_millis(ms))).await;
        }
    }
}
