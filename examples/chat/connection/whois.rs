//! WHOIS: all that may be known of one user.

use actor_core::prelude::*;

use super::Connection;
use crate::channel::request::RoomMsg;
use crate::network::word::Enquiry;
use crate::protocol::line;
use crate::protocol::message::Message;
use crate::protocol::numeric::*;

impl Connection {
    pub(super) async fn whois(&mut self, message: &Message<'_>) {
        let (server, wanted) = match (message.param(0), message.param(1)) {
            (server, Some(wanted)) => (server, wanted),
            (Some(wanted), None) => (None, wanted),
            (None, None) => return self.reply(self.numeric(ERR_NONICKNAMEGIVEN).trailing("No nickname given")),
        };
        // Clients name the user twice to mean the server that it is on.
        if let Some(server) = server
            && !self.is_here(server)
            && self.known(server).is_none()
            && self.find(server).await.is_none()
        {
            return self.no_such_server(server);
        }
        let nick = wanted.split(',').next().unwrap_or(wanted);
        let Some(found) = self.find(nick).await else {
            self.no_such_nick(nick);
            return self.reply(self.numeric(RPL_ENDOFWHOIS).param(nick).trailing("End of /WHOIS list"));
        };
        let profile = &found.user.profile;
        let nick = profile.nick.as_str();
        let begin = |numeric| self.numeric(numeric).param(nick);
        self.reply(
            begin(RPL_WHOISUSER)
                .param(&profile.user)
                .param(&profile.host)
                .param("*")
                .trailing(&profile.realname),
        );
        let (asker, member) = (self.guest.id, found.user.id);
        let seats = ask_all(&found.rooms, |reply| RoomMsg::Seat { asker, member, reply }).await;
        let mut seats: Vec<String> = seats.into_iter().filter_map(|seat| seat.ok().flatten()).collect();
        seats.sort();
        let head = begin(RPL_WHOISCHANNELS);
        for text in line::packed(head.bytes(), ' ', seats.iter().map(String::as_str)) {
            self.reply(head.clone().trailing(&text));
        }
        self.reply(
            begin(RPL_WHOISSERVER)
                .param(&profile.server)
                .trailing(&self.site.config.network),
        );
        if profile.operator {
            self.reply(begin(RPL_WHOISOPERATOR).trailing("is an IRC operator"));
        }
        if profile.secure {
            self.reply(begin(RPL_WHOISSECURE).trailing("is using a secure connection"));
        }
        if let Some(away) = &profile.away {
            self.reply(begin(RPL_AWAY).trailing(away));
        }
        // How long a user of another server has been silent is known there alone.
        let idle_s = if self.is_mine(profile) {
            Some(found.user.outbox.silent_s())
        } else {
            let asked = |reply| Enquiry::Silence(member, reply);
            self.site.trunks.enquire(&profile.server, asked).await.flatten()
        };
        if let Some(idle_s) = idle_s {
            let line = begin(RPL_WHOISIDLE).number(idle_s).number(found.since_s);
            self.reply(line.trailing("seconds idle, signon time"));
        }
        self.reply(begin(RPL_ENDOFWHOIS).trailing("End of /WHOIS list"));
    }
}
