//! Who comes into a room and who goes, and how the others hear of it.

use actor_core::prelude::*;

use super::accord::Item;
use super::refusal::Refusal;
use super::request::{Errand, Joined, Origin, RoomMsg};
use super::room::Room;
use crate::clock;
use crate::network::word::{RoomWord, Word};
use crate::protocol::caps::Caps;
use crate::protocol::delivery::Delivery;
use crate::protocol::line::Line;
use crate::protocol::mode::Rank;
use crate::protocol::numeric::*;
use crate::user::profile::{ClientId, Profile};
use crate::user::request::DirectoryMsg;

impl Room {
    pub(super) async fn join(&mut self, origin: Origin, key: Option<String>, ctx: &mut Context<RoomMsg>) -> Joined {
        // The client may have gone while its request waited here; nobody would ever take it out again.
        if self.channel.member(origin.id).is_some() || !origin.outbox.is_open() {
            return Joined::Unchanged;
        }
        if let Err(refusal) = self.channel.admits(origin.id, &origin.profile, key.as_deref()) {
            self.refuse(&origin, &refusal);
            return Joined::Unchanged;
        }
        let since = self.accord.tick(self.site.life, clock::unix_ms());
        self.channel
            .enter(origin.id, origin.profile.clone(), Some(origin.outbox.clone()));
        let mut is_founder = false;
        if let Some(member) = self.channel.member_mut(origin.id) {
            (member.since, is_founder) = (since, member.operator);
        }
        self.say_afar(|| RoomWord::Joined(self.accord.birth(), origin.id, since));
        if is_founder {
            self.decided(origin.id, vec![Item::Rank(origin.id, since, Rank::Operator, true)]);
        }
        self.kept();
        // Before anyone hears of it: what the directory knows of rooms is never behind what users have seen.
        let _ = self
            .directory
            .tell(DirectoryMsg::Entered {
                id: origin.id,
                room: ctx.handle(),
                since,
            })
            .await;
        self.announce(origin.id, &origin.profile);
        if self.channel.charter.topic.is_some() {
            self.show_topic(&origin);
        }
        self.show_names(&origin);
        Joined::Entered
    }

    /// Tells all members, the one that came in among them, that somebody came in.
    pub(super) fn announce(&self, comer: ClientId, profile: &Profile) {
        let now_ms = clock::unix_ms();
        let [plain, extended] = self.join_lines(profile).map(|line| Delivery::new(line, now_ms));
        let away = profile.away.as_ref().map(|reason| {
            let line = Line::from(&profile.source(), "AWAY").trailing(reason);
            Delivery::new(line, now_ms).needing(Caps::AWAY_NOTIFY)
        });
        for (id, _, post) in self.here() {
            let line = if post.caps().has(Caps::EXTENDED_JOIN) {
                &extended
            } else {
                &plain
            };
            if id == comer {
                post.respond(line);
                continue;
            }
            post.deliver(line);
            if let Some(away) = &away {
                post.deliver(away);
            }
        }
    }

    /// The plain one, and the one for those with `extended-join`. There are no accounts, hence the star.
    pub(super) fn join_lines(&self, profile: &Profile) -> [Line; 2] {
        let line = Line::from(&profile.source(), "JOIN").param(&self.channel.name);
        [line.clone(), line.param("*").trailing(&profile.realname)]
    }

    pub(super) async fn part(&mut self, origin: Origin, reason: Option<String>, ctx: &mut Context<RoomMsg>) {
        if self.channel.member(origin.id).is_none() {
            return self.refuse(&origin, &Refusal::NotInside);
        }
        let mut line = self.from(&origin, "PART");
        if let Some(reason) = &reason {
            line = line.trailing(reason);
        }
        self.tell_all(&origin, line);
        self.say_afar(|| RoomWord::Parted(origin.id, reason));
        self.take_out(origin.id, ctx).await;
    }

    pub(super) async fn take_out(&mut self, id: ClientId, ctx: &mut Context<RoomMsg>) {
        self.channel.leave(id);
        self.abroad = None;
        self.kept();
        let _ = self.directory.tell(DirectoryMsg::Left { id, room: ctx.handle() }).await;
    }

    pub(super) async fn kick(
        &mut self,
        origin: &Origin,
        nicks: Vec<String>,
        reason: &str,
        ctx: &mut Context<RoomMsg>,
    ) -> Vec<String> {
        let mut refusals = Vec::new();
        for nick in nicks {
            match self.channel.kickable(origin.id, &nick) {
                Err(refusal) => {
                    let denied = matches!(refusal, Refusal::NotInside | Refusal::NotOperator);
                    refusals.push(refusal);
                    if denied {
                        break;
                    }
                }
                Ok(id) => {
                    let Some(member) = self.channel.member(id) else {
                        continue;
                    };
                    let (nick, since) = (member.profile.nick.clone(), member.since);
                    self.decided(origin.id, vec![Item::Out(id, since, reason.to_owned())]);
                    self.tell_all(origin, self.from(origin, "KICK").param(&nick).trailing(reason));
                    self.take_out(id, ctx).await;
                }
            }
        }
        self.refuse_all_but_absent(origin, refusals)
    }

    pub(super) fn invite(&mut self, origin: &Origin, guest: &Origin) {
        let invited_max = self.site.config.limits.masks_per_channel_max;
        if let Err(refusal) = self
            .channel
            .invite(origin.id, guest.id, &guest.profile.nick, invited_max)
        {
            return self.refuse(origin, &refusal);
        }
        let nick = &guest.profile.nick;
        let begin = |numeric| self.site.numeric(numeric, &origin.profile.nick);
        origin
            .outbox
            .reply(begin(RPL_INVITING).param(nick).param(&self.channel.name));
        if let Some(away) = &guest.profile.away {
            origin.outbox.reply(begin(RPL_AWAY).param(nick).trailing(away));
        }
        let line = Line::from(&origin.profile.source(), "INVITE")
            .param(nick)
            .param(&self.channel.name);
        let now_ms = clock::unix_ms();
        let invitation = Delivery::new(line.clone(), now_ms);
        if *guest.profile.server == *self.site.name() {
            guest.outbox.deliver(&invitation);
        } else {
            let by_operator = self.channel.invitation(guest.id) == Some(true);
            let word = || RoomWord::Invited(guest.id, by_operator, (&invitation).into());
            let room = || Word::Room(self.channel.name.as_str().into(), word());
            self.site.trunks.say_to(&guest.profile.server, room);
        }
        let notice = Delivery::new(line, now_ms).needing(Caps::INVITE_NOTIFY);
        for (.., post) in self.here().filter(|(id, ..)| *id != origin.id) {
            post.deliver(&notice);
        }
    }

    pub(super) fn visit(&mut self, visitor: ClientId, mut errand: Errand) -> Errand {
        match &errand.profile {
            Some(profile) => match self.channel.member_mut(visitor) {
                Some(member) => member.profile = profile.clone(),
                None => return errand,
            },
            None => match self.channel.leave(visitor) {
                Some(_) => {
                    self.abroad = None;
                    self.kept();
                }
                None => return errand,
            },
        }
        if let Some(news) = &errand.news {
            for (id, _, post) in self.here() {
                if errand.told.insert(id) {
                    post.deliver(news);
                }
            }
        }
        errand
    }

    /// Tells those inside that the room ends under them, which happens when its supervisor failed.
    pub(super) async fn dissolve(&mut self, ctx: &mut Context<RoomMsg>) {
        let inside: Vec<(ClientId, String)> = self
            .channel
            .members()
            .map(|(id, member)| (id, member.profile.nick.clone()))
            .collect();
        for (id, nick) in inside {
            if let Some(member) = self.channel.leave(id) {
                let line = Line::from(self.site.name(), "KICK")
                    .param(&self.channel.name)
                    .param(&nick);
                let line = line.trailing("The channel had a fault and is gone; come back to begin anew");
                if let Some(post) = member.post {
                    post.deliver(&Delivery::new(line, clock::unix_ms()));
                }
            }
            let _ = self.directory.tell(DirectoryMsg::Left { id, room: ctx.handle() }).await;
        }
    }
}
