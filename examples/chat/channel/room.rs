//! The actor of one channel: asks the rules, and puts lines into outboxes.
//!
//! A room never waits for a client. It waits for nobody but the directory, which waits for nobody. When it fails it is
//! started again with its settings and ranks as of the last command that it completed, and with the members whom the
//! directory remembers; only the command that made it fail is lost, and its members are told. When the last member has
//! gone the room ends.

use std::sync::{Arc, Mutex, PoisonError};

use actor_core::prelude::*;

use super::charter::{Charter, Topic};
use super::refusal::Refusal;
use super::request::{Origin, RoomMsg, Speech, Verb};
use super::roster::{Channel, Ranks};
use crate::clock;
use crate::outbox::Outbox;
use crate::protocol::caps::Caps;
use crate::protocol::delivery::Delivery;
use crate::protocol::line::Line;
use crate::protocol::message::BODY_BYTES_MAX;
use crate::protocol::mode::{self, Asked};
use crate::site::Site;
use crate::user::request::DirectoryMsg;

/// One channel, alive.
#[derive(Debug)]
pub struct Room {
    pub(super) site: Arc<Site>,
    pub(super) channel: Channel<Arc<Outbox>>,
    pub(super) directory: Handle<DirectoryMsg>,
    keep: Keep,
}

/// What of a room outlives its failure.
#[derive(Debug, Clone)]
pub struct Keep(Arc<Mutex<Option<(Charter, Ranks)>>>);

impl Keep {
    /// Nothing is kept yet.
    pub fn new() -> Self {
        Self(Arc::default())
    }

    fn put(&self, kept: (Charter, Ranks)) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(kept);
    }

    fn get(&self) -> Option<(Charter, Ranks)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Default for Keep {
    fn default() -> Self {
        Self::new()
    }
}

impl Room {
    /// A room for the channel of that name.
    pub fn new(site: Arc<Site>, directory: Handle<DirectoryMsg>, name: String, keep: Keep) -> Self {
        let channel = Channel::new(name, Charter::new(clock::unix_ms() / 1000));
        Self {
            site,
            channel,
            directory,
            keep,
        }
    }

    /// After each change to what a restart should find.
    pub(super) fn kept(&self) {
        self.keep.put((self.channel.charter.clone(), self.channel.ranks()));
    }

    pub(super) fn refuse(&self, origin: &Origin, refusal: &Refusal) {
        origin
            .outbox
            .reply(refusal.line(&self.site, &origin.profile.nick, &self.channel.name));
    }

    pub(super) fn from(&self, origin: &Origin, command: &str) -> Line {
        Line::from(&origin.profile.source(), command).param(&self.channel.name)
    }

    /// Tells all members of what `origin` did; for `origin` itself it is the answer to its command.
    pub(super) fn tell_all(&self, origin: &Origin, line: Line) {
        let delivery = Delivery::new(line, clock::unix_ms());
        for (id, member) in self.channel.members() {
            if id == origin.id {
                member.post.respond(&delivery);
            } else {
                member.post.deliver(&delivery);
            }
        }
    }

    fn speak(&self, origin: &Origin, speech: Speech) {
        if let Err(refusal) = self.channel.hears(origin.id, &origin.profile) {
            if speech.verb != Verb::Notice {
                self.refuse(origin, &refusal);
            }
            return;
        }
        let target = match speech.sign {
            Some(sign) => format!("{sign}{}", self.channel.name),
            None => self.channel.name.clone(),
        };
        let mut line = Line::from(&origin.profile.source(), speech.verb.name()).param(&target);
        let mut needs = Caps::default();
        if speech.verb == Verb::Tagmsg {
            needs = Caps::MESSAGE_TAGS;
        } else {
            line = line.trailing(&speech.text);
        }
        let delivery = Delivery::new(line, clock::unix_ms())
            .identified(self.site.message_id(), speech.client_tags)
            .needing(needs);
        for (id, member) in self.channel.members() {
            if id != origin.id && member.reaches(speech.sign) {
                member.post.deliver(&delivery);
            }
        }
        if origin.outbox.caps().has(Caps::ECHO_MESSAGE) {
            origin.outbox.respond(&delivery);
        }
    }

    fn topic(&mut self, origin: &Origin, text: Option<String>) {
        let Some(text) = text else {
            if !self.channel.shows_itself_to(origin.id) {
                return self.refuse(origin, &Refusal::NotInside);
            }
            return self.show_topic(origin);
        };
        let locked = self.channel.charter.has(mode::Flag::TopicLocked);
        let refused = match self.channel.operator(origin.id) {
            Err(Refusal::NotOperator) if !locked => None,
            other => other.err(),
        };
        if let Some(refusal) = refused {
            return self.refuse(origin, &refusal);
        }
        let by = origin.profile.source();
        let set = Topic {
            text: text.clone(),
            by,
            at_s: clock::unix_ms() / 1000,
        };
        self.channel.charter.topic = (!text.is_empty()).then_some(set);
        self.kept();
        self.tell_all(origin, self.from(origin, "TOPIC").trailing(&text));
    }

    fn mode(&mut self, origin: &Origin, asked: Vec<Asked>) -> Vec<String> {
        if asked.is_empty() {
            self.show_modes(origin);
            return Vec::new();
        }
        let now_s = clock::unix_ms() / 1000;
        let masks_max = self.site.config.limits.masks_per_channel_max;
        let outcome = self
            .channel
            .change(origin.id, &origin.profile.source(), asked, now_s, masks_max);
        if !outcome.changes.is_empty() {
            self.kept();
            let head = self.from(origin, "MODE");
            for words in mode::write(&outcome.changes, BODY_BYTES_MAX.saturating_sub(head.bytes() + 1)) {
                let line = words.iter().fold(head.clone(), |line, word| line.param(word));
                self.tell_all(origin, line);
            }
        }
        for kind in outcome.shown {
            self.show_list(origin, kind);
        }
        self.refuse_all_but_absent(origin, outcome.refusals)
    }

    /// Whether an absent nick exists at all is known to the directory, not here.
    pub(super) fn refuse_all_but_absent(&self, origin: &Origin, refusals: Vec<Refusal>) -> Vec<String> {
        let mut absent = Vec::new();
        for refusal in refusals {
            match refusal {
                Refusal::AbsentMember(nick) => absent.push(nick),
                refusal => self.refuse(origin, &refusal),
            }
        }
        absent
    }
}

impl Actor for Room {
    type Msg = RoomMsg;

    async fn on_start(&mut self, ctx: &mut Context<RoomMsg>) -> ActorResult {
        let Some((charter, ranks)) = self.keep.get() else {
            return Ok(());
        };
        self.channel.charter = charter;
        let inside = self
            .directory
            .ask(|reply| DirectoryMsg::Inside {
                room: ctx.handle(),
                reply,
            })
            .await?;
        for origin in inside {
            self.channel.restore(origin.id, origin.profile, origin.outbox, &ranks);
        }
        let text = "The channel had a fault and was started again. Nobody was lost; the last command may have been.";
        let notice = Line::from(self.site.name(), "NOTICE")
            .param(&self.channel.name)
            .trailing(text);
        let notice = Delivery::new(notice, clock::unix_ms());
        for (_, member) in self.channel.members() {
            member.post.deliver(&notice);
        }
        if self.channel.is_empty() {
            ctx.stop();
        }
        Ok(())
    }

    async fn on_stop(&mut self, reason: &ExitReason, ctx: &mut Context<RoomMsg>) -> ActorResult {
        if matches!(reason, ExitReason::Shutdown) {
            self.dissolve(ctx).await;
        }
        Ok(())
    }

    async fn handle(&mut self, msg: RoomMsg, ctx: &mut Context<RoomMsg>) -> ActorResult {
        match msg {
            RoomMsg::Speak { origin, speech, reply } => {
                self.speak(&origin, speech);
                reply.send(());
            }
            RoomMsg::Join { origin, key, reply } => {
                let joined = self.join(origin, key, ctx).await;
                reply.send(joined);
            }
            RoomMsg::Part { origin, reason, reply } => {
                self.part(origin, reason, ctx).await;
                reply.send(());
            }
            RoomMsg::Topic { origin, text, reply } => {
                self.topic(&origin, text);
                reply.send(());
            }
            RoomMsg::Mode { origin, asked, reply } => reply.send(self.mode(&origin, asked)),
            RoomMsg::Kick {
                origin,
                nicks,
                reason,
                reply,
            } => {
                let absent = self.kick(&origin, nicks, &reason, ctx).await;
                reply.send(absent);
            }
            RoomMsg::Invite { origin, guest, reply } => {
                self.invite(&origin, &guest);
                reply.send(());
            }
            RoomMsg::Names { origin, reply } => {
                self.show_names(&origin);
                reply.send(());
            }
            RoomMsg::Who { origin, fields, reply } => {
                self.show_who(&origin, fields.as_deref());
                reply.send(());
            }
            RoomMsg::Visit { visitor, errand, reply } => reply.send(self.visit(visitor, errand)),
            RoomMsg::Glance { asker, reply } => reply.send(self.glance(asker)),
            RoomMsg::Seat { asker, member, reply } => reply.send(self.seat(asker, member)),
            RoomMsg::Crash => panic!("a test made this room panic"),
        }
        if self.channel.is_empty() {
            ctx.stop();
        }
        Ok(())
    }
}
