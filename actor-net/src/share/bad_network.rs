//! A network for pure values, which loses, doubles and delays what they say, parts them, and ends and pauses nodes: all by a seed.
//!
//! `SHARE_SEEDS=100000` runs as many; `SHARE_SEED=17` runs that one alone.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use fastrand::Rng;

use crate::id::{Incarnation, NodeId, NodeName};

use super::{Service, Timing, Word};

/// How much time passes between two looks at everything.
const STEP: Duration = Duration::from_millis(100);

/// Long enough for all that is due after the last trouble: grace, a resync or two, and what they set off.
const QUIET: Duration = Duration::from_secs(10);

pub(crate) const TIMING: Timing = Timing {
    grace: Duration::from_secs(3),
    resync: Duration::from_secs(2),
    entries_max: 100_000,
    is_acknowledged: true,
    outlive_their_node: true,
};

pub(crate) fn node_id(name: &str, incarnation: u64) -> NodeId {
    NodeId {
        name: NodeName::new(name).expect("a plain name"),
        incarnation: Incarnation(incarnation),
    }
}

/// Runs `story` for each seed, on all processors; one that fails says how it is run again.
pub(crate) fn for_seeds(seeds: u64, story: impl Fn(u64) + Sync) {
    struct Says<'a>(u64, &'a str);
    impl Drop for Says<'_> {
        fn drop(&mut self) {
            if std::thread::panicking() {
                let Says(seed, test) = self;
                eprintln!("run it again: SHARE_SEED={seed} cargo test -p actor-net --lib -- {test}");
            }
        }
    }
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seeds = match number("SHARE_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("SHARE_SEEDS").unwrap_or(seeds),
    };
    let test = std::thread::current().name().unwrap_or_default().to_owned();
    let threads = std::thread::available_parallelism().map_or(1, |threads| threads.get());
    std::thread::scope(|scope| {
        for first in 0..threads {
            let (mine, story, test) = (seeds.clone().skip(first).step_by(threads), &story, &test);
            scope.spawn(move || {
                for seed in mine {
                    let _says = Says(seed, test);
                    story(seed);
                }
            });
        }
    });
}

/// So many nodes have a story: few in most.
pub(crate) fn nodes_of(seed: u64) -> usize {
    match seed % 100 {
        99 => 50,
        other => [3, 5, 9][other as usize % 3],
    }
}

/// One node in one of its lives.
pub(crate) struct Fellow<S> {
    pub(crate) id: NodeId,
    pub(crate) service: S,
    paused_until: Instant,
}

struct OnTheWay<T> {
    due: Instant,
    from: NodeId,
    to: NodeId,
    word: Word<T>,
}

/// Two nodes, the smaller place first.
type Pair = (usize, usize);

pub(crate) struct BadNetwork<S: Service> {
    pub(crate) chance: Rng,
    pub(crate) now: Instant,
    pub(crate) fellows: Vec<Fellow<S>>,
    make: Box<dyn Fn(NodeId) -> S>,
    words: Vec<OnTheWay<S::Entry>>,
    /// Nothing passes from the one to the other.
    silent: BTreeSet<(usize, usize)>,
    /// Conversations that both ends know of, and those that are over and of whose end some do not know yet.
    up: BTreeSet<Pair>,
    ending: BTreeMap<Pair, BTreeSet<usize>>,
    is_bad: bool,
    lives: u64,
}

fn pair(one: usize, other: usize) -> Pair {
    (one.min(other), one.max(other))
}

impl<S: Service> BadNetwork<S>
where
    S::Entry: std::fmt::Debug,
{
    #[expect(
        clippy::disallowed_methods,
        reason = "a beginning from which the time of the test is counted"
    )]
    pub(crate) fn new(seed: u64, nodes: usize, make: impl Fn(NodeId) -> S + 'static) -> Self {
        let now = Instant::now();
        let mut network = Self {
            chance: Rng::with_seed(seed),
            now,
            fellows: Vec::new(),
            make: Box::new(make),
            words: Vec::new(),
            silent: BTreeSet::new(),
            up: BTreeSet::new(),
            ending: BTreeMap::new(),
            is_bad: true,
            lives: 0,
        };
        for place in 0..nodes {
            let fellow = network.born(place);
            network.fellows.push(fellow);
        }
        network
    }

    fn born(&mut self, place: usize) -> Fellow<S> {
        self.lives += 1;
        // Later lives have smaller and larger numbers: nothing is to follow from that.
        let incarnation = self.chance.u64(..1 << 32) << 32 | self.lives;
        let id = node_id(&format!("n{place}"), incarnation);
        Fellow {
            service: (self.make)(id.clone()),
            id,
            paused_until: self.now,
        }
    }

    /// Does something to the service of a node that runs, and has it settle.
    pub(crate) fn at<R>(&mut self, place: usize, act: impl FnOnce(&mut S, Instant) -> R) -> R {
        let fellow = &mut self.fellows[place];
        let outcome = act(&mut fellow.service, self.now);
        fellow.service.settle(self.now);
        outcome
    }

    pub(crate) fn is_paused(&self, place: usize) -> bool {
        self.fellows[place].paused_until > self.now
    }

    /// Something goes wrong, or right.
    pub(crate) fn trouble(&mut self) {
        let (one, other) = (
            self.chance.usize(..self.fellows.len()),
            self.chance.usize(..self.fellows.len()),
        );
        match self.chance.u8(..7) {
            0 if one != other => {
                self.silent.insert((one, other));
            }
            1 => {
                let half: Vec<bool> = self.fellows.iter().map(|_| self.chance.bool()).collect();
                let parted = |&(a, b): &(usize, usize)| half[a] != half[b];
                let all = 0..self.fellows.len();
                let pairs = all.clone().flat_map(|a| all.clone().map(move |b| (a, b)));
                self.silent.extend(pairs.filter(parted));
            }
            2 => self.silent.clear(),
            3 if one != other && self.up.contains(&pair(one, other)) => self.end(pair(one, other)),
            4 => self.fellows[one].paused_until = self.now + Duration::from_millis(self.chance.u64(..6000)),
            5 => self.restart(one),
            _ => {}
        }
    }

    fn end(&mut self, pair: Pair) {
        self.up.remove(&pair);
        self.ending.insert(pair, [pair.0, pair.1].into());
    }

    fn restart(&mut self, place: usize) {
        let old = self.fellows[place].id.clone();
        self.fellows[place] = self.born(place);
        self.words.retain(|word| word.to != old);
        let pairs: Vec<Pair> = self
            .up
            .iter()
            .copied()
            .filter(|&(a, b)| a == place || b == place)
            .collect();
        pairs.into_iter().for_each(|pair| self.end(pair));
        // The new life knows of no end.
        for unaware in self.ending.values_mut() {
            unaware.remove(&place);
        }
        let now = self.now;
        for fellow in &mut self.fellows {
            // They find out when they look, which is at once here for some and with the end of the conversation for others.
            if self.chance.bool() {
                fellow.service.exchange().lost(&old, now);
            }
        }
    }

    /// Lets a moment pass.
    pub(crate) fn step(&mut self) {
        self.now += STEP;
        self.converse();
        self.deliver();
        let now = self.now;
        for place in 0..self.fellows.len() {
            if !self.is_paused(place) {
                self.fellows[place].service.settle(now);
                self.speak(place);
            }
        }
    }

    /// Ends what is silent, has both ends know of it, and begins anew.
    fn converse(&mut self) {
        let all = 0..self.fellows.len();
        let pairs: Vec<Pair> = all
            .flat_map(|a| (a + 1..self.fellows.len()).map(move |b| (a, b)))
            .collect();
        for (a, b) in pairs {
            let is_silent = self.silent.contains(&(a, b)) || self.silent.contains(&(b, a));
            if self.up.contains(&(a, b)) {
                if is_silent && self.chance.u8(..20) == 0 {
                    self.end((a, b));
                }
            } else if let Some(unaware) = self.ending.get(&(a, b)).cloned() {
                for at in unaware {
                    if self.chance.bool() && !self.is_paused(at) {
                        let other = self.fellows[if at == a { b } else { a }].id.name.clone();
                        self.lose_all_lives(at, &other);
                        self.ending.entry((a, b)).or_default().remove(&at);
                    }
                }
                if self.ending[&(a, b)].is_empty() {
                    self.ending.remove(&(a, b));
                }
            } else if !is_silent && self.chance.u8(..4) == 0 && !self.is_paused(a) && !self.is_paused(b) {
                self.up.insert((a, b));
                for (at, other) in [(a, b), (b, a)] {
                    let other = self.fellows[other].id.clone();
                    self.lose_all_lives(at, &other.name);
                    let now = self.now;
                    self.at(at, |service, _| service.exchange().met(&other, now));
                }
            }
        }
    }

    fn lose_all_lives(&mut self, at: usize, name: &NodeName) {
        let exchange = self.fellows[at].service.exchange();
        let lives: Vec<NodeId> = exchange
            .here()
            .map(|(_, id)| id.clone())
            .filter(|id| id.name == *name)
            .collect();
        let now = self.now;
        self.at(at, |service, _| {
            lives.iter().for_each(|id| service.exchange().lost(id, now))
        });
    }

    fn place_of(&self, id: &NodeId) -> Option<usize> {
        self.fellows.iter().position(|fellow| fellow.id == *id)
    }

    fn deliver(&mut self) {
        let (due, rest): (Vec<_>, Vec<_>) = std::mem::take(&mut self.words)
            .into_iter()
            .partition(|word| word.due <= self.now);
        self.words = rest;
        for word in due {
            let Some(to) = self.place_of(&word.to) else { continue };
            let Some(from) = self.place_of(&word.from) else {
                continue;
            };
            if self.is_paused(to) {
                self.words.push(word);
            } else if self.up.contains(&pair(from, to)) && !self.silent.contains(&(from, to)) {
                let OnTheWay { from, word, .. } = word;
                self.at(to, |service, now| service.exchange().heard(&from, word, now));
            }
        }
    }

    fn speak(&mut self, place: usize) {
        let from = self.fellows[place].id.clone();
        let exchange = self.fellows[place].service.exchange();
        let here: Vec<_> = exchange.here().map(|(who, id)| (who, id.clone())).collect();
        for (who, to) in here {
            while let Some(word) = self.fellows[place].service.exchange().word_for(who) {
                let copies = match self.chance.u8(..20) {
                    0 | 1 if self.is_bad => 0,
                    2 | 3 if self.is_bad => 2,
                    _ => 1,
                };
                for _ in 0..copies {
                    let delay = if self.is_bad { self.chance.u64(..600) } else { 10 };
                    self.words.push(OnTheWay {
                        due: self.now + Duration::from_millis(delay),
                        from: from.clone(),
                        to: to.clone(),
                        word: word.clone(),
                    });
                }
            }
        }
    }

    /// Ends all trouble, and lets pass what time it takes until everything is as it is to be.
    pub(crate) fn repair(&mut self) {
        self.is_bad = false;
        self.silent.clear();
        let now = self.now;
        self.fellows.iter_mut().for_each(|fellow| fellow.paused_until = now);
        let until = self.now + QUIET;
        while self.now < until {
            self.step();
        }
    }
}
