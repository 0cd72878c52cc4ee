//! The users of other servers in the directory, as far as they are not like those of this one.

use std::collections::HashMap;
use std::sync::Arc;

use actor_core::ActorId;
use actor_core::prelude::*;

use super::book::Entry;
use super::directory::{Directory, Post};
use super::profile::{ClientId, Profile};
use super::request::Order;
use crate::channel::request::RoomMsg;
use crate::clock;
use crate::network::trunk::Trunk;
use crate::network::word::{Person, Word};
use crate::protocol::line::Line;

/// So many users are told of in one word.
const PEOPLE_PER_WORD: usize = 256;

/// The profile of one whose nick another has here. No user can take such a nick, as none begins with a digit.
pub fn stand_in(id: ClientId, profile: &Profile) -> Arc<Profile> {
    let (life, count) = ((id >> 64) as u64, id as u64);
    let nick = format!("{count}_{life:x}");
    Arc::new(Profile {
        nick,
        ..profile.clone()
    })
}

impl Directory {
    /// Tells a server of all users of this one.
    pub(super) fn introduce(&self, trunk: &Trunk) {
        let here = self.book.users().filter(|(.., entry)| !entry.far);
        let people: Vec<Person> = here
            .map(|(id, profile, entry)| Person {
                id,
                profile: profile.clone(),
                since_s: entry.since_s,
            })
            .collect();
        for some in people.chunks(PEOPLE_PER_WORD) {
            trunk.say(Arc::new(Word::Users(some.to_vec())));
        }
        trunk.say(Arc::new(Word::Everybody));
    }

    /// Takes in users of another server, and tells of those whose nick is taken.
    pub(super) fn meet(&mut self, people: Vec<(Person, Handle<Order>)>) -> Vec<ClientId> {
        let mut taken = Vec::new();
        for (person, connection) in people {
            let Person { id, profile, since_s } = person;
            if self.book.entry(id).is_none() {
                let post = Post {
                    outbox: self.nowhere.clone(),
                    connection,
                    rooms: Vec::new(),
                };
                self.book.arrive(id, true, post);
            }
            if self.claim(id, profile.clone(), since_s).is_err() {
                taken.push(id);
                // Nobody else has that number.
                let _ = self.claim(id, stand_in(id, &profile), since_s);
            }
        }
        taken
    }

    /// Takes out all users of a server that is lost. Each user of this one who shared a room with some of them is told of those, in one volley that
    /// it has in common with everybody who was in the same rooms.
    pub(super) fn split(&mut self, server: &str) -> Vec<Handle<RoomMsg>> {
        let now_ms = clock::unix_ms();
        let theirs = self.book.users().filter(|(_, profile, _)| *profile.server == *server);
        let theirs: Vec<(ClientId, Arc<Profile>)> = theirs.map(|(id, profile, _)| (id, profile.clone())).collect();
        let gone: Vec<Entry<Post>> = theirs.iter().filter_map(|(id, _)| self.remove(*id)).collect();
        let mut rooms: HashMap<ActorId, (Handle<RoomMsg>, Vec<usize>)> = HashMap::new();
        for (at, entry) in gone.iter().enumerate() {
            for room in entry.post.rooms() {
                rooms.entry(room.id()).or_insert_with(|| (room, Vec::new())).1.push(at);
            }
        }
        let reason = format!("{} {server}", self.site.name());
        let volley = |shared: &[ActorId]| {
            let mut lost: Vec<usize> = shared
                .iter()
                .filter_map(|id| rooms.get(id))
                .flat_map(|(_, lost)| lost)
                .copied()
                .collect();
            lost.sort_unstable();
            lost.dedup();
            let mut volley = self.site.volley("netsplit", server, now_ms);
            for (_, profile) in lost.into_iter().filter_map(|at| theirs.get(at)) {
                volley.push(Line::from(&profile.source(), "QUIT").trailing(&reason));
            }
            Arc::new(volley)
        };
        let mut volleys = HashMap::new();
        for (.., entry) in self.book.users().filter(|(.., entry)| !entry.far) {
            let mut shared: Vec<ActorId> = entry.post.rooms.iter().map(|(room, _)| room.id()).collect();
            shared.retain(|room| rooms.contains_key(room));
            shared.sort_unstable();
            if !shared.is_empty() {
                let volley = volleys.entry(shared).or_insert_with_key(|shared| volley(shared));
                entry.post.outbox.deliver_all(volley);
            }
        }
        rooms.into_values().map(|(room, _)| room).collect()
    }
}
