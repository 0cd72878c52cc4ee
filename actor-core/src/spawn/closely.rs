//! Writing down what an actor does with its messages, while somebody looks closely.

use std::sync::Arc;

use crate::actor::Actor;
use crate::clock;
use crate::closeup::{Film, Shot};
use crate::contain::contain;

use super::run::{Fault, Run};

impl<A: Actor> Run<A> {
    #[cold]
    pub(super) fn note_taken_up(&self, msg: A::Msg, asked: bool) -> A::Msg {
        if let Some(film) = self.film() {
            let kind = contain(|| A::kind_of(&msg)).unwrap_or("its kind_of panicked".into());
            let now = clock::now().into_std();
            film.begin(Shot::new(now, kind, asked, self.cell.mailbox.load()));
        }
        msg
    }

    #[cold]
    pub(super) fn note_dealt_with(&self, outcome: Result<(), Fault>) -> Result<(), Fault> {
        if let Some(film) = self.film() {
            let failure = match &outcome {
                Ok(()) => None,
                Err(Fault::Interrupted) => Some("it was interrupted".to_owned()),
                Err(Fault::Error(error)) => Some(error.to_string()),
                Err(Fault::Panic(message)) => Some(format!("panicked: {message}")),
            };
            film.end(clock::now().into_std(), failure);
        }
        outcome
    }

    fn film(&self) -> Option<Arc<Film>> {
        let core = &self.cell.core;
        let film = self.ctx.home().closeups.of(core.id, clock::now().into_std());
        if film.is_none() {
            core.set_close_up(false);
        }
        film
    }
}
