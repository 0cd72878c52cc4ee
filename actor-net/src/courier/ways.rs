//! How a courier comes by its ways to other nodes, and when it gives one up.

use std::sync::Arc;
use std::time::Duration;

use actor_core::{Context, Handle, TryTellError};
use actor_wire::Wire;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;

use crate::error::LookupError;
use crate::id::NodeId;
use crate::membership::{Gone, MemberEvent};
use crate::remote::lookup;
use crate::remote::net::{Net, NodeEvent};
use crate::share::{Service, Word};

use super::{Courier, Event, Spoken, Way, expose};

/// A member that was not reached is tried again after about so long, for as long as it is one.
const AGAIN: Duration = Duration::from_secs(1);

pub(super) fn next_event<T: Send + 'static>(mut events: Receiver<NodeEvent>, ctx: &mut Context<Event<T>>) {
    ctx.attach(async move {
        let event = events.recv().await;
        Event::Node(event, events)
    });
}

pub(super) fn next_member<T: Send + 'static>(mut events: Receiver<MemberEvent>, ctx: &mut Context<Event<T>>) {
    ctx.attach(async move {
        let event = events.recv().await;
        Event::Member(event, events)
    });
}

impl<S: Service> Courier<S>
where
    S::Entry: Wire,
{
    pub(super) fn node(
        &mut self,
        event: Result<NodeEvent, RecvError>,
        events: Receiver<NodeEvent>,
        ctx: &mut Context<Event<S::Entry>>,
    ) {
        let Some(net) = self.net.upgrade().filter(|_| !matches!(event, Err(RecvError::Closed))) else {
            return ctx.stop();
        };
        match event {
            Ok(NodeEvent::Connected(id)) => self.greet(&net, id, ctx),
            Ok(NodeEvent::Lost(name, why)) => {
                if let Some(id) = why.has_left().then(|| self.lives.get(&name).cloned()).flatten() {
                    self.left(&id, ctx);
                }
            }
            // Some were missed: those whose connection began are among those that are connected, and ends are seen by watches.
            Err(_) => self.greet_all(&net, ctx),
        }
        next_event(events, ctx);
    }

    pub(super) fn member(
        &mut self,
        event: Result<MemberEvent, RecvError>,
        events: Receiver<MemberEvent>,
        ctx: &mut Context<Event<S::Entry>>,
    ) {
        let Some(net) = self.net.upgrade().filter(|_| !matches!(event, Err(RecvError::Closed))) else {
            return ctx.stop();
        };
        match event {
            Ok(MemberEvent::Up(member)) if !self.ways.contains_key(&member.id) => self.greet(&net, member.id, ctx),
            Ok(MemberEvent::Gone(member, Gone::Left)) => self.left(&member.id, ctx),
            Ok(MemberEvent::Gone(member, Gone::Down)) => self.down(&member.id, ctx),
            // Its next life or stay is told of by itself.
            Ok(_) => {}
            Err(_) => {
                // Some were missed. Who was a member once and is none now is not waited for.
                let gone: Vec<_> = self
                    .lost
                    .keys()
                    .filter_map(|name| self.lives.get(name))
                    .cloned()
                    .collect();
                let gone = gone.into_iter().filter(|id| !net.members.has(id));
                gone.for_each(|id| self.down(&id, ctx));
                self.greet_all(&net, ctx);
            }
        }
        next_member(events, ctx);
    }

    /// Looks whether this node takes part, and waits for the next change in that.
    pub(super) fn take_part(&mut self, mut changes: watch::Receiver<bool>, ctx: &mut Context<Event<S::Entry>>) {
        let Some(net) = self.net.upgrade() else {
            return ctx.stop();
        };
        let is_apart = *changes.borrow_and_update();
        if is_apart != std::mem::replace(&mut self.is_apart, is_apart) {
            if is_apart {
                net.exports.conceal(&self.name);
                self.part(&net.id, ctx);
            } else {
                let door = ctx.handle().map(Event::Spoken);
                expose(&net, &self.name, &door, self.protocol.clone());
                self.greet_all(&net, ctx);
            }
        }
        ctx.attach(async move {
            let _ = changes.changed().await;
            Event::Apart(changes)
        });
    }

    /// Has all others forget this node, and forgets them.
    fn part(&mut self, me: &NodeId, ctx: &mut Context<Event<S::Entry>>) {
        for (id, way) in std::mem::take(&mut self.ways) {
            ctx.unwatch(way.watch);
            if let Err(TryTellError::Full(spoken)) = way.to.try_tell(Spoken::by(me, None, Word::Left)) {
                ctx.attach(async move {
                    let _ = way.to.tell(spoken).await;
                    Event::Room(id)
                });
            }
        }
        self.watches.clear();
        self.lives.clear();
        self.lost.clear();
        self.shared.settle(|service, _| service.exchange().part());
    }

    pub(super) fn greet_all(&mut self, net: &Arc<Net>, ctx: &mut Context<Event<S::Entry>>) {
        for far in net.connected() {
            self.greet(net, far.id.clone(), ctx);
        }
        for id in net.members.others() {
            if !self.ways.contains_key(&id) {
                self.greet(net, id, ctx);
            }
        }
    }

    /// Looks for its like at a node, over a connection that is made if there is none.
    fn greet(&mut self, net: &Arc<Net>, id: NodeId, ctx: &mut Context<Event<S::Entry>>) {
        if self.is_apart {
            return;
        }
        let before = self.lives.insert(id.name.clone(), id.clone());
        if let Some(former) = before.filter(|former| *former != id) {
            self.forget(&former, ctx);
            self.shared
                .settle(|service, now| service.exchange().replaced(&former, now));
        }
        let (net, name, protocol) = (net.clone(), self.name.clone(), self.protocol.clone());
        ctx.attach(async move {
            let found = lookup::at(&net, &id.name, &name, &protocol).await;
            Event::Found(id, found)
        });
    }

    pub(super) fn found(
        &mut self,
        id: &NodeId,
        found: Result<Handle<Spoken<S::Entry>>, LookupError>,
        ctx: &mut Context<Event<S::Entry>>,
    ) {
        if self.lives.get(&id.name) != Some(id) {
            return;
        }
        match found {
            Ok(to) => {
                // What was known of the way may be of the conversation before this one.
                self.forget(id, ctx);
                self.know(id, to, ctx);
                self.shared.settle(|service, now| service.exchange().met(id, now));
            }
            // It says so itself when it starts one.
            Err(LookupError::NotFound) => {}
            Err(LookupError::Unreachable(_) | LookupError::NodeDown) => self.try_again(id, ctx),
            Err(why) => tracing::warn!(node = %id, service = %self.name, %why, "cannot speak with the service there"),
        }
    }

    fn try_again(&mut self, id: &NodeId, ctx: &mut Context<Event<S::Entry>>) {
        let Some(net) = self.net.upgrade().filter(|net| net.members.has(id)) else {
            return;
        };
        if !self.ways.contains_key(id) && self.again.insert(id.clone()) {
            ctx.once(AGAIN.mul_f64(0.5 + net.chance()), Event::Again(id.clone()));
        }
    }

    pub(super) fn again(&mut self, id: &NodeId, ctx: &mut Context<Event<S::Entry>>) {
        self.again.remove(id);
        let is_open = |net: &Arc<Net>| net.members.has(id) && !self.ways.contains_key(id);
        if let Some(net) = self.net.upgrade().filter(is_open) {
            self.greet(&net, id.clone(), ctx);
        }
    }

    pub(super) fn know(&mut self, id: &NodeId, to: Handle<Spoken<S::Entry>>, ctx: &mut Context<Event<S::Entry>>) {
        let watch = ctx.watch(&to);
        let is_full = false;
        self.watches.insert(watch, id.clone());
        self.lost.remove(&id.name);
        self.ways.insert(id.clone(), Way { to, watch, is_full });
    }

    fn forget(&mut self, id: &NodeId, ctx: &mut Context<Event<S::Entry>>) {
        if let Some(way) = self.ways.remove(id) {
            self.watches.remove(&way.watch);
            ctx.unwatch(way.watch);
        }
    }

    /// Nobody waits for this node: it has said that it goes.
    pub(super) fn left(&mut self, id: &NodeId, ctx: &mut Context<Event<S::Entry>>) {
        self.down(id, ctx);
        self.shared.settle(|service, _| service.exchange().left(id));
    }

    /// This node was found down. Its connection is not made again from here; it comes back by itself, if it does.
    fn down(&mut self, id: &NodeId, ctx: &mut Context<Event<S::Entry>>) {
        self.forget(id, ctx);
        if self.lives.get(&id.name) == Some(id) {
            self.lives.remove(&id.name);
            self.lost.remove(&id.name);
        }
        self.shared.settle(|service, now| service.exchange().lost(id, now));
    }
}
