//! A life: an actor is made, takes one message, ends, and is waited for.

use std::time::Instant;

use super::sum::Sum;
use crate::framework::{Framework, each};

pub(super) async fn run<F: Framework>(world: F::World, operations: u64) -> f64 {
    let begun = Instant::now();
    for number in 0..operations {
        let (sum, end) = F::spawn(&world, number, F::USUAL, Sum::default).await;
        F::tell::<Sum>(&sum, number).await;
        F::stop::<Sum>(sum, end).await;
    }
    each(begun.elapsed(), operations)
}
