//! Many senders that wait all the time for room in one mailbox.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::oneshot;
use tokio::task::yield_now;

use crate::framework::{Behaviour, Framework, Mailbox, PLACES};

/// Counts the messages of each sender, until there are enough.
struct Tally {
    /// Nothing is counted before all senders wait.
    all_wait: Option<oneshot::Receiver<()>>,
    /// What had found room before.
    early: u64,
    counts: Vec<u64>,
    left: u64,
    enough: Option<oneshot::Sender<()>>,
}

impl<F: Framework> Behaviour<F> for Tally {
    type Tell = usize;
    type Ask = ();
    /// How many messages of each sender were among them.
    type Answer = Vec<u64>;

    async fn told(&mut self, sender: usize, _: &mut F::Here<Self>) {
        if let Some(all_wait) = self.all_wait.take() {
            all_wait.await.expect("they wait at some time");
        }
        if self.early > 0 {
            self.early -= 1;
        } else if self.left > 0 {
            self.counts[sender] += 1;
            self.left -= 1;
        } else if let Some(enough) = self.enough.take() {
            let _ = enough.send(());
        }
    }

    async fn asked(&mut self, (): ()) -> Vec<u64> {
        self.counts.clone()
    }
}

pub(super) async fn run<F: Framework>(world: F::World, operations: u64, senders: u64) -> f64 {
    let (said_enough, enough) = oneshot::channel();
    let (begin, all_wait) = oneshot::channel();
    let make = move || Tally {
        all_wait: Some(all_wait),
        early: PLACES as u64,
        counts: vec![0; senders as usize],
        left: operations,
        enough: Some(said_enough),
    };
    let (tally, _end) = F::spawn(&world, 0, Mailbox::Bounded, make).await;
    let over = Arc::new(AtomicBool::new(false));
    let tells = Arc::new(AtomicU64::new(0));
    let begun = Arc::new(AtomicU64::new(0));
    let tell_always = |sender: usize| {
        let (tally, over) = (tally.clone(), over.clone());
        let (tells, begun) = (tells.clone(), begun.clone());
        async move {
            begun.fetch_add(1, Ordering::Relaxed);
            while !over.load(Ordering::Relaxed) {
                tells.fetch_add(1, Ordering::Relaxed);
                F::tell::<Tally>(&tally, sender).await;
            }
        }
    };
    let tasks: Vec<_> = (0..senders as usize).map(|sender| F::go(tell_always(sender))).collect();
    // Each of them has begun a message for which there is no room.
    while begun.load(Ordering::Relaxed) < senders || tells.load(Ordering::Relaxed) < senders + PLACES as u64 {
        yield_now().await;
    }
    begin.send(()).expect("the first message waits for it");
    enough.await.expect("there are enough at some time");
    over.store(true, Ordering::Relaxed);
    for task in tasks {
        task.await.expect("a sender ends");
    }
    let counts = F::ask::<Tally>(&tally, ()).await;
    let slowest = counts.iter().min().copied().unwrap_or(0);
    slowest as f64 / (operations as f64 / senders as f64)
}
