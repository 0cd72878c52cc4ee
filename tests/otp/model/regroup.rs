//! The restart of several children of the model together.

use super::super::rules::Ms;
use super::Model;
use super::team::Down;

/// The restart of several together.
#[derive(Clone, Debug)]
pub(super) enum Regroup {
    None,
    Down {
        touched: Vec<usize>,
        todo: Vec<usize>,
        down: Option<Down>,
        wait: Ms,
    },
    Wait {
        touched: Vec<usize>,
        until: Ms,
    },
    Up {
        touched: Vec<usize>,
        next: usize,
        begun: bool,
    },
}

impl Regroup {
    pub(super) fn deadline(&self) -> Option<Ms> {
        match self {
            Regroup::Down { down, .. } => down.as_ref().map(|down| down.deadline),
            Regroup::Wait { until, .. } => Some(*until),
            _ => None,
        }
    }
}

impl Model {
    /// Whom those that have fallen touch, and the longest wait.
    fn fallen(&mut self, id: usize) -> Option<(Vec<usize>, Ms)> {
        let node = &mut self.nodes[id];
        let fallen = std::mem::take(&mut node.family.fallen);
        let wait = fallen.iter().map(|&(_, wait)| wait).max()?;
        let strategy = node.spec.team.as_ref()?.strategy;
        let children = &node.family.children;
        let touched = fallen.iter().flat_map(|&(child, _)| strategy.touched(children, child));
        let mut touched: Vec<usize> = touched.collect();
        touched.sort_unstable();
        touched.dedup();
        Some((touched, wait))
    }

    /// Design Principles, Supervisor Behaviour, Restart Strategy: those touched are stopped, last first, and started
    /// again in order. A start that fails meanwhile counts, and is tried again (`restart_multiple_children` there), with
    /// those whom it touches and those who have not had their turn.
    pub(super) fn regroup(&mut self, id: usize) -> bool {
        let regroup = std::mem::replace(&mut self.nodes[id].family.regroup, Regroup::None);
        let (regroup, moved) = match regroup {
            Regroup::None => match self.fallen(id) {
                Some((touched, wait)) => (going_down(touched, wait), true),
                None => (Regroup::None, false),
            },
            Regroup::Down {
                touched,
                mut todo,
                mut down,
                wait,
            } => {
                let moved;
                if let Some(current) = &mut down {
                    let (done, killed) = self.is_down(current);
                    moved = done || killed;
                    if done {
                        down = None;
                    }
                } else if let Some(child) = todo.pop() {
                    let has_life = !self.is_parked(child) && !self.is_gone_already(child);
                    down = has_life.then(|| self.take_down(child, true));
                    moved = true;
                } else {
                    let until = self.now + wait;
                    self.nodes[id].family.regroup = Regroup::Wait { touched, until };
                    return true;
                }
                let regroup = Regroup::Down {
                    touched,
                    todo,
                    down,
                    wait,
                };
                (regroup, moved)
            }
            Regroup::Wait { touched, until } if until > self.now => (Regroup::Wait { touched, until }, false),
            Regroup::Wait { touched, .. } => (going_up(touched, 0), true),
            Regroup::Up { touched, next, begun } => {
                if next == touched.len() {
                    (Regroup::None, true)
                } else if let Some((more, wait)) = self.fallen(id) {
                    let is_up = |&child: &usize| {
                        !self.is_starting(child) && !self.is_parked(child) && !self.is_gone_already(child)
                    };
                    let mut again: Vec<usize> = touched.into_iter().filter(|child| !is_up(child)).collect();
                    again.extend(more);
                    again.sort_unstable();
                    again.dedup();
                    (going_down(again, wait), true)
                } else {
                    let child = touched[next];
                    if !begun {
                        self.begin(child);
                    }
                    let waits = self.is_starting(child);
                    let moved = !begun || !waits;
                    let regroup = Regroup::Up {
                        touched,
                        next,
                        begun: true,
                    };
                    match regroup {
                        Regroup::Up { touched, next, .. } if !waits => (going_up(touched, next + 1), true),
                        same => (same, moved),
                    }
                }
            }
        };
        self.nodes[id].family.regroup = regroup;
        moved
    }
}

fn going_down(touched: Vec<usize>, wait: Ms) -> Regroup {
    Regroup::Down {
        todo: touched.clone(),
        touched,
        down: None,
        wait,
    }
}

fn going_up(touched: Vec<usize>, next: usize) -> Regroup {
    Regroup::Up {
        touched,
        next,
        begun: false,
    }
}
