//! What a supervisor of the model does on command, one thing at a time.

use super::super::rules::Ms;
use super::super::story::Spec;
use super::team::Down;
use super::{At, By, Model, Order};

/// What a supervisor is at, on command.
#[derive(Clone, Debug)]
pub(super) enum Deed {
    Add(usize),
    Stop(Down),
    Restart {
        child: usize,
        down: Option<Down>,
        begun: bool,
    },
}

impl Deed {
    pub(super) fn deadline(&self) -> Option<Ms> {
        match self {
            Deed::Stop(down) => Some(down.deadline),
            Deed::Restart { down, .. } => down.as_ref().map(|down| down.deadline),
            Deed::Add(_) => None,
        }
    }
}

impl Model {
    fn child_named(&self, id: usize, name: &str) -> Option<usize> {
        let mut children = self.nodes[id].family.children.iter().copied();
        children.find(|&child| self.nodes[child].spec.name == name)
    }

    /// supervisor(3), `start_child`.
    pub(super) fn begin_adding(&mut self, id: usize, spec: Spec) {
        if self.child_named(id, &spec.name).is_some() {
            return self.event(format!("{} was not added", spec.name));
        }
        let child = self.spawn(id, spec, true);
        self.nodes[id].at = At::Tending(Deed::Add(child));
    }

    /// supervisor(3), `terminate_child`.
    pub(super) fn begin_stopping(&mut self, id: usize, name: &str) {
        match self.child_named(id, name) {
            None => self.event(format!("{name} was not stopped")),
            Some(child) => self.nodes[id].at = At::Tending(Deed::Stop(self.take_down(child, false))),
        }
    }

    /// Ours: `restart_child` of OTP is for one that was terminated.
    pub(super) fn begin_restarting(&mut self, id: usize, name: &str) {
        match self.child_named(id, name) {
            None => self.event(format!("{name} was not restarted")),
            Some(child) => {
                let down = (!self.is_parked(child)).then(|| self.take_down(child, true));
                let begun = false;
                self.nodes[id].at = At::Tending(Deed::Restart { child, down, begun });
            }
        }
    }

    /// supervisor(3), `which_children`.
    pub(super) fn list(&mut self, id: usize) {
        let node = &self.nodes[id];
        let child = |&child: &usize| {
            let child = &self.nodes[child];
            let state = match child.at {
                At::BackOff(_) | At::Parked => "waiting",
                _ if !child.started => "starting",
                At::Stopping { .. } | At::Killing(_) => "stopping",
                _ if !child.open => "stopping",
                _ => "running",
            };
            format!(" {} is {state}", child.spec.name)
        };
        let children: Vec<String> = node.family.children.iter().map(child).collect();
        let words = format!("{} lists:{}", node.spec.name, children.join(","));
        self.event(words);
    }

    /// Goes on with a command, or is interrupted in it.
    pub(super) fn go_on(&mut self, id: usize) -> bool {
        // It may be done at the very moment when it would be interrupted.
        if self.order == Order::Backward && self.tend(id) {
            return true;
        }
        match self.interruption(id) {
            Some(reason) => {
                self.leave_undone(id);
                self.wind_up(id, reason, By::Failure);
                true
            }
            None => self.tend(id) || self.regroup(id),
        }
    }

    /// Tells who gave a command that it was broken off. The command was a message, too.
    fn leave_undone(&mut self, id: usize) {
        let (child, what) = match &self.nodes[id].at {
            At::Tending(Deed::Add(child)) => (*child, "added"),
            At::Tending(Deed::Stop(down)) => (down.child, "stopped"),
            At::Tending(Deed::Restart { child, .. }) => (*child, "restarted"),
            _ => return,
        };
        self.seen.dead[2] += 1;
        let words = format!("{} was not {what}", self.nodes[child].spec.name);
        self.event(words);
    }

    /// Goes on with what it is at.
    fn tend(&mut self, id: usize) -> bool {
        let At::Tending(deed) = &self.nodes[id].at else {
            return false;
        };
        let (mut deed, mut moved) = (deed.clone(), false);
        let done = match &mut deed {
            Deed::Add(child) => {
                let (child, started) = (*child, self.nodes[*child].lives > 0);
                let ended = self.is_gone_already(child);
                let not = if started { "" } else { "not " };
                let words = format!("{} was {not}added", self.nodes[child].spec.name);
                (started || ended).then_some(words)
            }
            Deed::Stop(down) => {
                let (done, killed) = self.is_down(down);
                moved |= killed;
                done.then(|| format!("{} was stopped", self.nodes[down.child].spec.name))
            }
            Deed::Restart { child, down, begun } => {
                let child = *child;
                if let Some(current) = down {
                    let (done, killed) = self.is_down(current);
                    moved |= done || killed;
                    if done {
                        *down = None;
                    }
                    None
                } else if !*begun {
                    self.begin(child);
                    (*begun, moved) = (true, true);
                    None
                } else {
                    let starting = self.is_starting(child);
                    (!starting).then(|| format!("{} was restarted", self.nodes[child].spec.name))
                }
            }
        };
        match done {
            Some(words) => {
                self.nodes[id].at = At::Up;
                self.event(words);
                true
            }
            None => {
                self.nodes[id].at = At::Tending(deed);
                moved
            }
        }
    }
}
