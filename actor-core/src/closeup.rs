//! What one actor does with its messages, written down while somebody looks closely.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use crate::id::{ActorId, ActorPath};
use crate::sync::Mutex;

/// So many messages are kept, the last.
const MESSAGES_MAX: usize = 256;

/// So many kinds of messages are told apart; the rest are one.
const KINDS_MAX: usize = 64;

/// The name of the rest.
const OTHERS: &str = "others";

/// One actor seen closely: each message that it handles is written down, for a while, and until this is dropped.
///
/// The actor takes about a microsecond longer for each message meanwhile. What is inside of a message, of an answer or of a state is not
/// seen; the kind of a message is what [`Actor::kind_of`](crate::Actor::kind_of) says.
#[must_use = "it ends when it is dropped"]
pub struct CloseUp(Arc<Film>);

/// What an actor did while it was seen closely.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Footage {
    /// For how long it goes on.
    pub left: Duration,
    /// The kinds of messages, those that took the most time first.
    pub kinds: Vec<MessageKind>,
    /// The last messages that it handled, the latest first; at most 256.
    pub last: Vec<Handled>,
    /// The message in hand: its kind, and for how long.
    pub in_hand: Option<(Cow<'static, str>, Duration)>,
}

/// The messages of one kind.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct MessageKind {
    /// The kind.
    pub name: Cow<'static, str>,
    /// How many were handled.
    pub handled: u64,
    /// On how many of them the actor failed.
    pub failed: u64,
    /// How long that took together, with what the handlers awaited.
    pub took: Duration,
    /// How long the longest took.
    pub longest: Duration,
}

/// One message that was handled.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Handled {
    /// How long ago its handler began.
    pub ago: Duration,
    /// Its kind.
    pub kind: Cow<'static, str>,
    /// Whether it was a question that was sent by `ask`.
    pub asked: bool,
    /// How many messages took up room in the mailbox when it was taken up.
    pub messages: usize,
    /// How long the handler took, with what it awaited.
    pub took: Duration,
    /// Why the actor failed on it, if it did.
    pub failure: Option<String>,
}

/// The actors of a system that are seen closely.
#[derive(Default)]
pub(crate) struct CloseUps(Mutex<HashMap<ActorId, Weak<Film>>>);

pub(crate) struct Film {
    path: ActorPath,
    until: Instant,
    reel: Mutex<Reel>,
}

#[derive(Default)]
struct Reel {
    kinds: BTreeMap<Cow<'static, str>, MessageKind>,
    last: VecDeque<Shot>,
    in_hand: Option<Shot>,
}

/// A message that is taken up.
pub(crate) struct Shot {
    pub(crate) at: Instant,
    pub(crate) kind: Cow<'static, str>,
    pub(crate) asked: bool,
    pub(crate) messages: usize,
    took: Duration,
    failure: Option<String>,
}

impl Shot {
    pub(crate) fn new(at: Instant, kind: Cow<'static, str>, asked: bool, messages: usize) -> Self {
        Self {
            at,
            kind,
            asked,
            messages,
            took: Duration::ZERO,
            failure: None,
        }
    }
}

impl CloseUps {
    /// Looks at this actor until then; who did before sees no more.
    pub(crate) fn begin(&self, id: ActorId, path: ActorPath, until: Instant) -> CloseUp {
        let film = Arc::new(Film {
            path,
            until,
            reel: Mutex::default(),
        });
        let mut films = self.0.lock();
        films.retain(|_, film| film.strong_count() > 0);
        films.insert(id, Arc::downgrade(&film));
        CloseUp(film)
    }

    /// What this actor is filmed on at that moment, if it is.
    pub(crate) fn of(&self, id: ActorId, now: Instant) -> Option<Arc<Film>> {
        let mut films = self.0.lock();
        let film = films.get(&id).and_then(Weak::upgrade).filter(|film| now < film.until);
        if film.is_none() {
            films.remove(&id);
        }
        film
    }
}

impl Film {
    pub(crate) fn begin(&self, shot: Shot) {
        self.reel.lock().in_hand = Some(shot);
    }

    /// The message in hand is dealt with.
    pub(crate) fn end(&self, now: Instant, failure: Option<String>) {
        let mut reel = self.reel.lock();
        let Some(mut shot) = reel.in_hand.take() else { return };
        shot.took = now.saturating_duration_since(shot.at);
        shot.failure = failure;
        let name = if reel.kinds.len() < KINDS_MAX || reel.kinds.contains_key(&shot.kind) {
            shot.kind.clone()
        } else {
            Cow::Borrowed(OTHERS)
        };
        reel.kinds.entry(name.clone()).or_default().add(name, &shot);
        let (path, kind, took, failure) = (&self.path, shot.kind.clone(), shot.took, shot.failure.clone());
        if reel.last.len() == MESSAGES_MAX {
            reel.last.pop_front();
        }
        reel.last.push_back(shot);
        // Who listens may read this very film.
        drop(reel);
        tracing::info!(%path, %kind, ?took, failure, "handled, seen closely");
    }
}

impl MessageKind {
    fn add(&mut self, name: Cow<'static, str>, shot: &Shot) {
        self.name = name;
        self.handled += 1;
        self.failed += u64::from(shot.failure.is_some());
        self.took += shot.took;
        self.longest = self.longest.max(shot.took);
    }
}

impl CloseUp {
    /// What there was up to that moment.
    pub(crate) fn read_at(&self, now: Instant) -> Footage {
        let reel = self.0.reel.lock();
        let mut kinds: Vec<MessageKind> = reel.kinds.values().cloned().collect();
        kinds.sort_by_key(|kind| Reverse(kind.took));
        let handled = |shot: &Shot| Handled {
            ago: now.saturating_duration_since(shot.at),
            kind: shot.kind.clone(),
            asked: shot.asked,
            messages: shot.messages,
            took: shot.took,
            failure: shot.failure.clone(),
        };
        let in_hand = reel.in_hand.as_ref();
        Footage {
            left: self.0.until.saturating_duration_since(now),
            kinds,
            last: reel.last.iter().rev().map(handled).collect(),
            in_hand: in_hand.map(|shot| (shot.kind.clone(), now.saturating_duration_since(shot.at))),
        }
    }
}

impl fmt::Debug for CloseUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CloseUp({})", self.0.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    #[test]
    fn the_last_messages_are_kept_and_all_of_each_kind_are_counted() {
        let (films, id, begun) = (CloseUps::default(), ActorId::next(), clock::now().into_std());
        let ms = Duration::from_millis;
        let seen = films.begin(id, ActorPath::root("x"), begun + ms(10_000));
        for n in 0..1000 {
            let film = films.of(id, begun).expect("it is seen");
            let kind = if n % 100 == 0 { "rare" } else { "common" };
            film.begin(Shot::new(begun, kind.into(), false, 0));
            film.end(begun + ms(1 + n % 100), (n == 999).then(|| "why".to_owned()));
        }
        let footage = seen.read_at(begun + ms(4_000));
        assert_eq!((footage.last.len(), footage.left), (MESSAGES_MAX, ms(6_000)));
        assert_eq!(footage.last[0].failure.as_deref(), Some("why"));
        let kinds = footage.kinds.iter();
        let kinds: Vec<_> = kinds
            .map(|kind| (&*kind.name, kind.handled, kind.failed, kind.longest))
            .collect();
        assert_eq!(kinds, [("common", 990, 1, ms(100)), ("rare", 10, 0, ms(1))]);
        assert!(films.of(id, begun + ms(10_000)).is_none(), "it is over");
    }

    #[test]
    fn who_hears_of_a_message_may_read_what_it_is_written_down_in() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        use tracing::span::{Attributes, Id, Record};

        struct Reads(CloseUp, Instant, Arc<AtomicUsize>);
        impl tracing::Subscriber for Reads {
            fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
                true
            }
            fn event(&self, _: &tracing::Event<'_>) {
                self.2.store(self.0.read_at(self.1).last.len(), Ordering::Relaxed);
            }
            fn new_span(&self, _: &Attributes<'_>) -> Id {
                Id::from_u64(1)
            }
            fn record(&self, _: &Id, _: &Record<'_>) {}
            fn record_follows_from(&self, _: &Id, _: &Id) {}
            fn enter(&self, _: &Id) {}
            fn exit(&self, _: &Id) {}
        }
        let (films, id, now) = (CloseUps::default(), ActorId::next(), clock::now().into_std());
        let seen = films.begin(id, ActorPath::root("x"), now + Duration::from_secs(1));
        let film = films.of(id, now).expect("it is seen");
        let read = Arc::new(AtomicUsize::new(0));
        film.begin(Shot::new(now, "kind".into(), false, 0));
        tracing::subscriber::with_default(Reads(seen, now, read.clone()), || film.end(now, None));
        assert_eq!(read.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn kinds_without_end_are_counted_as_one() {
        let (films, id, now) = (CloseUps::default(), ActorId::next(), clock::now().into_std());
        let seen = films.begin(id, ActorPath::root("x"), now + Duration::from_secs(1));
        let film = films.of(id, now).expect("it is seen");
        for n in 0..1000 {
            film.begin(Shot::new(now, n.to_string().into(), false, 0));
            film.end(now, None);
        }
        assert_eq!(seen.read_at(now).kinds.len(), KINDS_MAX + 1);
        drop((seen, film));
        assert!(films.of(id, now).is_none(), "nobody sees it any more");
    }
}
