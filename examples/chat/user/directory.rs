//! The actor that knows all users: gives out nicks, finds people, carries messages between two of them.
//!
//! It waits for no other actor; so all others may wait for it without a circle. It watches each connection, and when one
//! ends without having said so it takes the user out, and sends a [`Farewell`] to tell its rooms.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use actor_core::ActorId;
use actor_core::prelude::*;

use super::book::{Book, Entry};
use super::farewell::Farewell;
use super::former::Former;
use super::monitor::Monitors;
use super::profile::{ClientId, Profile};
use super::request::{DirectoryMsg, EVERYBODY, Found, Order, Taken, Watch};
use crate::channel::request::{Origin, RoomMsg};
use crate::clock;
use crate::outbox::Outbox;
use crate::protocol::delivery::Delivery;
use crate::protocol::line;
use crate::protocol::name;
use crate::protocol::numeric::*;
use crate::site::Site;

/// All connections.
#[derive(Debug)]
pub struct Directory {
    site: Arc<Site>,
    book: Book<Post>,
    monitors: Monitors,
    former: Former,
    watched: HashMap<ActorId, ClientId>,
    starts: Arc<AtomicUsize>,
}

/// How to reach a connection, and where else it is known.
#[derive(Debug)]
struct Post {
    outbox: Arc<Outbox>,
    connection: Handle<Order>,
    rooms: Vec<Handle<RoomMsg>>,
}

impl Directory {
    /// Nobody is here. Counts its lives in `starts`.
    pub fn new(site: Arc<Site>, starts: Arc<AtomicUsize>) -> Self {
        let limits = &site.config.limits;
        let (monitors, former) = (
            Monitors::new(limits.monitored_per_user_max),
            Former::new(limits.whowas_max),
        );
        Self {
            book: Book::new(),
            monitors,
            former,
            watched: HashMap::new(),
            starts,
            site,
        }
    }

    fn claim(&mut self, id: ClientId, profile: Arc<Profile>) -> Result<Vec<Handle<RoomMsg>>, Taken> {
        let now_ms = clock::unix_ms();
        let old = self.book.claim(id, profile.clone(), now_ms / 1000)?;
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

    fn rooms(&self, id: ClientId) -> Vec<Handle<RoomMsg>> {
        self.book
            .entry(id)
            .map(|entry| entry.post.rooms.clone())
            .unwrap_or_default()
    }

    fn remove(&mut self, id: ClientId) -> Option<Entry<Post>> {
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

    fn origin(id: ClientId, entry: &Entry<Post>) -> Option<Origin> {
        let profile = entry.profile.clone()?;
        Some(Origin {
            id,
            profile,
            outbox: entry.post.outbox.clone(),
        })
    }

    fn find(&self, nick: &str) -> Option<Found> {
        let (id, entry) = self.book.by_nick(nick)?;
        let (connection, rooms) = (entry.post.connection.clone(), entry.post.rooms.clone());
        Some(Found {
            user: Self::origin(id, entry)?,
            connection,
            rooms,
            since_s: entry.since_s,
        })
    }

    fn search(&self, asker: ClientId, mask: &str, operators: bool) -> Vec<Origin> {
        let mine: HashSet<_> = self.rooms(asker).iter().map(Handle::id).collect();
        let shares = |entry: &Entry<Post>| entry.post.rooms.iter().any(|room| mine.contains(&room.id()));
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
        let (_, entry) = self.book.by_nick(nick)?;
        entry.post.outbox.deliver(delivery);
        entry.profile.clone()
    }

    /// A room took in somebody who is no longer here: it is told so.
    fn entered(&mut self, id: ClientId, room: Handle<RoomMsg>, ctx: &mut Context<DirectoryMsg>) {
        match self.book.entry_mut(id) {
            Some(entry) => entry.post.rooms.push(room),
            None => Farewell::send(id, None, vec![room], ctx),
        }
    }

    /// A connection ended, and did not say so before.
    fn lost(&mut self, id: ClientId, ctx: &mut Context<DirectoryMsg>) {
        let Some(entry) = self.remove(id) else { return };
        entry.post.outbox.abandon();
        Farewell::send(id, entry.profile, entry.post.rooms, ctx);
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
                    Post {
                        outbox,
                        connection,
                        rooms: Vec::new(),
                    },
                );
            }
            DirectoryMsg::IsTaken { nick, reply } => reply.send(self.book.by_nick(&nick).is_some()),
            DirectoryMsg::Register { id, profile, reply } => reply.send(self.claim(id, profile).map(|_| ())),
            DirectoryMsg::Rename { id, profile, reply } => reply.send(self.claim(id, profile)),
            DirectoryMsg::Change { id, profile, reply } => {
                self.book.change(id, profile);
                reply.send(self.rooms(id));
            }
            DirectoryMsg::Leave { id, reply } => {
                reply.send(self.remove(id).map(|entry| entry.post.rooms).unwrap_or_default());
            }
            DirectoryMsg::Entered { id, room } => self.entered(id, room, ctx),
            DirectoryMsg::Left { id, room } => {
                if let Some(entry) = self.book.entry_mut(id) {
                    entry.post.rooms.retain(|other| *other != room);
                }
            }
            DirectoryMsg::Inside { room, reply } => {
                let inside = self.book.users().filter(|(.., entry)| entry.post.rooms.contains(&room));
                reply.send(inside.filter_map(|(id, _, entry)| Self::origin(id, entry)).collect());
            }
            DirectoryMsg::Deliver { nick, delivery, reply } => reply.send(self.deliver(&nick, &delivery)),
            DirectoryMsg::Wallops { delivery, reply } => {
                for (_, profile, entry) in self.book.users() {
                    if profile.wallops {
                        entry.post.outbox.deliver(&delivery);
                    }
                }
                reply.send(());
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
