//! How a client leaves, and how its rooms hear of anything about it.

use std::collections::HashSet;
use std::sync::Arc;

use actor_core::prelude::*;

use super::{Connection, Stage};
use crate::channel::request::{self, Errand, RoomMsg};
use crate::clock;
use crate::protocol::delivery::Delivery;
use crate::protocol::line::Line;
use crate::protocol::name;
use crate::user::profile::Profile;
use crate::user::request::DirectoryMsg;

impl Connection {
    /// Takes the user out everywhere, then says good-bye: whoever sees the connection end finds the user gone.
    pub(super) async fn leave(&mut self, reason: &str) {
        if self.is_leaving() {
            return;
        }
        let registered = matches!(std::mem::replace(&mut self.stage, Stage::Leaving), Stage::Registered);
        let reason = name::cut(reason, self.site.config.limits.text_bytes_max);
        // Without an answer the directory is gone, and it watches this connection in any case.
        let rooms = self
            .doors
            .directory
            .ask(|reply| DirectoryMsg::Leave {
                id: self.guest.id,
                reason: reason.to_owned(),
                reply,
            })
            .await;
        self.hold = None;
        if registered {
            let news = self.news(Line::from(&self.profile.source(), "QUIT").trailing(reason));
            let mut rooms = rooms.unwrap_or_default();
            if rooms.is_empty() {
                // A directory that had a fault knows of none.
                rooms = self.joined.values().cloned().collect();
            }
            self.tell_rooms(rooms, None, Some(news)).await;
        }
        self.joined.clear();
        self.held = None;
        self.close(reason);
    }

    /// Says the last word.
    pub(super) fn close(&self, reason: &str) {
        let text = format!("Closing link: {} ({reason})", self.profile.host);
        self.outbox.reply(Line::bare("ERROR").trailing(&text));
        self.outbox.close();
    }

    pub(super) fn news(&self, line: Line) -> Arc<Delivery> {
        Arc::new(Delivery::new(line, clock::unix_ms()))
    }

    /// Goes from room to room, so that each peer is told once and none hears of the new before it is told.
    pub(super) async fn tell_rooms(
        &self,
        rooms: Vec<Handle<RoomMsg>>,
        profile: Option<Arc<Profile>>,
        news: Option<Arc<Delivery>>,
    ) {
        let errand = Errand {
            profile,
            news,
            told: HashSet::from([self.guest.id]),
        };
        request::carry(self.guest.id, errand, rooms).await;
    }

    /// Takes on a changed profile, here, in the directory and in all rooms.
    pub(super) async fn change_profile(&mut self, profile: Profile, news: Option<Arc<Delivery>>) {
        let profile = Arc::new(profile);
        self.profile = profile.clone();
        let (id, shared) = (self.guest.id, profile.clone());
        let rooms = self
            .doors
            .directory
            .ask(|reply| DirectoryMsg::Change {
                id,
                profile: shared,
                reply,
            })
            .await;
        self.tell_rooms(rooms.unwrap_or_default(), Some(profile), news).await;
    }
}
