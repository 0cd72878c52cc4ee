//! Questions to one actor, by tasks or by another actor.

use std::time::{Duration, Instant};

use super::sum::Sum;
use crate::framework::{Behaviour, Framework, each};

pub(super) async fn run<F: Framework>(world: F::World, operations: u64, in_flight: u64) -> f64 {
    let (sum, _end) = F::spawn(&world, 0, F::USUAL, Sum::default).await;
    let share = (operations / in_flight).max(1);
    let begun = Instant::now();
    let ask_all = |sum: F::Ref<Sum>| async move {
        for _ in 0..share {
            F::ask::<Sum>(&sum, ()).await;
        }
    };
    let tasks: Vec<_> = (0..in_flight).map(|_| F::go(ask_all(sum.clone()))).collect();
    for task in tasks {
        task.await.expect("an asker ends");
    }
    each(begun.elapsed(), share * in_flight)
}

struct Asker<F: Framework>(F::Ref<Sum>);

impl<F: Framework> Behaviour<F> for Asker<F> {
    type Tell = ();
    /// How often to ask.
    type Ask = u64;
    /// How long it took.
    type Answer = Duration;

    const WAITS: bool = true;

    async fn told(&mut self, (): (), _: &mut F::Here<Self>) {}

    async fn asked(&mut self, questions: u64) -> Duration {
        let begun = Instant::now();
        for _ in 0..questions {
            F::ask::<Sum>(&self.0, ()).await;
        }
        begun.elapsed()
    }
}

/// Questions in one question are bounded in time by it: not more at once than are answered in its time.
const AT_ONCE: u64 = 20_000;

pub(super) async fn between<F: Framework>(world: F::World, operations: u64) -> f64 {
    let (sum, _end) = F::spawn(&world, 0, F::USUAL, Sum::default).await;
    let (asker, _end) = F::spawn(&world, 1, F::USUAL, move || Asker::<F>(sum)).await;
    let mut left = operations;
    let mut took = Duration::ZERO;
    while left > 0 {
        let now = left.min(AT_ONCE);
        took += F::ask::<Asker<F>>(&asker, now).await;
        left -= now;
    }
    each(took, operations)
}
