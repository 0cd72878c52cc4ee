//! The last that happened in a system, kept in rings of bounded size: what one wants to read after a crash.

use std::collections::VecDeque;
use std::fmt;
use std::iter::Sum;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::apart::{Share, Shares};
use crate::exit::ExitReason;
use crate::id::{ActorId, ActorPath};
use crate::sync::Mutex;

/// So many events of each of the two sorts are read; of the common ones each place keeps so many, as they may all have been on one thread.
const EVENTS_MAX: usize = 128;

/// Something that happened to an actor.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Event {
    /// Its number in the system: the later, the higher.
    pub number: u64,
    /// So long ago.
    pub ago: Duration,
    /// The actor.
    pub path: ActorPath,
    /// Its id.
    pub id: ActorId,
    /// What happened.
    pub what: Happening,
}

/// What can happen to an actor.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Happening {
    /// Its `on_start` has ended well.
    Started {
        /// The number of this life; of any but the first it is a restart.
        life: u64,
    },
    /// One of its lives has ended, and not in order.
    Fell(ExitReason),
    /// It has ended for good.
    Ended(ExitReason),
    /// It did not stop in its shutdown time, and is killed.
    Overdue,
    /// It did not give its thread back even then, and was left behind.
    Stuck,
}

impl Happening {
    /// Whether it is one of those that come by the thousand where nothing is wrong.
    fn is_common(&self) -> bool {
        match self {
            Happening::Started { life } => *life <= 1,
            Happening::Ended(reason) => reason.is_orderly(),
            Happening::Fell(_) | Happening::Overdue | Happening::Stuck => false,
        }
    }
}

impl fmt::Display for Happening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Happening::Started { life: 0 | 1 } => f.write_str("started"),
            Happening::Started { life } => write!(f, "started for the {life}. time"),
            Happening::Fell(reason) => write!(f, "{reason}"),
            Happening::Ended(reason) => write!(f, "is gone: it {reason}"),
            Happening::Overdue => f.write_str("did not stop in time"),
            Happening::Stuck => f.write_str("is stuck, and was left behind"),
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Event { path, id, what, .. } = self;
        write!(f, "{:.3} s ago: {path}{id} {what}", self.ago.as_secs_f64())
    }
}

/// How many lives have begun and ended in a system so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lives {
    /// Lives that were up, first and later ones.
    pub started: u64,
    /// Those among them that were not the first of their actor.
    pub restarted: u64,
    /// Lives that ended otherwise than in order.
    pub fell: u64,
    /// Actors that have ended for good.
    pub ended: u64,
}

/// The events of one system.
#[derive(Default)]
pub(crate) struct History {
    next: AtomicU64,
    /// What is common would push out what one looks for.
    rare: Mutex<Ring>,
    /// Actors begin and end on all threads at once, and would wait here for each other.
    common: Shares<Mutex<Ring>>,
}

#[derive(Default)]
struct Ring {
    lives: Lives,
    events: VecDeque<Noted>,
}

struct Noted {
    number: u64,
    at: Instant,
    path: ActorPath,
    id: ActorId,
    what: Happening,
}

impl History {
    pub(crate) fn note(&self, path: &ActorPath, id: ActorId, what: Happening, at: Instant) {
        let path = path.clone();
        let ring = if what.is_common() {
            self.common.of(Share::own())
        } else {
            &self.rare
        };
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let mut ring = ring.lock();
        ring.lives.count(&what);
        let oldest = if ring.events.len() == EVENTS_MAX {
            ring.events.pop_front()
        } else {
            None
        };
        ring.events.push_back(Noted {
            number,
            at,
            path,
            id,
            what,
        });
        drop(ring);
        drop(oldest);
    }

    pub(crate) fn lives(&self) -> Lives {
        let rings = self.common.all().chain([&self.rare]);
        rings.map(|ring| ring.lock().lives).sum()
    }

    /// What is kept, the oldest first.
    pub(crate) fn read(&self, now: Instant) -> Vec<Event> {
        let mut events: Vec<Event> = self.common.all().flat_map(|ring| ring.lock().read(now)).collect();
        events.sort_unstable_by_key(|event| event.number);
        events.drain(..events.len().saturating_sub(EVENTS_MAX));
        events.extend(self.rare.lock().read(now));
        events.sort_unstable_by_key(|event| event.number);
        events
    }
}

impl Ring {
    fn read(&self, now: Instant) -> Vec<Event> {
        let event = |noted: &Noted| Event {
            number: noted.number,
            ago: now.saturating_duration_since(noted.at),
            path: noted.path.clone(),
            id: noted.id,
            what: noted.what.clone(),
        };
        self.events.iter().map(event).collect()
    }
}

impl Lives {
    fn count(&mut self, what: &Happening) {
        match what {
            Happening::Started { life } => {
                self.started += 1;
                self.restarted += u64::from(*life > 1);
            }
            Happening::Fell(_) => self.fell += 1,
            Happening::Ended(_) => self.ended += 1,
            Happening::Overdue | Happening::Stuck => {}
        }
    }
}

impl Sum for Lives {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, lives| Self {
            started: sum.started + lives.started,
            restarted: sum.restarted + lives.restarted,
            fell: sum.fell + lives.fell,
            ended: sum.ended + lives.ended,
        })
    }
}

/// Events as lines of text.
pub(crate) struct Lines<'a>(pub(crate) &'a [Event]);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|event| write!(f, "\n  {event}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    #[test]
    fn a_failure_stays_however_many_start_after_it() {
        let (history, path, now) = (History::default(), ActorPath::root("x"), clock::now().into_std());
        let id = ActorId::next();
        history.note(&path, id, Happening::Fell(ExitReason::Killed), now);
        for _ in 0..1000 {
            history.note(&path, id, Happening::Started { life: 1 }, now);
        }
        let events = history.read(now);
        assert_eq!(events.len(), EVENTS_MAX + 1);
        assert!(matches!(events[0].what, Happening::Fell(_)));
        assert!(events.is_sorted_by_key(|event| event.number));
        let Lives { started, fell, .. } = history.lives();
        assert_eq!((started, fell), (1000, 1));
    }
}
