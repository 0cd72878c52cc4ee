//! An actor that waits until it is told not to, or fails.

use std::sync::Arc;

use actor_core::prelude::*;
use tokio::sync::Notify;

pub(crate) enum Do {
    Ask(Handle<Do>),
    Wait(Arc<Notify>),
    Fail(&'static str),
    Answer(Reply<()>),
}

pub(crate) struct Subject;

impl Actor for Subject {
    type Msg = Do;

    async fn handle(&mut self, msg: Do, _ctx: &mut Context<Do>) -> ActorResult {
        match msg {
            Do::Ask(other) => drop(other.ask(Do::Answer).no_timeout().await),
            Do::Wait(gate) => gate.notified().await,
            Do::Fail(why) => return Err(ActorError::new(why)),
            Do::Answer(reply) => reply.send(()),
        }
        Ok(())
    }
}
