//! One life of another node, as actors here see it: it lasts through connections that are lost and made again.

mod known;
mod speaks;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::Waker;

use actor_core::wire::{self, Address, Order, Proxy, Terms};
use actor_core::{ActorId, ActorPath, ExitReason};
use tokio::sync::oneshot;

use crate::error::LookupError;
use crate::id::{ExportId, NodeId};
use crate::peer::outbox::Receiver;
use crate::peer::session::NotBegun;
use crate::wire::codes;
use crate::wire::protocol::Frame;

use super::conversation::Conversation;
use super::net::Net;
use known::Known;

pub(crate) struct Far {
    me: Weak<Far>,
    net: Weak<Net>,
    pub(crate) id: NodeId,
    link: Mutex<Link>,
    known: Known,
    /// Senders that can wait are to look whether the writer comes first.
    is_ahead: AtomicBool,
    next_call: AtomicU64,
    next_place: AtomicU64,
    proxies: Mutex<Proxies>,
    /// What was ordered while a connection is being made.
    orders: Mutex<Vec<(ExportId, Order)>>,
}

type Proxies = BTreeMap<ExportId, Entry>;

/// How things stand with the connection.
enum Link {
    Up(Arc<Conversation>),
    /// Neither side needed the connection, and it is being closed, unless it is needed at the other side by now. Who needs
    /// it here waits for that, or for the next one.
    Resting(Arc<Conversation>, Vec<Waker>),
    /// There is none, and none is being made; the first who needs one has it made.
    Idle,
    /// One is being made, and these wait for it.
    Wanted(Vec<Waker>),
    /// It was lost, or cannot be made; another try comes by itself.
    Lost,
    /// This life of the node is over.
    Over,
}

/// What stands here for one of its actors.
struct Entry {
    proxy: Weak<Proxy>,
    /// How often its handle was sent to this node in this conversation; its watch counts as once.
    held: u32,
    watch: Option<u64>,
    /// It has ended for good.
    is_over: bool,
    /// Where it comes when all are told something: ids are random, and the order of a run is not to be.
    place: u64,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Far {
    pub(crate) fn new(net: Weak<Net>, id: NodeId) -> Arc<Self> {
        Arc::new_cyclic(|me| Self {
            me: me.clone(),
            net,
            id,
            link: Mutex::new(Link::Idle),
            known: Known::default(),
            is_ahead: AtomicBool::new(false),
            next_call: AtomicU64::new(1),
            next_place: AtomicU64::new(1),
            proxies: Mutex::default(),
            orders: Mutex::default(),
        })
    }

    fn arc(&self) -> Arc<Self> {
        self.me.upgrade().expect("who calls it holds it")
    }

    /// Changes how things stand; returns how they stood.
    fn turn(&self, link: &mut Link, next: Link) -> Link {
        self.known.set(match &next {
            Link::Up(conversation) => Some(&conversation.terms),
            _ => None,
        });
        std::mem::replace(link, next)
    }

    pub(crate) fn conversation(&self) -> Option<Arc<Conversation>> {
        match &*lock(&self.link) {
            Link::Up(conversation) => Some(conversation.clone()),
            _ => None,
        }
    }

    /// The conversation, also while it is being closed.
    pub(super) fn last_conversation(&self) -> Option<Arc<Conversation>> {
        match &*lock(&self.link) {
            Link::Up(conversation) | Link::Resting(conversation, _) => Some(conversation.clone()),
            _ => None,
        }
    }

    /// The conversation, if it is still the one that was meant.
    fn conversation_of(&self, session: u64) -> Option<Arc<Conversation>> {
        self.last_conversation()
            .filter(|conversation| conversation.number == session)
    }

    /// Whether anybody here has a handle to an actor there that may live.
    pub(crate) fn is_needed(&self) -> bool {
        !matches!(*lock(&self.link), Link::Over) && self.leads_there()
    }

    /// Whether there is a connection or one is being made, or anybody has a handle.
    pub(super) fn is_in_use(&self) -> bool {
        !matches!(*lock(&self.link), Link::Idle | Link::Lost | Link::Over) || self.leads_there()
    }

    fn leads_there(&self) -> bool {
        let leads_there = |entry: &Entry| !entry.is_over && entry.proxy.strong_count() > 0;
        lock(&self.proxies).values().any(leads_there)
    }

    /// A conversation has begun: actors there that are known here are watched in it, and those who wait go on.
    pub(crate) fn connected(&self, conversation: &Arc<Conversation>) {
        for entry in lock(&self.proxies).values_mut() {
            entry.watch = None;
            entry.held = 0;
        }
        let before = self.turn(&mut lock(&self.link), Link::Up(conversation.clone()));
        self.go_on(conversation, before);
    }

    /// Gives the connection up, if nobody here needs it: until it is closed, or goes on, nothing is sent.
    pub(super) fn rest(&self, conversation: &Conversation, proposal: Option<u64>) -> bool {
        let mut link = lock(&self.link);
        let Link::Up(up) = &*link else { return false };
        let rests = up.number == conversation.number && !self.leads_there() && up.rest(proposal);
        if rests {
            let resting = Link::Resting(up.clone(), Vec::new());
            self.turn(&mut link, resting);
        }
        rests
    }

    /// The peer needs the connection after all.
    pub(super) fn rest_no_longer(&self) {
        let mut link = lock(&self.link);
        let Link::Resting(conversation, _) = &*link else { return };
        let conversation = conversation.clone();
        conversation.goes_on();
        let before = self.turn(&mut link, Link::Up(conversation.clone()));
        drop(link);
        self.go_on(&conversation, before);
    }

    /// What was needed while there was no connection is done now.
    fn go_on(&self, conversation: &Conversation, before: Link) {
        let mut proxies = lock(&self.proxies);
        let mut living: Vec<_> = proxies.iter_mut().collect();
        living.sort_by_key(|(_, entry)| entry.place);
        living
            .into_iter()
            .for_each(|(&export, entry)| entry.watch(conversation, export));
        drop(proxies);
        for proxy in self.living() {
            for (number, by, path) in proxy.links() {
                self.link_over(conversation, &proxy, number, by, &path);
            }
        }
        let orders = std::mem::take(&mut *lock(&self.orders));
        orders
            .into_iter()
            .for_each(|(to, what)| order(conversation, self, to, what));
        wake(before);
    }

    /// The conversation has ended, or no connection could be made.
    pub(crate) fn lost(&self, conversation: Option<&Conversation>) {
        let mut link = lock(&self.link);
        let is_meant = match (&*link, conversation) {
            (Link::Up(up) | Link::Resting(up, _), Some(lost)) => up.number == lost.number,
            (Link::Up(_) | Link::Resting(..), None) | (Link::Over, _) => false,
            (_, lost) => lost.is_none(),
        };
        if !is_meant {
            return;
        }
        if let Link::Resting(_, waiting) = &mut *link {
            // It was given up: nothing of it is lost to those who need one again, and wait for the next.
            let (waiting, is_needed) = (std::mem::take(waiting), self.leads_there());
            let next = if is_needed { Link::Wanted(waiting) } else { Link::Idle };
            let before = self.turn(&mut link, next);
            drop(link);
            drop(before);
            if let Some(net) = self.net.upgrade().filter(|_| is_needed) {
                net.want(&self.id.name);
            }
            return;
        }
        let then = if self.leads_there() { Link::Lost } else { Link::Idle };
        let before = self.turn(&mut link, then);
        // Who gave them hears of the loss with the rest.
        lock(&self.orders).clear();
        drop(link);
        wake(before);
        for proxy in self.living() {
            proxy.lost();
        }
    }

    /// Nobody tries to make a connection any more: the next who needs one has it made. `false` if somebody needs it already.
    pub(crate) fn rests(&self) -> bool {
        let mut link = lock(&self.link);
        let rests = !matches!(*link, Link::Lost) || !self.leads_there();
        if rests && matches!(*link, Link::Lost) {
            self.turn(&mut link, Link::Idle);
        }
        rests
    }

    /// Has a connection made, if none is there or on its way.
    fn want(&self) {
        let mut link = lock(&self.link);
        if !matches!(*link, Link::Idle) {
            return;
        }
        self.turn(&mut link, Link::Wanted(Vec::new()));
        drop(link);
        match self.net.upgrade() {
            Some(net) => net.want(&self.id.name),
            None => self.over(),
        }
    }

    /// This life of the node is over: another has taken its place, or it has left.
    pub(crate) fn over(&self) {
        let before = self.turn(&mut lock(&self.link), Link::Over);
        lock(&self.orders).clear();
        wake(before);
        for proxy in self.living() {
            proxy.ended(ExitReason::NodeDown);
        }
    }

    /// How many of its actors are known here.
    pub(super) fn known(&self) -> usize {
        lock(&self.proxies).len()
    }

    fn living(&self) -> Vec<Arc<Proxy>> {
        let proxies = lock(&self.proxies);
        let mut living: Vec<_> = proxies
            .values()
            .filter_map(|entry| Some((entry.place, entry.proxy.upgrade()?)))
            .collect();
        drop(proxies);
        living.sort_by_key(|(place, _)| *place);
        living.into_iter().map(|(_, proxy)| proxy).collect()
    }

    /// Says that an actor here shares its fate with one there; once in a conversation.
    fn link_over(&self, conversation: &Conversation, to: &Proxy, number: u64, by: ActorId, path: &ActorPath) {
        let Some(net) = self.net.upgrade() else { return };
        let export = to.address().export;
        let (from, name) = net.exports.name(by);
        let begun = conversation.session().links.begin_as(number, (export, name));
        match begun {
            Ok(()) => conversation.control(&Frame::Link {
                link: number,
                to: export,
                from,
                path: &path.to_string(),
            }),
            Err((_, NotBegun::TooMany)) => to.link_refused(number, "there are too many links to actors of its node"),
            // It is said already; or the conversation is over, and whoever ends it breaks the link; or it is said when it goes on.
            Err((_, NotBegun::InUse | NotBegun::Over | NotBegun::Rests)) => {}
        }
    }

    /// The id of the handles here to this actor, if there are any.
    pub(super) fn id_of(&self, export: ExportId) -> Option<ActorId> {
        self.proxy(export).map(|proxy| proxy.id())
    }

    /// What stands here for this actor, if something does.
    pub(crate) fn proxy(&self, export: ExportId) -> Option<Arc<Proxy>> {
        lock(&self.proxies).get(&export)?.proxy.upgrade()
    }

    /// What stands here for an actor there. `sent` says that its own node told of it, and counts that.
    pub(crate) fn import(&self, address: Address, sent: bool) -> Option<Arc<Proxy>> {
        let net = self.net.upgrade()?;
        let export = address.export;
        let known = |proxies: &mut Proxies| {
            let entry = proxies.get_mut(&export)?;
            let proxy = entry.proxy.upgrade()?;
            entry.held += u32::from(sent);
            Some(proxy)
        };
        if let Some(proxy) = known(&mut lock(&self.proxies)) {
            return Some(proxy);
        }
        // Without the lock: a proxy that loses the race is dropped, and says so.
        let fresh = wire::proxy(&net.system, self.arc(), address);
        let mut proxies = lock(&self.proxies);
        if let Some(proxy) = known(&mut proxies) {
            drop(proxies);
            return Some(proxy);
        }
        let entry = proxies.entry(export).or_insert(Entry {
            proxy: Weak::new(),
            held: 0,
            watch: None,
            is_over: false,
            place: self.next_place.fetch_add(1, Ordering::Relaxed),
        });
        entry.proxy = Arc::downgrade(&fresh);
        entry.held += u32::from(sent);
        drop(proxies);
        let is_over = matches!(*lock(&self.link), Link::Over);
        match self.conversation() {
            _ if is_over => fresh.ended(ExitReason::NodeDown),
            Some(conversation) => {
                if let Some(entry) = lock(&self.proxies).get_mut(&export) {
                    entry.watch(&conversation, export);
                }
            }
            // Its node lets go of what nobody holds, and tells only those who are there.
            None => self.want(),
        }
        Some(fresh)
    }

    /// Asks the node for something that is answered by an address: `ask` is given its number, and a way for its frame. `false`: the connection is closed, or being closed.
    pub(crate) fn request(
        &self,
        answer: oneshot::Sender<Result<Arc<Proxy>, LookupError>>,
        ask: impl FnOnce(u64, &Terms, &dyn Fn(&Frame<'_>)) -> Result<(), LookupError>,
    ) -> Result<bool, LookupError> {
        let Some(conversation) = self.conversation() else {
            return Ok(false);
        };
        let begun = conversation.session().requests.begin(answer);
        let request = match begun {
            Ok(request) => request,
            Err((_, NotBegun::Over | NotBegun::Rests)) => return Ok(false),
            Err((_, NotBegun::TooMany | NotBegun::InUse)) => return Err(LookupError::TooMany),
        };
        let send = |frame: &Frame<'_>| conversation.in_order(Receiver::Request(request), frame);
        ask(request, &conversation.terms, &send).inspect_err(|_| {
            let unasked = conversation.session().requests.settle(request);
            drop(unasked);
        })?;
        Ok(true)
    }

    /// The actor has ended.
    pub(crate) fn down(&self, export: ExportId, reason: ExitReason) {
        let proxy = lock(&self.proxies).get_mut(&export).and_then(|entry| {
            entry.watch = None;
            entry.is_over = true;
            entry.proxy.upgrade()
        });
        if let Some(proxy) = proxy {
            proxy.ended(reason);
        }
        if let Some(conversation) = self.conversation() {
            conversation.drop_window(export);
        }
    }
}

impl Entry {
    /// Has the peer tell of the end of its actor, which this holds, too.
    fn watch(&mut self, conversation: &Conversation, export: ExportId) {
        if self.watch.is_some() || self.is_over {
            return;
        }
        let begun = conversation.session().watches.begin(export);
        if let Ok(number) = begun {
            self.watch = Some(number);
            self.held += 1;
            conversation.control(&Frame::Watch {
                watch: number,
                to: export,
            });
        }
    }
}

/// Wakes those who wait for a connection.
fn wake(before: Link) {
    if let Link::Wanted(waiting) | Link::Resting(_, waiting) = before {
        waiting.into_iter().for_each(Waker::wake);
    }
}

/// Sends an order, or says that there can be none.
fn order(conversation: &Conversation, far: &Far, to: ExportId, order: Order) {
    let begun = conversation.session().endings.begin(to);
    let Ok(ending) = begun else {
        if let Some(proxy) = far.proxy(to) {
            proxy.life_ended(&ExitReason::NodeDown);
        }
        return;
    };
    let order = match order {
        Order::Stop => codes::order::STOP,
        Order::Drain => codes::order::DRAIN,
        Order::Kill => codes::order::KILL,
    };
    conversation.behind(&Frame::Order {
        after: 0,
        to,
        order,
        ending,
    });
}

impl fmt::Debug for Far {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Far({})", self.id)
    }
}
