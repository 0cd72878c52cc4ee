//! The actor that tells rooms of a user whose connection ended without a word.

use std::collections::HashSet;
use std::sync::Arc;

use actor_core::prelude::*;

use super::profile::{ClientId, Profile};
use crate::channel::request::{self, Errand, RoomMsg};
use crate::clock;
use crate::protocol::delivery::Delivery;
use crate::protocol::line::Line;

/// What is said of a user who went without a word.
pub const FAILED: &str = "The connection failed";

/// Goes from room to room with the news, and ends.
///
/// The directory does not do this itself: rooms wait for the directory, so it must not wait for rooms.
#[derive(Debug)]
pub struct Farewell {
    id: ClientId,
    errand: Option<Errand>,
    rooms: Vec<Handle<RoomMsg>>,
}

impl Farewell {
    /// Sends one on its way as a child of the caller. A user that was never registered has no news to tell.
    pub fn send<M: Send + 'static>(
        id: ClientId,
        profile: Option<Arc<Profile>>,
        rooms: Vec<Handle<RoomMsg>>,
        ctx: &mut Context<M>,
    ) {
        if rooms.is_empty() {
            return;
        }
        let news = profile.map(|profile| {
            let line = Line::from(&profile.source(), "QUIT").trailing(FAILED);
            Arc::new(Delivery::new(line, clock::unix_ms()))
        });
        let errand = Some(Errand {
            profile: None,
            news,
            told: HashSet::from([id]),
        });
        let name = format!("farewell.{id}.{}", rooms[0].id());
        if let Err(error) = ctx.spawn(ChildSpec::once(name, move || Self { id, errand, rooms })) {
            tracing::error!(%error, "rooms keep a user who is gone");
        }
    }
}

impl Actor for Farewell {
    type Msg = ();

    async fn on_start(&mut self, ctx: &mut Context<()>) -> ActorResult {
        if let Some(errand) = self.errand.take() {
            request::carry(self.id, errand, std::mem::take(&mut self.rooms)).await;
        }
        ctx.stop();
        Ok(())
    }

    async fn handle(&mut self, _msg: (), _ctx: &mut Context<()>) -> ActorResult {
        Ok(())
    }
}
