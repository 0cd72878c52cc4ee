//! The commands about the server: MOTD, LUSERS, VERSION, TIME, INFO, ADMIN, LINKS, HELP.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Connection, help};
use crate::channel::request::RoomsMsg;
use crate::clock;
use crate::protocol::calendar;
use crate::protocol::mask;
use crate::protocol::message::Message;
use crate::protocol::numeric::*;
use crate::site::Site;
use crate::user::request::DirectoryMsg;

impl Connection {
    pub(super) fn motd(&self) {
        let Some(motd) = &self.site.motd else {
            return self.reply(self.numeric(ERR_NOMOTD).trailing("MOTD File is missing"));
        };
        let text = format!("- {} Message of the day - ", self.site.name());
        self.reply(self.numeric(RPL_MOTDSTART).trailing(&text));
        for line in motd {
            self.reply(self.numeric(RPL_MOTD).trailing(&format!("- {line}")));
        }
        self.reply(self.numeric(RPL_ENDOFMOTD).trailing("End of /MOTD command"));
    }

    pub(super) async fn lusers(&self) {
        let census = self
            .doors
            .directory
            .ask(|reply| DirectoryMsg::Census { reply })
            .await
            .unwrap_or_default();
        let channels = self
            .doors
            .rooms
            .ask(|reply| RoomsMsg::Count { reply })
            .await
            .unwrap_or_default();
        let all = census.visible + census.invisible;
        let others = self.site.servers.all().len();
        let text = format!(
            "There are {} users and {} invisible on {} servers",
            census.visible,
            census.invisible,
            others + 1
        );
        self.reply(self.numeric(RPL_LUSERCLIENT).trailing(&text));
        let line = self.numeric(RPL_LUSEROP).number(census.operators as u64);
        self.reply(line.trailing("operator(s) online"));
        let line = self.numeric(RPL_LUSERUNKNOWN).number(census.unregistered as u64);
        self.reply(line.trailing("unknown connection(s)"));
        self.reply(
            self.numeric(RPL_LUSERCHANNELS)
                .number(channels as u64)
                .trailing("channels formed"),
        );
        let text = format!("I have {} clients and {others} servers", census.here);
        self.reply(self.numeric(RPL_LUSERME).trailing(&text));
        for (numeric, whose, count, most) in [
            (RPL_LOCALUSERS, "local", census.here, census.most_here),
            (RPL_GLOBALUSERS, "global", all, census.most),
        ] {
            let text = format!("Current {whose} users {count}, max {most}");
            let line = self.numeric(numeric).number(count as u64).number(most as u64);
            self.reply(line.trailing(&text));
        }
    }

    pub(super) fn version(&self, message: &Message<'_>) {
        if let Some(server) = message.param(0).filter(|server| !self.is_here(server)) {
            let Some(card) = self.known(server) else {
                return self.no_such_server(server);
            };
            let line = self.numeric(RPL_VERSION).param(&card.version).param(&card.name);
            return self.reply(line.trailing(&card.info));
        }
        let line = self.numeric(RPL_VERSION).param(Site::version()).param(self.site.name());
        self.reply(line.trailing("A chat server made of actors"));
        self.isupport();
    }

    pub(super) fn time(&self) {
        let line = self.numeric(RPL_TIME).param(self.site.name());
        self.reply(line.trailing(&calendar::human(clock::unix_ms())));
    }

    pub(super) fn info(&self) {
        let texts = [
            format!("{} on {}", Site::version(), self.site.name()),
            format!("Started {}", calendar::human(self.site.started_ms)),
            "Each connection, each channel and the directory of users is an actor of its own;".to_owned(),
            "one that fails is started again or let go, and the others never notice.".to_owned(),
        ];
        for text in texts {
            self.reply(self.numeric(RPL_INFO).trailing(&text));
        }
        self.reply(self.numeric(RPL_ENDOFINFO).trailing("End of INFO list"));
    }

    pub(super) fn admin(&self) {
        let config = &self.site.config;
        let text = "Administrative info";
        self.reply(self.numeric(RPL_ADMINME).param(self.site.name()).trailing(text));
        self.reply(self.numeric(RPL_ADMINLOC1).trailing(&config.network));
        self.reply(self.numeric(RPL_ADMINLOC2).trailing(self.site.name()));
        let contact = if config.admin.is_empty() {
            "No contact is given"
        } else {
            &config.admin
        };
        self.reply(self.numeric(RPL_ADMINEMAIL).trailing(contact));
    }

    /// Each server of a network speaks with each: all are one step away.
    pub(super) fn links(&self, message: &Message<'_>) {
        let wanted = message.param(1).or(message.param(0));
        let here = self.site.name();
        let others = self.site.servers.all().into_iter().map(|card| (1, card));
        for (steps, card) in std::iter::once((0, self.site.card())).chain(others) {
            if wanted.is_none_or(|wanted| mask::matches(wanted, &card.name)) {
                let line = self.numeric(RPL_LINKS).param(&card.name).param(here);
                self.reply(line.trailing(&format!("{steps} {}", card.info)));
            }
        }
        let line = self.numeric(RPL_ENDOFLINKS).param(wanted.unwrap_or("*"));
        self.reply(line.trailing("End of /LINKS list"));
    }

    pub(super) async fn map(&self) {
        let asked = self.doors.directory.ask(|reply| DirectoryMsg::ByServer { reply });
        let users: BTreeMap<Arc<str>, usize> = asked.await.unwrap_or_default();
        let others: Vec<Arc<str>> = self.site.servers.all().into_iter().map(|card| card.name).collect();
        let show = |branch: &str, name: &Arc<str>| {
            let count = users.get(name).copied().unwrap_or(0);
            self.reply(
                self.numeric(RPL_MAP)
                    .trailing(&format!("{branch}{name} ({count} users)")),
            );
        };
        show("", &self.site.shared_name());
        for (at, name) in others.iter().enumerate() {
            show(if at + 1 < others.len() { "|- " } else { "`- " }, name);
        }
        self.reply(self.numeric(RPL_MAPEND).trailing("End of /MAP"));
    }

    pub(super) fn help(&self, message: &Message<'_>) {
        let wanted = message.param(0).unwrap_or("HELP").to_ascii_uppercase();
        let Some(texts) = help::on(&wanted) else {
            let line = self.numeric(ERR_HELPNOTFOUND).param(&wanted);
            return self.reply(line.trailing("No help is there on this; HELP alone lists the commands"));
        };
        let begin = |numeric| self.numeric(numeric).param(&wanted);
        let (first, rest) = texts
            .split_first()
            .map_or(("", &[][..]), |(first, rest)| (*first, rest));
        self.reply(begin(RPL_HELPSTART).trailing(first));
        for text in rest {
            self.reply(begin(RPL_HELPTXT).trailing(text));
        }
        self.reply(begin(RPL_ENDOFHELP).trailing("End of /HELP"));
    }
}
