//! An actor of this node as other nodes reach it.

use std::any::{Any, type_name};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use actor_wire::Wire;

use crate::exit::ExitReason;
use crate::handle::{Handle, Sending, Unsent};
use crate::id::{ActorId, ActorPath};
use crate::peer::{self, Asked, Delivery, Exported, Order, Peer, Terms, Watched};
use crate::question::{Envelope, Question};

use super::answer;

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

    fn path(&self) -> &ActorPath {
        self.0.path()
    }

    fn message_type(&self) -> &'static str {
        type_name::<M>()
    }

    fn deliver(&self, peer: &Arc<dyn Peer>, terms: &Terms, body: &[u8], asked: Option<Asked>) -> Delivery {
        let (decoded, scope) = peer::within(peer.clone(), || terms.codec.decode::<M>(body, &terms.limits));
        let msg = match decoded {
            Ok(msg) => msg,
            Err(why) => {
                // The ports that were read before it went wrong say nothing: the caller answers for the whole.
                scope.lines.iter().for_each(|line| line.hang_up());
                return Delivery::NotUnderstood(why.to_string());
            }
        };
        let question = asked.and_then(|asked| {
            let line = scope.lines.iter().find(|line| line.call() == asked.call)?;
            line.set_deadline(asked.deadline);
            Some(Arc::new(answer::OfLine(line.clone())) as Arc<dyn Question>)
        });
        scope.lines.iter().for_each(|line| line.open());
        deliver(&self.0, Envelope { msg, question })
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

    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

/// Queues a message that came from another node; what cannot be queued is a dead letter, and its asker is told.
fn deliver<M: Send + 'static>(handle: &Handle<M>, envelope: Envelope<M>) -> Delivery {
    let mut sending = Sending::new(handle, envelope);
    match sending.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(sent) => {
            settle(handle, sent);
            Delivery::Done
        }
        Poll::Pending => {
            let Some(envelope) = sending.take_back() else {
                return Delivery::Done;
            };
            let handle = handle.clone();
            Delivery::Waits(Box::pin(async move {
                let mut sending = Sending::new(&handle, envelope);
                let sent = poll_fn(|cx| sending.poll(cx)).await;
                settle(&handle, sent);
            }))
        }
    }
}

fn settle<M: Send + 'static>(handle: &Handle<M>, sent: Result<(), Unsent<M>>) {
    if let Err(unsent) = sent {
        handle.bury(unsent);
    }
}
