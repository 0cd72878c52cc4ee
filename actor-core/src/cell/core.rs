//! What an actor has that does not depend on the type of its messages: who it is, and who is to hear of its lives.

use std::collections::BTreeMap;
use std::mem;
use std::sync::Arc;

use crate::contain::contain;
use crate::deadlock::Waits;
use crate::error::StopError;
use crate::exit::{ExitReason, Failure, FailureKind};
use crate::id::{ActorId, ActorPath};
use crate::ledger::Ledger;
use crate::signal::{Down, LinkBroken, LinkEnd, LinkId, Orders, Signal, WatchId, Watcher};
use crate::slot::Slot;
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::awaited::Awaited;
use super::{AnyCell, Subtree};

/// The part of a cell that does not depend on the message type. In this order, so that what is looked at with each message
/// stands first.
#[repr(C)]
pub(crate) struct Core {
    /// Its run loop is at work on stopping its children, and so is not stuck.
    winding_up: AtomicBool,
    /// Something was said to one of its lives that the end of that life, or the beginning of the next, is to undo: links, and what comes
    /// of them. Set under the lock of those, so that most lives begin and end without it.
    is_tied: AtomicBool,
    /// The number of the present life. Written by its run loop.
    number: AtomicU32,
    pub(crate) id: ActorId,
    pub(crate) path: ActorPath,
    pub(super) ledger: Arc<Ledger>,
    pub(super) life: Mutex<Life>,
    pub(super) waits: Waits,
}

#[derive(Default)]
pub(super) struct Life {
    /// Names and groups are being released: no more can be taken, and nobody has been told yet.
    ending: bool,
    ended: Option<ExitReason>,
    /// Who waits for the end of the present life, be it followed by a restart or not.
    awaited: Awaited,
    /// Made when there is the first of them: most actors have none.
    bonds: Option<Box<Bonds>>,
    traps_links: bool,
    /// Made when there is the first of it.
    rare: Option<Box<Rare>>,
}

/// What most actors never have.
#[derive(Default)]
struct Rare {
    /// The actor's children, once it has any. They hang here, and not in its run loop, so that they can be stopped
    /// from above when that loop does not answer.
    children: Option<Arc<dyn Subtree>>,
    /// The failure of another that the present life is to end for.
    doom: Option<Failure>,
}

type Watchers = BTreeMap<WatchId, Arc<dyn Watcher>>;

type Links = BTreeMap<LinkId, Arc<dyn LinkEnd>>;

/// Who is to hear of it when an actor ends.
#[derive(Default)]
struct Bonds {
    watchers: Watchers,
    /// The links of the present life, with who is at their other ends.
    links: Links,
    releases: BTreeMap<u64, Release>,
    next_release: u64,
}

impl Life {
    /// Its bonds, to add one.
    fn bonds(&mut self) -> &mut Bonds {
        self.bonds.get_or_insert_default()
    }

    /// Dooms it, unless it is.
    fn doom(&mut self, failure: Failure) {
        let rare = self.rare.get_or_insert_default();
        rare.doom.get_or_insert(failure);
    }

    fn take_doom(&mut self) -> Option<Failure> {
        self.rare.as_mut()?.doom.take()
    }
}

/// Who is to hear of the end of an actor, as one sees it from outside.
#[derive(Default)]
pub(crate) struct Observers {
    pub(crate) count: usize,
    pub(crate) watchers: Vec<ActorPath>,
    pub(crate) links: Vec<ActorPath>,
}

/// Where the end of a life is told to one who ordered it.
pub(crate) type EndOfLife = Slot<Result<ExitReason, StopError>>;

/// Takes an ended actor out of a table that it stood in.
pub(super) type Release = Box<dyn FnOnce(ActorId) + Send>;

/// What is left to be released.
pub(crate) type Releases = Vec<Release>;

impl Core {
    pub(crate) fn new(path: ActorPath, ledger: Arc<Ledger>) -> Self {
        Self {
            id: ActorId::next(),
            path,
            ledger,
            life: Mutex::new(Life::default()),
            waits: Waits::default(),
            winding_up: AtomicBool::new(false),
            is_tied: AtomicBool::new(false),
            number: AtomicU32::new(0),
        }
    }

    /// Adds one who is told of the end: at once, if it is past.
    pub(crate) fn watch(&self, watch: WatchId, watcher: Arc<dyn Watcher>) {
        let mut life = self.life.lock();
        match life.ended.clone() {
            None => {
                life.bonds().watchers.insert(watch, watcher);
            }
            Some(reason) => {
                drop(life);
                watcher.down(self.down(watch, reason));
            }
        }
    }

    /// Withdraws a watch. A `Down` that is already on its way is for the watcher to ignore.
    pub(crate) fn unwatch(&self, watch: WatchId) {
        let mut life = self.life.lock();
        let watcher = life.bonds.as_mut().and_then(|bonds| bonds.watchers.remove(&watch));
        drop(life);
        drop(watcher);
    }

    /// A slot that is filled when the present life ends.
    pub(crate) fn end_of_life(&self) -> Arc<EndOfLife> {
        let slot = Arc::new(Slot::new());
        let mut life = self.life.lock();
        match life.ended.clone() {
            None => life.awaited.add(&slot),
            Some(reason) => {
                drop(life);
                let _ = slot.put(Ok(reason));
            }
        }
        slot
    }

    /// Links a life of this actor to one of `other`; both ends know the link. `false` if this actor is ending.
    pub(crate) fn add_link(&self, link: LinkId, other: Arc<dyn LinkEnd>) -> bool {
        let mut life = self.life.lock();
        let open = !life.ending;
        if open {
            self.is_tied.store(true, Ordering::Relaxed);
            life.bonds().links.insert(link, other);
        }
        open
    }

    /// Takes a link away, at this end.
    pub(crate) fn remove_link(&self, link: LinkId) -> Option<Arc<dyn LinkEnd>> {
        self.life.lock().bonds.as_mut()?.links.remove(&link)
    }

    /// Who watches it, as far as those are actors; how many do in all; and the other ends of its links.
    pub(crate) fn observers(&self, max: usize) -> Observers {
        let life = self.life.lock();
        let Some(bonds) = &life.bonds else {
            return Observers::default();
        };
        let watchers = bonds.watchers.values();
        Observers {
            count: bonds.watchers.len(),
            watchers: watchers
                .filter_map(|watcher| watcher.path().cloned())
                .take(max)
                .collect(),
            links: bonds
                .links
                .values()
                .map(|other| other.linked_path().clone())
                .take(max)
                .collect(),
        }
    }

    /// The links of the present life.
    #[cfg(feature = "wire")]
    pub(crate) fn links(&self) -> Vec<(LinkId, Arc<dyn LinkEnd>)> {
        let life = self.life.lock();
        let links = life.bonds.iter().flat_map(|bonds| &bonds.links);
        links.map(|(link, other)| (*link, other.clone())).collect()
    }

    /// Says whether this life is told of broken links, instead of failing with them.
    pub(crate) fn trap_links(&self, on: bool) {
        let mut life = self.life.lock();
        self.is_tied.store(true, Ordering::Relaxed);
        life.traps_links = on;
    }

    /// Dooms the present life to end for another's failure. The first to say so is the cause.
    pub(crate) fn doom(&self, failure: Failure) {
        let mut life = self.life.lock();
        self.is_tied.store(true, Ordering::Relaxed);
        life.doom(failure);
    }

    /// The failure that the present life ends for.
    pub(crate) fn take_doom(&self) -> Option<Failure> {
        self.life.lock().take_doom()
    }

    pub(crate) fn is_doomed(&self) -> bool {
        let life = self.life.lock();
        life.rare.as_ref().is_some_and(|rare| rare.doom.is_some())
    }

    /// The number of the present life.
    pub(crate) fn life(&self) -> u64 {
        self.number.load(Ordering::Relaxed).into()
    }

    /// Begins a life without links, of which nobody has said anything.
    pub(crate) fn begin_life(&self) {
        let number = self.number.load(Ordering::Relaxed).wrapping_add(1);
        if !self.is_tied.load(Ordering::Relaxed) {
            self.number.store(number, Ordering::Relaxed);
            return;
        }
        let mut life = self.life.lock();
        self.number.store(number, Ordering::Relaxed);
        life.traps_links = false;
        let before = life.take_doom();
        drop(life);
        drop(before);
    }

    /// Tells the other ends of this life's links that it has ended.
    pub(crate) fn break_links(&self, reason: &ExitReason) {
        if !self.is_tied.load(Ordering::Relaxed) {
            return;
        }
        let links = match &mut self.life.lock().bonds {
            Some(bonds) if !bonds.links.is_empty() => mem::take(&mut bonds.links),
            _ => return,
        };
        self.break_all(links, reason);
    }

    fn break_all(&self, links: Links, reason: &ExitReason) {
        for (link, other) in links {
            other.link_broken(self.broken(link, reason.clone()));
        }
    }

    /// What the other end of a link is told when it breaks at this one.
    pub(crate) fn broken(&self, link: LinkId, reason: ExitReason) -> LinkBroken {
        LinkBroken {
            link,
            id: self.id,
            path: self.path.clone(),
            reason,
            life: 0,
        }
    }

    /// Hears at this end that a link is broken; `cell` is this very actor.
    pub(crate) fn link_broken(&self, cell: &dyn AnyCell, mut broken: LinkBroken) {
        let mut life = self.life.lock();
        broken.life = self.life();
        // The link of an earlier life, which has ended at this end too.
        let known = life.bonds.as_mut().and_then(|bonds| bonds.links.remove(&broken.link));
        if known.is_none() {
            return;
        }
        if life.traps_links {
            drop(life);
            cell.push_signal(Signal::LinkBroken(broken));
        } else if !broken.reason.is_orderly() {
            let cause = broken.reason.as_failure(&broken.path);
            let words = format!("was linked to {}, which failed", broken.path);
            // Under the lock, so that it is this life and not the next that is doomed.
            let doom = Failure::caused_by(self.path.clone(), FailureKind::Linked, words, Some(cause));
            life.doom(doom);
            drop(life);
            cell.order(Orders::GIVE_UP);
        }
    }

    /// Tells those who wait for the end of a life that is followed by another.
    pub(crate) fn life_ended(&self, reason: &ExitReason) {
        self.tell_those_who_wait(&Ok(reason.clone()));
    }

    /// Tells those who wait for the end of this life what becomes of that.
    pub(crate) fn tell_those_who_wait(&self, what: &Result<ExitReason, StopError>) {
        let awaited = mem::take(&mut self.life.lock().awaited);
        self.tell_awaited(&awaited, what);
    }

    fn tell_awaited(&self, awaited: &Awaited, what: &Result<ExitReason, StopError>) {
        for slot in awaited.waiting() {
            if let Err(panic) = contain(|| slot.put(what.clone()).is_ok()) {
                tracing::error!(path = %self.path, panic, "a waker panicked");
            }
        }
    }

    /// Ends the actor for those outside: breaks its links, and tells whoever waits for this life, and whoever watches.
    pub(crate) fn tell_watchers(&self, reason: ExitReason) {
        let mut life = self.life.lock();
        life.ended = Some(reason.clone());
        let (awaited, bonds) = (mem::take(&mut life.awaited), life.bonds.take());
        drop(life);
        let Some(bonds) = bonds else {
            return self.tell_awaited(&awaited, &Ok(reason));
        };
        self.break_all(bonds.links, &reason);
        self.tell_awaited(&awaited, &Ok(reason.clone()));
        self.tell(bonds.watchers, &reason);
    }

    fn tell(&self, watchers: Watchers, reason: &ExitReason) {
        for (watch, watcher) in watchers {
            // Wakers are others' code. A panic in one must not keep the news from the rest.
            if let Err(panic) = contain(|| watcher.down(self.down(watch, reason.clone()))) {
                tracing::error!(path = %self.path, panic, "a waker panicked");
            }
        }
    }

    /// Tells those who watch, once each, that nothing is known of the actor any more. It has not ended by that.
    #[cfg(feature = "wire")]
    pub(crate) fn tell_of_loss(&self) {
        let watchers = match &mut self.life.lock().bonds {
            Some(bonds) => mem::take(&mut bonds.watchers),
            None => Watchers::new(),
        };
        self.break_links(&ExitReason::NodeDown);
        self.life_ended(&ExitReason::NodeDown);
        self.tell(watchers, &ExitReason::NodeDown);
    }

    /// Begins the end: no name or group takes the actor in any more. Returns what is to be released; `None` if it has
    /// begun before.
    pub(crate) fn begin_end(&self) -> Option<Releases> {
        let mut life = self.life.lock();
        if mem::replace(&mut life.ending, true) {
            return None;
        }
        Some(match &mut life.bonds {
            Some(bonds) => mem::take(&mut bonds.releases).into_values().collect(),
            None => Vec::new(),
        })
    }

    /// Takes the actor out of the tables that it stands in.
    pub(crate) fn release(&self, releases: Releases) {
        for release in releases {
            // It may drop the last handle made by an adapter, and with it what a user's closure holds.
            if let Err(panic) = contain(|| release(self.id)) {
                tracing::error!(path = %self.path, panic, "a value panicked while it was dropped");
            }
        }
    }

    fn down(&self, watch: WatchId, reason: ExitReason) -> Down {
        Down {
            watch,
            id: self.id,
            path: self.path.clone(),
            reason,
        }
    }

    /// Why the actor ended, if it has.
    pub(crate) fn ended(&self) -> Option<ExitReason> {
        self.life.lock().ended.clone()
    }

    pub(crate) fn is_alive(&self) -> bool {
        self.life.lock().ended.is_none()
    }

    /// Has `release` called at the actor's end, before anyone is told of it. `None` if it has ended.
    pub(crate) fn at_end(&self, release: impl FnOnce(ActorId) + Send + 'static) -> Option<u64> {
        let mut life = self.life.lock();
        if life.ending {
            return None;
        }
        let bonds = life.bonds();
        let key = bonds.next_release;
        bonds.next_release += 1;
        bonds.releases.insert(key, Box::new(release));
        Some(key)
    }

    /// Withdraws what [`at_end`](Self::at_end) arranged.
    pub(crate) fn not_at_end(&self, key: u64) {
        let mut life = self.life.lock();
        let release = life.bonds.as_mut().and_then(|bonds| bonds.releases.remove(&key));
        drop(life);
        drop(release);
    }

    /// Hangs the table of its children where it can be found from above. There is one, for all lives of the actor.
    pub(crate) fn set_children(&self, children: Arc<dyn Subtree>) {
        let mut life = self.life.lock();
        life.rare.get_or_insert_default().children.get_or_insert(children);
    }

    pub(crate) fn set_winding_up(&self, on: bool) {
        self.winding_up.store(on, Ordering::Release);
    }

    pub(crate) fn is_winding_up(&self) -> bool {
        self.winding_up.load(Ordering::Acquire)
    }

    /// The actor's children, if it ever had any.
    pub(crate) fn children(&self) -> Option<Arc<dyn Subtree>> {
        self.life.lock().rare.as_ref()?.children.clone()
    }

    #[cfg(feature = "wire")]
    pub(crate) fn waits(&self) -> &Waits {
        &self.waits
    }

    pub(crate) fn ledger(&self) -> &Arc<Ledger> {
        &self.ledger
    }
}
