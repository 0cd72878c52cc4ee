//! One node's part in the cluster: what it does about packets, about time that passes, and about what its host wants.

mod compare;
mod receive;
mod table;
mod talk;
mod verdict;
mod watch;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use foca::{Foca, NoCustomBroadcast, PeriodicParams, Timer};

use self::table::Table;
use self::talk::Deeds;
use super::agenda::Agenda;
use super::card::{Card, Profile};
use super::codec::Codec;
use super::config::ClusterConfig;
use super::doubts::Doubt;
use super::identity::{Identity, Stay};
use super::member::{Member, MemberEvent, MemberState};
use super::packet::Said;
use super::policy::Standing;
use crate::id::{NodeId, NodeName, number_of};

/// The longest of foca's packets: there is to be room for cards beside it.
const GOSSIP_BYTES_MAX: usize = 4 << 10;

/// So often foca passes on what is new, and so do we.
const SPREADS: u8 = 10;

/// A node that is told again and again that it is out comes back no more often than this.
const REJOIN_INTERVAL: Duration = Duration::from_secs(1);

/// A packet to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// To whom.
    pub to: NodeId,
    /// Where that is.
    pub address: Arc<str>,
    /// What.
    pub bytes: Vec<u8>,
}

/// What is due at a time.
#[derive(Debug)]
enum Due {
    Foca(Timer<Identity>),
    Watch,
    Doubt(NodeName, u64),
    Trial(u64),
    Fetch,
    Regain,
    Rejoin,
    Depart,
    Standing(u64),
}

/// Another member wants to know whether one is reached from here.
#[derive(Debug)]
struct Trial {
    for_whom: Identity,
    /// Its number for that.
    token: u64,
    who: NodeName,
}

/// Chance for foca, from a seed.
struct Chance(fastrand::Rng);

impl rand_core::TryRng for Chance {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.0.u32(..))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.0.u64(..))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill(bytes);
        Ok(())
    }
}

/// What a node is in the cluster. The module above says how it is used.
pub struct Engine {
    cluster: u64,
    config: ClusterConfig,
    me: Identity,
    /// Foca's count of the suspicions that we have refuted.
    incarnation: u16,
    state: MemberState,
    /// Its notice is running.
    departs: bool,
    card: Card,
    card_bytes: Arc<[u8]>,
    foca: Foca<Identity, Codec, Chance, NoCustomBroadcast>,
    table: Table,
    agenda: Agenda<Due>,
    chance: fastrand::Rng,
    /// Whose cards are passed on, and how often still.
    spread: VecDeque<(NodeName, u8)>,
    is_fetching: bool,
    /// When the members changed last, and when they were compared with those of another.
    changed: Instant,
    compared: Instant,
    /// Those that were asked for a sign of life at the last look.
    watching: BTreeSet<NodeName>,
    /// Those whose connection was lost, since when.
    hinted: BTreeMap<NodeName, Instant>,
    doubts: BTreeMap<NodeName, (u64, Doubt)>,
    trials: BTreeMap<u64, Trial>,
    next_token: u64,
    /// Members that were found down, the last one first.
    lost: VecDeque<(Identity, Instant)>,
    is_regaining: bool,
    /// A stay of ours that is over, though we have not begun another one yet.
    over: Option<Stay>,
    may_rejoin: Instant,
    /// When a member became unreachable last.
    grew: Instant,
    view: u64,
    standing: Standing,
    transmits: VecDeque<Transmit>,
    events: VecDeque<MemberEvent>,
}

impl Engine {
    /// A node that looks for others. `me.stay` has to be higher than that of every stay before: milliseconds since some day are a good choice,
    /// and one that turns out too low is mended when the others say so. `seed` is for chance.
    pub fn new(
        me: Identity,
        cluster: &str,
        profile: Arc<Profile>,
        config: ClusterConfig,
        seed: u64,
        now: Instant,
    ) -> Self {
        let mut chance = fastrand::Rng::with_seed(seed);
        let card = Card {
            number: 1,
            leaves: false,
            profile,
        };
        let mut engine = Self {
            cluster: number_of(cluster),
            foca: Foca::new(me.clone(), foca_config(&config), Chance(chance.fork()), Codec),
            table: Table::new(&me.id.name),
            incarnation: 0,
            state: MemberState::Joining,
            departs: false,
            card_bytes: card.encode(),
            card,
            agenda: Agenda::new(),
            spread: VecDeque::new(),
            is_fetching: false,
            changed: now,
            compared: now,
            watching: BTreeSet::new(),
            hinted: BTreeMap::new(),
            doubts: BTreeMap::new(),
            trials: BTreeMap::new(),
            next_token: chance.u64(..) >> 1,
            lost: VecDeque::new(),
            is_regaining: false,
            over: None,
            may_rejoin: now,
            grew: now,
            view: 0,
            standing: Standing::Entitled,
            transmits: VecDeque::new(),
            events: VecDeque::new(),
            chance,
            config,
            me,
        };
        engine.spread_own();
        // Members that began together are not to act together.
        let first = engine.config.watch_interval.mul_f64(engine.chance.f64());
        engine.agenda.add(now + first, Due::Watch);
        engine
    }

    /// Who we are, in which stay.
    pub fn me(&self) -> &Identity {
        &self.me
    }

    /// The number of our cluster, which is in every packet.
    pub(crate) fn cluster(&self) -> u64 {
        self.cluster
    }

    /// How far we have come.
    pub fn state(&self) -> MemberState {
        self.state
    }

    /// Whether the side that is reached from here may hold what must be single.
    pub fn standing(&self) -> Standing {
        self.standing
    }

    /// All members, and this node with them, by name.
    pub fn members(&self) -> Vec<Member> {
        let me = Member {
            id: self.me.id.clone(),
            stay: self.me.stay,
            address: self.me.address.clone(),
            state: self.state,
            unreachable: None,
            profile: self.card.profile.clone(),
        };
        let mut members: Vec<_> = self.table.members().chain([me]).collect();
        members.sort_by(|one, other| one.id.cmp(&other.id));
        members
    }

    /// Whether there is another member of that name.
    pub fn knows(&self, name: &NodeName) -> bool {
        self.table.is_active(name)
    }

    /// How many members there are, with this node.
    pub fn members_len(&self) -> usize {
        self.table.active() + 1
    }

    /// The next packet to be sent.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.transmits.pop_front()
    }

    /// What has become of the cluster since the last one.
    pub fn poll_event(&mut self) -> Option<MemberEvent> {
        self.events.pop_front()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called. Later does no harm but delay.
    pub fn next_timeout(&self) -> Option<Instant> {
        self.agenda.next()
    }

    /// A node was found at an address where members may be: it is asked to let this one in.
    pub fn met(&mut self, id: NodeId, address: Arc<str>, now: Instant) {
        self.wake(now);
        let gone = self.state == MemberState::Down || id.name == self.me.id.name;
        if !gone {
            let who = Identity {
                id,
                stay: Stay(0),
                address,
            };
            self.foca(now, |foca, deeds| foca.announce(who, deeds));
        }
    }

    /// There is nobody else where members may be: this node is the first one.
    pub fn found_nobody(&mut self) {
        if self.state == MemberState::Joining {
            self.is_up();
        }
    }

    /// The connection to a node was lost. That is no verdict; it is asked for a sign of life at once, and is suspected sooner.
    pub fn hint_lost(&mut self, name: &NodeName, now: Instant) {
        self.wake(now);
        let patience = self.config.silence_max.saturating_sub(self.config.watch_interval);
        if let Some(entry) = self.table.active_mut(name) {
            let who = entry.who.clone();
            entry.heard = entry.heard.min(now.checked_sub(patience).unwrap_or(entry.heard));
            self.hinted.insert(name.clone(), now);
            self.ping(&who);
        }
    }

    /// Says something else of this node to all others.
    pub fn set_profile(&mut self, profile: Arc<Profile>, now: Instant) {
        self.wake(now);
        self.card.profile = profile;
        self.say_card();
    }

    /// Says that this node will go.
    pub fn announce_leave(&mut self, now: Instant) {
        self.wake(now);
        if matches!(self.state, MemberState::Joining | MemberState::Up) {
            self.state = MemberState::Leaving;
            self.card.leaves = true;
            self.say_card();
        }
    }

    /// Goes, and says so before. It has gone when [`state`](Self::state) is `Down`, after the notice that the settings give.
    pub fn leave(&mut self, now: Instant) {
        self.announce_leave(now);
        if self.state == MemberState::Leaving && !std::mem::replace(&mut self.departs, true) {
            self.agenda.add(now + self.config.leave_notice, Due::Depart);
        }
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.wake(now);
        while let Some(due) = self.agenda.pop(now) {
            if self.state == MemberState::Down {
                return;
            }
            match due {
                Due::Foca(timer) => self.foca_timer(timer, now),
                Due::Watch => self.watch(now),
                Due::Doubt(name, number) => self.look(&name, number, now),
                Due::Trial(token) => self.tried(token, false),
                Due::Fetch => self.fetch(now),
                Due::Regain => self.regain(now),
                Due::Rejoin => self.rejoin(now),
                Due::Depart => self.depart(now),
                Due::Standing(view) => self.stand(view),
            }
        }
    }

    /// Whoever finds its own timers late was away, and has not heard what others said meanwhile. Everything is put off by that time,
    /// so that it hears them first.
    fn wake(&mut self, now: Instant) {
        let Some(due) = self.agenda.next() else { return };
        let late = now.saturating_duration_since(due);
        if late >= self.config.late {
            tracing::debug!(node = %self.me.id, ?late, "was away");
            self.agenda.put_off(late);
            self.table.put_off(late);
            self.grew += late;
            self.hinted.values_mut().for_each(|since| *since += late);
            self.doubts.values_mut().for_each(|(_, doubt)| doubt.put_off(late));
        }
    }

    fn foca_timer(&mut self, timer: Timer<Identity>, now: Instant) {
        let forgotten = match &timer {
            Timer::RemoveDown(who) => Some(who.clone()),
            _ => None,
        };
        self.foca(now, |foca, deeds| foca.handle_timer(timer, deeds));
        forgotten.iter().for_each(|who| self.table.forget(who));
    }

    /// Asks foca for something, and carries out what comes of it.
    fn foca(
        &mut self,
        now: Instant,
        ask: impl FnOnce(&mut Foca<Identity, Codec, Chance, NoCustomBroadcast>, &mut Deeds) -> Result<(), foca::Error>,
    ) {
        let mut deeds = Deeds::default();
        if let Err(why) = ask(&mut self.foca, &mut deeds) {
            tracing::debug!(node = %self.me.id, %why, "foca refused");
        }
        self.carry_out(deeds, now);
    }

    fn is_up(&mut self) {
        self.state = MemberState::Up;
        tracing::info!(node = %self.me.id, stay = self.me.stay.0, "up");
    }

    fn token(&mut self) -> u64 {
        self.next_token += 1;
        self.next_token
    }

    /// Those whose stay was over are asked whether they are back, the last lost most often.
    fn regain(&mut self, now: Instant) {
        let remember = self.config.remember_gone;
        let table = &self.table;
        self.lost
            .retain(|(who, since)| now.saturating_duration_since(*since) < remember && !table.is_active(&who.id.name));
        self.is_regaining = !self.lost.is_empty();
        let Some((_, newest)) = self.lost.front() else { return };
        let age = now.saturating_duration_since(*newest);
        let interval = self.config.regain_interval;
        self.agenda
            .add(now + (age / 10).clamp(interval, interval * 3), Due::Regain);
        let luck = self.chance.f64();
        let at = (luck * luck * self.lost.len() as f64) as usize;
        if let Some((who, _)) = self.lost.get(at) {
            let who = who.clone();
            self.foca(now, |foca, deeds| foca.announce(who, deeds));
        }
    }

    /// Our stay is over, others say; the latest of ours that they know is given.
    fn over(&mut self, latest: Stay, now: Instant) {
        if matches!(self.state, MemberState::Leaving | MemberState::Down) {
            return;
        }
        let is_new = self.over.is_none();
        self.over = self.over.max(Some(latest));
        if now >= self.may_rejoin {
            self.rejoin(now);
        } else if is_new {
            self.agenda.add(self.may_rejoin, Due::Rejoin);
        }
    }

    /// Begins another stay.
    fn rejoin(&mut self, now: Instant) {
        let Some(latest) = self.over.take() else { return };
        self.may_rejoin = now + REJOIN_INTERVAL;
        let before = self.me.stay;
        self.me.stay = before.max(latest).next();
        self.incarnation = 0;
        self.doubts.clear();
        tracing::warn!(node = %self.me.id, before = before.0, stay = self.me.stay.0, "was taken for down; comes back as new");
        self.spread_own();
        let me = self.me.clone();
        self.foca(now, |foca, deeds| foca.change_identity(me, deeds));
        // Foca looks whether it knows anybody only when it is told something.
        self.foca(now, |foca, deeds| foca.apply_many(std::iter::empty(), true, deeds));
        for who in self.some_members(3, |_| true) {
            self.foca(now, |foca, deeds| foca.announce(who, deeds));
        }
        self.events.push_back(MemberEvent::Rejoined {
            before,
            stay: self.me.stay,
        });
    }

    /// The notice is over.
    fn depart(&mut self, now: Instant) {
        self.foca(now, |foca, deeds| foca.leave_cluster(deeds));
        self.state = MemberState::Down;
        tracing::info!(node = %self.me.id, "has left the cluster");
    }

    /// Passes on our own card.
    fn spread_own(&mut self) {
        let name = self.me.id.name.clone();
        self.spread_card(&name);
    }

    fn say_card(&mut self) {
        self.card.number += 1;
        self.card_bytes = self.card.encode();
        self.spread_own();
        self.tell_some();
    }

    /// Tells a few at once what has changed.
    fn tell_some(&mut self) {
        for who in self.some_members(3, |_| true) {
            self.send(&who, Said::Cards);
        }
    }
}

fn foca_config(config: &ClusterConfig) -> foca::Config {
    let every = |frequency, members| {
        Some(PeriodicParams {
            frequency,
            num_members: std::num::NonZeroUsize::new(members).expect("one or more"),
        })
    };
    foca::Config {
        probe_period: config.probe_interval,
        // An answer by way of others takes twice as long, and has to come within the rest.
        probe_rtt: config.probe_interval / 3,
        max_transmissions: std::num::NonZeroU8::new(SPREADS).expect("one or more"),
        // When a suspicion becomes a verdict is decided here, and not by foca.
        suspect_to_down_after: config.verdict_after,
        remove_down_after: Some(config.remember_gone),
        max_packet_size: std::num::NonZeroUsize::new(GOSSIP_BYTES_MAX).expect("one or more"),
        notify_down_members: false,
        // Members compare whom they know.
        periodic_announce: None,
        periodic_announce_to_down_members: None,
        periodic_gossip: every(config.gossip_interval, 3),
        ..foca::Config::simple()
    }
}
