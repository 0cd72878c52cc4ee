//! What a room shows of itself to one asker.

use super::listing::Glance;
use super::request::Origin;
use super::room::Room;
use crate::protocol::caps::Caps;
use crate::protocol::line::{self, Line};
use crate::protocol::mode::ListKind;
use crate::protocol::numeric::*;
use crate::user::profile::ClientId;
use crate::user::who;

impl Room {
    fn begin(&self, numeric: Numeric, origin: &Origin) -> Line {
        self.site
            .numeric(numeric, &origin.profile.nick)
            .param(&self.channel.name)
    }

    pub(super) fn show_topic(&self, origin: &Origin) {
        let Some(topic) = &self.channel.charter.topic else {
            return origin
                .outbox
                .reply(self.begin(RPL_NOTOPIC, origin).trailing("No topic is set"));
        };
        origin.outbox.reply(self.begin(RPL_TOPIC, origin).trailing(&topic.text));
        origin
            .outbox
            .reply(self.begin(RPL_TOPICWHOTIME, origin).param(&topic.by).number(topic.at_s));
    }

    pub(super) fn show_names(&self, origin: &Origin) {
        let caps = origin.outbox.caps();
        let inside = self.channel.member(origin.id).is_some();
        let head = self
            .site
            .numeric(RPL_NAMREPLY, &origin.profile.nick)
            .param(self.channel.charter.symbol())
            .param(&self.channel.name);
        let names: Vec<String> = self
            .channel
            .members()
            .filter(|(_, member)| self.channel.shows_itself_to(origin.id) && (inside || !member.profile.invisible))
            .map(|(_, member)| {
                let prefix = member.prefix(caps.has(Caps::MULTI_PREFIX));
                if caps.has(Caps::USERHOST_IN_NAMES) {
                    format!("{prefix}{}", member.profile.source())
                } else {
                    format!("{prefix}{}", member.profile.nick)
                }
            })
            .collect();
        for text in line::packed(head.bytes(), ' ', names.iter().map(String::as_str)) {
            origin.outbox.reply(head.clone().trailing(&text));
        }
        origin
            .outbox
            .reply(self.begin(RPL_ENDOFNAMES, origin).trailing("End of /NAMES list"));
    }

    pub(super) fn show_modes(&self, origin: &Origin) {
        let modes = self.channel.charter.modes(self.channel.member(origin.id).is_some());
        let line = modes
            .iter()
            .fold(self.begin(RPL_CHANNELMODEIS, origin), |line, word| line.param(word));
        origin.outbox.reply(line);
        origin.outbox.reply(
            self.begin(RPL_CREATIONTIME, origin)
                .number(self.channel.charter.created_s),
        );
    }

    pub(super) fn show_list(&self, origin: &Origin, kind: ListKind) {
        let (entry, end, text) = match kind {
            ListKind::Ban => (RPL_BANLIST, RPL_ENDOFBANLIST, "End of channel ban list"),
            ListKind::Exception => (RPL_EXCEPTLIST, RPL_ENDOFEXCEPTLIST, "End of channel exception list"),
            ListKind::Invitation => (
                RPL_INVEXLIST,
                RPL_ENDOFINVEXLIST,
                "End of channel invite exception list",
            ),
        };
        if self.channel.shows_itself_to(origin.id) {
            for mask in self.channel.charter.list(kind) {
                origin.outbox.reply(
                    self.begin(entry, origin)
                        .param(&mask.mask)
                        .param(&mask.by)
                        .number(mask.at_s),
                );
            }
        }
        origin.outbox.reply(self.begin(end, origin).trailing(text));
    }

    pub(super) fn show_who(&self, origin: &Origin, fields: Option<&str>) {
        if !self.channel.shows_itself_to(origin.id) {
            return;
        }
        let inside = self.channel.member(origin.id).is_some();
        let all = origin.outbox.caps().has(Caps::MULTI_PREFIX);
        for (_, member) in self.channel.members() {
            if !origin.outbox.has_room() {
                return;
            }
            if inside || !member.profile.invisible {
                let seat = (self.channel.name.as_str(), member.prefix(all));
                origin.outbox.reply(who::line(
                    &self.site,
                    origin,
                    &member.profile,
                    member.post.as_deref(),
                    Some(seat),
                    fields,
                ));
            }
        }
    }

    pub(super) fn glance(&self, asker: ClientId) -> Option<Glance> {
        let topic = self.channel.charter.topic.as_ref();
        self.channel.shows_itself_to(asker).then(|| Glance {
            name: self.channel.name.clone(),
            members: self.channel.len(),
            topic: topic.map(|topic| topic.text.clone()).unwrap_or_default(),
            topic_at_s: topic.map(|topic| topic.at_s),
            created_s: self.channel.charter.created_s,
        })
    }

    pub(super) fn seat(&self, asker: ClientId, member: ClientId) -> Option<String> {
        let shown = self.channel.shows_itself_to(asker);
        let member = self.channel.member(member)?;
        let together = self.channel.member(asker).is_some();
        (shown && (together || !member.profile.invisible))
            .then(|| format!("{}{}", member.prefix(false), self.channel.name))
    }
}
