//! What an actor may do while it deals with a message.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::mem;
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::stream::Stream;

use crate::cell::{AnyCell, Cell};
use crate::clock;
use crate::error::{BlockingError, SpawnError};
use crate::exit::ExitReason;
use crate::family::{Family, Rules};
use crate::handle::Handle;
use crate::home::Home;
use crate::id::{ActorId, ActorPath};
use crate::signal::{LinkEnd, LinkId, Signal, WatchId};
use crate::turn;
use crate::work::{self, Attached, Fresh};

/// The actor's own side of the system, handed to each of its methods.
pub struct Context<M> {
    cell: Arc<Cell<M>>,
    home: Arc<Home>,
    family: Option<Arc<Family>>,
    /// Made when there is the first of it.
    begun: Option<Box<Begun<M>>>,
    stopping: bool,
    /// The children have been stopped, and there are to be no more in this life.
    over: bool,
    /// There is to be no other life.
    ended: bool,
}

/// What most have none of.
struct Begun<M> {
    /// Of its children, for all its lives.
    rules: Rules,
    /// What a life has begun that is to end with it.
    watched: BTreeMap<WatchId, Arc<dyn AnyCell>>,
    fresh: Vec<Fresh<M>>,
}

impl<M> Begun<M> {
    fn new(rules: Rules) -> Box<Self> {
        Box::new(Self {
            rules,
            watched: BTreeMap::new(),
            fresh: Vec::new(),
        })
    }
}

impl<M: Send + 'static> Context<M> {
    pub(crate) fn new(cell: Arc<Cell<M>>, home: Arc<Home>, rules: Rules) -> Self {
        Self {
            cell,
            home,
            family: None,
            begun: (rules != Rules::default()).then(|| Begun::new(rules)),
            stopping: false,
            over: false,
            ended: false,
        }
    }

    /// The actor's own handle, to be given to others.
    pub fn handle(&self) -> Handle<M> {
        Handle::local(self.cell.clone())
    }

    /// The actor's id.
    pub fn id(&self) -> ActorId {
        self.cell.core.id
    }

    /// The actor's path.
    pub fn path(&self) -> &ActorPath {
        &self.cell.core.path
    }

    /// Ends the actor, with the reason `Normal`, when the method that calls this has returned.
    ///
    /// What waits in the mailbox goes to dead letters.
    pub fn stop(&mut self) {
        self.stopping = true;
    }

    /// How much time is left of the question being handled; `None` if it is not one, or has no deadline.
    ///
    /// Asks made while handling it end by that time of themselves.
    pub fn deadline(&self) -> Option<Duration> {
        turn::deadline().map(|at| at.saturating_duration_since(clock::now()))
    }

    /// Watches another actor: its `Down` comes to [`on_signal`](crate::Actor::on_signal), exactly once.
    ///
    /// It comes behind all that the other had sent to this actor; at once, if the other has ended. Each call is a watch
    /// of its own. They end with the life of this actor.
    pub fn watch<N: Send + 'static>(&mut self, other: &Handle<N>) -> WatchId {
        let watch = WatchId::next();
        let watched = other.any_cell();
        self.begun().watched.insert(watch, watched.clone());
        watched.core().watch(watch, self.cell.clone());
        watch
    }

    /// Withdraws a watch: after this, no `Down` comes for it. Returns whether there was one to withdraw.
    pub fn unwatch(&mut self, watch: WatchId) -> bool {
        let watched = self.forgets(watch);
        if let Some(watched) = &watched {
            watched.core().unwatch(watch);
        }
        watched.is_some()
    }

    /// Links this life of the actor to the present one of another: when one of them fails or is killed, so does the
    /// other, with that cause.
    ///
    /// Ends in order, `Normal` or `Shutdown`, break a link without harm. An actor that [traps](Self::trap_links) its
    /// links is told instead. A link to one that has ended is broken at once, by its failure. (As Erlang has it.)
    ///
    /// It holds between nodes as well, for as long as they are connected: a lost connection breaks it at both ends, by
    /// [`NodeDown`](ExitReason::NodeDown), and where there is none the link is broken when the next try to connect fails. As it lets the
    /// other node bring an actor down, an actor can be linked to only where its node lets others give it orders; elsewhere
    /// the link is broken at once, by a failure that says so.
    pub fn link<N: Send + 'static>(&mut self, other: &Handle<N>) -> LinkId {
        let link = LinkId::next();
        let other = other.any_cell();
        self.cell.core.add_link(link, other.clone());
        if !other.link(link, self.cell.clone()) {
            let reason = other.core().ended().unwrap_or(ExitReason::Killed);
            self.cell.link_broken(other.core().broken(link, reason));
        }
        link
    }

    /// Takes a link away at both ends. Returns whether it was there.
    pub fn unlink(&mut self, link: LinkId) -> bool {
        let other = self.cell.core.remove_link(link);
        if let Some(other) = &other {
            other.unlinked(link);
        }
        other.is_some()
    }

    /// Has this life of the actor told of broken links by [`Signal::LinkBroken`], whatever the reason, instead of
    /// failing with them.
    pub fn trap_links(&mut self, on: bool) {
        self.cell.core.trap_links(on);
    }

    /// Sends the actor a message, once, after some time.
    pub fn once(&mut self, after: Duration, msg: M) -> Attached {
        self.attach_fresh(Fresh::once(after, msg))
    }

    /// Sends the actor a message again and again, the first after one period.
    ///
    /// Ticks that come while it is busy are one tick when it is free, and the next comes a period after that. A period
    /// below 1 ms counts as 1 ms, and one above ten years as ten years.
    pub fn every(&mut self, period: Duration, make: impl FnMut() -> M + Send + 'static) -> Attached {
        self.attach_fresh(Fresh::every(period, make))
    }

    /// Has a future run beside the actor's messages. Its result comes in as a message.
    ///
    /// It starts when the method that calls this has returned, and is dropped with this life of the actor. It makes
    /// progress while a handler waits, and must not block. A panic in it is a failure of the actor.
    pub fn attach(&mut self, future: impl Future<Output = M> + Send + 'static) -> Attached {
        self.attach_fresh(Fresh::future(future))
    }

    /// The same for a stream: each item comes in as a message, and the next is asked for when that was taken up.
    ///
    /// The end of the stream is silent: chain a last item to be told of it.
    pub fn attach_stream(&mut self, stream: impl Stream<Item = M> + Send + 'static) -> Attached {
        self.attach_fresh(Fresh::stream(stream))
    }

    fn attach_fresh(&mut self, (fresh, attached): (Fresh<M>, Attached)) -> Attached {
        self.begun().fresh.push(fresh);
        attached
    }

    /// Runs `f` on the threads that may block: file access, passwords, anything that computes for long.
    ///
    /// It is begun at once. Await it to hold up this actor's messages until it is done, or [`attach`](Self::attach) it
    /// to go on meanwhile.
    ///
    /// # Errors
    /// `f` panicked, or the runtime shut down before it was run.
    ///
    /// # Cancel safety
    /// Dropping the future does not end `f`, whose result is then lost.
    pub fn blocking<T, F>(&self, f: F) -> impl Future<Output = Result<T, BlockingError>> + Send + use<T, F, M>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        work::blocking(f)
    }

    pub(crate) fn cell(&self) -> &Cell<M> {
        &self.cell
    }

    pub(crate) fn home(&self) -> &Arc<Home> {
        &self.home
    }

    /// The table of this actor's children, if it ever had any.
    pub(crate) fn family(&self) -> Option<&Arc<Family>> {
        self.family.as_ref()
    }

    /// The table of this actor's children, made for the first, unless there are to be no more.
    pub(crate) fn open_family(&mut self) -> Result<&Arc<Family>, SpawnError> {
        if self.over || !self.cell.core.is_alive() {
            Err(SpawnError::Stopping)
        } else {
            Ok(self.family_or_new())
        }
    }

    /// The table of this actor's children, made for the first.
    pub(crate) fn family_or_new(&mut self) -> &Arc<Family> {
        self.family.get_or_insert_with(|| {
            let owner: Weak<dyn AnyCell> = Arc::downgrade(&(self.cell.clone() as Arc<dyn AnyCell>));
            let family = Arc::new(Family::new(
                self.cell.core.path.clone(),
                owner,
                self.begun.as_ref().map(|begun| begun.rules).unwrap_or_default(),
                self.cell.core.life(),
            ));
            self.cell.core.set_children(family.clone());
            family
        })
    }

    /// Says that there are to be no more children in this life.
    pub(crate) fn is_over(&mut self) {
        self.over = true;
    }

    /// Says that there is to be no other life.
    pub(crate) fn has_ended(&mut self) {
        self.ended = true;
    }

    pub(crate) fn is_ended(&self) -> bool {
        self.ended
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping
    }

    /// Whether the actor is to hear of this: a `Down` is not for it once the watch was withdrawn, or made in an earlier
    /// life.
    pub(crate) fn accepts(&mut self, signal: &Signal) -> bool {
        match signal {
            Signal::Down(down) => self.forgets(down.watch).is_some(),
            Signal::ChildExit(exit) => exit.life == self.cell.core.life(),
            Signal::LinkBroken(broken) => broken.life == self.cell.core.life(),
        }
    }

    pub(crate) fn take_fresh(&mut self) -> Vec<Fresh<M>> {
        let begun = self.begun.as_mut();
        begun.map(|begun| mem::take(&mut begun.fresh)).unwrap_or_default()
    }

    pub(crate) fn has_fresh(&self) -> bool {
        self.begun.as_ref().is_some_and(|begun| !begun.fresh.is_empty())
    }

    /// Makes ready for the actor's next life.
    pub(crate) fn begin_life(&mut self) {
        self.stopping = false;
        self.over = false;
        if let Some(family) = &self.family {
            family.reopen(self.cell.core.life());
        }
    }

    /// Withdraws what belonged to the life that ends, and returns the attached work that was not begun.
    pub(crate) fn end_life(&mut self) -> Vec<Fresh<M>> {
        let Some(begun) = &mut self.begun else {
            return Vec::new();
        };
        for (watch, watched) in mem::take(&mut begun.watched) {
            watched.core().unwatch(watch);
        }
        mem::take(&mut begun.fresh)
    }

    fn begun(&mut self) -> &mut Begun<M> {
        self.begun.get_or_insert_with(|| Begun::new(Rules::default()))
    }

    /// Takes a watch out of those whose `Down` it is to hear.
    fn forgets(&mut self, watch: WatchId) -> Option<Arc<dyn AnyCell>> {
        self.begun.as_mut()?.watched.remove(&watch)
    }
}

impl<M: Send + 'static> fmt::Debug for Context<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Context({}{})", self.path(), self.id())
    }
}
