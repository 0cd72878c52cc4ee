//! How a supervisor of the model brings its children up and takes them down.

use super::super::rules::{Ms, Reason};
use super::{At, End, Model, Order, SHUTDOWN};

/// The taking down of one child.
#[derive(Clone, Debug)]
pub(super) struct Down {
    pub(super) child: usize,
    /// To be restarted, and not for good.
    cycle: bool,
    /// How often it had been parked before.
    rests: u32,
    /// When it is killed.
    pub(super) deadline: Ms,
    killed: bool,
}

impl Model {
    /// Starts the children in order, each after the start of the one before.
    ///
    /// Design Principles, Supervisor Behaviour, Starting a Supervisor.
    pub(super) fn bring(&mut self, id: usize) -> bool {
        let At::Bringing { next, child } = self.nodes[id].at else {
            return false;
        };
        // It is interrupted where it waits, and so not before the first. It may be done waiting at that very moment.
        let waits_on = child.is_some_and(|child| self.nodes[child].lives == 0);
        if (waits_on || self.order != Order::Backward && (next, child) != (0, None))
            && let Some(reason) = self.interruption(id)
        {
            self.start_failed(id, reason);
            return true;
        }
        let node = &self.nodes[id];
        let Some(team) = &node.spec.team else { return false };
        let waits = team.strategy != super::Strategy::Plain;
        match child {
            Some(child) if self.nodes[child].lives > 0 => {
                self.nodes[id].at = At::Bringing {
                    next: next + 1,
                    child: None,
                };
            }
            Some(child) => {
                if !matches!(self.nodes[child].at, At::Gone) {
                    return false;
                }
                let why = match &self.nodes[child].start_failed {
                    Some(Reason::Failed(chain)) => format!("start failed: {}", chain[0]),
                    _ => "the actor was stopped before its start had ended".to_owned(),
                };
                let words = format!("{} could not start: {why}", node.path);
                self.start_failed(id, Reason::Failed(vec![words]));
            }
            None => match team.children.get(next).cloned() {
                None => self.is_up(id),
                Some(spec) => {
                    let child = self.spawn(id, spec, waits);
                    self.nodes[id].at = At::Bringing {
                        next: if waits { next } else { next + 1 },
                        child: waits.then_some(child),
                    };
                }
            },
        }
        true
    }

    /// supervisor(3), `shutdown`: children are stopped in the reverse order of their start.
    pub(super) fn begin_stopping_family(&mut self, id: usize, end: End) {
        if end.reason == Reason::Killed {
            return self.kill_family(id, end);
        }
        let mut todo = self.nodes[id].family.children.clone();
        let team = self.nodes[id].spec.team.as_ref();
        let together = team.is_some_and(|team| team.strategy.stops_together());
        let downs = if together {
            std::mem::take(&mut todo)
        } else {
            Vec::new()
        };
        let downs = downs.into_iter().map(|child| self.take_down(child, false)).collect();
        self.nodes[id].at = At::Stopping { end, todo, downs };
    }

    fn kill_family(&mut self, id: usize, mut end: End) {
        end.reason = Reason::Killed;
        for child in self.nodes[id].family.children.clone() {
            let child = &mut self.nodes[child];
            (child.orders.kill, child.orders.shutdown, child.open) = (true, true, false);
        }
        self.nodes[id].at = At::Killing(end);
    }

    pub(super) fn stop_family(&mut self, id: usize) -> bool {
        let killed = self.nodes[id].orders.kill;
        let At::Stopping { end, todo, downs } = &mut self.nodes[id].at else {
            return false;
        };
        let (end, mut todo, mut downs) = (end.clone(), std::mem::take(todo), std::mem::take(downs));
        if killed {
            self.kill_family(id, end);
            return true;
        }
        let before = downs.len();
        let mut moved = false;
        downs.retain_mut(|down| {
            let (done, killed) = self.is_down(down);
            moved |= killed;
            !done
        });
        moved |= downs.len() < before;
        if downs.is_empty() {
            match todo.pop() {
                None => {
                    self.life_is_over(id, end);
                    return true;
                }
                Some(child) => {
                    downs.push(self.take_down(child, false));
                    moved = true;
                }
            }
        }
        self.nodes[id].at = At::Stopping { end, todo, downs };
        moved
    }

    /// Orders a child to end, for good or to be restarted. A temporary one is never restarted.
    pub(super) fn take_down(&mut self, child: usize, cycle: bool) -> Down {
        let deadline = self.now + self.nodes[child].spec.shutdown.unwrap_or(SHUTDOWN);
        let node = &mut self.nodes[child];
        let cycle = cycle && node.spec.policy != actor_core::RestartPolicy::Temporary;
        if cycle {
            node.orders.cycle = true;
        } else {
            (node.orders.shutdown, node.open) = (true, false);
        }
        Down {
            child,
            cycle,
            rests: node.rests,
            deadline,
            killed: false,
        }
    }

    /// Whether a child is down, and whether it was killed just now.
    ///
    /// supervisor(3), Child specification, `shutdown`: so much time for a worker, and for ever for a supervisor.
    pub(super) fn is_down(&mut self, down: &mut Down) -> (bool, bool) {
        let node = &mut self.nodes[down.child];
        let done = matches!(node.at, At::Gone) || down.cycle && node.rests > down.rests;
        if done || down.killed || self.now < down.deadline {
            return (done, false);
        }
        let is_busy = matches!(node.at, At::Stopping { .. } | At::Killing(_));
        if node.spec.shutdown.is_none() && is_busy {
            down.deadline += SHUTDOWN;
            return (false, false);
        }
        node.orders.kill = true;
        down.killed = true;
        (false, true)
    }

    pub(super) fn is_starting(&self, child: usize) -> bool {
        let node = &self.nodes[child];
        !node.started && !matches!(node.at, At::Parked | At::Gone)
    }

    pub(super) fn is_parked(&self, child: usize) -> bool {
        matches!(self.nodes[child].at, At::Parked)
    }

    pub(super) fn is_gone_already(&self, child: usize) -> bool {
        matches!(self.nodes[child].at, At::Gone)
    }

    pub(super) fn begin(&mut self, child: usize) {
        let parent = self.nodes[child].parent;
        if self.is_parked(child) && !self.nodes[parent].family.closed {
            self.nodes[child].orders.cycle = false;
            self.begin_life(child);
        }
    }
}
