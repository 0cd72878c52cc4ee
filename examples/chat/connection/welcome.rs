//! Registration: CAP, PASS, NICK and USER, and the greeting.

use std::sync::Arc;

use super::registration::{Registration, Step};
use super::{Connection, Stage};
use crate::about::Question;
use crate::protocol::calendar;
use crate::protocol::caps::{Caps, OFFERED};
use crate::protocol::line::Line;
use crate::protocol::message::Message;
use crate::protocol::name;
use crate::protocol::numeric::*;
use crate::site::Site;
use crate::user::profile::Profile;
use crate::user::request::{DirectoryMsg, Taken};

impl Connection {
    fn registration(&mut self) -> Option<&mut Registration> {
        match &mut self.stage {
            Stage::Registering(registration) => Some(registration),
            _ => None,
        }
    }

    pub(super) async fn cap(&mut self, message: &Message<'_>) {
        let Some(subcommand) = message.param(0) else {
            return self.need_more("CAP");
        };
        let subcommand = subcommand.to_ascii_uppercase();
        let answer = Line::from(self.site.name(), "CAP")
            .param(self.nick())
            .param(&subcommand);
        match subcommand.as_str() {
            "LS" => {
                let version = message.param(1).and_then(|version| version.parse().ok()).unwrap_or(301);
                self.cap_version = self.cap_version.max(version);
                if self.cap_version >= 302 {
                    self.outbox.set_caps(self.outbox.caps().with(Caps::CAP_NOTIFY));
                }
                if let Some(registration) = self.registration() {
                    registration.negotiating = true;
                }
                let names: Vec<&str> = OFFERED.iter().map(|(name, _)| *name).collect();
                self.reply(answer.trailing(&names.join(" ")));
            }
            "LIST" => self.reply(answer.trailing(&self.outbox.caps().names())),
            "REQ" => {
                if let Some(registration) = self.registration() {
                    registration.negotiating = true;
                }
                let request = message.params.get(1).copied().unwrap_or("");
                let granted = self.outbox.caps().requested(request, self.cap_version);
                let verdict = if granted.is_some() { "ACK" } else { "NAK" };
                let answer = Line::from(self.site.name(), "CAP").param(self.nick()).param(verdict);
                self.reply(answer.trailing(request.trim()));
                if let Some(caps) = granted {
                    self.outbox.set_caps(caps);
                }
            }
            "END" => {
                if let Some(registration) = self.registration() {
                    registration.negotiating = false;
                    self.register().await;
                }
            }
            _ => {
                let line = self.numeric(ERR_INVALIDCAPCMD).param(&subcommand);
                self.reply(line.trailing("Invalid CAP command"));
            }
        }
    }

    pub(super) fn pass(&mut self, message: &Message<'_>) {
        let Some(password) = message.param(0) else {
            return self.need_more("PASS");
        };
        let password = password.to_owned();
        match self.registration() {
            Some(registration) => registration.password = Some(password),
            None => self.already_registered(),
        }
    }

    fn already_registered(&self) {
        self.reply(self.numeric(ERR_ALREADYREGISTERED).trailing("You may not reregister"));
    }

    pub(super) async fn user(&mut self, message: &Message<'_>) {
        let text_bytes_max = self.site.config.limits.text_bytes_max;
        if self.registration().is_none() {
            return self.already_registered();
        }
        let (Some(user), Some(realname)) = (message.param(0), message.param(3)) else {
            return self.need_more("USER");
        };
        let Some(user) = name::user_name(user) else {
            return self.need_more("USER");
        };
        let realname = name::cut(realname, text_bytes_max).to_owned();
        if let Some(registration) = self.registration() {
            registration.user = Some((user, realname));
        }
        self.register().await;
    }

    pub(super) async fn nick_command(&mut self, message: &Message<'_>) {
        let Some(nick) = message.param(0) else {
            return self.reply(self.numeric(ERR_NONICKNAMEGIVEN).trailing("No nickname given"));
        };
        if !name::is_nick(nick) {
            let line = self.numeric(ERR_ERRONEUSNICKNAME).param(nick);
            return self.reply(line.trailing("Erroneous nickname"));
        }
        let nick = nick.to_owned();
        if self.registration().is_none() {
            if self.rename(nick.clone()).await.is_err() {
                self.nick_taken(&nick);
            }
            return;
        }
        let wanted = nick.clone();
        let taken = self
            .doors
            .directory
            .ask(|reply| DirectoryMsg::IsTaken { nick: wanted, reply })
            .await;
        if taken.unwrap_or(true) {
            return self.nick_taken(&nick);
        }
        if let Some(registration) = self.registration() {
            registration.nick = Some(nick);
        }
        self.register().await;
    }

    fn nick_taken(&self, nick: &str) {
        let line = self.numeric(ERR_NICKNAMEINUSE).param(nick);
        self.reply(line.trailing("Nickname is already in use"));
    }

    /// Completes the registration when there is all that it takes.
    async fn register(&mut self) {
        let password = self.site.config.password.clone();
        let Some(registration) = self.registration() else {
            return;
        };
        let (nick, user, realname) = match registration.step(password.as_deref()) {
            Step::Wait => return,
            Step::WrongPassword => {
                self.reply(self.numeric(ERR_PASSWDMISMATCH).trailing("Password incorrect"));
                return self.leave("Bad password").await;
            }
            Step::Claim(nick, user, realname) => (nick, user, realname),
        };
        let profile = Arc::new(Profile {
            nick: nick.clone(),
            user,
            realname,
            ..(*self.profile).clone()
        });
        let (id, claimed) = (self.guest.id, profile.clone());
        let registered = match self.claim(&nick).await {
            Ok(hold) => {
                let asked = self.doors.directory.ask(|reply| DirectoryMsg::Register {
                    id,
                    profile: claimed,
                    reply,
                });
                asked.await.map(|registered| registered.map(|()| hold))
            }
            Err(Taken) => Ok(Err(Taken)),
        };
        match registered {
            Ok(Ok(hold)) => {
                self.hold = hold;
                self.profile = profile;
                self.stage = Stage::Registered;
                self.outbox.set_active_s(crate::clock::unix_ms() / 1000);
                self.greet().await;
            }
            // Somebody was faster.
            Ok(Err(Taken)) => {
                if let Some(registration) = self.registration() {
                    registration.nick = None;
                }
                self.nick_taken(&nick);
            }
            Err(_) => self.leave("The server is not well, try again").await,
        }
    }

    async fn greet(&self) {
        let (config, server) = (&self.site.config, self.site.name());
        let text = format!("Welcome to the {} network, {}", config.network, self.profile.source());
        self.reply(self.numeric(RPL_WELCOME).trailing(&text));
        let text = format!("Your host is {server}, running version {}", Site::version());
        self.reply(self.numeric(RPL_YOURHOST).trailing(&text));
        let text = format!("This server was started {}", calendar::human(self.site.started_ms));
        self.reply(self.numeric(RPL_CREATED).trailing(&text));
        let line = self.numeric(RPL_MYINFO).param(server).param(Site::version());
        self.reply(line.param("iow").param("Ibeiklmnostv").param("Ibeklov"));
        self.isupport();
        if self.outbox.caps().has(Caps::SERVERS) {
            self.reply(self.site.pages());
        }
        self.lusers().await;
        self.say_of_here(Question::Motd);
    }

    pub(super) fn isupport(&self) {
        for tokens in &self.site.isupport {
            let line = tokens
                .iter()
                .fold(self.numeric(RPL_ISUPPORT), |line, token| line.param(token));
            self.reply(line.trailing("are supported by this server"));
        }
    }
}
