//! An actor of this node as other nodes reach it.

use std::any::{Any, type_name};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use actor_wire::Wire;
use tokio::time::Instant;

use crate::error::AskError;
use crate::exit::ExitReason;
use crate::handle::{Handle, Unsent};
use crate::id::{ActorId, ActorPath};
use crate::peer::{self, Arrival, Arrivals, Asked, ExportId, Exported, Line, Linked, Order, Peer, Terms, Watched};
use crate::question::{Envelope, Question};

use super::decode;

/// A handle that other nodes may use, with the type that their bytes are to have.
struct Export<M>(Handle<M>);

pub(super) fn of<M: Wire>(handle: &Handle<M>) -> Arc<dyn Exported> {
    Arc::new(Export(handle.clone()))
}

pub(super) fn handle_of<M: Wire>(exported: Arc<dyn Exported>) -> Option<Handle<M>> {
    let export = exported.as_any().downcast::<Export<M>>().ok()?;
    Some(export.0.clone())
}

/// So many messages are read before they are queued: more take one lock together, fewer wait for one another.
const READ_AT_A_TIME: usize = 32;

/// The question of a message, if one of its reply ports is the one that is asked by.
fn question_of(asked: Asked, lines: &[Arc<Line>]) -> Option<Arc<dyn Question>> {
    let line = lines.iter().find(|line| line.call() == asked.call)?;
    line.set_deadline(asked.deadline);
    Some(line.clone())
}

impl<M: Wire> Exported for Export<M> {
    fn actor(&self) -> Option<ActorId> {
        self.0.is_local().then(|| self.0.id())
    }

    fn adapter(&self) -> usize {
        self.0.address()
    }

    fn path(&self) -> &ActorPath {
        self.0.path()
    }

    fn message_type(&self) -> &'static str {
        type_name::<M>()
    }

    fn deliver(&self, to: ExportId, peer: &Arc<dyn Peer>, terms: &Terms, arrivals: &mut dyn Arrivals) {
        let (mut read, mut lines) = (Vec::new(), Vec::new());
        let mut is_full = false;
        while !is_full {
            let within = peer::enter(peer.clone());
            while read.len() < READ_AT_A_TIME
                && let Some(Arrival { body, asked }) = arrivals.next()
            {
                let bytes = body.len();
                let decoded = decode::<M>(terms, body);
                within.exchange_lines(&mut lines);
                match decoded {
                    Ok(msg) => {
                        let question = asked.and_then(|asked| question_of(asked, &lines));
                        lines.iter().for_each(|line| line.open());
                        read.push((Envelope { msg, question }, bytes));
                    }
                    Err(why) => {
                        for line in &lines {
                            line.open();
                            line.answer(Err(AskError::NotUnderstood(why.clone())));
                        }
                        arrivals.not_understood(&why);
                    }
                }
                lines.clear();
            }
            drop(within.leave(Vec::new()));
            if read.is_empty() {
                return;
            }
            self.0.send_each(read.drain(..), |unsent, bytes| match unsent {
                Unsent::Full(Envelope { msg, question }) => {
                    is_full = true;
                    arrivals.held(bytes);
                    let held = Held {
                        question,
                        peer: peer.clone(),
                        session: terms.session,
                        export: to,
                        bytes,
                    };
                    let envelope = Envelope {
                        msg,
                        question: Some(Arc::new(held)),
                    };
                    if let Err(unsent) = self.0.send_anyway(envelope) {
                        self.0.bury(unsent);
                    }
                }
                unsent => self.0.bury(unsent),
            });
        }
    }

    fn order(&self, order: Order) -> Pin<Box<dyn Future<Output = ExitReason> + Send>> {
        let ending = match order {
            Order::Stop => self.0.stop(),
            Order::Drain => self.0.drain(),
            Order::Kill => self.0.kill(),
        };
        // No actor of this process waits for it, and so there is no cycle.
        Box::pin(async move { ending.await.unwrap_or(ExitReason::Normal) })
    }

    fn at_end(&self, then: Box<dyn FnOnce(ExitReason) + Send>) -> Watched {
        Watched::new(self.0.any_cell(), then)
    }

    fn link(&self, path: &str, node: &str, then: Box<dyn FnOnce(ExitReason) + Send>) -> Linked {
        Linked::new(self.0.any_cell(), ActorPath::far(path, node), then)
    }

    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

/// A message that found no room, and waits beyond the bound of its mailbox. Its bytes are given back to its sender's
/// window when it is taken up; until then it keeps them.
struct Held {
    question: Option<Arc<dyn Question>>,
    peer: Arc<dyn Peer>,
    session: u64,
    export: ExportId,
    bytes: usize,
}

impl Question for Held {
    fn deadline(&self) -> Option<Instant> {
        self.question.as_ref()?.deadline()
    }

    fn is_awaited(&self) -> bool {
        self.question.as_ref().is_none_or(|question| question.is_awaited())
    }

    fn refuse(&self, why: AskError) {
        if let Some(question) = &self.question {
            question.refuse(why);
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.peer.taken(self.session, self.export, self.bytes);
    }
}
