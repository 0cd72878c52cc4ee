//! An actor that waits until it is told not to, or fails.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use actor_core::prelude::*;
use tokio::sync::Notify;

pub(crate) enum Do {
    Ask(Handle<Do>),
    Wait(Arc<Notify>),
    Fail(&'static str),
    Answer(Reply<()>),
    /// Holds its thread until there is something to receive.
    Hold(Receiver<()>),
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
            Do::Hold(held) => drop(held.recv()),
        }
        Ok(())
    }

    fn kind_of(msg: &Do) -> Cow<'static, str> {
        let kind = match msg {
            Do::Ask(_) => "ask",
            Do::Wait(_) => "wait",
            Do::Fail(_) => "fail",
            Do::Answer(_) => "answer",
            Do::Hold(_) => "hold",
        };
        kind.into()
    }
}
