//! The supervisor of rooms: makes one when it is first wanted, and forgets it when it has ended.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use actor_core::ActorId;
use actor_core::prelude::*;

use super::request::{RoomMsg, RoomsMsg};
use super::room::{Keep, Room};
use crate::protocol::name;
use crate::site::Site;
use crate::user::request::DirectoryMsg;

/// A room that fails again and again is slowed down by this, and never taken for a fault of all the others.
const RESTART_PAUSE: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(2));

/// One room per channel, by folded name.
#[derive(Debug)]
pub struct Rooms {
    site: Arc<Site>,
    directory: Handle<DirectoryMsg>,
    rooms: HashMap<String, Handle<RoomMsg>>,
    names: HashMap<ActorId, String>,
    made: u64,
}

impl Rooms {
    /// No rooms yet.
    pub fn new(site: Arc<Site>, directory: Handle<DirectoryMsg>) -> Self {
        Self {
            site,
            directory,
            rooms: HashMap::new(),
            names: HashMap::new(),
            made: 0,
        }
    }

    fn open(
        &mut self,
        wanted: &str,
        ended: Option<Handle<RoomMsg>>,
        ctx: &mut Context<RoomsMsg>,
    ) -> Option<Handle<RoomMsg>> {
        let folded = name::fold(wanted);
        if let Some(room) = self.rooms.get(&folded)
            && ended.is_none_or(|ended| ended != *room)
            && room.is_alive()
        {
            return Some(room.clone());
        }
        if self.rooms.len() >= self.site.config.limits.channels_max && !self.rooms.contains_key(&folded) {
            return None;
        }
        self.made += 1;
        let keep = Keep::new();
        let (site, directory, channel) = (self.site.clone(), self.directory.clone(), wanted.to_owned());
        let factory = move || Room::new(site.clone(), directory.clone(), channel.clone(), keep.clone());
        // A channel may be called what no actor may; the number keeps two of them apart.
        let shown = folded.replace(|letter: char| letter == '/' || letter.is_control(), "_");
        let spec = ChildSpec::new(format!("{shown}.{}", self.made), factory)
            .restart(RestartPolicy::Transient)
            .backoff(Backoff::new(RESTART_PAUSE.0, RESTART_PAUSE.1))
            .mailbox(MailboxSpec::bounded(self.site.config.limits.mailbox_messages_max));
        match ctx.spawn(spec) {
            Ok(room) => {
                self.names.insert(room.id(), folded.clone());
                self.rooms.insert(folded, room.clone());
                Some(room)
            }
            Err(error) => {
                tracing::error!(%error, channel = wanted, "no room could be made");
                None
            }
        }
    }

    /// A room has ended; one that was opened under its name meanwhile stays.
    fn forget(&mut self, id: ActorId) {
        let Some(name) = self.names.remove(&id) else { return };
        if self.rooms.get(&name).is_some_and(|room| room.id() == id) {
            self.rooms.remove(&name);
        }
    }
}

impl Actor for Rooms {
    type Msg = RoomsMsg;

    async fn handle(&mut self, msg: RoomsMsg, ctx: &mut Context<RoomsMsg>) -> ActorResult {
        match msg {
            RoomsMsg::Find { name, reply } => reply.send(self.rooms.get(&name::fold(&name)).cloned()),
            RoomsMsg::Open { name, ended, reply } => reply.send(self.open(&name, ended, ctx)),
            RoomsMsg::All { reply } => reply.send(self.rooms.values().cloned().collect()),
            RoomsMsg::Named { reply } => {
                let named = self.rooms.iter().map(|(name, room)| (name.clone(), room.clone()));
                reply.send(named.collect());
            }
            RoomsMsg::Count { reply } => reply.send(self.rooms.len()),
        }
        Ok(())
    }

    async fn on_signal(&mut self, signal: Signal, _ctx: &mut Context<RoomsMsg>) -> ActorResult {
        if let Signal::ChildExit(exit) = signal {
            self.forget(exit.id);
        }
        Ok(())
    }
}
