//! The life of one actor in the model: its start, its messages, its end, and what is made of that.

use super::super::rules::{Ms, Reason, backoff, ends_its_supervisor, is_restarted};
use super::super::story::{Do, START, STOP, Start, Stop};
use super::{At, By, End, Mail, Model, ROOT, Regroup};

impl Model {
    /// Has one actor do the next thing that it can do; `false` if there is none.
    pub(super) fn step(&mut self, id: usize) -> bool {
        let now = self.now;
        let orders = self.nodes[id].orders;
        match self.nodes[id].at {
            At::Gone => false,
            At::Starting { until, fails } => {
                let name = self.name(id);
                if let Some(reason) = self.interruption(id) {
                    self.event(format!("failed to start {name}"));
                    self.start_failed(id, reason);
                } else if until.is_none_or(|until| until > now) {
                    return false;
                } else if fails {
                    self.event(format!("failed to start {name}: cannot start"));
                    let words = format!("{} could not start: cannot start", self.nodes[id].path);
                    self.start_failed(id, Reason::Failed(vec![words]));
                } else {
                    self.is_up(id);
                }
                true
            }
            At::Bringing { .. } => self.bring(id),
            At::Up => self.serve(id),
            At::Holding => {
                let name = self.name(id);
                if let Some(reason) = self.interruption(id) {
                    self.seen.dead[2] += 1;
                    self.wind_up(id, reason, By::Failure);
                } else if self.script(&name).let_go > 0 {
                    self.script(&name).let_go -= 1;
                    self.nodes[id].at = At::Up;
                } else {
                    return false;
                }
                true
            }
            At::Tending(_) => self.go_on(id),
            At::Stopping { .. } => self.stop_family(id),
            At::Killing(_) => {
                if !self.nodes[id].family.children.is_empty() {
                    return false;
                }
                let At::Killing(end) = std::mem::replace(&mut self.nodes[id].at, At::Gone) else {
                    unreachable!("it was a moment ago")
                };
                self.life_is_over(id, end);
                true
            }
            At::Final { .. } => self.finish(id),
            // An end that is asked for in back-off is for good.
            At::BackOff(_) if orders.kill => self.is_gone(id, Reason::Killed),
            At::BackOff(_) | At::Parked if orders.shutdown => {
                let reason = if orders.kill { Reason::Killed } else { Reason::Shutdown };
                self.is_gone(id, reason)
            }
            At::BackOff(_) if orders.stop => self.is_gone(id, Reason::Normal),
            At::BackOff(_) if orders.cycle => {
                self.park(id);
                true
            }
            At::BackOff(until) if until <= now => {
                self.begin_life(id);
                true
            }
            At::BackOff(_) | At::Parked => false,
        }
    }

    pub(super) fn begin_life(&mut self, id: usize) {
        let now = self.now;
        let name = self.name(id);
        self.names.insert(name.clone(), id);
        let node = &mut self.nodes[id];
        node.doom = None;
        node.ends_itself = false;
        if let Some(team) = &node.spec.team {
            node.family.closed = false;
            node.family.fallen.clear();
            node.family.exits = 0;
            node.family.window = super::Window::new(team.limit, team.period);
            node.at = At::Bringing { next: 0, child: None };
        } else {
            let start = self.script(&name).starts.pop_front().unwrap_or(Start::Well);
            self.nodes[id].at = At::Starting {
                until: (start != Start::Hangs).then_some(now + START),
                fails: start == Start::Fails,
            };
        }
    }

    pub(super) fn is_up(&mut self, id: usize) {
        let now = self.now;
        let node = &mut self.nodes[id];
        node.lives += 1;
        node.started = true;
        node.at = At::Up;
        node.up_since = Some(now);
        if node.spec.team.is_none() {
            let what = if node.lives == 1 { "started" } else { "restarted" };
            let words = format!("{what} {}", node.spec.name);
            self.event(words);
        }
    }

    /// What ends it without waiting for its handler.
    pub(super) fn interruption(&mut self, id: usize) -> Option<Reason> {
        let node = &mut self.nodes[id];
        if node.orders.kill {
            Some(Reason::Killed)
        } else {
            node.doom.take().map(Reason::Failed)
        }
    }

    pub(super) fn start_failed(&mut self, id: usize, reason: Reason) {
        let node = &mut self.nodes[id];
        if node.awaited && node.lives == 0 {
            node.start_failed = Some(reason.clone());
        }
        let by = By::Failure;
        if node.spec.team.is_some() {
            self.wind_up(id, reason, by);
        } else {
            self.life_is_over(id, End { reason, by });
        }
    }

    /// Looks at orders first, and between any two messages.
    fn serve(&mut self, id: usize) -> bool {
        if let Some(reason) = self.interruption(id) {
            self.wind_up(id, reason, By::Failure);
            return true;
        }
        let node = &mut self.nodes[id];
        let orders = node.orders;
        if orders.shutdown {
            self.wind_up(id, Reason::Shutdown, By::Parent);
        } else if orders.stop {
            self.wind_up(id, Reason::Normal, By::Told);
        } else if orders.cycle {
            self.wind_up(id, Reason::Shutdown, By::Cycle);
        } else if node.ends_itself {
            self.wind_up(id, Reason::Normal, By::Itself);
        } else if node.family.exits > 0 {
            node.family.exits -= 1;
            self.hear_of_significant_child(id);
        } else if let Some(mail) = node.mail.pop_front() {
            self.handle(id, mail);
        } else if orders.drain {
            self.wind_up(id, Reason::Normal, By::Told);
        } else {
            return self.regroup(id);
        }
        true
    }

    fn hear_of_significant_child(&mut self, id: usize) {
        let node = &self.nodes[id];
        let others = |&child: &usize| self.nodes[child].spec.significant;
        let others = node.family.children.iter().any(others);
        let auto = node.spec.team.as_ref().map(|team| team.auto).unwrap_or_default();
        self.nodes[id].ends_itself |= ends_its_supervisor(auto, others);
    }

    fn handle(&mut self, id: usize, mail: Mail) {
        let (name, path) = (self.name(id), self.nodes[id].path.clone());
        let deed = match mail {
            Mail::Ask(asked) => return self.answer(asked, "answered"),
            Mail::LinkTo(other) => return self.link(id, other),
            Mail::Watch(other) => return self.watch(id, other),
            Mail::Down(watch) => return self.hear_of_end(id, watch),
            Mail::Do(deed) => deed,
        };
        let words = match deed {
            Do::Note(note) => return self.event(format!("{name} handled {note}")),
            Do::Hold => return self.nodes[id].at = At::Holding,
            Do::EndItself => return self.nodes[id].ends_itself = true,
            Do::LinkTo(_) | Do::Watch(_) => return,
            Do::Unwatch(other) => {
                let nodes = &self.nodes;
                let last = nodes[id]
                    .watches
                    .iter()
                    .rposition(|&(_, on)| nodes[on].spec.name == other);
                if let Some(last) = last {
                    self.nodes[id].watches.remove(last);
                }
                return;
            }
            Do::Fail => format!("{path} on purpose"),
            Do::Panic => format!("{path} panicked: on purpose"),
        };
        self.wind_up(id, Reason::Failed(vec![words]), By::Failure);
    }

    /// The children first, then `on_stop`.
    pub(super) fn wind_up(&mut self, id: usize, reason: Reason, by: By) {
        if reason.is_orderly() {
            // Nobody will handle what waits.
            self.nodes[id].open &= by == By::Cycle;
            self.leave_mail(id, by == By::Cycle);
        }
        self.nodes[id].watches.clear();
        let end = End { reason, by };
        if self.nodes[id].spec.team.is_none() {
            return self.begin_final(id, end);
        }
        let family = &mut self.nodes[id].family;
        family.closed = true;
        family.regroup = Regroup::None;
        self.begin_stopping_family(id, end);
    }

    fn begin_final(&mut self, id: usize, end: End) {
        let (now, name) = (self.now, self.name(id));
        if end.reason == Reason::Killed {
            self.event(format!("killed {name}"));
            return self.life_is_over(id, end);
        }
        let stop = self.script(&name).stop;
        self.nodes[id].at = At::Final {
            until: (stop != Stop::Hangs).then_some(now + STOP),
            fails: stop == Stop::Fails,
            end,
        };
    }

    fn finish(&mut self, id: usize) -> bool {
        let (now, name, path) = (self.now, self.name(id), self.nodes[id].path.clone());
        let killed = self.nodes[id].orders.kill;
        let At::Final { until, fails, end } = &mut self.nodes[id].at else {
            return false;
        };
        if !killed && until.is_none_or(|until| until > now) {
            return false;
        }
        let mut end = end.clone();
        let words = match (&end.reason, killed, *fails) {
            (_, true, _) => format!("failed to stop {name}"),
            (_, _, true) => format!("failed to stop {name}: cannot stop"),
            (Reason::Failed(chain), ..) => format!("failed {name}: {}", message(&chain[0], &path)),
            _ => format!("stopped {name}"),
        };
        // A failure here becomes the reason of an end that was in order until then.
        if end.reason.is_orderly() && killed {
            end.reason = Reason::Killed;
        } else if end.reason.is_orderly() && *fails {
            end.reason = Reason::Failed(vec![format!("{path} cannot stop")]);
        }
        self.event(words);
        self.life_is_over(id, end);
        true
    }

    /// What the supervisor makes of the end of a life.
    pub(super) fn life_is_over(&mut self, id: usize, end: End) {
        self.break_links(id, &end.reason);
        self.nodes[id].watches.clear();
        let node = &mut self.nodes[id];
        let told = matches!(end.by, By::Told | By::Itself);
        let stopped_late = node.orders.stop && !told;
        // Deviation *told to stop*.
        let judged = if stopped_late || told && !node.ends_itself {
            Reason::Normal
        } else {
            end.reason.clone()
        };
        let cycled = end.by == By::Cycle || node.orders.cycle;
        node.orders.kill = false;
        node.doom = None;
        if told || stopped_late {
            (node.orders.stop, node.orders.drain) = (false, false);
        }
        if end.by == By::Cycle {
            node.orders.cycle = false;
        }
        let (parent, policy) = (node.parent, node.spec.policy);
        let stays = id != ROOT
            && !node.orders.shutdown
            && node.start_failed.is_none()
            && !self.nodes[parent].family.closed
            && (cycled && !stopped_late || is_restarted(policy, &judged));
        if !stays {
            self.is_gone(id, end.reason);
            return;
        }
        if cycled {
            self.leave_mail(id, true);
            self.reopen(id);
            self.park(id);
            return;
        }
        let (now, path) = (self.now, self.nodes[id].path.clone());
        if !self.nodes[parent].family.window.allows(now) {
            self.gives_up(parent, judged.as_cause(&path));
            self.is_gone(id, end.reason);
            return;
        }
        if judged.is_orderly() {
            self.leave_mail(id, false);
        }
        self.reopen(id);
        let wait = self.wait_of(id);
        let team = self.nodes[parent].spec.team.as_ref();
        if team.is_some_and(|team| team.strategy.is_of_several()) {
            self.nodes[parent].family.fallen.push((id, wait));
            self.park(id);
        } else if wait > 0 {
            self.nodes[id].at = At::BackOff(now + wait);
        } else {
            self.begin_life(id);
        }
    }

    /// Deviation *giving up is a failure*.
    fn gives_up(&mut self, id: usize, cause: Vec<String>) {
        let node = &mut self.nodes[id];
        node.family.closed = true;
        let (limit, period) = (node.family.window.limit, node.family.window.period);
        let period = std::time::Duration::from_millis(period);
        let mut chain = vec![format!(
            "{} gave up: more than {limit} restarts of its children in {period:?}",
            node.path
        )];
        chain.extend(cause);
        node.doom.get_or_insert(chain);
    }

    fn wait_of(&mut self, id: usize) -> Ms {
        let now = self.now;
        let node = &mut self.nodes[id];
        let Some((min, max)) = node.spec.backoff else { return 0 };
        if node.up_since.take().is_some_and(|since| now - since >= max) {
            node.restarts_in_a_row = 0;
        }
        node.restarts_in_a_row += 1;
        backoff((min, max), node.restarts_in_a_row - 1)
    }

    pub(super) fn is_gone(&mut self, id: usize, reason: Reason) -> bool {
        self.break_links(id, &reason);
        self.leave_mail(id, false);
        let node = &mut self.nodes[id];
        node.open = false;
        node.at = At::Gone;
        node.ended = Some(reason.clone());
        let (name, parent) = (node.spec.name.clone(), node.parent);
        // Told by its parent to end, it has not ended by itself, however its end went.
        let counts = node.spec.significant && !node.orders.shutdown;
        if node.spec.team.is_none() {
            self.event(format!("{name} is gone: {}", words(&reason)));
        } else if parent == ROOT && id != ROOT {
            self.event(format!("the top is gone: {}", words(&reason)));
        }
        self.tell_watchers(id);
        let family = &mut self.nodes[parent].family;
        family.children.retain(|&child| child != id);
        family.exits += u32::from(counts);
        true
    }

    /// Deviation *mailbox survives*: what is left of it goes to dead letters.
    fn leave_mail(&mut self, id: usize, restarted: bool) {
        for mail in std::mem::take(&mut self.nodes[id].mail) {
            self.seen.dead[usize::from(restarted)] += u64::from(!matches!(mail, Mail::Down(_)));
            if let Mail::Ask(asked) = mail {
                self.answer(asked, "stopped");
            }
        }
    }

    fn park(&mut self, id: usize) {
        let node = &mut self.nodes[id];
        node.rests += 1;
        node.at = At::Parked;
    }

    fn reopen(&mut self, id: usize) {
        let node = &mut self.nodes[id];
        node.started = false;
        node.open = !(node.orders.stop || node.orders.drain || node.orders.shutdown);
    }

    fn name(&self, id: usize) -> String {
        self.nodes[id].spec.name.clone()
    }
}

/// A failure's own words, without who it was and how it failed.
fn message<'a>(failure: &'a str, path: &str) -> &'a str {
    let words = failure.strip_prefix(path).unwrap_or(failure).trim_start();
    words.strip_prefix("panicked: ").unwrap_or(words)
}

/// How a reason is told.
pub(super) fn words(reason: &Reason) -> String {
    match reason {
        Reason::Normal => "ended normally".to_owned(),
        Reason::Shutdown => "was shut down".to_owned(),
        Reason::Killed => "was killed".to_owned(),
        Reason::Failed(chain) => format!("failed: {}", chain.join(", because ")),
    }
}
