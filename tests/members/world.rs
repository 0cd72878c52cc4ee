//! Many nodes' membership on a network and a clock of the test's own: nothing awaits, and one seed gives one run.

mod deeds;
mod told;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actor_net::membership::engine::{Engine, Transmit};
use actor_net::membership::{ClusterConfig, Gone, Identity, MemberEvent, MemberState, Profile, Stay};
use actor_net::{Incarnation, NodeId, NodeName};

use super::chance::Chance;
use super::schedule::Schedule;
pub(super) use told::Journal;
use told::Told;

/// How often a node that knows nobody, or not all that it was told of at its start, looks for them.
const SEEK: Duration = Duration::from_secs(1);

/// What the network does to packets.
#[derive(Clone, Debug)]
pub(super) struct Weather {
    pub(super) delay: Duration,
    pub(super) jitter: Duration,
    pub(super) loss: f64,
}

impl Default for Weather {
    fn default() -> Self {
        Self {
            delay: Duration::from_micros(300),
            jitter: Duration::from_micros(700),
            loss: 0.0,
        }
    }
}

struct Host {
    name: NodeName,
    engine: Option<Engine>,
    /// Counts its lives, and what is due for it in this one.
    life: u64,
    due: u64,
    paused: bool,
    /// What came while it was paused, and how much a pause has put off.
    inbox: VecDeque<(NodeId, Vec<u8>)>,
    journal: Option<Journal>,
}

enum What {
    Packet { from: NodeId, to: usize, bytes: Vec<u8> },
    Due { at: usize, life: u64, due: u64 },
    Seek { at: usize, life: u64 },
    Resume { at: usize, life: u64 },
}

/// A member's stay that is over for one node.
#[derive(Clone, Debug)]
pub(super) struct Loss {
    /// Who says so.
    pub(super) at: usize,
    pub(super) of: usize,
    pub(super) id: NodeId,
    pub(super) how: Gone,
    pub(super) when: Instant,
}

/// The nodes, what is under way between them, and what became of them.
pub(super) struct World {
    pub(super) now: Instant,
    began: Instant,
    pub(super) chance: Chance,
    pub(super) weather: Weather,
    config: ClusterConfig,
    hosts: Vec<Host>,
    events: Schedule<What>,
    /// From whom to whom nothing comes through.
    cut: BTreeSet<(usize, usize)>,
    /// What each node cannot hear at all, as a part of all that is sent to it.
    pub(super) deaf: BTreeMap<usize, f64>,
    pub(super) losses: Vec<Loss>,
    pub(super) rejoined: Vec<usize>,
    /// Every event, to be compared between runs.
    pub(super) diary: String,
    pub(super) keeps_diary: bool,
    pub(super) packets: u64,
    pub(super) bytes: u64,
    /// Stays that a node was told are over, which it must never be told are up again.
    over: BTreeSet<(usize, u64, NodeId, Stay)>,
    pub(super) faults: Vec<String>,
}

fn name(number: usize) -> NodeName {
    NodeName::new(&format!("n{number:04}")).expect("a name")
}

fn number(name: &NodeName) -> usize {
    name.as_str()[1..].parse().expect("it was made above")
}

/// A node as it is when it starts: the incarnation is all of its chance.
pub(super) fn engine(at: usize, incarnation: u64, stay: Stay, config: ClusterConfig, now: Instant) -> Engine {
    let me = Identity {
        id: NodeId {
            name: name(at),
            incarnation: Incarnation(incarnation),
        },
        stay,
        address: format!("{}:1", name(at)).into(),
    };
    let profile = Arc::new(Profile {
        version: "1".to_owned(),
        ..Profile::default()
    });
    Engine::new(me, "world", profile, config, incarnation, now)
}

/// From there on the clock is the world's own.
pub(super) fn any_moment() -> Instant {
    Instant::now() + Duration::from_secs(1_000_000)
}

impl World {
    pub(super) fn new(seed: u64, config: ClusterConfig) -> Self {
        let now = any_moment();
        Self {
            now,
            began: now,
            chance: Chance::new(seed),
            weather: Weather::default(),
            config,
            hosts: Vec::new(),
            events: Schedule::new(),
            cut: BTreeSet::new(),
            deaf: BTreeMap::new(),
            losses: Vec::new(),
            rejoined: Vec::new(),
            diary: String::new(),
            keeps_diary: false,
            packets: 0,
            bytes: 0,
            over: BTreeSet::new(),
            faults: Vec::new(),
        }
    }

    /// A cluster of so many that all know each other.
    pub(super) fn of(seed: u64, nodes: usize, config: ClusterConfig) -> Self {
        let mut world = Self::new(seed, config);
        for _ in 0..nodes {
            world.add();
            let wait = world.chance.up_to(Duration::from_millis(50));
            world.run(wait);
        }
        let took = world.until_agreed(Duration::from_secs(60));
        assert!(took.is_some(), "they never agreed: {}", world.views());
        world
    }

    pub(super) fn len(&self) -> usize {
        self.hosts.len()
    }

    fn at(&mut self, when: Instant, what: What) {
        self.events.add(when, what);
    }

    /// A new node starts.
    pub(super) fn add(&mut self) -> usize {
        let at = self.hosts.len();
        self.hosts.push(Host {
            name: name(at),
            engine: None,
            life: 0,
            due: 0,
            paused: false,
            inbox: VecDeque::new(),
            journal: None,
        });
        self.start(at);
        at
    }

    /// A node that does not run starts, with a new incarnation.
    pub(super) fn start(&mut self, at: usize) {
        let seed = self.chance.next();
        let now = self.now;
        let host = &mut self.hosts[at];
        host.life += 1;
        host.paused = false;
        host.inbox.clear();
        let stay = Stay((now - self.began).as_millis() as u64 + 1);
        host.engine = Some(engine(at, seed, stay, self.config.clone(), now));
        let life = host.life;
        self.at(now, What::Seek { at, life });
        self.collect(at);
    }

    /// Lets so much time pass.
    pub(super) fn run(&mut self, time: Duration) {
        self.run_until(self.now + time);
    }

    fn run_until(&mut self, end: Instant) {
        while let Some((when, what)) = self.events.pop(end) {
            self.now = when;
            self.happen(what);
        }
        self.now = end;
    }

    fn happen(&mut self, what: What) {
        match what {
            What::Packet { from, to, bytes } => {
                let host = &mut self.hosts[to];
                if host.paused {
                    host.inbox.push_back((from, bytes));
                } else {
                    self.tell(to, Told::Packet(from, bytes));
                }
            }
            What::Due { at, life, due } => {
                let host = &self.hosts[at];
                if host.life == life && host.due == due && !host.paused {
                    self.tell(at, Told::Time);
                }
            }
            What::Seek { at, life } => self.seek(at, life),
            What::Resume { at, life } => self.resume(at, life),
        }
    }

    /// Lets an engine know, if it runs.
    fn tell(&mut self, at: usize, told: Told) {
        let (now, host) = (self.now, &mut self.hosts[at]);
        let Some(engine) = &mut host.engine else { return };
        if let Err(why) = told.tell(engine, now) {
            self.faults.push(format!("{}: {why}", host.name));
        }
        if let Some(journal) = &mut host.journal {
            journal.told.push((now, told));
        }
        self.collect(at);
    }

    /// Looks for the first three, as a list of seeds would have it.
    fn seek(&mut self, at: usize, life: u64) {
        let now = self.now;
        if self.hosts[at].life != life {
            return;
        }
        self.at(now + SEEK, What::Seek { at, life });
        let seeds: Vec<_> = (0..self.hosts.len().min(3)).filter(|seed| *seed != at).collect();
        let open = |seed: &usize| !self.engine(at).knows(&self.hosts[*seed].name) && self.is_reached(at, *seed);
        let open: Vec<_> = seeds.into_iter().filter(open).collect();
        let Some(seed) = open.get(self.chance.index(open.len())) else {
            return self.tell(at, Told::Nobody);
        };
        let (id, address) = (
            self.engine(*seed).me().id.clone(),
            self.engine(*seed).me().address.clone(),
        );
        self.tell(at, Told::Met(id, address));
    }

    /// Whether a handshake would succeed.
    fn is_reached(&self, from: usize, to: usize) -> bool {
        self.is_healthy(to) && !self.cut.contains(&(from, to)) && !self.cut.contains(&(to, from))
    }

    /// What came meanwhile is there at once; what was due is looked at before it, or between.
    fn resume(&mut self, at: usize, life: u64) {
        let host = &mut self.hosts[at];
        if host.life != life || !host.paused {
            return;
        }
        host.paused = false;
        let inbox = std::mem::take(&mut host.inbox);
        let first = self.chance.index(inbox.len() + 1);
        for (number, (from, bytes)) in inbox.into_iter().enumerate() {
            if number == first {
                self.tell(at, Told::Time);
            }
            self.tell(at, Told::Packet(from, bytes));
        }
        self.tell(at, Told::Time);
    }

    /// Takes what an engine has to say, and when it is to be called again.
    fn collect(&mut self, at: usize) {
        let Some(mut engine) = self.hosts[at].engine.take() else {
            return;
        };
        while let Some(event) = engine.poll_event() {
            self.heard(at, event);
        }
        while let Some(transmit) = engine.poll_transmit() {
            self.send(at, engine.me().id.clone(), transmit);
        }
        if engine.state() == MemberState::Down {
            // It has left; the process goes on for a moment, and nothing comes of it.
            self.hosts[at].life += 1;
            return;
        }
        let next = engine.next_timeout();
        let host = &mut self.hosts[at];
        host.engine = Some(engine);
        host.due += 1;
        let (life, due) = (host.life, host.due);
        if let Some(next) = next {
            self.at(next.max(self.now), What::Due { at, life, due });
        }
    }

    fn send(&mut self, at: usize, from: NodeId, transmit: Transmit) {
        let to = number(&transmit.to.name);
        self.packets += 1;
        self.bytes += transmit.bytes.len() as u64;
        let deaf = self.deaf.get(&to).copied().unwrap_or_default();
        let lost = self.cut.contains(&(at, to)) || self.chance.yes(self.weather.loss) || self.chance.yes(deaf);
        if lost || to >= self.hosts.len() {
            return;
        }
        let delay = self.weather.delay + self.chance.up_to(self.weather.jitter);
        let bytes = transmit.bytes;
        self.at(self.now + delay, What::Packet { from, to, bytes });
    }

    fn heard(&mut self, at: usize, event: MemberEvent) {
        if self.keeps_diary {
            let when = self.now - self.began;
            let _ = match &event {
                MemberEvent::Up(member)
                | MemberEvent::Updated(member)
                | MemberEvent::Leaving(member)
                | MemberEvent::Unreachable(member)
                | MemberEvent::Reachable(member) => writeln!(
                    self.diary,
                    "{when:?} {at}: {} stay {} {:?} {}",
                    member.id,
                    member.stay.0,
                    member.state,
                    member.unreachable.is_some()
                ),
                MemberEvent::Gone(member, how) => {
                    writeln!(
                        self.diary,
                        "{when:?} {at}: {} stay {} {how:?}",
                        member.id, member.stay.0
                    )
                }
                other => writeln!(self.diary, "{when:?} {at}: {other:?}"),
            };
        }
        let life = self.hosts[at].life;
        match event {
            MemberEvent::Up(member) if self.over.contains(&(at, life, member.id.clone(), member.stay)) => {
                let fault = format!(
                    "{at} was told that {} is up, whose stay {} is over",
                    member.id, member.stay.0
                );
                self.faults.push(fault);
            }
            MemberEvent::Gone(member, how) => {
                self.over.insert((at, life, member.id.clone(), member.stay));
                self.losses.push(Loss {
                    at,
                    of: number(&member.id.name),
                    id: member.id,
                    how,
                    when: self.now,
                });
            }
            MemberEvent::Rejoined { .. } => self.rejoined.push(at),
            _ => {}
        }
    }

    /// Whether all that run see all that run, in the stays that they are in, up and reached, and nobody else.
    pub(super) fn is_agreed(&self) -> bool {
        let running: Vec<_> = self.hosts.iter().filter_map(|host| host.engine.as_ref()).collect();
        let truth: Vec<_> = running
            .iter()
            .map(|engine| (&engine.me().id, engine.me().stay))
            .collect();
        running.iter().all(|engine| {
            engine.members_len() == truth.len()
                && engine.members().iter().zip(&truth).all(|(member, truth)| {
                    (&member.id, member.stay) == *truth
                        && member.state == MemberState::Up
                        && member.unreachable.is_none()
                })
        })
    }

    /// Lets time pass until all agree, and returns how much that was; `None` if they do not within this time.
    pub(super) fn until_agreed(&mut self, longest: Duration) -> Option<Duration> {
        let begun = self.now;
        while !self.is_agreed() {
            if self.now - begun >= longest {
                return None;
            }
            self.run(Duration::from_millis(20));
        }
        Some(self.now - begun)
    }

    /// What everybody sees, for one who looks into a failure.
    pub(super) fn views(&self) -> String {
        let mut text = String::new();
        for host in &self.hosts {
            let Some(engine) = &host.engine else { continue };
            let _ = write!(text, "\n  {:?} {:?}:", engine.me(), engine.state());
            for member in engine.members() {
                let reached = if member.unreachable.is_some() { "?" } else { "" };
                let _ = write!(text, " {}/{}{:?}{reached}", member.id, member.stay.0, member.state);
            }
        }
        text
    }
}
