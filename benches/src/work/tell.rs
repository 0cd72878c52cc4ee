//! Many messages to one actor.

use std::time::Instant;

use super::sum::Sum;
use crate::framework::{Behaviour, Framework, Mailbox, each};

pub(super) async fn run<F: Framework>(world: F::World, operations: u64, senders: u64, mailbox: Mailbox) -> f64 {
    let (sum, _end) = F::spawn(&world, 0, mailbox, Sum::default).await;
    let share = (operations / senders).max(1);
    let begun = Instant::now();
    let tell_all = |sum: F::Ref<Sum>| async move {
        for number in 0..share {
            F::tell::<Sum>(&sum, number).await;
        }
    };
    let tasks: Vec<_> = (0..senders).map(|_| F::go(tell_all(sum.clone()))).collect();
    for task in tasks {
        task.await.expect("a sender ends");
    }
    // One question behind all messages is enough where they stay in order, as not everywhere they do.
    while F::ask::<Sum>(&sum, ()).await != senders * (share * (share - 1) / 2) {}
    each(begun.elapsed(), share * senders)
}

/// Counts messages, and looks at both ends of each.
#[derive(Default)]
struct Bytes<const N: usize>(u64);

impl<F: Framework, const N: usize> Behaviour<F> for Bytes<N> {
    type Tell = [u8; N];
    type Ask = ();
    type Answer = u64;

    async fn told(&mut self, bytes: [u8; N], _: &mut F::Here<Self>) {
        self.0 += u64::from(bytes[0] == bytes[N - 1]);
    }

    async fn asked(&mut self, (): ()) -> u64 {
        self.0
    }
}

/// Large messages: in the message itself, as nobody knows at which size a box is worth its allocation.
pub(super) async fn large<F: Framework, const N: usize>(world: F::World, operations: u64) -> f64 {
    let mailbox = if F::has(Mailbox::Bounded) {
        Mailbox::Bounded
    } else {
        Mailbox::Unbounded
    };
    let (sink, _end) = F::spawn(&world, 0, mailbox, Bytes::<N>::default).await;
    let whom = sink.clone();
    let begun = Instant::now();
    let telling = F::go(async move {
        for number in 0..operations {
            F::tell::<Bytes<N>>(&whom, [number as u8; N]).await;
        }
    });
    telling.await.expect("the sender ends");
    while F::ask::<Bytes<N>>(&sink, ()).await != operations {}
    each(begun.elapsed(), operations)
}
