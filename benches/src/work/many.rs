//! Many actors that do next to nothing.

use std::time::Instant;

use super::sum::Sum;
use crate::framework::{Framework, each};

/// Makes `count` actors, one after the other, each of which has taken a message before the next is made.
pub(super) async fn actors<F: Framework>(world: &F::World, count: u64) -> Vec<F::Ref<Sum>> {
    let mut actors = Vec::with_capacity(count as usize);
    for number in 0..count {
        let (actor, _end) = F::spawn(world, number, F::USUAL, Sum::default).await;
        F::tell::<Sum>(&actor, 1).await;
        F::ask::<Sum>(&actor, ()).await;
        actors.push(actor);
    }
    actors
}

pub(super) async fn spawn<F: Framework>(world: F::World, operations: u64) -> f64 {
    let mut actors = Vec::with_capacity(operations as usize);
    let begun = Instant::now();
    for number in 0..operations {
        actors.push(F::spawn(&world, number, F::USUAL, Sum::default).await);
    }
    each(begun.elapsed(), operations)
}

pub(super) async fn tell<F: Framework>(world: F::World, operations: u64, count: u64) -> f64 {
    let actors = actors::<F>(&world, count).await;
    let rounds = operations.div_ceil(count);
    let begun = Instant::now();
    for round in 0..rounds {
        for actor in &actors {
            F::tell::<Sum>(actor, round).await;
        }
    }
    for actor in &actors {
        F::ask::<Sum>(actor, ()).await;
    }
    // A question is counted as a message: there must be one at the end, and with many actors it is one in two.
    each(begun.elapsed(), (rounds + 1) * count)
}
