//! The actor that faults are put into and that recorders watch: it does what it is told.

use actor_core::prelude::*;

pub(crate) enum Do {
    Answer(Reply<u32>),
    Fail(&'static str),
    Panic,
    Wait,
    End,
}

/// Answers with how many questions it has answered in this life.
#[derive(Default)]
pub(crate) struct Subject {
    pub(crate) answered: u32,
    pub(crate) start_error: Option<&'static str>,
    pub(crate) panics_at_start: bool,
    pub(crate) stop_error: Option<&'static str>,
    pub(crate) panics_at_stop: bool,
}

impl Actor for Subject {
    type Msg = Do;

    async fn on_start(&mut self, _ctx: &mut Context<Do>) -> ActorResult {
        assert!(!self.panics_at_start, "at its start");
        self.start_error.map_or(Ok(()), |why| Err(ActorError::new(why)))
    }

    async fn handle(&mut self, msg: Do, ctx: &mut Context<Do>) -> ActorResult {
        match msg {
            Do::Answer(reply) => {
                self.answered += 1;
                reply.send(self.answered);
            }
            Do::Fail(why) => return Err(ActorError::new(why)),
            Do::Panic => panic!("as it was told"),
            Do::Wait => std::future::pending().await,
            Do::End => ctx.stop(),
        }
        Ok(())
    }

    async fn on_stop(&mut self, _reason: &ExitReason, _ctx: &mut Context<Do>) -> ActorResult {
        assert!(!self.panics_at_stop, "at its stop");
        self.stop_error.map_or(Ok(()), |why| Err(ActorError::new(why)))
    }
}
