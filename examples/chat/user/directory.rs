//! The actor that knows all users: gives out nicks, finds people, carries messages between two of them.
//!
//! It waits for no other actor; so all others may wait for it without a circle. It watches each connection, and when one
//! ends without having said so it takes the user out, and sends a [`Farewell`] to tell its rooms.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use actor_core::ActorId;
use actor_core::prelude::*;

use super::book::{Book, Entry};
use super::farewell::{self, Farewell};
use super::former::Former;
use super::monitor::Monitors;
use super::profile::{ClientId, Profile};
use super::request::{Anew, DirectoryMsg, EVERYBODY, Found, NETWORK, Order, Taken, Watch};
use crate::channel::request::{Origin, RoomMsg};
use crate::clock;
use crate::network::word::{Person, Word};
use crate::outbox::Outbox;
use crate::protocol::delivery::Delivery;
use crate::protocol::line;
use crate::protocol::name;
use crate::protocol::numeric::*;
use crate::protocol::stamp::Stamp;
use crate::site::Site;

/// All connections.
#[derive(Debug)]
pub struct Directory {
    pub(super) site: Arc<Site>,
    pub(super) book: Book<Post>,
    monitors: Monitors,
    former: Former,
    watched: HashMap<ActorId, ClientId>,
    starts: Arc<AtomicUsize>,
    /// Of users at other servers: nothing is put into it.
    pub(super) nowhere: Arc<Outbox>,
}

/// How to reach a connection, and where else it is known.
#[derive(Debug)]
pub(super) struct Post {
    pub(super) outbox: Arc<Outbox>,
    pub(super) connection: Handle<Order>,
    pub(super) rooms: Vec<(Handle<RoomMsg>, Stamp)>,
}

impl Directory {
    /// Nobody is here. Counts its lives in `starts`.
    pub fn new(site: Arc<Site>, starts: Arc<AtomicUsize>) -> Self {
        let limits = &site.config.limits;
        let (monitors, former) = (
            Monitors::new(limits.monitored_per_user_max),
            Former::new(limits.whowas_max),
        );
        let nowhere = Arc::new(Outbox::new(site.name(), 0));
        nowhere.close();
        Self {
            nowhere,
            book: Book::new(),
            monitors,
            former,
            watched: HashMap::new(),
            starts,
            site,
        }
    }

    pub(super) fn claim(
        &mut self,
        id: ClientId,
        profile: Arc<Profile>,
        since_s: u64,
    ) -> Result<Vec<Handle<RoomMsg>>, Taken> {
        let now_ms = clock::unix_ms();
        let old = self.book.claim(id, profile.clone(), since_s)?;
        if self.is_here(&profile) {
            self.site.trunks.say(|| match old {
                Some(_) => Word::Changed(id, profile.clone()),
                None => Word::Users(vec![Person {
                    id,
                    profile: profile.clone(),
                    since_s,
                }]),
            });
        }
        if let Some(old) = old {
            if name::same(&old.nick, &profile.nick) {
                return Ok(self.rooms(id));
            }
            self.announce(&old, false);
            self.former.record(old, now_ms);
        }
        self.announce(&profile, true);
        Ok(self.rooms(id))
    }

    pub(super) fn is_here(&self, profile: &Profile) -> bool {
        *profile.server == *self.site.name()
    }

    fn rooms(&self, id: ClientId) -> Vec<Handle<RoomMsg>> {
        self.book.entry(id).map(|entry| entry.post.rooms()).unwrap_or_default()
    }

    fn change(&mut self, id: ClientId, profile: Arc<Profile>) -> Vec<Handle<RoomMsg>> {
        if self.is_here(&profile) {
            self.site.trunks.say(|| Word::Changed(id, profile.clone()));
        }
        self.book.change(id, profile);
        self.rooms(id)
    }

    /// A user leaves, with the reason for the other servers.
    fn leave(&mut self, id: ClientId, reason: &str) -> Option<Entry<Post>> {
        let entry = self.remove(id)?;
        if entry.profile.is_some() && !entry.far {
            self.site.trunks.say(|| Word::Gone(id, reason.to_owned()));
        }
        Some(entry)
    }

    pub(super) fn remove(&mut self, id: ClientId) -> Option<Entry<Post>> {
        let entry = self.book.remove(id)?;
        self.watched.remove(&entry.post.connection.id());
        self.monitors.clear(id);
        if let Some(profile) = &entry.profile {
            self.announce(profile, false);
            self.former.record(profile.clone(), clock::unix_ms());
        }
        Some(entry)
    }

    /// Tells those who monitor the nick that its user is here or gone.
    fn announce(&self, profile: &Profile, here: bool) {
        let (numeric, text) = if here {
            (RPL_MONONLINE, profile.source())
        } else {
            (RPL_MONOFFLINE, profile.nick.clone())
        };
        for watcher in self.monitors.watching(&profile.nick) {
            if let Some(entry) = self.book.entry(watcher) {
                let nick = entry.profile.as_ref().map_or("*", |profile| profile.nick.as_str());
                let line = self.site.numeric(numeric, nick).trailing(&text);
                entry.post.outbox.deliver(&Delivery::new(line, clock::unix_ms()));
            }
        }
    }

    pub(super) fn origin(id: ClientId, entry: &Entry<Post>) -> Option<Origin> {
        let profile = entry.profile.clone()?;
        Some(Origin {
            id,
            profile,
            outbox: entry.post.outbox.clone(),
        })
    }

    fn find(&self, nick: &str) -> Option<Found> {
        let (id, entry) = self.book.by_nick(nick)?;
        let (connection, rooms) = (entry.post.connection.clone(), entry.post.rooms());
        Some(Found {
            user: Self::origin(id, entry)?,
            connection,
            rooms,
            since_s: entry.since_s,
        })
    }

    fn search(&self, asker: ClientId, mask: &str, operators: bool) -> Vec<Origin> {
        let mine: HashSet<_> = self.rooms(asker).iter().map(Handle::id).collect();
        let shares = |entry: &Entry<Post>| entry.post.rooms.iter().any(|(room, _)| mine.contains(&room.id()));
        let near: HashSet<ClientId> = if mine.is_empty() {
            HashSet::new()
        } else {
            self.book
                .users()
                .filter(|(.., entry)| shares(entry))
                .map(|(id, ..)| id)
                .collect()
        };
        let found = self.book.search(asker, mask, &near).into_iter();
        found
            .filter_map(|id| Self::origin(id, self.book.entry(id)?))
            .filter(|origin| !operators || origin.profile.operator)
            .collect()
    }

    fn monitor(&mut self, id: ClientId, watch: Watch) {
        match watch {
            Watch::Clear => self.monitors.clear(id),
            Watch::Remove(nicks) => nicks.iter().for_each(|nick| self.monitors.remove(id, nick)),
            Watch::Status => self.show_status(id, self.monitors.list(id)),
            Watch::List => {
                self.show(id, RPL_MONLIST, self.monitors.list(id));
                if let Some(origin) = self.origin_of(id) {
                    let end = self.site.numeric(RPL_ENDOFMONLIST, &origin.profile.nick);
                    origin.outbox.reply(end.trailing("End of MONITOR list"));
                }
            }
            Watch::Add(nicks) => {
                let full = nicks
                    .iter()
                    .position(|nick| name::is_nick(nick) && !self.monitors.add(id, nick));
                let (added, left) = nicks.split_at(full.unwrap_or(nicks.len()));
                self.show_status(id, added.to_vec());
                if !left.is_empty()
                    && let Some(origin) = self.origin_of(id)
                {
                    let line = self.site.numeric(ERR_MONLISTFULL, &origin.profile.nick);
                    let line = line
                        .number(self.site.config.limits.monitored_per_user_max as u64)
                        .param(&left.join(","));
                    origin.outbox.reply(line.trailing("Monitor list is full"));
                }
            }
        }
    }

    fn show_status(&self, id: ClientId, nicks: Vec<String>) {
        let (mut here, mut gone) = (Vec::new(), Vec::new());
        for nick in nicks {
            match self.book.by_nick(&nick).and_then(|(_, entry)| entry.profile.as_ref()) {
                Some(profile) => here.push(profile.source()),
                None => gone.push(nick),
            }
        }
        self.show(id, RPL_MONONLINE, here);
        self.show(id, RPL_MONOFFLINE, gone);
    }

    fn show(&self, id: ClientId, numeric: Numeric, names: Vec<String>) {
        let Some(origin) = self.origin_of(id) else { return };
        let head = self.site.numeric(numeric, &origin.profile.nick);
        for text in line::packed(head.bytes(), ',', names.iter().map(String::as_str)) {
            origin.outbox.reply(head.clone().trailing(&text));
        }
    }

    fn origin_of(&self, id: ClientId) -> Option<Origin> {
        Self::origin(id, self.book.entry(id)?)
    }

    fn deliver(&self, nick: &str, delivery: &Delivery) -> Option<Arc<Profile>> {
        let (id, entry) = self.book.by_nick(nick)?;
        let profile = entry.profile.clone()?;
        if entry.far {
            let word = || Word::Personal(id, delivery.into());
            return self.site.trunks.say_to(&profile.server, word).then_some(profile);
        }
        entry.post.outbox.deliver(delivery);
        Some(profile)
    }

    /// A room took in somebody who is no longer here: it is told so.
    fn entered(&mut self, id: ClientId, room: Handle<RoomMsg>, since: Stamp, ctx: &mut Context<DirectoryMsg>) {
        match self.book.entry_mut(id) {
            Some(entry) => {
                entry.post.rooms.retain(|(other, _)| *other != room);
                entry.post.rooms.push((room, since));
            }
            None => Farewell::send(id, None, vec![room], ctx),
        }
    }

    /// A connection ended, and did not say so before.
    fn lost(&mut self, id: ClientId, ctx: &mut Context<DirectoryMsg>) {
        let Some(entry) = self.leave(id, farewell::FAILED) else {
            return;
        };
        entry.post.outbox.abandon();
        let rooms = entry.post.rooms();
        Farewell::send(id, entry.profile, rooms, ctx);
    }
}

impl Post {
    pub(super) fn rooms(&self) -> Vec<Handle<RoomMsg>> {
        self.rooms.iter().map(|(room, _)| room.clone()).collect()
    }
}

impl Actor for Directory {
    type Msg = DirectoryMsg;

    /// After a fault nobody is known any more. All clients are sent away, to come back to a server that knows them.
    async fn on_start(&mut self, ctx: &mut Context<DirectoryMsg>) -> ActorResult {
        if self.starts.fetch_add(1, Ordering::Relaxed) > 0
            && let Ok(all) = ctx.system().registry().lookup::<Order>(EVERYBODY)
        {
            let reason = "The server had a fault, please come back".to_owned();
            all.tell(Order::Disconnect { reason }).await?;
            if let Ok(hub) = ctx.system().registry().lookup::<Anew>(NETWORK) {
                hub.tell(Anew).await?;
            }
        }
        Ok(())
    }

    async fn handle(&mut self, msg: DirectoryMsg, ctx: &mut Context<DirectoryMsg>) -> ActorResult {
        match msg {
            DirectoryMsg::Arrived { id, outbox, connection } => {
                ctx.watch(&connection);
                self.watched.insert(connection.id(), id);
                self.book.arrive(
                    id,
                    false,
                    Post {
                        outbox,
                        connection,
                        rooms: Vec::new(),
                    },
                );
            }
            DirectoryMsg::IsTaken { nick, reply } => reply.send(self.book.by_nick(&nick).is_some()),
            DirectoryMsg::Register { id, profile, reply } => {
                let claimed = self.claim(id, profile, clock::unix_ms() / 1000);
                reply.send(claimed.map(|_| ()));
            }
            DirectoryMsg::Rename { id, profile, reply } => reply.send(self.claim(id, profile, 0)),
            DirectoryMsg::Change { id, profile, reply } => reply.send(self.change(id, profile)),
            DirectoryMsg::Leave { id, reason, reply } => {
                let left = self.leave(id, &reason);
                reply.send(left.map(|entry| entry.post.rooms()).unwrap_or_default());
            }
            DirectoryMsg::Entered { id, room, since } => self.entered(id, room, since, ctx),
            DirectoryMsg::Left { id, room } => {
                if let Some(entry) = self.book.entry_mut(id) {
                    entry.post.rooms.retain(|(other, _)| *other != room);
                }
            }
            DirectoryMsg::Inside { room, reply } => {
                let inside = self.book.users().filter_map(|(id, _, entry)| {
                    let (_, since) = entry.post.rooms.iter().find(|(other, _)| *other == room)?;
                    Some((Self::origin(id, entry)?, *since))
                });
                reply.send(inside.collect());
            }
            DirectoryMsg::Introduce { trunk, reply } => {
                self.introduce(&trunk);
                reply.send(());
            }
            DirectoryMsg::Meet { people, reply } => reply.send(self.meet(people)),
            DirectoryMsg::Split { server, reply } => reply.send(self.split(&server)),
            DirectoryMsg::Personal { id, delivery } => {
                if let Some(entry) = self.book.entry(id) {
                    entry.post.outbox.deliver(&delivery);
                }
            }
            DirectoryMsg::Ordered { id, order } => {
                if let Some(entry) = self.book.entry(id).filter(|entry| !entry.far)
                    && entry.post.connection.try_tell(order).is_err()
                {
                    // Too busy to listen: its rooms hear of it from here.
                    drop(entry.post.connection.stop());
                }
            }
            DirectoryMsg::Silence { id, reply } => {
                let here = self.book.entry(id).filter(|entry| !entry.far);
                reply.send(here.map(|entry| entry.post.outbox.silent_s()));
            }
            DirectoryMsg::Deliver { nick, delivery, reply } => reply.send(self.deliver(&nick, &delivery)),
            DirectoryMsg::Wallops {
                delivery,
                everywhere,
                reply,
            } => {
                if everywhere {
                    self.site.trunks.say(|| Word::Wallops((&*delivery).into()));
                }
                for (_, profile, entry) in self.book.users() {
                    if profile.wallops && !entry.far {
                        entry.post.outbox.deliver(&delivery);
                    }
                }
                reply.send(());
            }
            DirectoryMsg::Announce { delivery } => {
                for (.., entry) in self.book.users().filter(|(.., entry)| !entry.far) {
                    entry.post.outbox.deliver(&delivery);
                }
            }
            DirectoryMsg::Find { nick, reply } => reply.send(self.find(&nick)),
            DirectoryMsg::Search {
                asker,
                mask,
                operators,
                reply,
            } => reply.send(self.search(asker, &mask, operators)),
            DirectoryMsg::Crash => panic!("a test made the directory panic"),
            DirectoryMsg::Census { reply } => reply.send(self.book.census()),
            DirectoryMsg::ByServer { reply } => {
                let mut counts = BTreeMap::new();
                for (_, profile, _) in self.book.users() {
                    *counts.entry(profile.server.clone()).or_default() += 1;
                }
                reply.send(counts);
            }
            DirectoryMsg::Former { nick, count_max, reply } => reply.send(self.former.find(&nick, count_max)),
            DirectoryMsg::Monitor { id, watch, reply } => {
                self.monitor(id, watch);
                reply.send(());
            }
        }
        Ok(())
    }

    async fn on_signal(&mut self, signal: Signal, ctx: &mut Context<DirectoryMsg>) -> ActorResult {
        if let Signal::Down(down) = signal
            && let Some(id) = self.watched.remove(&down.id)
        {
            self.lost(id, ctx);
        }
        Ok(())
    }
}
