//! Looking again and again at a system of any size.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::exit::{Failure, FailureKind};
use crate::family::{Family, Standing};
use crate::home::Home;
use crate::id::{ActorId, ActorPath};
use crate::scheduler::ATTENTION;
use crate::signal::Orders;

use super::walk::Walk;
use super::worst::Top;
use super::{Activity, ChildInfo, ChildState, Glimpse, PastExit, Seen, activity};

/// So many of those who watch an actor, or are linked to it, are named.
const OBSERVERS_MAX: usize = 32;

/// So many of the actors that wait for others are named.
const WAITS_MAX: usize = 256;

/// So many kinds of actors are told apart; the rest are counted in the totals only.
const KINDS_MAX: usize = 256;

/// Looks at the actors of a system, by itself or again and again, without holding up any of them.
///
/// What it returns is bounded by what was asked for, however many actors there are. It remembers from one
/// [`overview`](Self::overview) to the next where messages waited, and so knows how old they are; two that look at one
/// system know nothing of each other.
pub struct Inspector {
    pub(super) home: Arc<Home>,
    marks: HashMap<ActorId, Mark>,
}

/// So many messages had been accepted at that moment, of which some waited.
#[derive(Clone, Copy)]
struct Mark {
    accepted: u64,
    at: Instant,
}

/// A system at one moment: its sums, and its worst actors.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Overview {
    /// The sums.
    pub totals: Totals,
    /// The same for each kind of actor, which is the type of its messages; those with the most work first.
    pub kinds: Vec<KindInfo>,
    /// The actors that stand out.
    pub worst: Worst,
    /// Actors whose handler waits for others, with whom; at most 256 of them.
    pub waits: Vec<(ActorPath, Vec<ActorPath>)>,
}

/// What the living actors of a system are together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Totals {
    /// How many live.
    pub living: usize,
    /// Of them, those with nothing to do.
    pub idle: usize,
    /// Those that wait for a thread.
    pub ready: usize,
    /// Those at work on a thread.
    pub busy: usize,
    /// Those at work for a second or longer without awaiting.
    pub stuck: usize,
    /// Those whose handler awaits something.
    pub waiting: usize,
    /// Those that start for the first time or again.
    pub starting: usize,
    /// Those in back-off, or that wait for others to be restarted with.
    pub backing_off: usize,
    /// Those that stop.
    pub stopping: usize,
    /// Messages in all mailboxes.
    pub messages: usize,
    /// Messages that were accepted so far, also by actors that have ended.
    pub accepted: u64,
    /// Messages that were dealt with so far, also by actors that have ended.
    pub finished: u64,
    /// Earlier lives of those that live.
    pub restarts: u64,
    /// For how many threads there was work in the last seconds.
    pub load: f32,
}

/// The actors of one kind.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct KindInfo {
    /// The name of the type of their messages.
    pub message_type: &'static str,
    /// How many live.
    pub living: usize,
    /// Messages in their mailboxes.
    pub messages: usize,
    /// Messages that those who live have dealt with.
    pub finished: u64,
    /// For how many threads they had work in the last seconds.
    pub load: f32,
    /// Earlier lives of those that live.
    pub restarts: u64,
}

/// The actors that stand out, the worst first. Who has nothing to show for a list is not in it.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Worst {
    /// By the messages in their mailboxes.
    pub by_mailbox: Vec<ChildInfo>,
    /// By how long their handlers have awaited something, or computed without awaiting.
    pub by_wait: Vec<ChildInfo>,
    /// By the part of the last seconds that they were at work.
    pub by_busy: Vec<ChildInfo>,
    /// By their restarts.
    pub by_restarts: Vec<ChildInfo>,
    /// By how many others' handlers wait for them, which is the number beside each.
    pub by_waiters: Vec<(ChildInfo, usize)>,
}

/// Some of many actors.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Page {
    /// Them, without their children.
    pub actors: Vec<ChildInfo>,
    /// Where to go on; `None` if these were the last.
    pub next: Option<u64>,
}

/// One actor, with what is known of it alone.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ActorDetail {
    /// The actor, without its children.
    pub info: ChildInfo,
    /// How its last lives ended, the latest first; at most 8.
    pub exits: Vec<PastExit>,
    /// Its names in the registry.
    pub names: Vec<String>,
    /// The named groups that it is in.
    pub groups: Vec<String>,
    /// How many watch it, handles that wait for its end among them.
    pub watched_by: usize,
    /// Those of them that are actors; at most 32.
    pub watchers: Vec<ActorPath>,
    /// Whom it is linked to; at most 32.
    pub links: Vec<ActorPath>,
}

impl Inspector {
    /// Looks that are further apart than this know nothing of what was between them.
    pub const ATTENTION: Duration = ATTENTION;

    pub(crate) fn new(home: Arc<Home>) -> Self {
        Self {
            home,
            marks: HashMap::new(),
        }
    }

    /// The sums of the system, and at most `worst` actors for each list of those that stand out.
    ///
    /// It passes by all actors, which takes some 40 ms for a hundred thousand, and holds no lock for longer than
    /// it takes to read one of them. It does not await: beside many actors, call it from a thread that may block.
    pub fn overview(&mut self, worst: usize) -> Overview {
        let glimpse = self.glimpse();
        let marks = std::mem::take(&mut self.marks);
        let mut totals = Totals::default();
        let mut kinds: BTreeMap<&'static str, KindInfo> = BTreeMap::new();
        let (mut waits, mut waiters) = (Vec::new(), HashMap::<ActorPath, usize>::new());
        let [mut by_mailbox, mut by_wait, mut by_busy, mut by_restarts] = [(); 4].map(|()| Top::new(worst));
        for child in self.walk() {
            let Seen { glance, sight } = glimpse.see(&child.cell);
            let core = child.cell.core();
            let does = activity(&glance, &sight);
            let state = glimpse.state(&child, glance.is_open);
            let restarts = core.life().saturating_sub(1);
            totals.add(does, state);
            totals.messages += glance.load;
            totals.accepted += glance.accepted;
            totals.finished += glance.finished;
            totals.restarts += restarts;
            totals.load += sight.busy;
            let message_type = child.cell.message_type();
            if kinds.len() < KINDS_MAX || kinds.contains_key(message_type) {
                let kind = kinds.entry(message_type).or_insert_with(|| KindInfo::new(message_type));
                kind.living += 1;
                kind.messages += glance.load;
                kind.finished += glance.finished;
                kind.load += sight.busy;
                kind.restarts += restarts;
            }
            let on = child.cell.waits().on();
            on.iter()
                .for_each(|path| *waiters.entry(path.clone()).or_default() += 1);
            if !on.is_empty() && waits.len() < WAITS_MAX {
                waits.push((core.path.clone(), on));
            }
            if glance.load > 0 {
                let mark = marks.get(&core.id).filter(|mark| glance.finished < mark.accepted);
                let mark = mark.copied().unwrap_or(Mark {
                    accepted: glance.accepted,
                    at: glimpse.now,
                });
                self.marks.insert(core.id, mark);
            }
            let stands_still = matches!(state, ChildState::Running | ChildState::Starting | ChildState::Stopping)
                && matches!(does, Activity::Busy | Activity::Stuck | Activity::Waiting);
            let wait_ms = if stands_still {
                sight.lasts.as_millis() as u64
            } else {
                0
            };
            by_mailbox.offer(glance.load as u64, || child.clone());
            by_wait.offer(wait_ms, || child.clone());
            by_busy.offer((sight.busy * 10_000.0) as u64, || child.clone());
            by_restarts.offer(restarts, || child.clone());
        }
        let ended = self.home.ledger.read();
        totals.accepted += ended.accepted();
        totals.finished += ended.handled();
        let mut kinds: Vec<KindInfo> = kinds.into_values().collect();
        kinds.sort_by(|a, b| {
            (b.load, b.messages, b.living)
                .partial_cmp(&(a.load, a.messages, a.living))
                .unwrap_or(std::cmp::Ordering::Equal)
        });
        let mut by_waiters = Top::new(worst);
        for (path, count) in waiters {
            by_waiters.offer(count as u64, || (path, count));
        }
        let by_waiters = by_waiters.into_vec().into_iter().filter_map(|(path, count)| {
            let (_, child) = self.child_at(&path.to_string())?;
            Some((self.info(glimpse, &child), count))
        });
        let by_waiters = by_waiters.collect();
        let show = |top: Top<Standing>| top.into_vec().iter().map(|child| self.info(glimpse, child)).collect();
        Overview {
            totals,
            kinds,
            worst: Worst {
                by_mailbox: show(by_mailbox),
                by_wait: show(by_wait),
                by_busy: show(by_busy),
                by_restarts: show(by_restarts),
                by_waiters,
            },
            waits,
        }
    }

    /// At most `max` children of the actor at `path`, or of the system, in the order of their start: the first, or
    /// those `after` which another page ended. `None` if there is no such actor.
    pub fn children(&self, path: &str, after: Option<u64>, max: usize) -> Option<Page> {
        let family = self.family_at(path)?;
        let glimpse = self.glimpse();
        let mut page = Page::default();
        let mut last = after;
        while page.actors.len() < max
            && let Some((_, some)) = family.page(last)
        {
            for child in some.iter().take(max - page.actors.len()) {
                page.actors.push(self.info(glimpse, child));
                last = Some(child.key);
            }
        }
        page.next = last.filter(|_| family.page(last).is_some());
        Some(page)
    }

    /// At most `max` actors whose name or type of messages has `text` in it, beginning behind the first `skip` of them;
    /// `next` is how many to skip for the next page.
    pub fn find(&self, text: &str, skip: usize, max: usize) -> Page {
        let glimpse = self.glimpse();
        let is_meant =
            |child: &Standing| child.cell.core().path.name().contains(text) || child.cell.message_type().contains(text);
        let mut found = self.walk().filter(is_meant).skip(skip);
        let actors: Vec<ChildInfo> = found
            .by_ref()
            .take(max)
            .map(|child| self.info(glimpse, &child))
            .collect();
        let next = found.next().map(|_| (skip + actors.len()) as u64);
        Page { actors, next }
    }

    /// The actor at `path`, as in `/system/parent/name`.
    pub fn actor(&self, path: &str) -> Option<ActorDetail> {
        let (family, child) = self.child_at(path)?;
        let glimpse = self.glimpse();
        let core = child.cell.core();
        let observers = core.observers(OBSERVERS_MAX);
        let exits = family.exits(child.key).into_iter().rev();
        Some(ActorDetail {
            info: self.info(glimpse, &child),
            exits: exits
                .map(|(at, reason)| PastExit {
                    ago: glimpse.now.saturating_duration_since(at),
                    reason,
                })
                .collect(),
            names: self.home.registry.names_of(core.id),
            groups: self.home.groups_of(core.id),
            watched_by: observers.count,
            watchers: observers.watchers,
            links: observers.links,
        })
    }

    /// Orders the actor at `path` to stop, as [`Handle::stop`](crate::Handle::stop) does. `false` if there is none, or
    /// another than the one with this id.
    pub fn stop(&self, path: &str, id: ActorId) -> bool {
        self.order(path, id, |child| child.cell.order(Orders::STOP))
    }

    /// Orders it to end at once, as [`Handle::kill`](crate::Handle::kill) does. Whether it comes back is for its
    /// restart policy.
    pub fn kill(&self, path: &str, id: ActorId) -> bool {
        self.order(path, id, |child| child.cell.order(Orders::KILL))
    }

    /// Has its present life fail, as from outside: what follows is for its supervisor, and counts as any failure does.
    pub fn fail(&self, path: &str, id: ActorId, why: &str) -> bool {
        self.order(path, id, |child| {
            let core = child.cell.core();
            core.doom(Failure::new(core.path.clone(), FailureKind::Error, why.to_owned()));
            child.cell.order(Orders::GIVE_UP);
        })
    }

    fn order(&self, path: &str, id: ActorId, order: impl FnOnce(&Standing)) -> bool {
        let child = self.child_at(path).map(|(_, child)| child);
        let child = child.filter(|child| child.cell.core().id == id);
        child.as_ref().map(order).is_some()
    }

    fn glimpse(&self) -> Glimpse {
        Glimpse::new(self.home.scheduler.look())
    }

    fn walk(&self) -> impl Iterator<Item = Standing> + use<> {
        self.root().map(Walk::below).into_iter().flatten()
    }

    fn root(&self) -> Option<Arc<Family>> {
        self.home.root.get().map(|root| root.family.clone())
    }

    fn info(&self, glimpse: Glimpse, child: &Standing) -> ChildInfo {
        let mut info = glimpse.info(child);
        if let Some(mark) = self.marks.get(&info.id).filter(|mark| info.finished < mark.accepted) {
            info.oldest = info.oldest.max(glimpse.now.saturating_duration_since(mark.at));
        }
        info
    }

    pub(super) fn child_at(&self, path: &str) -> Option<(Arc<Family>, Standing)> {
        let (above, name) = path.rsplit_once('/')?;
        let family = self.family_at(above)?;
        let child = family.named(name)?;
        Some((family, child))
    }

    /// The children of the actor at this path, if it ever had any.
    fn family_at(&self, path: &str) -> Option<Arc<Family>> {
        let mut names = path.strip_prefix('/')?.split('/');
        let root = names
            .next()
            .filter(|name| *name == self.home.name)
            .and_then(|_| self.root());
        names.try_fold(root?, |family, name| Family::of(family.named(name)?.cell.core()))
    }
}

impl Totals {
    fn add(&mut self, activity: Activity, state: ChildState) {
        self.living += 1;
        *match (state, activity) {
            (ChildState::Starting, _) => &mut self.starting,
            (ChildState::BackOff(_) | ChildState::Regrouping, _) => &mut self.backing_off,
            (ChildState::Stopping, _) => &mut self.stopping,
            (ChildState::Running, Activity::Idle) => &mut self.idle,
            (ChildState::Running, Activity::Ready) => &mut self.ready,
            (ChildState::Running, Activity::Busy) => &mut self.busy,
            (ChildState::Running, Activity::Stuck) => &mut self.stuck,
            (ChildState::Running, Activity::Waiting) => &mut self.waiting,
        } += 1;
    }
}

impl KindInfo {
    fn new(message_type: &'static str) -> Self {
        Self {
            message_type,
            living: 0,
            messages: 0,
            finished: 0,
            load: 0.0,
            restarts: 0,
        }
    }
}

impl std::fmt::Debug for Inspector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Inspector({})", self.home.name)
    }
}
