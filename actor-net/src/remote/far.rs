//! One life of another node, as actors here see it: it lasts through connections that are lost and made again.

mod speaks;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::Waker;

use actor_core::wire::{self, Address, Proxy, Terms};
use actor_core::{ActorPath, ExitReason};
use tokio::sync::oneshot;

use crate::error::LookupError;
use crate::id::{ExportId, NodeId};
use crate::peer::outbox::Receiver;
use crate::peer::session::NotBegun;
use crate::wire::protocol::Frame;

use super::conversation::Conversation;
use super::net::Net;

pub(crate) struct Far {
    me: Weak<Far>,
    net: Weak<Net>,
    pub(crate) id: NodeId,
    link: Mutex<Link>,
    next_call: AtomicU64,
    next_place: AtomicU64,
    proxies: Mutex<Proxies>,
}

type Proxies = BTreeMap<ExportId, Entry>;

/// How things stand with the connection.
enum Link {
    Up(Arc<Conversation>),
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
            next_call: AtomicU64::new(1),
            next_place: AtomicU64::new(1),
            proxies: Mutex::default(),
        })
    }

    fn arc(&self) -> Arc<Self> {
        self.me.upgrade().expect("who calls it holds it")
    }

    pub(crate) fn conversation(&self) -> Option<Arc<Conversation>> {
        match &*lock(&self.link) {
            Link::Up(conversation) => Some(conversation.clone()),
            _ => None,
        }
    }

    /// The conversation, if it is still the one that was meant.
    fn conversation_of(&self, session: u64) -> Option<Arc<Conversation>> {
        self.conversation()
            .filter(|conversation| conversation.number == session)
    }

    /// Whether anybody here has a handle to an actor there that may live.
    pub(crate) fn is_needed(&self) -> bool {
        let is_over = matches!(*lock(&self.link), Link::Over);
        let leads_there = |entry: &Entry| !entry.is_over && entry.proxy.strong_count() > 0;
        !is_over && lock(&self.proxies).values().any(leads_there)
    }

    /// A conversation has begun: actors there that are known here are watched in it, and those who wait go on.
    pub(crate) fn connected(&self, conversation: &Arc<Conversation>) {
        let before = std::mem::replace(&mut *lock(&self.link), Link::Up(conversation.clone()));
        let mut proxies = lock(&self.proxies);
        let mut living: Vec<_> = proxies.iter_mut().collect();
        living.sort_by_key(|(_, entry)| entry.place);
        for (&export, entry) in living {
            entry.watch = (!entry.is_over).then(|| watch(conversation, export)).flatten();
            entry.held = u32::from(entry.watch.is_some());
        }
        drop(proxies);
        // What was linked while there was no connection.
        for proxy in self.living() {
            for (number, path) in proxy.links() {
                link(conversation, &proxy, number, &path);
            }
        }
        if let Link::Wanted(waiting) = before {
            waiting.into_iter().for_each(Waker::wake);
        }
    }

    /// The conversation has ended, or no connection could be made.
    pub(crate) fn lost(&self, conversation: Option<&Conversation>) {
        let then = if self.is_needed() { Link::Lost } else { Link::Idle };
        let mut link = lock(&self.link);
        let is_meant = match (&*link, conversation) {
            (Link::Up(up), Some(lost)) => up.number == lost.number,
            (Link::Up(_), None) | (Link::Over, _) => false,
            (_, lost) => lost.is_none(),
        };
        if !is_meant {
            return;
        }
        let before = std::mem::replace(&mut *link, then);
        drop(link);
        if let Link::Wanted(waiting) = before {
            waiting.into_iter().for_each(Waker::wake);
        }
        for proxy in self.living() {
            proxy.lost();
        }
    }

    /// Nobody tries to make a connection any more: the next who needs one has it made.
    pub(crate) fn rests(&self) {
        let mut link = lock(&self.link);
        if matches!(*link, Link::Lost) {
            *link = Link::Idle;
        }
    }

    /// Has a connection made, if none is there or on its way.
    fn want(&self) {
        let mut link = lock(&self.link);
        if !matches!(*link, Link::Idle) {
            return;
        }
        *link = Link::Wanted(Vec::new());
        drop(link);
        match self.net.upgrade() {
            Some(net) => net.want(&self.id.name),
            None => self.over(),
        }
    }

    /// This life of the node is over: another has taken its place, or it has left.
    pub(crate) fn over(&self) {
        let before = std::mem::replace(&mut *lock(&self.link), Link::Over);
        if let Link::Wanted(waiting) = before {
            waiting.into_iter().for_each(Waker::wake);
        }
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
        let watched = entry.watch.is_some();
        drop(proxies);
        let is_over = matches!(*lock(&self.link), Link::Over);
        match self.conversation() {
            _ if is_over => fresh.ended(ExitReason::NodeDown),
            Some(conversation) if !watched => {
                let number = watch(&conversation, export);
                if let Some(entry) = lock(&self.proxies).get_mut(&export) {
                    entry.watch = number;
                    entry.held += u32::from(number.is_some());
                }
            }
            Some(_) => {}
            // Its node lets go of what nobody holds, and tells only those who are there.
            None => self.want(),
        }
        Some(fresh)
    }

    /// Asks the node for something that is answered by an address.
    pub(crate) fn request(
        &self,
        answer: oneshot::Sender<Result<Arc<Proxy>, LookupError>>,
        frame: impl FnOnce(u64, &Terms) -> Result<Vec<u8>, LookupError>,
    ) -> Result<(), LookupError> {
        let conversation = self.conversation().ok_or(LookupError::NodeDown)?;
        let request = conversation.request(answer)?;
        let bytes = frame(request, &conversation.terms).inspect_err(|_| {
            let unasked = conversation.session().requests.settle(request);
            drop(unasked);
        })?;
        conversation.push(Receiver::Request(request), &bytes);
        Ok(())
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

/// Has the peer tell of the end of its actor, which this holds, too.
fn watch(conversation: &Conversation, export: ExportId) -> Option<u64> {
    let number = conversation.session().watches.begin(export).ok()?;
    conversation.control(&Frame::Watch {
        watch: number,
        to: export,
    });
    Some(number)
}

/// Says that an actor here, of this path, shares its fate with one there; once in a conversation.
fn link(conversation: &Conversation, to: &Proxy, number: u64, path: &ActorPath) {
    let export = to.address().export;
    let begun = conversation.session().links.begin_as(number, export);
    match begun {
        Ok(()) => conversation.control(&Frame::Link {
            link: number,
            to: export,
            path: &path.to_string(),
        }),
        Err((_, NotBegun::TooMany)) => to.link_refused(number, "there are too many links to actors of its node"),
        // It is said already; or the conversation is over, and whoever ends it breaks the link.
        Err((_, NotBegun::InUse | NotBegun::Over)) => {}
    }
}

impl fmt::Debug for Far {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Far({})", self.id)
    }
}
