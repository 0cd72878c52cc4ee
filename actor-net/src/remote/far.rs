//! One life of another node, as actors here see it: it lasts through connections that are lost and made again.

mod speaks;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::Waker;

use actor_core::ExitReason;
use actor_core::wire::{self, Address, Proxy, Terms};
use tokio::sync::oneshot;

use crate::error::LookupError;
use crate::id::{ExportId, NodeId};
use crate::peer::outbox::Receiver;
use crate::wire::protocol::Frame;

use super::conversation::Conversation;
use super::net::Net;

pub(crate) struct Far {
    me: Weak<Far>,
    net: Weak<Net>,
    pub(crate) id: NodeId,
    link: Mutex<Link>,
    next_call: AtomicU64,
    proxies: Mutex<HashMap<ExportId, Entry>>,
}

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
    /// How often its handle was sent to this node, in this conversation.
    held: u32,
    watch: Option<u64>,
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

    /// Whether anybody here has a handle to an actor there.
    pub(crate) fn is_needed(&self) -> bool {
        lock(&self.proxies).values().any(|entry| entry.proxy.strong_count() > 0)
    }

    /// A conversation has begun: actors there that are known here are watched in it, and those who wait go on.
    pub(crate) fn connected(&self, conversation: &Arc<Conversation>) {
        let before = std::mem::replace(&mut *lock(&self.link), Link::Up(conversation.clone()));
        let mut proxies = lock(&self.proxies);
        proxies.retain(|_, entry| entry.proxy.strong_count() > 0);
        for (&export, entry) in proxies.iter_mut() {
            // By watching it this node holds it, once.
            entry.held = 1;
            entry.watch = watch(conversation, export);
        }
        drop(proxies);
        if let Link::Wanted(waiting) = before {
            waiting.into_iter().for_each(Waker::wake);
        }
    }

    /// The conversation has ended, or no connection could be made.
    pub(crate) fn lost(&self, conversation: Option<&Conversation>) {
        let mut link = lock(&self.link);
        let is_meant = match (&*link, conversation) {
            (Link::Up(up), Some(lost)) => up.number == lost.number,
            (Link::Up(_), None) | (Link::Over, _) => false,
            (_, lost) => lost.is_none(),
        };
        if !is_meant {
            return;
        }
        let before = std::mem::replace(&mut *link, Link::Lost);
        drop(link);
        if let Link::Wanted(waiting) = before {
            waiting.into_iter().for_each(Waker::wake);
        }
        for proxy in self.living() {
            proxy.lost();
        }
    }

    /// The conversation was ended because nobody needed it: the next who does has another one made.
    pub(crate) fn rests(&self) {
        let mut link = lock(&self.link);
        if !matches!(*link, Link::Over) {
            *link = Link::Idle;
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

    fn living(&self) -> Vec<Arc<Proxy>> {
        lock(&self.proxies)
            .values()
            .filter_map(|entry| entry.proxy.upgrade())
            .collect()
    }

    /// What stands here for this actor, if something does.
    pub(crate) fn proxy(&self, export: ExportId) -> Option<Arc<Proxy>> {
        lock(&self.proxies).get(&export)?.proxy.upgrade()
    }

    /// What stands here for an actor there. `sent` says that its own node told of it, and counts that.
    pub(crate) fn import(&self, address: Address, sent: bool) -> Option<Arc<Proxy>> {
        let net = self.net.upgrade()?;
        let export = address.export;
        let known = |proxies: &mut HashMap<ExportId, Entry>| {
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
        });
        entry.proxy = Arc::downgrade(&fresh);
        // One that was told of by a third node is held by being watched.
        entry.held += u32::from(sent || entry.watch.is_none());
        let watched = entry.watch.is_some();
        drop(proxies);
        let is_over = matches!(*lock(&self.link), Link::Over);
        if is_over {
            fresh.ended(ExitReason::NodeDown);
        } else if !watched && let Some(conversation) = self.conversation() {
            let number = watch(&conversation, export);
            if let Some(entry) = lock(&self.proxies).get_mut(&export) {
                entry.watch = number;
            }
        }
        Some(fresh)
    }

    /// Asks the node for something that is answered by an address.
    pub(crate) fn request(
        &self,
        answer: oneshot::Sender<Result<Address, LookupError>>,
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
            entry.proxy.upgrade()
        });
        if let Some(proxy) = proxy {
            proxy.ended(reason);
        }
    }
}

/// Has the peer tell of the end of its actor.
fn watch(conversation: &Conversation, export: ExportId) -> Option<u64> {
    let number = conversation.session().watches.begin(export).ok()?;
    conversation.control(&Frame::Watch {
        watch: number,
        to: export,
    });
    Some(number)
}

impl fmt::Debug for Far {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Far({})", self.id)
    }
}
