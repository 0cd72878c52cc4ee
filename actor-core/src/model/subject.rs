//! An actor that does as it is told, and the system it lives in for one run of a test.

use std::future::{Future, pending};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use shuttle::future::block_on;

use crate::actor::Actor;
use crate::ask::Reply;
use crate::child::ChildSpec;
use crate::context::Context;
use crate::error::{ActorError, ActorResult, AskError};
use crate::exit::ExitReason;
use crate::handle::Handle;
use crate::ledger::DeadLetters;
use crate::signal::Signal;
use crate::system::System;

use super::in_many_orders;

/// What it can be told.
pub(super) enum Word {
    Note,
    Fail,
    /// Waits for what never comes.
    Hang,
    Answer(Reply<u32>),
    /// Dropped unanswered, in a handler that then fails or does not.
    DropUnanswered(Reply<u32>, bool),
    Ask(Handle<Word>, Reply<bool>),
    Link(Handle<Word>),
    Spawn(ChildSpec<Subject>),
}

/// What all lives of one subject have done; shared with the test.
#[derive(Clone, Default)]
pub(super) struct Deeds(Arc<[AtomicUsize; 5]>);

impl Deeds {
    pub(super) fn lives(&self) -> usize {
        self.0[0].load(Ordering::Relaxed)
    }

    /// Lives that have ended, in whatever way.
    pub(super) fn ends(&self) -> usize {
        self.0[1].load(Ordering::Relaxed)
    }

    pub(super) fn notes(&self) -> usize {
        self.0[2].load(Ordering::Relaxed)
    }

    pub(super) fn child_exits(&self) -> usize {
        self.0[3].load(Ordering::Relaxed)
    }

    /// The last life that failed as it was told.
    pub(super) fn failed_in(&self) -> usize {
        self.0[4].load(Ordering::Relaxed)
    }

    fn add(&self, deed: usize) {
        self.0[deed].fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn spec(&self, name: &str) -> ChildSpec<Subject> {
        let deeds = self.clone();
        ChildSpec::new(name, move || {
            deeds.add(0);
            Subject(deeds.clone())
        })
    }
}

pub(super) struct Subject(Deeds);

impl Drop for Subject {
    fn drop(&mut self) {
        self.0.add(1);
    }
}

impl Actor for Subject {
    type Msg = Word;

    async fn handle(&mut self, word: Word, ctx: &mut Context<Word>) -> ActorResult {
        match word {
            Word::Note => self.0.add(2),
            Word::Fail => {
                self.0.0[4].store(self.0.lives(), Ordering::Relaxed);
                return Err(ActorError::new("on purpose"));
            }
            Word::Hang => pending().await,
            Word::Answer(reply) => reply.send(1),
            Word::DropUnanswered(reply, fails) => {
                drop(reply);
                if fails {
                    return Err(ActorError::new("on purpose"));
                }
            }
            Word::Ask(other, reply) => {
                let answer = other.ask(Word::Answer).no_timeout().await;
                reply.send(matches!(answer, Err(AskError::Deadlock(_))));
            }
            Word::Link(other) => drop(ctx.link(&other)),
            Word::Spawn(spec) => drop(ctx.spawn(spec)),
        }
        Ok(())
    }

    async fn on_signal(&mut self, signal: Signal, _ctx: &mut Context<Word>) -> ActorResult {
        if let Signal::ChildExit(_) = signal {
            self.0.add(3);
        }
        Ok(())
    }
}

/// Runs `test` in a system of its own, in many orders, and shuts that down: every message must be accounted for.
pub(super) fn in_many_systems<F>(test: impl Fn(System) -> F + Send + Sync + Clone + 'static)
where
    F: Future<Output = ()>,
{
    in_many_orders(move || {
        block_on(async {
            let system = System::new("model");
            test(system.clone()).await;
            let report = system.shutdown().await;
            assert!(report.is_clean(), "{report}");
            assert_balanced(&report.dead_letters);
        });
    });
}

fn assert_balanced(dead: &DeadLetters) {
    assert_eq!(dead.accepted(), dead.handled() + dead.total(), "{dead:?}");
}

pub(super) fn is_failure(reason: &ExitReason) -> bool {
    matches!(reason, ExitReason::Failed(_))
}
