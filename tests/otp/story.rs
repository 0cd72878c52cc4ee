//! What happens in a test of supervision, told to the model and to real actors alike: a tree, then one command after
//! the other.

use actor_core::{AutoShutdown, RestartPolicy};

use super::rules::{Ms, Strategy};

/// A child, as its specification has it.
#[derive(Clone, Debug)]
pub(super) struct Spec {
    /// Of its own in the whole tree.
    pub(super) name: String,
    pub(super) policy: RestartPolicy,
    /// The shortest and the longest wait before a restart.
    pub(super) backoff: Option<(Ms, Ms)>,
    pub(super) shutdown: Option<Ms>,
    pub(super) significant: bool,
    /// `None` for a worker.
    pub(super) team: Option<Team>,
}

/// The children of a supervisor, with its rules.
#[derive(Clone, Debug)]
pub(super) struct Team {
    pub(super) strategy: Strategy,
    pub(super) limit: usize,
    pub(super) period: Ms,
    pub(super) auto: AutoShutdown,
    pub(super) children: Vec<Spec>,
}

/// How a start of a worker goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    Well,
    Fails,
    Hangs,
}

/// How the `on_stop` of a worker goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Stop {
    #[default]
    Well,
    Fails,
    Hangs,
}

/// What a worker is told.
#[derive(Clone, Debug)]
pub(super) enum Do {
    Note(u32),
    Fail,
    Panic,
    /// Waits in its handler until it is let go.
    Hold,
    /// Ends by `Context::stop`.
    EndItself,
    /// Links itself to another worker.
    LinkTo(String),
    /// Watches another worker, once more.
    Watch(String),
    /// Withdraws its last watch on the one of this name.
    Unwatch(String),
}

/// What is done to whom.
#[derive(Clone, Debug)]
pub(super) enum Command {
    Nothing,
    Tell(String, Do),
    Ask(String),
    LetGo(String),
    Stop(String),
    Drain(String),
    Kill(String),
    /// How its next starts go.
    Starts(String, Vec<Start>),
    /// How it stops from now on.
    Stops(String, Stop),
    Add(String, Spec),
    StopChild(String, String),
    RestartChild(String, String),
    List(String),
}

/// A whole test: the tree is started, then each command is followed by so many seconds.
#[derive(Clone)]
pub(super) struct Story {
    /// How many restarts of the top the system takes, in 5 s.
    pub(super) limit: usize,
    pub(super) top: Spec,
    pub(super) steps: Vec<(Command, u64)>,
}

/// How much time passes until the tree has started.
pub(super) const BEGINNING: Ms = 100_000;

/// How much time passes at the end, with all that hangs.
pub(super) const END: Ms = 1_000_000;

/// How long a start and a stop take that go well.
pub(super) const START: Ms = 1000;
pub(super) const STOP: Ms = 1000;

/// When the `n`-th command is given, if so many seconds have passed after those before it.
///
/// All that takes time takes whole seconds, and each command comes at a millisecond of its own: so nothing that one of
/// them has set going falls together with what another has.
pub(super) fn time_of(n: usize, seconds_before: u64) -> Ms {
    BEGINNING + seconds_before * 1000 + n as Ms + 1
}

/// What was seen: events with their times, sorted, and what became of messages.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) trace: Vec<(Ms, String)>,
    /// Dead letters: stopped, restarted, killed.
    pub(super) dead: [u64; 3],
}

impl Spec {
    pub(super) fn worker(name: impl Into<String>, policy: RestartPolicy) -> Self {
        Self {
            name: name.into(),
            policy,
            backoff: None,
            shutdown: None,
            significant: false,
            team: None,
        }
    }

    pub(super) fn supervisor(name: impl Into<String>, policy: RestartPolicy, team: Team) -> Self {
        Self {
            team: Some(team),
            ..Self::worker(name, policy)
        }
    }
}

impl std::fmt::Debug for Story {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "the system takes {} restarts in 5 s of:", self.limit)?;
        tell_tree(f, &self.top, 1)?;
        for (n, (command, seconds)) in self.steps.iter().enumerate() {
            writeln!(f, "  {n}. {command:?}, then {seconds} s")?;
        }
        Ok(())
    }
}

fn tell_tree(f: &mut std::fmt::Formatter<'_>, spec: &Spec, depth: usize) -> std::fmt::Result {
    write!(f, "{:1$}{2}: {3:?}", "", depth * 2, spec.name, spec.policy)?;
    if spec.significant {
        f.write_str(", significant")?;
    }
    if let Some((min, max)) = spec.backoff {
        write!(f, ", backs off {min} to {max} ms")?;
    }
    if let Some(shutdown) = spec.shutdown {
        write!(f, ", has {shutdown} ms to stop")?;
    }
    let Some(team) = &spec.team else {
        return writeln!(f);
    };
    let Team {
        limit, period, auto, ..
    } = team;
    writeln!(
        f,
        ", {:?}, {limit} restarts in {period} ms, auto-shutdown {auto:?}, of:",
        team.strategy
    )?;
    team.children
        .iter()
        .try_for_each(|child| tell_tree(f, child, depth + 1))
}
