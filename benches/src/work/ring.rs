//! Tokens that go round: between two, and in a ring of a thousand.

use std::time::Instant;

use tokio::sync::mpsc;

use crate::framework::{Behaviour, Framework, each};

struct Link<F: Framework> {
    next: Option<F::Ref<Link<F>>>,
    done: mpsc::UnboundedSender<()>,
}

struct Next<F: Framework>(F::Ref<Link<F>>);

impl<F: Framework> Behaviour<F> for Link<F> {
    /// A token with the steps that it still has to make.
    type Tell = u64;
    /// The next link, when all are made.
    type Ask = Next<F>;
    type Answer = ();

    async fn told(&mut self, steps: u64, _: &mut F::Here<Self>) {
        match &self.next {
            Some(next) if steps > 0 => F::tell::<Link<F>>(next, steps - 1).await,
            _ => drop(self.done.send(())),
        }
    }

    async fn asked(&mut self, Next(next): Next<F>) {
        self.next = Some(next);
    }
}

pub(super) async fn run<F: Framework>(world: F::World, operations: u64, links: u64, tokens: u64) -> f64 {
    let (done, mut ended) = mpsc::unbounded_channel();
    let mut ring = Vec::new();
    for number in 0..links {
        let done = done.clone();
        let (link, _end) = F::spawn(&world, number, F::USUAL, move || Link { next: None, done }).await;
        ring.push(link);
    }
    for (number, link) in ring.iter().enumerate() {
        let next = ring[(number + 1) % ring.len()].clone();
        F::ask::<Link<F>>(link, Next(next)).await;
    }
    let steps = (operations / tokens).max(1);
    let begun = Instant::now();
    for token in 0..tokens {
        let at = (token * links / tokens) as usize;
        F::tell::<Link<F>>(&ring[at], steps).await;
    }
    for _ in 0..tokens {
        ended.recv().await;
    }
    each(begun.elapsed(), steps * tokens)
}
