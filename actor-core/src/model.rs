//! What threads can do to each other, tried step by step: `cargo xtask model` runs what is below this room.
//!
//! A model checker owns every lock and atomic of [`sync`](crate::sync), and every actor's task. It runs a test again and
//! again, each time with another order of their steps; where nobody can go on, it says so, and a lost wake-up is found
//! as that. It takes all atomics for sequentially consistent. The clock stands still, so that no time-out hides what
//! hangs.

mod asking;
mod ends;
mod lives;
mod mailbox;
mod room;
mod scheduler;
mod slot;
mod subject;
mod trees;
mod waits;

use std::env;
use std::sync::OnceLock;

use shuttle::scheduler::{DfsScheduler, PctScheduler, RandomScheduler, Scheduler};
use shuttle::{Config, Runner};
use tokio::runtime::{Builder, Runtime};

/// How many orders of the steps a test is run with unless said otherwise.
const ITERATIONS_DEFAULT: usize = 1_000;

/// A test that is to be tried in every order has so few, at most.
const ALL_MAX: usize = 300_000;

/// So many changes of turn that matter are enough for most faults that there are.
const TURNS: usize = 3;

/// The stack of a task, in bytes: handlers are deep where nothing is inlined.
const STACK_BYTES: usize = 512 * 1024;

/// Runs `test` in every order that its steps can have.
fn in_every_order(test: impl Fn() + Send + Sync + 'static) {
    let tried = run(DfsScheduler::new(Some(ALL_MAX), false), test);
    assert!(tried < ALL_MAX, "too large to be tried in every order");
    eprintln!("every order of its steps, {tried} in all");
}

/// Runs `test` in many orders: half of them by chance from step to step, half with few changes of turn.
fn in_many_orders(test: impl Fn() + Send + Sync + Clone + 'static) {
    let iterations = number("MODEL_ITERATIONS").unwrap_or(ITERATIONS_DEFAULT as u64) as usize;
    let seed = seed();
    eprintln!("MODEL_SEED={seed} MODEL_ITERATIONS={iterations} has this run again");
    run(
        RandomScheduler::new_from_seed(seed, iterations.div_ceil(2)),
        test.clone(),
    );
    run(PctScheduler::new_from_seed(seed, TURNS, iterations.div_ceil(2)), test);
}

fn run(scheduler: impl Scheduler + 'static, test: impl Fn() + Send + Sync + 'static) -> usize {
    let _standing_still = clock().enter();
    let mut config = Config::new();
    config.stack_size = STACK_BYTES;
    config.silence_warnings = true;
    Runner::new(scheduler, config).run(test)
}

/// A clock that stands still. It is never dropped: of a test that failed it would wake what is no more.
fn clock() -> &'static Runtime {
    static CLOCK: OnceLock<Runtime> = OnceLock::new();
    CLOCK.get_or_init(|| {
        let clock = Builder::new_current_thread().enable_time().start_paused(true).build();
        clock.expect("a runtime of one thread")
    })
}

fn number(name: &str) -> Option<u64> {
    let text = env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} wants a number")))
}

/// One seed for all the tests of a run.
fn seed() -> u64 {
    static SEED: OnceLock<u64> = OnceLock::new();
    *SEED.get_or_init(|| number("MODEL_SEED").unwrap_or_else(|| fastrand::u64(..)))
}
