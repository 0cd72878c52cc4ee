//! The actor that stands here for the users of one other server, as connections do for those of this one.
//!
//! What the other says it carries out in that order. It waits for rooms and the directory, as connections do; neither waits for it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use actor_core::WatchId;
use actor_core::prelude::*;

use super::mirror::Mirror;
use super::word::{Card, Person, RoomWord, Word};
use crate::channel::request::{self, Errand, RoomMsg, RoomsMsg};
use crate::clock;
use crate::protocol::caps::Caps;
use crate::protocol::delivery::Delivery;
use crate::protocol::name;
use crate::site::Site;
use crate::user::abroad::stand_in;
use crate::user::news;
use crate::user::profile::{ClientId, Profile};
use crate::user::request::{DirectoryMsg, Order};

use super::envoy::Sources;

/// How often it is looked whether a nick has become free that a user has at its own server.
const RETRY: Duration = Duration::from_millis(200);
/// How often a room may turn out to be ending just when it is entered.
const TRIES: usize = 5;

/// What a deputy is told.
#[derive(Debug)]
pub enum DeputyMsg {
    /// The server is there, and begins to speak; `life` ends when it, or the way to it, does.
    Knocked {
        /// What it says of itself.
        card: Card,
        /// Ends with the conversation.
        life: Handle<()>,
        /// Whom it is to tell.
        reply: Reply<Handle<Arc<Word>>>,
    },
    /// It says something.
    Heard(Arc<Word>),
    /// It has been away for as long as is waited for it: in that conversation, as they are counted.
    Due(u64),
    /// An order for the connection of a user.
    Order(ClientId, Order),
    /// It is time to look for nicks that have become free.
    Retry,
}

/// Stands for one server.
#[derive(Debug)]
pub struct Deputy {
    site: Arc<Site>,
    server: Arc<str>,
    life: Option<u64>,
    sources: Sources,
    grace: Duration,
    mirror: Mirror,
    rooms: HashMap<String, Handle<RoomMsg>>,
    /// Rooms that were spoken of since the server began to tell of everything.
    told: HashSet<String>,
    /// Conversations so far.
    count: u64,
    /// Of the present one.
    watch: Option<WatchId>,
    /// Who spoke in the last one.
    speaker: Option<Handle<()>>,
    is_retrying: bool,
}

impl Deputy {
    /// For the server of that name, which is waited for that long when it is lost.
    pub fn new(site: Arc<Site>, server: Arc<str>, sources: Sources, grace: Duration) -> Self {
        Self {
            site,
            server,
            life: None,
            sources,
            grace,
            mirror: Mirror::default(),
            rooms: HashMap::new(),
            told: HashSet::new(),
            count: 0,
            watch: None,
            speaker: None,
            is_retrying: false,
        }
    }

    async fn knocked(&mut self, card: Card, life: &Handle<()>, ctx: &mut Context<DeputyMsg>) -> Handle<Arc<Word>> {
        if self.life.is_some_and(|life| life != card.life) {
            // The former one was killed, and is there again already.
            self.split().await;
        }
        self.life = Some(card.life);
        self.count += 1;
        self.watch = Some(ctx.watch(life));
        self.speaker = Some(life.clone());
        self.site.servers.meet(card);
        let pages = Delivery::new(self.site.pages(), clock::unix_ms()).needing(Caps::SERVERS);
        let delivery = Arc::new(pages);
        let _ = self.sources.directory.tell(DirectoryMsg::Announce { delivery }).await;
        ctx.handle().map(DeputyMsg::Heard)
    }

    /// The server is lost: its users have left, as far as those know who are here.
    async fn split(&mut self) {
        self.site.servers.lose(&self.server);
        let server = self.server.clone();
        let rooms = self
            .sources
            .directory
            .ask(|reply| DirectoryMsg::Split { server, reply });
        for room in rooms.no_timeout().await.unwrap_or_default() {
            self.vacate(&room, true).await;
        }
        self.mirror.clear();
        self.rooms.clear();
        self.life = None;
        self.watch = None;
    }

    /// The conversation is over, and whoever speaks in it may not know: a way that was lost at the very moment at which it was found is back
    /// before anybody watches it from there.
    fn has_not_heard(&self) {
        if let Some(speaker) = &self.speaker {
            let _ = speaker.try_tell(());
        }
    }

    async fn vacate(&self, room: &Handle<RoomMsg>, is_told: bool) {
        let server = self.server.clone();
        let vacated = room.ask(|reply| RoomMsg::Vacate { server, is_told, reply });
        // A room that has ended holds nobody.
        let _ = vacated.no_timeout().await;
    }

    async fn heard(&mut self, word: Word, ctx: &mut Context<DeputyMsg>) {
        match word {
            Word::Begin => {
                self.mirror.begin();
                self.told.clear();
            }
            Word::Everybody => self.everybody().await,
            Word::Told => self.told().await,
            Word::Users(people) => self.users(people, ctx).await,
            Word::Changed(id, profile) => self.changed(id, profile, ctx).await,
            Word::Gone(id, reason) => self.gone(id, &reason).await,
            Word::Personal(id, packet) => {
                let delivery = Arc::new(Delivery::from(packet));
                let _ = self
                    .sources
                    .directory
                    .tell(DirectoryMsg::Personal { id, delivery })
                    .await;
            }
            Word::Ordered(id, order) => {
                let _ = self.sources.directory.tell(DirectoryMsg::Ordered { id, order }).await;
            }
            Word::Wallops(packet) => {
                let delivery = Arc::new(Delivery::from(packet));
                let told = self.sources.directory.ask(|reply| DirectoryMsg::Wallops {
                    delivery,
                    everywhere: false,
                    reply,
                });
                let _ = told.no_timeout().await;
            }
            Word::Room(channel, word) => self.room_word(&channel, word).await,
        }
    }

    /// All users were told of: the others have left.
    async fn everybody(&mut self) {
        for id in self.mirror.end() {
            let reason = format!("{} {}", self.site.name(), self.server);
            self.gone(id, &reason).await;
        }
    }

    /// All rooms were told of: in the others there is nobody.
    async fn told(&mut self) {
        let rooms = self
            .sources
            .rooms
            .ask(|reply| RoomsMsg::Named { reply })
            .no_timeout()
            .await;
        for (name, room) in rooms.unwrap_or_default() {
            if !self.told.contains(&name) {
                self.vacate(&room, false).await;
            }
        }
    }

    async fn users(&mut self, people: Vec<Person>, ctx: &mut Context<DeputyMsg>) {
        let (known, new): (Vec<_>, Vec<_>) = people
            .into_iter()
            .partition(|person| self.mirror.get(person.id).is_some());
        for person in known {
            self.changed(person.id, person.profile, ctx).await;
        }
        let people: Vec<(Person, Handle<Order>)> = new
            .iter()
            .map(|person| {
                let id = person.id;
                (
                    person.clone(),
                    ctx.handle().map(move |order| DeputyMsg::Order(id, order)),
                )
            })
            .collect();
        let met = self.sources.directory.ask(|reply| DirectoryMsg::Meet { people, reply });
        let taken = met.no_timeout().await.unwrap_or_default();
        for Person { id, profile, .. } in new {
            let shown = if taken.contains(&id) {
                stand_in(id, &profile)
            } else {
                profile.clone()
            };
            self.mirror.put(id, profile, shown);
        }
        self.retry_later(ctx);
    }

    /// Carries a user's new profile everywhere.
    async fn changed(&mut self, id: ClientId, says: Arc<Profile>, ctx: &mut Context<DeputyMsg>) {
        let Some(seen) = self.mirror.get(id).cloned() else {
            return;
        };
        let mut shown = says.clone();
        let directory = &self.sources.directory;
        let rooms = if shown.nick == seen.shown.nick {
            let profile = shown.clone();
            directory
                .ask(|reply| DirectoryMsg::Change { id, profile, reply })
                .no_timeout()
                .await
        } else {
            let profile = shown.clone();
            let renamed = directory
                .ask(|reply| DirectoryMsg::Rename { id, profile, reply })
                .no_timeout()
                .await;
            match renamed {
                Ok(Ok(rooms)) => Ok(rooms),
                Ok(Err(_)) => {
                    shown = stand_in(id, &says);
                    let profile = shown.clone();
                    let renamed = directory
                        .ask(|reply| DirectoryMsg::Rename { id, profile, reply })
                        .no_timeout()
                        .await;
                    renamed.map(Result::unwrap_or_default)
                }
                Err(why) => Err(why),
            }
        };
        self.mirror.put(id, says, shown.clone());
        if *seen.shown != *shown {
            let errand = Errand {
                news: news::of(&seen.shown, &shown, clock::unix_ms()),
                profile: Some(shown),
                told: HashSet::new(),
            };
            request::carry(id, errand, rooms.unwrap_or_default()).await;
        }
        self.retry_later(ctx);
    }

    async fn gone(&mut self, id: ClientId, reason: &str) {
        let Some(seen) = self.mirror.remove(id) else { return };
        let left = self.sources.directory.ask(|reply| DirectoryMsg::Leave {
            id,
            reason: reason.to_owned(),
            reply,
        });
        let rooms = left.no_timeout().await.unwrap_or_default();
        let errand = Errand {
            profile: None,
            news: Some(news::quit(&seen.shown, reason, clock::unix_ms())),
            told: HashSet::new(),
        };
        request::carry(id, errand, rooms).await;
    }

    fn retry_later(&mut self, ctx: &mut Context<DeputyMsg>) {
        if !self.is_retrying && !self.mirror.hidden().is_empty() {
            self.is_retrying = true;
            ctx.once(RETRY, DeputyMsg::Retry);
        }
    }

    async fn retry(&mut self, ctx: &mut Context<DeputyMsg>) {
        self.is_retrying = false;
        for id in self.mirror.hidden() {
            if let Some(says) = self.mirror.get(id).map(|seen| seen.says.clone()) {
                self.changed(id, says, ctx).await;
            }
        }
        self.retry_later(ctx);
    }

    async fn room_word(&mut self, channel: &str, word: RoomWord) {
        let comers: Vec<ClientId> = match &word {
            RoomWord::Whole(_, _, seats) => {
                self.told.insert(name::fold(channel));
                seats.iter().map(|(id, _)| *id).collect()
            }
            RoomWord::Joined(_, id, _) => {
                self.told.insert(name::fold(channel));
                vec![*id]
            }
            _ => Vec::new(),
        };
        let known = |id| Some((id, self.mirror.get(id)?.shown.clone()));
        let comers: Vec<(ClientId, Arc<Profile>)> = comers.into_iter().filter_map(known).collect();
        let mut ended = None;
        for _ in 0..TRIES {
            let Some(room) = self.room(channel, !comers.is_empty(), ended.take()).await else {
                return;
            };
            let (server, word, people) = (self.server.clone(), word.clone(), comers.clone());
            if comers.is_empty() {
                // In order, and nothing here depends on what becomes of it.
                let told = room.tell(RoomMsg::Afar {
                    server,
                    word,
                    comers: people,
                    reply: None,
                });
                let _ = told.await;
                return;
            }
            let done = room.ask(|reply| RoomMsg::Afar {
                server,
                word,
                comers: people,
                reply: Some(reply),
            });
            match done.no_timeout().await {
                // It ended because its last member left, and nobody has seen this.
                Err(AskError::Stopped) => ended = Some(room),
                _ => return,
            }
        }
    }

    /// The room of that name; made, if somebody comes in.
    async fn room(
        &mut self,
        channel: &str,
        is_wanted: bool,
        ended: Option<Handle<RoomMsg>>,
    ) -> Option<Handle<RoomMsg>> {
        let folded = name::fold(channel);
        if let Some(room) = self.rooms.get(&folded)
            && room.is_alive()
            && ended.as_ref() != Some(room)
        {
            return Some(room.clone());
        }
        self.rooms.remove(&folded);
        let name = channel.to_owned();
        let rooms = &self.sources.rooms;
        let found = if is_wanted {
            rooms
                .ask(|reply| RoomsMsg::Open { name, ended, reply })
                .no_timeout()
                .await
        } else {
            rooms.ask(|reply| RoomsMsg::Find { name, reply }).no_timeout().await
        };
        let room = found.unwrap_or_default()?;
        self.rooms.insert(folded, room.clone());
        Some(room)
    }
}

impl Actor for Deputy {
    type Msg = DeputyMsg;

    /// Whoever stood here before may have failed: what it knew is not known any more.
    async fn on_start(&mut self, _ctx: &mut Context<DeputyMsg>) -> ActorResult {
        self.split().await;
        Ok(())
    }

    async fn on_stop(&mut self, _reason: &ExitReason, _ctx: &mut Context<DeputyMsg>) -> ActorResult {
        self.split().await;
        Ok(())
    }

    async fn handle(&mut self, msg: DeputyMsg, ctx: &mut Context<DeputyMsg>) -> ActorResult {
        match msg {
            DeputyMsg::Knocked { card, life, reply } => reply.send(self.knocked(card, &life, ctx).await),
            DeputyMsg::Heard(word) if self.watch.is_some() => self.heard(Arc::unwrap_or_clone(word), ctx).await,
            DeputyMsg::Heard(_) => self.has_not_heard(),
            DeputyMsg::Due(count) if self.count == count && self.watch.is_none() => {
                self.has_not_heard();
                self.split().await;
            }
            DeputyMsg::Due(_) => {}
            DeputyMsg::Order(id, order) => {
                self.site.trunks.say_to(&self.server, || Word::Ordered(id, order));
            }
            DeputyMsg::Retry => self.retry(ctx).await,
        }
        Ok(())
    }

    async fn on_signal(&mut self, signal: Signal, ctx: &mut Context<DeputyMsg>) -> ActorResult {
        if let Signal::Down(down) = signal
            && self.watch == Some(down.watch)
        {
            self.watch = None;
            ctx.once(self.grace, DeputyMsg::Due(self.count));
        }
        Ok(())
    }
}
