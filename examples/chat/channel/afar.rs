//! What a room hears from the rooms of its name at other servers.
//!
//! Each server says who of its own users is inside; what is decided is brought together by the [`Accord`]. So it does not matter in which order a
//! room hears of things, and rooms that have heard the same show the same.

use std::collections::HashMap;
use std::sync::Arc;

use actor_core::prelude::*;

use super::accord::{Accord, Birth, Heard, Item, Stamped};
use super::charter::Charter;
use super::request::RoomMsg;
use super::room::{Room, mode_lines};
use super::roster::Ranks;
use crate::clock;
use crate::network::word::{RoomWord, Word};
use crate::protocol::caps::Caps;
use crate::protocol::delivery::Delivery;
use crate::protocol::line::Line;
use crate::protocol::mode::{Change, Rank};
use crate::protocol::stamp::Stamp;
use crate::protocol::volley::Volley;
use crate::user::profile::{ClientId, Profile};
use crate::user::request::DirectoryMsg;

type Comers = Vec<(ClientId, Arc<Profile>)>;

impl Room {
    /// Hears what `server` says; `comers` are those of its users who come in by this, as far as they are known.
    pub(super) async fn hear(&mut self, server: &Arc<str>, word: RoomWord, comers: Comers, ctx: &mut Context<RoomMsg>) {
        match word {
            RoomWord::Whole(birth, items, seats) => {
                let seats = seats.into_iter().collect();
                self.whole(server, birth, items, &seats, comers, ctx).await;
            }
            RoomWord::Joined(birth, id, since) => {
                // What was decided in the older channel, or whether this one is it, only the other side knows.
                if self.accord.birth() != birth {
                    if self.channel.is_empty() {
                        self.begin_anew(birth);
                    }
                    self.say_to(server, RoomWord::Lacking);
                    self.introduce(server);
                }
                for (_, profile) in comers {
                    let is_new = self.take_in(id, &profile, since, ctx).await;
                    if is_new {
                        self.announce(id, &profile);
                    }
                    self.decide_afar(None, birth, Vec::new(), ctx).await;
                }
            }
            RoomWord::Parted(id, reason) => {
                let Some(member) = self.channel.member(id) else { return };
                let mut line = Line::from(&member.profile.source(), "PART").param(&self.channel.name);
                if let Some(reason) = &reason {
                    line = line.trailing(reason);
                }
                self.tell_here(line);
                self.take_out(id, ctx).await;
            }
            RoomWord::Decided(birth, by, items) => {
                if self.accord.birth() > birth {
                    self.say_to(server, RoomWord::Lacking);
                }
                self.decide_afar(Some((by, server)), birth, items, ctx).await;
            }
            RoomWord::Said(by, sign, packet) => {
                let delivery = Delivery::from(packet);
                for (id, member, post) in self.here() {
                    if id != by && member.reaches(sign) {
                        post.deliver(&delivery);
                    }
                }
            }
            RoomWord::Invited(guest, by_operator, packet) => {
                let invited_max = self.site.config.limits.masks_per_channel_max;
                self.channel.expect(guest, by_operator, invited_max);
                let delivery = Arc::new(Delivery::from(packet));
                let _ = self
                    .directory
                    .tell(DirectoryMsg::Personal { id: guest, delivery })
                    .await;
            }
            RoomWord::Lacking => self.introduce(server),
        }
    }

    /// Tells a server all that there is.
    pub(super) fn introduce(&mut self, server: &Arc<str>) {
        let here = self.channel.members().filter(|(_, member)| member.post.is_some());
        let seats = here.map(|(id, member)| (id, member.since)).collect();
        let whole = RoomWord::Whole(self.accord.birth(), self.accord.all(), seats);
        self.say_to(server, whole);
    }

    fn say_to(&self, server: &Arc<str>, word: RoomWord) {
        let name = self.channel.name.as_str().into();
        self.site.trunks.say_to(server, || Word::Room(name, word));
    }

    /// The users of a server are no longer inside.
    pub(super) async fn vacate(&mut self, server: &str, is_told: bool, ctx: &mut Context<RoomMsg>) {
        let theirs = self
            .channel
            .members()
            .filter(|(_, member)| *member.profile.server == *server);
        let theirs: Vec<ClientId> = theirs.map(|(id, _)| id).collect();
        for id in theirs {
            self.part_unseen(id, is_told, ctx).await;
        }
    }

    /// Takes out one of whom it was not heard how it went out.
    async fn part_unseen(&mut self, id: ClientId, is_told: bool, ctx: &mut Context<RoomMsg>) {
        let Some(member) = self.channel.member(id) else { return };
        if !is_told {
            self.tell_here(Line::from(&member.profile.source(), "PART").param(&self.channel.name));
        }
        self.take_out(id, ctx).await;
    }

    fn begin_anew(&mut self, birth: Birth) {
        self.accord = Accord::born(birth);
        self.channel.charter = Charter::new(birth.0.at_ms / 1000);
    }

    async fn whole(
        &mut self,
        server: &Arc<str>,
        birth: Birth,
        items: Vec<Stamped>,
        seats: &HashMap<ClientId, Stamp>,
        comers: Comers,
        ctx: &mut Context<RoomMsg>,
    ) {
        if self.channel.is_empty() && self.accord.birth() != birth {
            self.begin_anew(birth);
        }
        let theirs = self
            .channel
            .members()
            .filter(|(_, member)| *member.profile.server == **server);
        let gone = theirs.map(|(id, _)| id).filter(|id| !seats.contains_key(id));
        for id in gone.collect::<Vec<_>>() {
            self.part_unseen(id, false, ctx).await;
        }
        let mut came = Vec::new();
        for (id, profile) in comers {
            let since = seats.get(&id).copied().unwrap_or_default();
            if self.take_in(id, &profile, since, ctx).await {
                came.push(profile);
            }
        }
        self.announce_all(server, &came);
        let is_younger = birth > self.accord.birth();
        self.decide_afar(None, birth, items, ctx).await;
        if is_younger {
            self.introduce(server);
        }
    }

    /// Gives a user of another server a seat, unless it was thrown out of that one. Returns whether it had none.
    async fn take_in(
        &mut self,
        id: ClientId,
        profile: &Arc<Profile>,
        since: Stamp,
        ctx: &mut Context<RoomMsg>,
    ) -> bool {
        self.accord.see(since);
        if self.accord.is_out(id, since) {
            return false;
        }
        let is_new = match self.channel.member_mut(id) {
            Some(member) => {
                member.since = since;
                false
            }
            None => {
                self.channel.restore(id, profile.clone(), None, since, &Ranks::new());
                self.abroad = None;
                true
            }
        };
        let room = ctx.handle();
        let _ = self.directory.tell(DirectoryMsg::Entered { id, room, since }).await;
        is_new
    }

    /// Tells members of all those who came in with a server.
    fn announce_all(&self, server: &str, came: &[Arc<Profile>]) {
        if came.is_empty() {
            return;
        }
        let mut volley = self.site.volley("netjoin", server, clock::unix_ms());
        for profile in came {
            let [plain, extended] = self.join_lines(profile);
            volley.push_for(Caps::default(), Caps::EXTENDED_JOIN, plain);
            volley.push_for(Caps::EXTENDED_JOIN, Caps::default(), extended);
        }
        self.fire(&Arc::new(volley));
    }

    fn fire(&self, volley: &Arc<Volley>) {
        for (.., post) in self.here() {
            post.deliver_all(volley);
        }
    }

    /// Brings what was decided elsewhere together with what was decided here, and tells members what that changes.
    async fn decide_afar(
        &mut self,
        by: Option<(ClientId, &Arc<str>)>,
        birth: Birth,
        items: Vec<Stamped>,
        ctx: &mut Context<RoomMsg>,
    ) {
        let before = (self.channel.charter.clone(), self.standings());
        let items = match self.accord.hear(birth, items) {
            Heard::Younger => return,
            Heard::Fresh(items) => items,
            Heard::Older(items) => {
                self.channel.charter = Charter::new(birth.0.at_ms / 1000);
                items
            }
        };
        let source = self.source(by);
        let mut out = Vec::new();
        for item in items {
            match item {
                Item::Topic(topic) => self.channel.charter.topic = topic,
                Item::Setting(change, by, at_s) => {
                    self.channel.charter.change(&change, &by, at_s, usize::MAX);
                }
                Item::Rank(..) => {}
                Item::Out(id, since, reason) => out.push((id, since, reason)),
            }
        }
        self.rank_all();
        self.tell_differences(&source, &before);
        for (id, since, reason) in out {
            let Some(member) = self.channel.member(id).filter(|member| member.since <= since) else {
                continue;
            };
            let line = Line::from(&source, "KICK")
                .param(&self.channel.name)
                .param(&member.profile.nick);
            self.tell_here(line.trailing(&reason));
            self.take_out(id, ctx).await;
        }
        let channel = &self.channel;
        self.accord.prune(|id| channel.member(id).is_some());
        self.kept();
    }

    /// Who is shown to have decided something: a member by its nick, or the server of whoever it was.
    fn source(&self, by: Option<(ClientId, &Arc<str>)>) -> String {
        match by {
            Some((id, server)) => self
                .channel
                .member(id)
                .map_or_else(|| server.to_string(), |member| member.profile.source()),
            None => self.site.name().to_owned(),
        }
    }

    fn standings(&self) -> Vec<(ClientId, bool, bool)> {
        let members = self.channel.members();
        members
            .map(|(id, member)| (id, member.operator, member.voice))
            .collect()
    }

    /// Gives each member the ranks that were agreed on.
    fn rank_all(&mut self) {
        let ids: Vec<(ClientId, Stamp)> = self.channel.members().map(|(id, member)| (id, member.since)).collect();
        for (id, since) in ids {
            let has = |wanted| self.accord.ranks(id, since).any(|(rank, set)| rank == wanted && set);
            let (operator, voice) = (has(Rank::Operator), has(Rank::Voice));
            if let Some(member) = self.channel.member_mut(id) {
                (member.operator, member.voice) = (operator, voice);
            }
        }
    }

    fn tell_differences(&self, source: &str, before: &(Charter, Vec<(ClientId, bool, bool)>)) {
        let (charter, standings) = before;
        let mut changes = self.channel.charter.differences(charter);
        for (id, operator, voice) in standings {
            let Some(member) = self.channel.member(*id) else {
                continue;
            };
            for (rank, had, has) in [
                (Rank::Operator, *operator, member.operator),
                (Rank::Voice, *voice, member.voice),
            ] {
                if had != has {
                    changes.push(Change::Rank(has, rank, member.profile.nick.clone()));
                }
            }
        }
        for line in mode_lines(&Line::from(source, "MODE").param(&self.channel.name), &changes) {
            self.tell_here(line);
        }
        let topic = |charter: &Charter| {
            charter
                .topic
                .as_ref()
                .map(|topic| topic.text.clone())
                .unwrap_or_default()
        };
        let now = topic(&self.channel.charter);
        if now != topic(charter) {
            self.tell_here(Line::from(source, "TOPIC").param(&self.channel.name).trailing(&now));
        }
    }

    fn tell_here(&self, line: Line) {
        let delivery = Delivery::new(line, clock::unix_ms());
        for (.., post) in self.here() {
            post.deliver(&delivery);
        }
    }
}
