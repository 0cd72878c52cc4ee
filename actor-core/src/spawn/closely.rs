//! Writing down what an actor does with its messages, while somebody looks closely.

use std::sync::Arc;

use crate::actor::Actor;
use crate::clock;
use crate::closeup::{Film, Shot};
use crate::contain::contain;

use super::run::{Fault, Run};

impl<A: Actor> Run<A> {
    /// Passed through, as what is borrowed where it waits for its handler lies there as long as that runs.
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
    pub(super) fn note_dealt_with(&self, fault: Option<&Fault>) {
        if !self.cell.mailbox.is_filmed() {
            return;
        }
        if let Some(film) = self.film() {
            let failure = fault.map(|fault| match fault {
                Fault::Interrupted => "it was interrupted".to_owned(),
                Fault::Error(error) => error.to_string(),
                Fault::Panic(message) => format!("panicked: {message}"),
            });
            film.end(clock::now().into_std(), failure);
        }
    }

    fn film(&self) -> Option<Arc<Film>> {
        let seen = || {
            let now = clock::now().into_std();
            self.ctx.home().closeups.of(self.cell.core.id, now)
        };
        let film = seen();
        if film.is_some() {
            return film;
        }
        self.cell.mailbox.set_filmed(false);
        // Somebody may have begun to look since, and found the flag set.
        let film = seen();
        if film.is_some() {
            self.cell.mailbox.set_filmed(true);
        }
        film
    }
}
