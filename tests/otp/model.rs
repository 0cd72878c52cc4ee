//! A model of a tree of supervisors on a clock of its own: pure, and made of the decisions in `rules`.
//!
//! It knows nothing of tasks, locks or wakers. Each actor is in one place of its life; all take one step after the
//! other until none can, then the clock goes to the next time that one waits for. Where it could matter who is first,
//! they step in other orders too: a story whose outcome depends on that is no test.

mod bonds;
mod life;
mod regroup;
mod team;
mod tending;

use std::collections::{BTreeMap, VecDeque};

use super::rules::{Ms, Reason, Strategy, Window};
use super::story::{BEGINNING, Command, Do, END, Seen, Spec, Start, Stop, Story, Team, time_of};

use regroup::Regroup;
use team::Down;
use tending::Deed;

/// The system, whose children are one-for-one.
const ROOT: usize = 0;

/// A child has 5 s to stop, or as long as its own children take.
const SHUTDOWN: Ms = 5000;

/// Who takes the next step of all that could.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    /// Who came first. An interruption comes before what was waited for at the same moment.
    Forward,
    /// Who came last, and what was waited for before an interruption.
    Backward,
    WorkersFirst,
}

pub(super) struct Model {
    now: Ms,
    nodes: Vec<Node>,
    /// Who has each name now.
    names: BTreeMap<String, usize>,
    scripts: BTreeMap<String, Script>,
    links: Vec<(usize, usize)>,
    seen: Seen,
    asked: u32,
    watched: u32,
    order: Order,
}

/// What is said of a worker by its name, whoever has it.
#[derive(Default)]
struct Script {
    starts: VecDeque<Start>,
    stop: Stop,
    /// How often it is let go without holding.
    let_go: u32,
}

struct Node {
    spec: Spec,
    path: String,
    parent: usize,
    at: At,
    lives: u32,
    /// The start of its present life has ended well.
    started: bool,
    /// How often it has waited for its supervisor to begin its next life.
    rests: u32,
    orders: Orders,
    /// What another's failure has it end for.
    doom: Option<Vec<String>>,
    ends_itself: bool,
    /// Its first start is waited for.
    awaited: bool,
    start_failed: Option<Reason>,
    open: bool,
    mail: VecDeque<Mail>,
    /// Its watches in this life that have not been answered, each with whom it is on.
    watches: Vec<(u32, usize)>,
    restarts_in_a_row: u32,
    up_since: Option<Ms>,
    ended: Option<Reason>,
    family: Family,
}

#[derive(Clone, Copy, Default)]
struct Orders {
    kill: bool,
    stop: bool,
    drain: bool,
    /// Said by its parent: to end for good, and to end a life.
    shutdown: bool,
    cycle: bool,
}

/// The children of a node in the order of their start, and what is to be done about them.
struct Family {
    children: Vec<usize>,
    closed: bool,
    window: Window,
    fallen: Vec<(usize, Ms)>,
    regroup: Regroup,
    /// Ends of significant children that it has not heard of.
    exits: u32,
}

enum Mail {
    Do(Do),
    Ask(u32),
    LinkTo(usize),
    Watch(usize),
    /// The answer to a watch, which is no message: it is neither refused nor counted.
    Down(u32),
}

/// Where a node is in its life. `until: None` is for ever.
enum At {
    Starting {
        until: Option<Ms>,
        fails: bool,
    },
    Bringing {
        next: usize,
        child: Option<usize>,
    },
    Up,
    Holding,
    Tending(Deed),
    Stopping {
        end: End,
        todo: Vec<usize>,
        downs: Vec<Down>,
    },
    Killing(End),
    Final {
        until: Option<Ms>,
        fails: bool,
        end: End,
    },
    BackOff(Ms),
    Parked,
    Gone,
}

#[derive(Clone, Debug)]
struct End {
    reason: Reason,
    by: By,
}

/// What an end obeys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Failure,
    Told,
    Itself,
    Parent,
    Cycle,
}

impl Model {
    /// Plays a story: what is seen, and which of its commands could be given. `Err` has what else could be seen, where
    /// it depends on who is first.
    pub(super) fn play(story: &Story) -> Result<(Seen, Vec<bool>), (Seen, Seen)> {
        let played = Self::play_in(story, Order::Forward);
        for order in [Order::Backward, Order::WorkersFirst] {
            let (seen, _) = Self::play_in(story, order);
            if seen != played.0 {
                return Err((played.0, seen));
            }
        }
        Ok(played)
    }

    fn play_in(story: &Story, order: Order) -> (Seen, Vec<bool>) {
        let root = Team {
            strategy: Strategy::Plain,
            limit: story.limit,
            period: 5000,
            auto: actor_core::AutoShutdown::Never,
            children: Vec::new(),
        };
        let root = Spec::supervisor("test", actor_core::RestartPolicy::Temporary, root);
        let mut model = Self {
            now: 0,
            nodes: Vec::new(),
            names: BTreeMap::new(),
            scripts: BTreeMap::new(),
            links: Vec::new(),
            seen: Seen {
                trace: Vec::new(),
                dead: [0; 3],
            },
            asked: 0,
            watched: 0,
            order,
        };
        model.spawn(ROOT, root, false);
        model.pass(0);
        model.spawn(ROOT, story.top.clone(), true);
        model.pass(BEGINNING);
        let mut seconds = 0;
        let mut given = Vec::new();
        for (n, (command, wait)) in story.steps.iter().enumerate() {
            model.pass(time_of(n, seconds));
            given.push(model.is_possible(command));
            if given[n] {
                model.obey(command);
            }
            seconds += wait;
        }
        model.pass(time_of(story.steps.len(), seconds));
        model.nodes[ROOT].orders.shutdown = true;
        model.pass(model.now + END);
        model.seen.trace.sort();
        (model.seen, given)
    }

    fn obey(&mut self, command: &Command) {
        match command {
            Command::Nothing => {}
            Command::Tell(name, deed) => {
                let mail = match deed {
                    Do::LinkTo(other) => Mail::LinkTo(self.names[other]),
                    Do::Watch(other) => Mail::Watch(self.names[other]),
                    deed => Mail::Do(deed.clone()),
                };
                let node = self.named(name);
                if node.open {
                    node.mail.push_back(mail);
                }
            }
            Command::Ask(name) => {
                self.asked += 1;
                let asked = self.asked;
                let node = self.named(name);
                if node.open {
                    node.mail.push_back(Mail::Ask(asked));
                } else {
                    self.answer(asked, "stopped");
                }
            }
            Command::LetGo(name) => self.script(name).let_go += 1,
            Command::Stop(name) => {
                let node = self.named(name);
                node.orders.stop = true;
                node.open = false;
            }
            Command::Drain(name) => {
                let node = self.named(name);
                node.orders.drain = true;
                node.open = false;
            }
            Command::Kill(name) => self.named(name).orders.kill = true,
            Command::Starts(name, starts) => self.script(name).starts = starts.iter().copied().collect(),
            Command::Stops(name, stop) => self.script(name).stop = *stop,
            Command::Add(team, spec) => self.begin_adding(self.names[team], spec.clone()),
            Command::StopChild(team, name) => self.begin_stopping(self.names[team], name),
            Command::RestartChild(team, name) => self.begin_restarting(self.names[team], name),
            Command::List(team) => self.list(self.names[team]),
        }
    }

    /// Whether the one it is for can be reached: a supervisor answers while it is up and has nothing else in hand.
    fn is_possible(&self, command: &Command) -> bool {
        let answers = |name: &String| self.names.get(name).is_some_and(|&id| self.answers(id));
        match command {
            Command::Nothing | Command::Starts(..) | Command::Stops(..) | Command::LetGo(_) => true,
            Command::Tell(name, Do::LinkTo(other) | Do::Watch(other)) => {
                name != other && self.is_worker(name) && self.is_worker(other)
            }
            Command::Tell(name, _) | Command::Ask(name) => self.is_worker(name),
            Command::Stop(name) | Command::Drain(name) | Command::Kill(name) => {
                self.is_worker(name) || self.names.get(name).is_some_and(|&id| self.is_found(id))
            }
            Command::Add(team, _) | Command::StopChild(team, _) | Command::RestartChild(team, _) => answers(team),
            Command::List(team) => answers(team),
        }
    }

    fn is_worker(&self, name: &str) -> bool {
        self.names
            .get(name)
            .is_some_and(|&id| self.nodes[id].spec.team.is_none())
    }

    /// Whether its handle can be had from its supervisor.
    fn is_found(&self, id: usize) -> bool {
        let parent = self.nodes[id].parent;
        parent == ROOT || self.answers(parent) && self.nodes[parent].family.children.contains(&id)
    }

    fn answers(&self, id: usize) -> bool {
        let node = &self.nodes[id];
        let is_tended = node
            .spec
            .team
            .as_ref()
            .is_some_and(|team| team.strategy != Strategy::Plain);
        is_tended && matches!(node.at, At::Up) && self.is_found(id)
    }

    fn named(&mut self, name: &str) -> &mut Node {
        &mut self.nodes[self.names[name]]
    }

    fn script(&mut self, name: &str) -> &mut Script {
        self.scripts.entry(name.to_owned()).or_default()
    }

    fn event(&mut self, words: String) {
        self.seen.trace.push((self.now, words));
    }

    fn answer(&mut self, asked: u32, words: &str) {
        self.event(format!("question {asked}: {words}"));
    }

    /// Enters a child of `parent`, whose first life begins.
    fn spawn(&mut self, parent: usize, spec: Spec, awaited: bool) -> usize {
        let id = self.nodes.len();
        let path = match self.nodes.get(parent) {
            Some(parent) => format!("{}/{}", parent.path, spec.name),
            None => format!("/{}", spec.name),
        };
        let (limit, period) = spec.team.as_ref().map_or((3, 5000), |team| (team.limit, team.period));
        if id != ROOT {
            self.nodes[parent].family.children.push(id);
        }
        self.nodes.push(Node {
            spec,
            path,
            parent,
            at: At::Gone,
            lives: 0,
            started: false,
            rests: 0,
            orders: Orders::default(),
            doom: None,
            ends_itself: false,
            awaited,
            start_failed: None,
            open: true,
            mail: VecDeque::new(),
            watches: Vec::new(),
            restarts_in_a_row: 0,
            up_since: None,
            ended: None,
            family: Family {
                children: Vec::new(),
                closed: false,
                window: Window::new(limit, period),
                fallen: Vec::new(),
                regroup: Regroup::None,
                exits: 0,
            },
        });
        self.begin_life(id);
        id
    }

    /// Lets time pass until then.
    fn pass(&mut self, until: Ms) {
        loop {
            self.settle();
            match self.next_time().filter(|&next| next <= until) {
                Some(next) => self.now = next,
                None => break,
            }
        }
        self.now = until;
    }

    fn settle(&mut self) {
        let mut moved = true;
        while moved {
            moved = false;
            let count = self.nodes.len();
            let is_team = |&id: &usize| self.nodes[id].spec.team.is_some();
            let ids: Vec<usize> = match self.order {
                Order::Forward => (0..count).collect(),
                Order::Backward => (0..count).rev().collect(),
                Order::WorkersFirst => {
                    let workers = (0..count).filter(|id| !is_team(id));
                    workers.chain((0..count).rev().filter(is_team)).collect()
                }
            };
            for id in ids {
                while self.step(id) {
                    moved = true;
                }
            }
        }
    }

    /// The next time that anyone waits for.
    fn next_time(&self) -> Option<Ms> {
        let mut times = Vec::new();
        for node in &self.nodes {
            match &node.at {
                At::Starting { until, .. } | At::Final { until, .. } => times.extend(until),
                At::BackOff(until) => times.push(*until),
                At::Stopping { downs, .. } => times.extend(downs.iter().map(|down| down.deadline)),
                At::Tending(deed) => times.extend(deed.deadline()),
                _ => {}
            }
            times.extend(node.family.regroup.deadline());
        }
        times.into_iter().filter(|&time| time > self.now).min()
    }
}
