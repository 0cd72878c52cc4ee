//! The actor that carries what a service's nodes say of themselves between them.
//!
//! On each node it is exposed under a reserved name, finds its like at every member of the cluster and at every other node that there is a
//! connection with, and speaks with them through handles, as any actor would: so order, backpressure and loss are those of every message.
//! What there is to say to a node is made when there is room for it. One that is slow is told of fewer and larger changes, and no queue
//! grows for it.
//!
//! Nodes of one network are taken at their word in what they say of themselves.

mod seen;
mod ways;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Instant;

use actor_core::wire;
use actor_core::{Actor, ActorResult, Attached, ChildSpec, Context, Handle, Signal, TryTellError, WatchId};
use actor_wire::Wire;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;

use crate::clock::now;
use crate::error::LookupError;
use crate::id::{Incarnation, NodeId, NodeName};
use crate::membership::MemberEvent;
use crate::remote::exports::{Named, Protocol};
use crate::remote::lookup::fingerprint_of;
use crate::remote::net::{Net, NodeEvent, lock};
use crate::share::{Service, Word};

/// What one courier says to another.
#[derive(Serialize, Deserialize)]
#[serde(bound = "T: Wire")]
pub(crate) struct Spoken<T> {
    node: String,
    incarnation: u64,
    /// Where to answer, with a [`Word::Have`].
    back: Option<Handle<Spoken<T>>>,
    word: Word<T>,
}

impl<T> Spoken<T> {
    fn by(me: &NodeId, back: Option<Handle<Spoken<T>>>, word: Word<T>) -> Self {
        Self {
            node: me.name.to_string(),
            incarnation: me.incarnation.0,
            back,
            word,
        }
    }
}

/// What happens to a courier.
pub(crate) enum Event<T> {
    Spoken(Spoken<T>),
    /// The service was changed, or time has brought what it waits for.
    Look,
    /// A connection began or ended; with what brings the next one.
    Node(Result<NodeEvent, RecvError>, Receiver<NodeEvent>),
    /// What became of a member; with what brings the next one.
    Member(Result<MemberEvent, RecvError>, Receiver<MemberEvent>),
    /// This node takes part no longer, or again; with what brings the next one.
    Apart(watch::Receiver<bool>),
    /// A member that was not reached is to be tried again.
    Again(NodeId),
    /// Its like at that node.
    Found(NodeId, Result<Handle<Spoken<T>>, LookupError>),
    /// There is room again for what is said to that node.
    Room(NodeId),
}

/// A service that a courier and its users share.
pub(crate) struct Shared<S: Service> {
    service: Mutex<S>,
    courier: OnceLock<Handle<Event<S::Entry>>>,
    is_to_look: AtomicBool,
}

impl<S: Service> Shared<S>
where
    S::Entry: Wire,
{
    pub(crate) fn new(service: S) -> Arc<Self> {
        Arc::new(Self {
            service: Mutex::new(service),
            courier: OnceLock::new(),
            is_to_look: AtomicBool::new(false),
        })
    }

    /// The service, to be read: what is changed is not told to anybody.
    pub(crate) fn read(&self) -> MutexGuard<'_, S> {
        // What runs under it does not panic, but for the drop of what a user gave.
        self.service.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the service, and has others told of it.
    pub(crate) fn change<R>(&self, change: impl FnOnce(&mut S, Instant) -> R) -> R {
        let outcome = self.settle(change);
        self.look();
        outcome
    }

    /// The same for one who is called by the courier, which looks anyway.
    pub(crate) fn settle<R>(&self, change: impl FnOnce(&mut S, Instant) -> R) -> R {
        let mut service = self.read();
        let now = now().into_std();
        let outcome = change(&mut service, now);
        service.settle(now);
        outcome
    }

    /// Has the courier look what there is to do.
    pub(crate) fn look(&self) {
        let Some(courier) = self.courier.get() else { return };
        if !self.is_to_look.swap(true, Ordering::AcqRel) && courier.try_tell(Event::Look).is_err() {
            // It has so much to do that it looks anyway.
            self.is_to_look.store(false, Ordering::Release);
        }
    }
}

/// What a service does at its node when something became of it; never called twice at a time.
pub(crate) type After<S> = dyn Fn(&Shared<S>) + Send + Sync;

/// Starts the courier of a service: `name` is what it is exposed as, and no other service of this node has it.
pub(crate) fn start<S: Service>(net: &Arc<Net>, name: &str, shared: &Arc<Shared<S>>, after: Arc<After<S>>)
where
    S::Entry: Wire,
{
    let protocol = Protocol::of::<Spoken<S::Entry>>();
    let (courier, weak, named) = (shared.clone(), Arc::downgrade(net), Arc::<str>::from(name));
    let make = {
        let protocol = protocol.clone();
        move || Courier {
            shared: courier.clone(),
            after: after.clone(),
            net: weak.clone(),
            name: named.clone(),
            protocol: protocol.clone(),
            back: None,
            ways: BTreeMap::new(),
            watches: BTreeMap::new(),
            lives: BTreeMap::new(),
            lost: BTreeMap::new(),
            again: BTreeSet::new(),
            is_apart: false,
            alarm: None,
        }
    };
    // A former life of this node may have left one behind in the same system.
    let unique = format!("{}@{:016x}", name.replace('/', ":"), net.id.incarnation.0);
    let spec = ChildSpec::new(unique, make);
    let Ok(handle) = net.system.spawn_spec(spec) else {
        // The system is stopping: nothing of it is seen any more.
        return;
    };
    expose(net, name, &handle.map(Event::Spoken), protocol);
    lock(&net.shares).insert(name.into(), shared.clone());
    let _ = shared.courier.set(handle);
}

/// Lets others find a courier.
fn expose<T: Wire>(net: &Net, name: &str, door: &Handle<Spoken<T>>, protocol: Protocol) {
    let named = Named {
        exported: wire::exported(door),
        protocol,
        fingerprint: fingerprint_of::<Spoken<T>>(),
    };
    // Nobody else can have taken what begins so.
    let _ = net.exports.expose(name, named, false);
}

struct Courier<S: Service>
where
    S::Entry: Wire,
{
    shared: Arc<Shared<S>>,
    after: Arc<After<S>>,
    net: Weak<Net>,
    /// What it is exposed as here, and others are there.
    name: Arc<str>,
    protocol: Protocol,
    back: Option<Handle<Spoken<S::Entry>>>,
    ways: BTreeMap<NodeId, Way<S::Entry>>,
    watches: BTreeMap<WatchId, NodeId>,
    /// The life of each node that there was a connection with, or that became a member, last.
    lives: BTreeMap<NodeName, NodeId>,
    /// Held so that the connection is made again, until its node is known to be gone.
    lost: BTreeMap<NodeName, Handle<Spoken<S::Entry>>>,
    /// Members that were not reached, and are tried again soon.
    again: BTreeSet<NodeId>,
    /// This node has left, and speaks with nobody.
    is_apart: bool,
    alarm: Option<(Instant, Attached)>,
}

/// How to reach a node.
struct Way<T> {
    to: Handle<Spoken<T>>,
    watch: WatchId,
    /// Something that was said waits for room.
    is_full: bool,
}

impl<S: Service> Actor for Courier<S>
where
    S::Entry: Wire,
{
    type Msg = Event<S::Entry>;

    async fn on_start(&mut self, ctx: &mut Context<Self::Msg>) -> ActorResult {
        self.back = Some(ctx.handle().map(Event::Spoken));
        // A former life of this actor may have known ways, and have failed with something in hand.
        self.shared.settle(|service, now| {
            let exchange = service.exchange();
            let here: Vec<_> = exchange.here().map(|(_, id)| id.clone()).collect();
            here.iter().for_each(|id| exchange.lost(id, now));
        });
        match self.net.upgrade() {
            None => ctx.stop(),
            Some(net) => {
                ways::next_event(net.events.subscribe(), ctx);
                ways::next_member(net.members.events.subscribe(), ctx);
                self.take_part(net.members.is_apart.subscribe(), ctx);
                self.greet_all(&net, ctx);
            }
        }
        Ok(())
    }

    async fn handle(&mut self, msg: Self::Msg, ctx: &mut Context<Self::Msg>) -> ActorResult {
        match msg {
            Event::Spoken(spoken) => self.hear(spoken, ctx),
            Event::Look => {
                self.shared.is_to_look.store(false, Ordering::Release);
                self.shared.settle(|_, _| ());
            }
            Event::Node(event, events) => self.node(event, events, ctx),
            Event::Member(event, events) => self.member(event, events, ctx),
            Event::Apart(changes) => self.take_part(changes, ctx),
            Event::Again(id) => self.again(&id, ctx),
            Event::Found(id, found) => self.found(&id, found, ctx),
            Event::Room(id) => {
                if let Some(way) = self.ways.get_mut(&id) {
                    way.is_full = false;
                }
            }
        }
        self.carry_on(ctx);
        Ok(())
    }

    async fn on_signal(&mut self, signal: Signal, ctx: &mut Context<Self::Msg>) -> ActorResult {
        if let Signal::Down(down) = signal
            && let Some(id) = self.watches.remove(&down.watch)
        {
            let way = self.ways.remove(&id).filter(|way| way.to.is_alive());
            self.lost.extend(way.map(|way| (id.name.clone(), way.to)));
            self.shared.settle(|service, now| service.exchange().lost(&id, now));
            self.carry_on(ctx);
        }
        Ok(())
    }
}

impl<S: Service> Courier<S>
where
    S::Entry: Wire,
{
    fn hear(&mut self, spoken: Spoken<S::Entry>, ctx: &mut Context<Event<S::Entry>>) {
        let Some(name) = NodeName::new(&spoken.node).filter(|_| !self.is_apart) else {
            return;
        };
        let incarnation = Incarnation(spoken.incarnation);
        let id = NodeId { name, incarnation };
        if let Word::Left = spoken.word {
            return self.left(&id, ctx);
        }
        match spoken.back {
            Some(back) if !self.ways.contains_key(&id) => {
                self.lives.entry(id.name.clone()).or_insert_with(|| id.clone());
                self.know(&id, back, ctx);
            }
            Some(_) => {}
            // Nobody could be told of it.
            None if matches!(spoken.word, Word::Have(_)) => return,
            None => {}
        }
        self.shared
            .settle(|service, now| service.exchange().heard(&id, spoken.word, now));
    }

    /// Says what there is to say, and sees to what became of it all.
    fn carry_on(&mut self, ctx: &mut Context<Event<S::Entry>>) {
        (self.after)(&self.shared);
        let Some(net) = self.net.upgrade() else { return };
        let here: Vec<_> = {
            let mut service = self.shared.read();
            let here = service.exchange().here();
            here.map(|(who, id)| (who, id.clone())).collect()
        };
        for (who, id) in here {
            let Some(way) = self.ways.get_mut(&id).filter(|way| !way.is_full) else {
                continue;
            };
            loop {
                let word = self.shared.read().exchange().word_for(who);
                let Some(word) = word else { break };
                let back = matches!(word, Word::Have(_)).then(|| self.back.clone()).flatten();
                let spoken = Spoken::by(&net.id, back, word);
                match way.to.try_tell(spoken) {
                    Ok(()) => {}
                    Err(TryTellError::Full(spoken)) => {
                        way.is_full = true;
                        let to = way.to.clone();
                        ctx.attach(async move {
                            let _ = to.tell(spoken).await;
                            Event::Room(id)
                        });
                        break;
                    }
                    // The watch tells of it.
                    Err(_) => break,
                }
            }
        }
        self.set_alarm(ctx);
    }

    fn set_alarm(&mut self, ctx: &mut Context<Event<S::Entry>>) {
        let Some(at) = self.shared.read().next_wake() else {
            return;
        };
        let now = now().into_std();
        match &self.alarm {
            Some((set, _)) if *set > now && *set <= at => return,
            Some((_, alarm)) => alarm.cancel(),
            None => {}
        }
        let alarm = ctx.once(at.saturating_duration_since(now), Event::Look);
        self.alarm = Some((at, alarm));
    }
}
