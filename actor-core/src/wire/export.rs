//! An actor of this node as other nodes reach it.

use std::any::{Any, type_name};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::error::AskError;
use crate::exit::ExitReason;
use crate::handle::{Handle, Unsent};
use crate::id::{ActorId, ActorPath};
use crate::peer::{Arrivals, ExportId, Exported, Linked, Order, Peer, Terms, Watched};
use crate::question::{Envelope, Question, Wait};
#[cfg(feature = "traces")]
use crate::trace::Origin;
use actor_wire::Wire;

use super::batch::Batch;

/// A handle that other nodes may use, with the type that their bytes are to have.
struct Export<M>(Handle<M>);

pub(super) fn of<M: Wire>(handle: &Handle<M>) -> Arc<dyn Exported> {
    Arc::new(Export(handle.clone()))
}

pub(super) fn handle_of<M: Wire>(exported: Arc<dyn Exported>) -> Option<Handle<M>> {
    let export = exported.as_any().downcast::<Export<M>>().ok()?;
    Some(export.0.clone())
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
        let mut batch = Batch::new();
        let mut is_full = false;
        while !is_full && batch.read(peer, terms, arrivals) {
            for (envelope, bytes) in batch.queue(&self.0) {
                match self.0.try_send(envelope) {
                    Ok(()) => {}
                    Err(Unsent::Full(Envelope { msg, question })) => {
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
                    Err(unsent) => self.0.bury(unsent),
                }
            }
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
    fn wait(&self) -> Wait {
        self.question
            .as_ref()
            .map_or(Wait::Until(None), |question| question.wait())
    }

    fn refuse(&self, why: AskError) {
        if let Some(question) = &self.question {
            question.refuse(why);
        }
    }

    #[cfg(feature = "traces")]
    fn traced(&self) -> Option<(&Origin, Option<&Arc<dyn Question>>)> {
        self.question.as_ref()?.traced()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.peer.taken(self.session, self.export, self.bytes);
    }
}
