//! What a test does to the nodes of its world, to the network between them, and to what they take for the time.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use actor_net::membership::Profile;
use actor_net::membership::engine::Engine;

use super::{Weather, What, World};

impl World {
    /// Without a word.
    pub(in crate::members) fn crash(&mut self, at: usize) {
        let host = &mut self.hosts[at];
        host.engine = None;
        host.life += 1;
    }

    pub(in crate::members) fn leave(&mut self, at: usize) {
        let now = self.now;
        if let Some(engine) = &mut self.hosts[at].engine {
            engine.leave(now);
        }
        self.collect(at);
    }

    pub(in crate::members) fn set_profile(&mut self, at: usize, version: &str) {
        let (now, profile) = (
            self.now,
            Profile {
                version: version.to_owned(),
                ..Profile::default()
            },
        );
        if let Some(engine) = &mut self.hosts[at].engine {
            engine.set_profile(Arc::new(profile), now);
        }
        self.collect(at);
    }

    /// The connection of one node to another is reset.
    pub(in crate::members) fn reset(&mut self, at: usize, other: usize) {
        let (now, name) = (self.now, self.hosts[other].name.clone());
        if let Some(engine) = &mut self.hosts[at].engine {
            engine.hint_lost(&name, now);
        }
        self.collect(at);
    }

    /// Frozen for so long: nothing is lost that comes meanwhile.
    pub(in crate::members) fn pause(&mut self, at: usize, lasts: Duration) {
        let host = &mut self.hosts[at];
        if host.engine.is_some() && !host.paused {
            host.paused = true;
            let life = host.life;
            self.at(self.now + lasts, What::Resume { at, life });
        }
    }

    pub(in crate::members) fn runs(&self, at: usize) -> bool {
        self.hosts[at].engine.is_some()
    }

    pub(in crate::members) fn is_healthy(&self, at: usize) -> bool {
        self.runs(at) && !self.hosts[at].paused
    }

    pub(in crate::members) fn running(&self) -> Vec<usize> {
        (0..self.hosts.len()).filter(|at| self.runs(*at)).collect()
    }

    pub(in crate::members) fn engine(&self, at: usize) -> &Engine {
        self.hosts[at].engine.as_ref().expect("it runs")
    }

    pub(in crate::members) fn cut(&mut self, from: usize, to: usize) {
        self.cut.insert((from, to));
    }

    /// Nothing passes between the two sides any more.
    pub(in crate::members) fn part(&mut self, side: &BTreeSet<usize>) {
        for one in 0..self.hosts.len() {
            for other in 0..self.hosts.len() {
                if side.contains(&one) != side.contains(&other) {
                    self.cut.insert((one, other));
                }
            }
        }
    }

    /// The network is whole again.
    pub(in crate::members) fn mend(&mut self) {
        self.cut.clear();
        self.deaf.clear();
        self.weather = Weather::default();
    }

    /// It sleeps no longer.
    pub(in crate::members) fn resume_now(&mut self, at: usize) {
        let life = self.hosts[at].life;
        self.resume(at, life);
    }

    /// What a node takes for the time of day is what it was long ago.
    pub(in crate::members) fn turn_back_the_calendar(&mut self) {
        self.began = self.now;
    }

    /// How much time has passed.
    pub(in crate::members) fn since(&self) -> Duration {
        self.now - self.began
    }
}
