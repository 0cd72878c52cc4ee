//! Every way for a child to end, under every strategy and policy, held against the model cell by cell.

use actor_core::{AutoShutdown, RestartPolicy};

use super::model::Model;
use super::rules::Strategy;
use super::story::{Command, Do, Spec, Start, Stop, Story, Team};
use super::{complaint, play};

/// How the child ends that the cell is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    EndsItself,
    IsStopped,
    IsDrained,
    Errs,
    Panics,
    IsKilled,
    FailsAndFailsToStart,
    FailsAndHangsInOnStart,
    HangsInOnStopAndIsKilled,
    HangsInOnStopOfItsSupervisor,
    FallsWithItsLink,
}

const WAYS: [Way; 11] = [
    Way::EndsItself,
    Way::IsStopped,
    Way::IsDrained,
    Way::Errs,
    Way::Panics,
    Way::IsKilled,
    Way::FailsAndFailsToStart,
    Way::FailsAndHangsInOnStart,
    Way::HangsInOnStopAndIsKilled,
    Way::HangsInOnStopOfItsSupervisor,
    Way::FallsWithItsLink,
];

const POLICIES: [RestartPolicy; 3] = [
    RestartPolicy::Permanent,
    RestartPolicy::Transient,
    RestartPolicy::Temporary,
];

const CHILDREN: [&str; 3] = ["a", "b", "c"];

/// The actor that a child is linked to.
const OTHER: &str = "other";

#[derive(Clone, Copy, Debug)]
struct Cell {
    strategy: Strategy,
    policy: RestartPolicy,
    way: Way,
    position: usize,
    intensity_is_reached: bool,
    auto: AutoShutdown,
}

impl Cell {
    fn all(strategy: Strategy) -> Vec<Self> {
        let mut cells = Vec::new();
        for (policy, way, position) in POLICIES
            .into_iter()
            .flat_map(|policy| WAYS.map(|way| (policy, way)))
            .flat_map(|(policy, way)| [0, 1, 2].map(|position| (policy, way, position)))
        {
            for intensity_is_reached in [false, true] {
                for auto in [
                    AutoShutdown::Never,
                    AutoShutdown::AnySignificant,
                    AutoShutdown::AllSignificant,
                ] {
                    // A permanent child cannot be significant, and an actor that is no supervisor does not ask.
                    let is_idle = policy == RestartPolicy::Permanent || strategy == Strategy::Plain;
                    if auto == AutoShutdown::Never || !is_idle {
                        cells.push(Self {
                            strategy,
                            policy,
                            way,
                            position,
                            intensity_is_reached,
                            auto,
                        });
                    }
                }
            }
        }
        cells
    }

    /// A supervisor `S` of three below a top with a child of its own; or both in one, where children are plain.
    fn tree(&self) -> Spec {
        let limit = match (self.intensity_is_reached, self.way) {
            (false, _) => 10,
            (true, Way::FailsAndFailsToStart | Way::FailsAndHangsInOnStart) => 1,
            (true, _) => 0,
        };
        let mut children: Vec<Spec> = CHILDREN
            .into_iter()
            .zip(0..)
            .map(|(name, n)| self.child(name, n))
            .collect();
        let other = Spec::worker(OTHER, RestartPolicy::Temporary);
        let team = |strategy, limit, auto, children| Team {
            strategy,
            limit,
            period: 1_000_000,
            auto,
            children,
        };
        if self.strategy == Strategy::Plain {
            children.push(other);
            let team = team(Strategy::Plain, limit, AutoShutdown::Never, children);
            return Spec::supervisor("S", RestartPolicy::Temporary, team);
        }
        let s = team(self.strategy, limit, self.auto, children);
        let s = Spec::supervisor("S", RestartPolicy::Transient, s);
        let top = team(Strategy::OneForOne, 0, AutoShutdown::Never, vec![s, other]);
        Spec::supervisor("T", RestartPolicy::Temporary, top)
    }

    /// The siblings have another policy than the one that the cell is about.
    fn child(&self, name: &str, position: usize) -> Spec {
        let siblings = match self.policy {
            RestartPolicy::Permanent => RestartPolicy::Transient,
            RestartPolicy::Transient => RestartPolicy::Temporary,
            RestartPolicy::Temporary => RestartPolicy::Permanent,
        };
        let policy = if position == self.position {
            self.policy
        } else {
            siblings
        };
        Spec {
            significant: self.auto != AutoShutdown::Never && policy != RestartPolicy::Permanent,
            ..Spec::worker(name, policy)
        }
    }

    fn story(&self) -> Story {
        let it = CHILDREN[self.position].to_owned();
        let siblings = || CHILDREN.into_iter().rev().filter(|&name| name != it).map(str::to_owned);
        let tell = |name: &String, deed: Do| (Command::Tell(name.clone(), deed), 0);
        let mut steps = Vec::new();
        for name in CHILDREN.map(str::to_owned) {
            steps.push(tell(&name, Do::Hold));
        }
        if self.way == Way::FallsWithItsLink {
            steps.insert(0, tell(&it, Do::LinkTo(OTHER.to_owned())));
        }
        match self.way {
            Way::EndsItself => steps.push(tell(&it, Do::EndItself)),
            Way::Panics => steps.push(tell(&it, Do::Panic)),
            Way::Errs | Way::FailsAndFailsToStart | Way::FailsAndHangsInOnStart => steps.push(tell(&it, Do::Fail)),
            _ => {}
        }
        // They wait behind what is in hand, and with one of them somebody who has asked.
        for (n, name) in (0..).zip(CHILDREN.map(str::to_owned)) {
            steps.push(tell(&name, Do::Note(n)));
            steps.push((Command::Ask(name), 0));
        }
        let its_supervisor = || "S".to_owned();
        let (before, after) = match self.way {
            Way::IsStopped => (vec![Command::Stop(it.clone())], vec![]),
            Way::IsDrained => (vec![Command::Drain(it.clone())], vec![]),
            Way::IsKilled => (vec![Command::Kill(it.clone())], vec![]),
            Way::FailsAndFailsToStart => (vec![Command::Starts(it.clone(), vec![Start::Fails])], vec![]),
            Way::FailsAndHangsInOnStart => (
                vec![Command::Starts(it.clone(), vec![Start::Hangs])],
                vec![Command::Kill(it.clone())],
            ),
            Way::HangsInOnStopAndIsKilled => (
                vec![Command::Stops(it.clone(), Stop::Hangs), Command::Stop(it.clone())],
                vec![Command::Stops(it.clone(), Stop::Well), Command::Kill(it.clone())],
            ),
            Way::HangsInOnStopOfItsSupervisor => {
                let stop = if self.strategy == Strategy::Plain {
                    Command::Stop(its_supervisor())
                } else {
                    Command::StopChild(its_supervisor(), it.clone())
                };
                (vec![Command::Stops(it.clone(), Stop::Hangs), stop], vec![])
            }
            Way::FallsWithItsLink => (vec![Command::Tell(OTHER.to_owned(), Do::Fail)], vec![]),
            Way::EndsItself | Way::Errs | Way::Panics => (vec![], vec![]),
        };
        steps.extend(before.into_iter().map(|command| (command, 0)));
        // It may be gone by then, or in its next life.
        steps.push((Command::LetGo(it.clone()), 2));
        // Those that are let go one by one, last first, end one by one where they are told to.
        steps.extend(siblings().map(|name| (Command::LetGo(name), 2)));
        steps.push((Command::List(its_supervisor()), 10));
        steps.extend(after.into_iter().map(|command| (command, 20)));
        steps.push((Command::List(its_supervisor()), 0));
        steps.extend(CHILDREN.map(|name| (Command::Ask(name.to_owned()), 1)));
        Story {
            limit: 0,
            top: self.tree(),
            steps,
        }
    }
}

/// Plays all cells of a strategy, and names those that are not as the model has them.
fn hold(strategy: Strategy, cells_expected: usize) {
    let cells = Cell::all(strategy);
    assert_eq!(cells.len(), cells_expected);
    let mut complaints = Vec::new();
    let (mut restarted, mut gave_up) = (0, 0);
    for cell in cells {
        let story = cell.story();
        let (expected, given) = match Model::play(&story) {
            Ok(played) => played,
            Err((one, other)) => panic!("{cell:?} depends on who is first:\n{}", complaint(&one, &other)),
        };
        let any = |part: &str| expected.trace.iter().any(|(_, event)| event.contains(part));
        restarted += u32::from(any("restarted"));
        gave_up += u32::from(any("gave up"));
        let seen = play(&story, &given);
        if seen != expected {
            complaints.push(format!("{cell:?}:\n{story:?}{}", complaint(&expected, &seen)));
        }
    }
    assert!(
        restarted > 20 && gave_up > 10,
        "{restarted} cells restart anyone, and {gave_up} give up"
    );
    let shown = complaints.len().min(3);
    assert!(
        complaints.is_empty(),
        "{} cells differ from the model, of which {shown}:\n{}",
        complaints.len(),
        complaints[..shown].join("\n")
    );
}

#[test]
fn one_for_one_is_as_the_documents_have_it() {
    hold(Strategy::OneForOne, 462);
}

#[test]
fn one_for_all_is_as_the_documents_have_it() {
    hold(Strategy::OneForAll, 462);
}

#[test]
fn rest_for_one_is_as_the_documents_have_it() {
    hold(Strategy::RestForOne, 462);
}

#[test]
fn dynamic_children_are_as_the_documents_have_it() {
    hold(Strategy::Dynamic, 462);
}

#[test]
fn plain_children_are_supervised_one_for_one() {
    hold(Strategy::Plain, 198);
}

#[test]
fn the_window_of_the_intensity_includes_its_first_and_last_moment() {
    // Two failures that are 10,001 ms apart.
    for (period, gives_up) in [(10_000, false), (10_001, true), (10_002, true)] {
        let team = Team {
            strategy: Strategy::OneForOne,
            limit: 1,
            period,
            auto: AutoShutdown::Never,
            children: vec![Spec::worker("a", RestartPolicy::Transient)],
        };
        let fail = || Command::Tell("a".to_owned(), Do::Fail);
        let story = Story {
            limit: 0,
            top: Spec::supervisor("S", RestartPolicy::Temporary, team),
            steps: vec![(fail(), 10), (fail(), 10)],
        };
        let (expected, given) = Model::play(&story).expect("nothing happens at the same moment");
        let seen = play(&story, &given);
        assert!(seen == expected, "{period} ms: {}", complaint(&expected, &seen));
        let gave_up = seen.trace.iter().any(|(_, event)| event.contains("gave up"));
        assert_eq!(gave_up, gives_up, "{period} ms");
    }
}
