//! The actor that says to one other server what happens at this one.
//!
//! It lives as long as the conversation: when the way is lost, or the other does not listen, it ends, and its successor tells everything anew.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use actor_core::prelude::*;
use actor_net::{LookupError, Node};

use super::hub::{DESK, DOOR};
use super::trunk::{EnvoyMsg, Trunk};
use super::word::{Enquiry, Knock, Word};
use crate::channel::request::{RoomMsg, RoomsMsg};
use crate::site::Site;
use crate::user::request::DirectoryMsg;

/// Whom it has tell the other server what there is.
#[derive(Debug, Clone)]
pub struct Sources {
    /// Users.
    pub directory: Handle<DirectoryMsg>,
    /// Channels.
    pub rooms: Handle<RoomsMsg>,
}

/// The servers that this one cannot speak with as long as both are what they are: each is said once.
#[derive(Debug, Clone, Default)]
pub struct Unlike(Arc<Mutex<HashSet<Arc<str>>>>);

impl Unlike {
    fn say(&self, server: &Arc<str>, why: &LookupError) {
        let is_new = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(server.clone());
        if is_new {
            tracing::warn!(
                %server, %why,
                "a server of this network is none that this one can speak with, and its users are not seen here; run the same version on both"
            );
        }
    }

    fn forget(&self, server: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(server);
    }
}

/// One conversation with one other server.
pub struct Envoy {
    site: Arc<Site>,
    node: Node,
    server: Arc<str>,
    address: Arc<str>,
    sources: Sources,
    waiting: Arc<AtomicUsize>,
    unlike: Unlike,
    ear: Option<Handle<Arc<Word>>>,
}

impl Envoy {
    /// For the server of that name, whose node is found at `address`.
    pub fn new(
        site: Arc<Site>,
        node: Node,
        server: Arc<str>,
        address: Arc<str>,
        sources: Sources,
        unlike: Unlike,
    ) -> Self {
        Self {
            site,
            node,
            server,
            address,
            sources,
            waiting: Arc::default(),
            unlike,
            ear: None,
        }
    }

    /// Finds the one who listens at the other server.
    async fn knock(&self, me: Handle<EnvoyMsg>) -> Result<Handle<Arc<Word>>, ActorError> {
        self.node.connect(&self.server, Some(&self.address)).await?;
        let door = self.node.lookup::<Knock>(&format!("{DOOR}@{}", self.server)).await;
        if let Err(
            why @ (LookupError::OtherProtocol(_)
            | LookupError::OtherVersion(_)
            | LookupError::OtherShape(_)
            | LookupError::OtherCodec),
        ) = &door
        {
            self.unlike.say(&self.server, why);
        }
        let door = door?;
        let life = me.map(|()| EnvoyMsg::Unheard);
        let card = self.site.card();
        Ok(door.ask(|reply| Knock { card, life, reply }).await?)
    }
}

/// Has all sources tell what they have. They go on with what changes, so that nothing is missed between the two.
async fn introduce(sources: Sources, trunk: Trunk) -> bool {
    let told = sources.directory.ask(|reply| DirectoryMsg::Introduce {
        trunk: trunk.clone(),
        reply,
    });
    if told.no_timeout().await.is_err() {
        return false;
    }
    let rooms = sources.rooms.ask(|reply| RoomsMsg::All { reply }).no_timeout().await;
    for room in rooms.unwrap_or_default() {
        let to = trunk.server.clone();
        // A room that has ended has nothing to tell.
        let _ = room.ask(|reply| RoomMsg::Introduce { to, reply }).no_timeout().await;
    }
    trunk.say(Arc::new(Word::Told))
}

impl Actor for Envoy {
    type Msg = EnvoyMsg;

    async fn on_start(&mut self, ctx: &mut Context<EnvoyMsg>) -> ActorResult {
        let ear = match self.knock(ctx.handle()).await {
            Ok(ear) => ear,
            Err(why) => {
                // It is looked for again for as long as it is a member.
                tracing::debug!(server = %self.server, %why, "a server cannot be reached");
                ctx.stop();
                return Ok(());
            }
        };
        self.unlike.forget(&self.server);
        ctx.watch(&ear);
        self.ear = Some(ear);
        let trunk = Trunk::new(self.server.clone(), ctx.handle(), self.waiting.clone());
        trunk.say(Arc::new(Word::Begin));
        self.site.trunks.add(trunk.clone());
        let sources = self.sources.clone();
        ctx.attach(async move { EnvoyMsg::Introduced(introduce(sources, trunk).await) });
        Ok(())
    }

    async fn handle(&mut self, msg: EnvoyMsg, ctx: &mut Context<EnvoyMsg>) -> ActorResult {
        match msg {
            EnvoyMsg::Say(word) => {
                self.waiting.fetch_sub(1, Ordering::Relaxed);
                if let Some(ear) = &self.ear
                    && let Err(why) = ear.tell(word).await
                {
                    tracing::info!(server = %self.server, %why, "a server is no longer reached");
                    ctx.stop();
                }
            }
            EnvoyMsg::Fence(reply) => reply.send(()),
            EnvoyMsg::Enquire(enquiry) => {
                let (node, desk) = (self.node.clone(), format!("{DESK}@{}", self.server));
                // Beside what is to be said, which does not wait for this.
                ctx.attach(async move {
                    if let Ok(desk) = node.lookup::<Enquiry>(&desk).await {
                        // The answer goes past this actor.
                        let _ = desk.tell(enquiry).await;
                    }
                    EnvoyMsg::Nothing
                });
            }
            EnvoyMsg::Introduced(true) | EnvoyMsg::Nothing => {}
            EnvoyMsg::Introduced(false) | EnvoyMsg::Unheard => ctx.stop(),
        }
        Ok(())
    }

    async fn on_signal(&mut self, signal: Signal, ctx: &mut Context<EnvoyMsg>) -> ActorResult {
        if let Signal::Down(_) = signal {
            ctx.stop();
        }
        Ok(())
    }
}
