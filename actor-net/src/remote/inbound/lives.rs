//! What a peer has to do with the lives of actors here: it orders their ends, waits for them, or shares them.

use std::sync::Arc;

use actor_core::ExitReason;
use actor_core::wire::Order;

use crate::error::Closed;
use crate::id::ExportId;
use crate::wire::Reason;
use crate::wire::codes::{self, Goodbye};
use crate::wire::protocol::{Frame, ProtocolError};

use super::super::conversation::Conversation;
use super::super::reason::{Told, heard};
use super::Inbound;

impl Inbound {
    pub(super) fn order(&self, to: ExportId, order: u8, ending: u64) -> Result<(), Closed> {
        let order = match order {
            codes::order::STOP => Order::Stop,
            codes::order::DRAIN => Order::Drain,
            codes::order::KILL => Order::Kill,
            _ => return Err(ProtocolError::Malformed("Order").into()),
        };
        let Some(export) = self.net.exports.get(to) else {
            ended(&self.conversation, ending, &self.ending(to));
            return Ok(());
        };
        if !export.may_be_ordered() {
            if let Some(times) = self.conversation.complaints.orders.once_more() {
                let path = export.exported.path();
                tracing::warn!(peer = %self.far.id, %path, ?order, times, "an order that this node does not allow");
            }
            refused(&self.conversation, ending);
            return Ok(());
        }
        let end = export.exported.order(order);
        let conversation = self.conversation.clone();
        self.net.spawn(async move {
            ended(&conversation, ending, &end.await);
        });
        Ok(())
    }

    /// How an actor ended that is not there, as far as that is known.
    fn ending(&self, of: ExportId) -> ExitReason {
        self.net.exports.ending(of).unwrap_or(ExitReason::Normal)
    }

    pub(super) fn watch(&self, watch: u64, to: ExportId) -> Result<(), Closed> {
        let Some(export) = self.net.exports.get(to) else {
            self.conversation.behind(&Frame::Down {
                after: 0,
                watch,
                reason: Told::of(&self.ending(to)).reason(),
            });
            return Ok(());
        };
        let begun = self.conversation.session().their_watches.begin_as(watch, None);
        if begun.is_err() || !self.net.exports.adopt(self.conversation.number, to) {
            return Err(Closed::Ended(Goodbye::Limit));
        }
        let conversation = Arc::downgrade(&self.conversation);
        // Called at once where the actor has ended meanwhile.
        let mut watched = Some(export.exported.at_end(Box::new(move |reason| {
            if let Some(conversation) = conversation.upgrade() {
                let ours = conversation.session().their_watches.settle(watch);
                drop(ours);
                conversation.received().released(to);
                conversation.behind(&Frame::Down {
                    after: 0,
                    watch,
                    reason: Told::of(&reason).reason(),
                });
            }
        })));
        if let Some(place) = self.conversation.session().their_watches.get_mut(watch) {
            *place = watched.take();
        }
        drop(watched);
        Ok(())
    }

    /// A link lets the peer bring the actor down, and so is allowed where orders are.
    pub(super) fn link(&self, link: u64, to: ExportId, from: ExportId, path: &str) -> Result<(), Closed> {
        let export = self.net.exports.get(to);
        if let Some(export) = export.as_ref().filter(|export| !export.may_be_ordered()) {
            if let Some(times) = self.conversation.complaints.orders.once_more() {
                let path = export.exported.path();
                tracing::warn!(peer = %self.far.id, %path, times, "a link that this node does not allow");
            }
            link_broken(&self.conversation, link, refusal());
            return Ok(());
        }
        let Some(export) = export else {
            // Where that is not known any more, the same as to one who links itself to an actor that is ending.
            let reason = self.net.exports.ending(to).unwrap_or(ExitReason::Killed);
            link_broken(&self.conversation, link, Told::of(&reason).reason());
            return Ok(());
        };
        let begun = self.conversation.session().their_links.begin_as(link, (from, None));
        begun.map_err(|_| Closed::Ended(Goodbye::Limit))?;
        let conversation = Arc::downgrade(&self.conversation);
        // Called at once where the actor has ended meanwhile.
        let then = move |reason| {
            if let Some(conversation) = conversation.upgrade() {
                let linked = conversation.session().their_links.settle(link);
                if linked.is_some() {
                    link_broken(&conversation, link, Told::of(&reason).reason());
                }
            }
        };
        let mut linked = Some(export.exported.link(path, self.far.id.name.as_str(), Box::new(then)));
        if let Some(place) = self.conversation.session().their_links.get_mut(link) {
            place.1 = linked.take();
        }
        drop(linked);
        Ok(())
    }

    pub(super) fn link_broken(&self, link: u64, own: bool, reason: &Reason<'_>) {
        let heard = heard(reason, self.far.id.name.as_str());
        if own {
            let linked = self.conversation.session().their_links.settle(link);
            if let Some((from, Some(linked))) = linked {
                linked.broken(heard, self.far.id_of(from));
            }
            return;
        }
        let linked = self.conversation.session().links.settle(link);
        match linked.and_then(|(export, _)| self.far.proxy(export)) {
            None => {}
            Some(proxy) if reason.end == codes::end::REFUSED => {
                proxy.link_refused(link, "its node lets nobody give it orders, and so nobody link to it");
            }
            Some(proxy) => proxy.link_broken(link, heard),
        }
    }
}

fn ended(conversation: &Conversation, ending: u64, reason: &ExitReason) {
    conversation.behind(&Frame::Ended {
        after: 0,
        ending,
        reason: Told::of(reason).reason(),
    });
}

fn refused(conversation: &Conversation, ending: u64) {
    conversation.behind(&Frame::Ended {
        after: 0,
        ending,
        reason: refusal(),
    });
}

/// The life of an actor here has ended that one of the peer's had linked itself to.
fn link_broken(conversation: &Conversation, link: u64, reason: Reason<'_>) {
    conversation.behind(&Frame::LinkBroken {
        after: 0,
        link,
        own: false,
        reason,
    });
}

fn refusal() -> Reason<'static> {
    Reason {
        end: codes::end::REFUSED,
        causes: Vec::new(),
    }
}
