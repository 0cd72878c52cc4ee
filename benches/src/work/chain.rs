//! A question that each actor of a chain asks the next before it answers.

use std::time::Instant;

use crate::framework::{Behaviour, Framework, each};

struct Link<F: Framework>(Option<F::Ref<Link<F>>>);

impl<F: Framework> Behaviour<F> for Link<F> {
    type Tell = ();
    type Ask = u64;
    type Answer = u64;

    const WAITS: bool = true;

    async fn told(&mut self, (): (), _: &mut F::Here<Self>) {}

    async fn asked(&mut self, number: u64) -> u64 {
        match &self.0 {
            Some(next) => F::ask::<Link<F>>(next, number + 1).await,
            None => number,
        }
    }
}

pub(super) async fn run<F: Framework>(world: F::World, operations: u64, links: u64) -> f64 {
    let mut next = None;
    for number in 0..links {
        let (link, _end) = F::spawn(&world, number, F::USUAL, move || Link::<F>(next)).await;
        next = Some(link);
    }
    let first = next.expect("a chain has a link");
    let begun = Instant::now();
    for _ in 0..operations {
        let last = F::ask::<Link<F>>(&first, 1).await;
        assert_eq!(last, links);
    }
    each(begun.elapsed(), operations)
}
