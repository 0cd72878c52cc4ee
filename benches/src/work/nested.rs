//! Actors, each the parent of the next, made from the top to the bottom and stopped from the top.

use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::framework::{Behaviour, Framework, each};

struct Nest<F: Framework>(Option<F::Ref<Nest<F>>>);

/// How many are still to come below, and whom to tell at the bottom.
struct Dig(u64, oneshot::Sender<()>);

impl<F: Framework> Behaviour<F> for Nest<F> {
    type Tell = Dig;
    type Ask = ();
    type Answer = ();

    async fn told(&mut self, Dig(left, bottom): Dig, here: &mut F::Here<Self>) {
        if left == 0 {
            bottom.send(()).expect("somebody waits for it");
            return;
        }
        let child = F::spawn_child::<Self, Self>(here, 0, || Nest(None)).await;
        F::tell::<Self>(&child, Dig(left - 1, bottom)).await;
        self.0 = Some(child);
    }

    async fn asked(&mut self, (): ()) {}
}

pub(super) async fn run<F: Framework>(world: F::World, operations: u64, depth: u64) -> f64 {
    let rounds = operations.div_ceil(depth);
    let mut took = Duration::ZERO;
    for number in 0..rounds {
        let (reached, bottom) = oneshot::channel();
        let begun = Instant::now();
        let (top, end) = F::spawn(&world, number, F::USUAL, || Nest::<F>(None)).await;
        F::tell::<Nest<F>>(&top, Dig(depth - 1, reached)).await;
        bottom.await.expect("the bottom is reached");
        F::stop::<Nest<F>>(top, end).await;
        took += begun.elapsed();
    }
    each(took, rounds * depth)
}
