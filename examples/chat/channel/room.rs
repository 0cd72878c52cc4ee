//! The actor of one channel: asks the rules, and puts lines into outboxes.
//!
//! A room never waits for a client. It waits for nobody but the directory, which waits for nobody. When it fails it is
//! started again with its settings and ranks as of the last command that it completed, and with the members whom the
//! directory remembers; only the command that made it fail is lost, and its members are told. When the last member has
//! gone the room ends.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actor_core::prelude::*;

use super::accord::{Accord, Item};
use super::charter::{Charter, Topic};
use super::refusal::Refusal;
use super::request::{Origin, RoomMsg, Speech, Verb};
use super::roster::{Channel, Member, Ranks};
use crate::clock;
use crate::network::word::{RoomWord, Word};
use crate::outbox::Outbox;
use crate::protocol::caps::Caps;
use crate::protocol::delivery::Delivery;
use crate::protocol::line::Line;
use crate::protocol::message::BODY_BYTES_MAX;
use crate::protocol::mode::{self, Asked, Change};
use crate::site::Site;
use crate::user::profile::ClientId;
use crate::user::request::DirectoryMsg;

/// One channel, alive.
#[derive(Debug)]
pub struct Room {
    pub(super) site: Arc<Site>,
    /// With where their lines go, if they are users of this server.
    pub(super) channel: Channel<Option<Arc<Outbox>>>,
    pub(super) accord: Accord,
    /// The other servers that have members in it; `None` if that has to be looked at again.
    pub(super) abroad: Option<Vec<Arc<str>>>,
    pub(super) directory: Handle<DirectoryMsg>,
    keep: Keep,
    /// It takes so long over everything, since a test said so.
    slow: Duration,
}

/// What of a room outlives its failure.
#[derive(Debug, Clone)]
pub struct Keep(Arc<Mutex<Option<Kept>>>);

type Kept = (Charter, Ranks, Accord);

impl Keep {
    /// Nothing is kept yet.
    pub fn new() -> Self {
        Self(Arc::default())
    }

    fn put(&self, kept: Kept) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(kept);
    }

    fn get(&self) -> Option<Kept> {
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
        let now_ms = clock::unix_ms();
        Self {
            channel: Channel::new(name, Charter::new(now_ms / 1000)),
            accord: Accord::new(site.life, now_ms),
            abroad: None,
            site,
            directory,
            keep,
            slow: Duration::ZERO,
        }
    }

    /// After each change to what a restart should find.
    pub(super) fn kept(&self) {
        self.keep
            .put((self.channel.charter.clone(), self.channel.ranks(), self.accord.clone()));
    }

    /// The members who are users of this server, and where their lines go.
    pub(super) fn here(&self) -> impl Iterator<Item = (ClientId, &Member<Option<Arc<Outbox>>>, &Arc<Outbox>)> {
        let members = self.channel.members();
        members.filter_map(|(id, member)| Some((id, member, member.post.as_ref()?)))
    }

    /// Says something to the rooms of this name at other servers.
    pub(super) fn say_afar(&self, word: impl FnOnce() -> RoomWord) {
        self.site
            .trunks
            .say(|| Word::Room(self.channel.name.as_str().into(), word()));
    }

    /// The same, to those servers only that have members in this one.
    fn say_to_members_afar(&mut self, word: impl FnOnce() -> RoomWord) {
        if self.site.trunks.is_empty() {
            return;
        }
        if self.abroad.is_none() {
            let afar = self.channel.members().filter(|(_, member)| member.post.is_none());
            let servers: BTreeSet<Arc<str>> = afar.map(|(_, member)| member.profile.server.clone()).collect();
            self.abroad = Some(servers.into_iter().collect());
        }
        let servers = self.abroad.as_deref().unwrap_or_default();
        self.site
            .trunks
            .say_to_all(servers, || Word::Room(self.channel.name.as_str().into(), word()));
    }

    /// Puts down what a member decided, here and at the other servers.
    pub(super) fn decided(&mut self, by: ClientId, items: Vec<Item>) {
        let stamped = self.accord.decide(self.site.life, clock::unix_ms(), items);
        let channel = &self.channel;
        self.accord.prune(|id| channel.member(id).is_some());
        self.say_afar(|| RoomWord::Decided(self.accord.birth(), by, stamped));
    }

    /// A change that was made, as the servers of a network agree on it.
    fn item(&self, change: &Change, by: &str, at_s: u64) -> Option<Item> {
        let Change::Rank(set, rank, nick) = change else {
            return Some(Item::Setting(change.clone(), by.to_owned(), at_s));
        };
        let id = self.channel.by_nick(nick)?;
        Some(Item::Rank(id, self.channel.member(id)?.since, *rank, *set))
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
        for (id, _, post) in self.here() {
            if id == origin.id {
                post.respond(&delivery);
            } else {
                post.deliver(&delivery);
            }
        }
    }

    fn speak(&mut self, origin: &Origin, speech: Speech) {
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
        for (id, member, post) in self.here() {
            if id != origin.id && member.reaches(speech.sign) {
                post.deliver(&delivery);
            }
        }
        self.say_to_members_afar(|| RoomWord::Said(origin.id, speech.sign, (&delivery).into()));
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
        self.decided(origin.id, vec![Item::Topic(self.channel.charter.topic.clone())]);
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
        let by = origin.profile.source();
        let outcome = self.channel.change(origin.id, &by, asked, now_s, masks_max);
        if !outcome.changes.is_empty() {
            let items = outcome
                .changes
                .iter()
                .filter_map(|change| self.item(change, &by, now_s));
            self.decided(origin.id, items.collect());
            self.kept();
            for line in mode_lines(&self.from(origin, "MODE"), &outcome.changes) {
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

/// As many lines behind `head` as the changes take.
pub(super) fn mode_lines(head: &Line, changes: &[Change]) -> Vec<Line> {
    let words = mode::write(changes, BODY_BYTES_MAX.saturating_sub(head.bytes() + 1));
    let line = |words: Vec<String>| words.iter().fold(head.clone(), |line, word| line.param(word));
    words.into_iter().map(line).collect()
}

impl Actor for Room {
    type Msg = RoomMsg;

    async fn on_start(&mut self, ctx: &mut Context<RoomMsg>) -> ActorResult {
        let Some((charter, ranks, accord)) = self.keep.get() else {
            return Ok(());
        };
        (self.channel.charter, self.accord) = (charter, accord);
        let inside = self
            .directory
            .ask(|reply| DirectoryMsg::Inside {
                room: ctx.handle(),
                reply,
            })
            .await?;
        for (origin, since) in inside {
            let is_here = *origin.profile.server == *self.site.name();
            let post = is_here.then_some(origin.outbox);
            self.channel.restore(origin.id, origin.profile, post, since, &ranks);
        }
        let text = "The channel had a fault and was started again. Nobody was lost; the last command may have been.";
        let notice = Line::from(self.site.name(), "NOTICE")
            .param(&self.channel.name)
            .trailing(text);
        let notice = Delivery::new(notice, clock::unix_ms());
        for (.., post) in self.here() {
            post.deliver(&notice);
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
        if !self.slow.is_zero() {
            tokio::time::sleep(self.slow).await;
        }
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
            RoomMsg::Afar {
                server,
                word,
                comers,
                reply,
            } => {
                self.hear(&server, word, comers, ctx).await;
                if let Some(reply) = reply {
                    reply.send(());
                }
            }
            RoomMsg::Vacate { server, is_told, reply } => {
                self.vacate(&server, is_told, ctx).await;
                reply.send(());
            }
            RoomMsg::Introduce { to, reply } => {
                self.introduce(&to);
                reply.send(());
            }
            RoomMsg::Crash => panic!("a test made this room panic"),
            RoomMsg::Slow(time) => self.slow = time,
        }
        if self.channel.is_empty() {
            ctx.stop();
        }
        Ok(())
    }

    fn kind_of(msg: &RoomMsg) -> Cow<'static, str> {
        msg.kind().into()
    }
}
