//! Random trees to which random things happen, held against the model.

use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};

use actor_core::{AutoShutdown, RestartPolicy};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, RngSeed, TestRunner};

use super::model::Model;
use super::rules::{Ms, Strategy as Rule};
use super::story::{Command, Do, Spec, Start, Stop, Story, Team};

/// How many stories are played unless `PROPTEST_CASES` says otherwise.
const CASES: u32 = 10_000;

/// How many workers a story may add.
const ADDED_MAX: usize = 3;

fn policy() -> impl Strategy<Value = RestartPolicy> {
    prop_oneof![
        3 => Just(RestartPolicy::Transient),
        2 => Just(RestartPolicy::Permanent),
        1 => Just(RestartPolicy::Temporary),
    ]
}

fn seconds(from: Ms, to: Ms) -> impl Strategy<Value = Ms> {
    (from..=to).prop_map(|seconds| seconds * 1000)
}

fn worker() -> impl Strategy<Value = Spec> {
    let backoff = (seconds(1, 3), seconds(3, 9));
    (
        policy(),
        prop::option::weighted(0.2, backoff),
        prop::option::weighted(0.3, seconds(2, 7)),
        prop::bool::weighted(0.3),
    )
        .prop_map(|(policy, backoff, shutdown, significant)| Spec {
            backoff,
            shutdown,
            significant: significant && policy != RestartPolicy::Permanent,
            ..Spec::worker("", policy)
        })
}

fn team(children: impl Strategy<Value = Vec<Spec>>) -> impl Strategy<Value = Spec> {
    let rule = prop_oneof![
        Just(Rule::OneForOne),
        Just(Rule::OneForAll),
        Just(Rule::RestForOne),
        Just(Rule::Dynamic),
    ];
    let auto = prop_oneof![
        2 => Just(AutoShutdown::Never),
        1 => Just(AutoShutdown::AnySignificant),
        1 => Just(AutoShutdown::AllSignificant),
    ];
    (worker(), rule, 0..4usize, seconds(3, 20), auto, children).prop_map(
        |(spec, strategy, limit, period, auto, children)| Spec {
            // One that has children has as long as they have, mostly.
            shutdown: spec.shutdown.filter(|&time| time > 6000),
            team: Some(Team {
                strategy,
                limit,
                period,
                auto,
                children,
            }),
            ..spec
        },
    )
}

/// A tree of at most three levels.
fn tree() -> impl Strategy<Value = Spec> {
    let low = prop_oneof![4 => worker().boxed(), 1 => team(vec(worker(), 1..3)).boxed()];
    let middle = team(vec(low, 1..4));
    let top = prop_oneof![2 => worker().boxed(), 1 => middle.boxed()];
    team(vec(top, 1..4)).prop_map(|mut top| {
        let (mut workers, mut teams) = (0, 0);
        name(&mut top, &mut workers, &mut teams);
        top
    })
}

/// Names workers a, b, c and supervisors A, B, C, from the top and the left.
fn name(spec: &mut Spec, workers: &mut u8, teams: &mut u8) {
    let (first, count) = if spec.team.is_some() {
        (b'A', &mut *teams)
    } else {
        (b'a', &mut *workers)
    };
    spec.name = char::from(first + *count).to_string();
    *count += 1;
    for child in spec.team.iter_mut().flat_map(|team| &mut team.children) {
        name(child, workers, teams);
    }
}

/// A command to someone whose number stands for a name.
fn command() -> impl Strategy<Value = (Command, usize, usize)> {
    let nobody = String::new;
    let tell = move |deed: Do| Just(Command::Tell(nobody(), deed));
    let starts = prop_oneof![3 => Just(Start::Fails), 1 => Just(Start::Hangs), 1 => Just(Start::Well)];
    let stop = prop_oneof![Just(Stop::Well), Just(Stop::Fails), Just(Stop::Hangs)];
    let command = prop_oneof![
        6 => tell(Do::Fail),
        3 => tell(Do::Panic),
        3 => tell(Do::Hold),
        2 => tell(Do::EndItself),
        2 => (0..100u32).prop_map(move |note| Command::Tell(nobody(), Do::Note(note))),
        2 => tell(Do::LinkTo(nobody())),
        2 => tell(Do::Watch(nobody())),
        1 => tell(Do::Unwatch(nobody())),
        2 => Just(Command::Ask(nobody())),
        2 => Just(Command::LetGo(nobody())),
        3 => Just(Command::Stop(nobody())),
        2 => Just(Command::Drain(nobody())),
        3 => Just(Command::Kill(nobody())),
        3 => vec(starts, 1..3).prop_map(move |starts| Command::Starts(nobody(), starts)),
        2 => stop.prop_map(move |stop| Command::Stops(nobody(), stop)),
        2 => worker().prop_map(move |spec| Command::Add(nobody(), spec)),
        2 => Just(Command::StopChild(nobody(), nobody())),
        2 => Just(Command::RestartChild(nobody(), nobody())),
        1 => Just(Command::List(nobody())),
    ];
    (command, 0..60usize, 0..60usize)
}

fn story() -> impl Strategy<Value = Story> {
    let steps = vec(
        (command(), prop_oneof![2 => 0..2u64, 2 => 1..8u64, 1 => 8..30u64]),
        1..14,
    );
    (0..4usize, tree(), steps).prop_map(|(limit, top, steps)| {
        let (mut workers, mut teams) = (Vec::new(), Vec::new());
        names(&top, &mut workers, &mut teams);
        workers.extend((0..ADDED_MAX).map(|n| format!("x{n}")));
        let everyone: Vec<String> = workers.iter().chain(&teams).cloned().collect();
        let mut added = 0;
        let addressed = |((command, one, other), wait): ((Command, usize, usize), u64)| {
            let worker = |n: usize| workers[n % workers.len()].clone();
            let team = |n: usize| teams[n % teams.len()].clone();
            let anyone = |n: usize| everyone[n % everyone.len()].clone();
            let command = match command {
                Command::Nothing => Command::Nothing,
                Command::Tell(_, Do::LinkTo(_)) => Command::Tell(worker(one), Do::LinkTo(worker(other))),
                Command::Tell(_, Do::Watch(_)) => Command::Tell(worker(one), Do::Watch(worker(other))),
                Command::Tell(_, Do::Unwatch(_)) => Command::Tell(worker(one), Do::Unwatch(worker(other))),
                Command::Tell(_, deed) => Command::Tell(worker(one), deed),
                Command::Ask(_) => Command::Ask(worker(one)),
                Command::LetGo(_) => Command::LetGo(worker(one)),
                Command::Stop(_) => Command::Stop(anyone(one)),
                Command::Drain(_) => Command::Drain(anyone(one)),
                Command::Kill(_) => Command::Kill(anyone(one)),
                Command::Starts(_, starts) => Command::Starts(worker(one), starts),
                Command::Stops(_, stop) => Command::Stops(worker(one), stop),
                Command::Add(..) if added == ADDED_MAX => Command::Nothing,
                Command::Add(_, mut spec) => {
                    spec.name = format!("x{added}");
                    added += 1;
                    Command::Add(team(one), spec)
                }
                Command::StopChild(..) => Command::StopChild(team(one), anyone(other)),
                Command::RestartChild(..) => Command::RestartChild(team(one), anyone(other)),
                Command::List(_) => Command::List(team(one)),
            };
            (command, wait)
        };
        let steps = steps.into_iter().map(addressed).collect();
        Story { limit, top, steps }
    })
}

fn names(spec: &Spec, workers: &mut Vec<String>, teams: &mut Vec<String>) {
    let names = if spec.team.is_some() {
        &mut *teams
    } else {
        &mut *workers
    };
    names.push(spec.name.clone());
    for child in spec.team.iter().flat_map(|team| &team.children) {
        self::names(child, workers, teams);
    }
}

#[test]
fn random_trees_do_what_the_model_does() {
    let mut config = Config {
        failure_persistence: None,
        max_shrink_iters: 20_000,
        // The default is slow in a debug build, and nobody has to be kept from guessing.
        rng_algorithm: RngAlgorithm::XorShift,
        ..Config::default()
    };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = CASES;
    }
    if config.rng_seed == RngSeed::Random {
        config.rng_seed = RngSeed::Fixed(RandomState::new().hash_one(0));
    }
    let RngSeed::Fixed(seed) = config.rng_seed else {
        unreachable!("it was chosen above")
    };
    let (played, in_doubt) = (Cell::new(0), Cell::new(0));
    let outcome = TestRunner::new(config).run(&story(), |story| {
        let Ok((expected, given)) = Model::play(&story) else {
            in_doubt.set(in_doubt.get() + 1);
            return Ok(());
        };
        played.set(played.get() + 1);
        let seen = super::play(&story, &given);
        prop_assert!(seen == expected, "{}", super::complaint(&expected, &seen));
        Ok(())
    });
    let (played, in_doubt) = (played.get(), in_doubt.get());
    println!("{played} stories were played, and {in_doubt} left out");
    if let Err(failure) = outcome {
        panic!("{failure}\nPROPTEST_RNG_SEED={seed} plays the same stories again");
    }
    assert!(
        in_doubt * 10 < played,
        "{in_doubt} stories depend on who is first, and {played} do not"
    );
}
