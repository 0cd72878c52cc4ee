//! A tree with ten branches at each fork (known as skynet): each leaf has a number, and their sum comes up to the root.

use std::time::Instant;

use tokio::sync::oneshot;

use crate::framework::{Behaviour, Framework, each};

const BRANCHES: u64 = 10;

struct Fork<F: Framework> {
    parent: Option<Parent<F>>,
    missing: u64,
    sum: u64,
}

enum Parent<F: Framework> {
    Fork(F::Ref<Fork<F>>),
    Root(oneshot::Sender<u64>),
}

enum Msg<F: Framework> {
    Grow {
        own: F::Ref<Fork<F>>,
        parent: Parent<F>,
        first: u64,
        leaves: u64,
    },
    Sum(u64),
}

impl<F: Framework> Default for Fork<F> {
    fn default() -> Self {
        Self {
            parent: None,
            missing: 0,
            sum: 0,
        }
    }
}

impl<F: Framework> Fork<F> {
    async fn tell_parent(parent: Parent<F>, sum: u64) {
        match parent {
            Parent::Fork(parent) => F::tell::<Self>(&parent, Msg::Sum(sum)).await,
            Parent::Root(root) => root.send(sum).expect("somebody waits for the sum"),
        }
    }
}

impl<F: Framework> Behaviour<F> for Fork<F> {
    type Tell = Msg<F>;
    type Ask = ();
    type Answer = ();

    async fn told(&mut self, msg: Msg<F>, here: &mut F::Here<Self>) {
        match msg {
            Msg::Grow {
                parent,
                first,
                leaves: 1,
                ..
            } => {
                Self::tell_parent(parent, first).await;
                F::stop_here::<Self>(here);
            }
            Msg::Grow {
                own,
                parent,
                first,
                leaves,
            } => {
                let leaves = leaves / BRANCHES;
                for branch in 0..BRANCHES {
                    let child = F::spawn_child::<Self, Self>(here, branch, Self::default).await;
                    let grow = Msg::Grow {
                        own: child.clone(),
                        parent: Parent::Fork(own.clone()),
                        first: first + branch * leaves,
                        leaves,
                    };
                    F::tell::<Self>(&child, grow).await;
                }
                self.parent = Some(parent);
                self.missing = BRANCHES;
            }
            Msg::Sum(sum) => {
                self.sum += sum;
                self.missing -= 1;
                if self.missing == 0
                    && let Some(parent) = self.parent.take()
                {
                    Self::tell_parent(parent, self.sum).await;
                    F::stop_here::<Self>(here);
                }
            }
        }
    }

    async fn asked(&mut self, (): ()) {}
}

pub(super) async fn run<F: Framework>(world: F::World, operations: u64) -> f64 {
    let leaves = BRANCHES.pow(operations.max(BRANCHES).ilog(BRANCHES));
    let (told, sum) = oneshot::channel();
    let begun = Instant::now();
    let (root, _end) = F::spawn(&world, 0, F::USUAL, Fork::<F>::default).await;
    let grow = Msg::Grow {
        own: root.clone(),
        parent: Parent::Root(told),
        first: 0,
        leaves,
    };
    F::tell::<Fork<F>>(&root, grow).await;
    let sum = sum.await.expect("the root tells the sum");
    let took = begun.elapsed();
    assert_eq!(sum, leaves * (leaves - 1) / 2);
    each(took, leaves)
}
