//! The commands about servers: MOTD, LUSERS, VERSION, TIME, INFO, ADMIN, LINKS, MAP, HELP.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Connection, help};
use crate::about::{self, Question};
use crate::channel::request::RoomsMsg;
use crate::network::word::Enquiry;
use crate::protocol::mask;
use crate::protocol::message::Message;
use crate::protocol::numeric::*;
use crate::user::request::DirectoryMsg;

impl Connection {
    /// What a server says of itself: this one, or another of the network that is named by its name or by a user of it.
    pub(super) async fn about(&self, message: &Message<'_>, question: Question) {
        let other = match message.param(0).filter(|server| !self.is_here(server)) {
            None => None,
            Some(named) => match self.server_of(named).await {
                None => return self.no_such_server(named),
                Some(server) => Some(server).filter(|server| **server != *self.site.name()),
            },
        };
        let Some(server) = other else {
            self.say_of_here(question);
            if question == Question::Version {
                self.isupport();
            }
            return;
        };
        let asked = |reply| Enquiry::About(question, self.nick().to_owned(), reply);
        match self.site.trunks.enquire(&server, asked).await {
            Some(lines) => {
                // That server may have more to say than a client of this one may leave unread; by the last line it knows that this was all.
                let last = lines.len().saturating_sub(1);
                for (at, line) in lines.into_iter().enumerate() {
                    if at == last || self.outbox.has_room() {
                        self.reply(line);
                    }
                }
            }
            None => {
                let line = self.numeric(ERR_NOSUCHSERVER).param(&server);
                self.reply(line.trailing("The server does not answer"));
            }
        }
    }

    /// The other server that is named, by a mask or by one of its users.
    async fn server_of(&self, named: &str) -> Option<Arc<str>> {
        match self.known(named) {
            Some(card) => Some(card.name),
            None => Some(self.find(named).await?.user.profile.server.clone()),
        }
    }

    pub(super) fn say_of_here(&self, question: Question) {
        let lines = about::answer(&self.site, question, self.nick());
        lines.into_iter().for_each(|line| self.reply(line));
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
