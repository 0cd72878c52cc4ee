//! Letting time pass in a test that runs on the paused clock.
//!
//! A test that begins with `#[tokio::test(start_paused = true)]` runs on a clock that stands still as long as anything
//! can run. When every task waits, and one of them for a time, the clock jumps to the earliest such time. So time
//! passes only when nothing else can happen: a test waits for no real time, and whoever has slept may be sure that
//! everything which could run before has run.
//!
//! On a clock that is not paused both functions wait for real time and promise nothing.

use std::time::Duration;

use tokio::time::sleep;

/// The shortest sleep that tokio's timer, which counts in milliseconds, tells from none.
const TICK: Duration = Duration::from_millis(1);

/// Lets everything run that can, on the paused clock, which moves on by 1 ms.
///
/// It sleeps, and the clock jumps to the end of that sleep only when every actor and task waits: for a message, or for
/// a time that has not come. What is due within that millisecond happens too.
///
/// # Cancel safety
/// Dropping the future leaves what has run by then.
///
/// # Panics
/// Outside of a tokio runtime with its timer enabled.
pub async fn settle() {
    sleep(TICK).await;
}

/// Lets `time` pass on the paused clock, with everything that is due by then, and [settles](settle).
///
/// What is due at exactly the end of `time` has happened when this returns.
///
/// # Cancel safety
/// Dropping the future leaves the clock where it has come to.
///
/// # Panics
/// Outside of a tokio runtime with its timer enabled.
pub async fn pass(time: Duration) {
    sleep(time).await;
    settle().await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// Counts up each time that it is due.
    fn count_every(period: Duration) -> Arc<AtomicU32> {
        let count = Arc::new(AtomicU32::new(0));
        let counted = count.clone();
        tokio::spawn(async move {
            loop {
                sleep(period).await;
                counted.fetch_add(1, Ordering::Relaxed);
            }
        });
        count
    }

    #[tokio::test(start_paused = true)]
    async fn settling_lets_a_long_chain_of_tasks_run_to_its_end() {
        let (first, mut last) = tokio::sync::mpsc::channel(1);
        let mut next = first;
        for _ in 0..1000 {
            let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
            let after = std::mem::replace(&mut next, sender);
            tokio::spawn(async move {
                let hops: u32 = receiver.recv().await.expect("the test sends one");
                after.send(hops + 1).await.expect("the next one listens");
            });
        }
        next.send(0).await.expect("the first one listens");
        settle().await;
        assert_eq!(last.try_recv(), Ok(1000));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_due_at_the_end_of_a_time_has_happened_when_it_has_passed() {
        let count = count_every(Duration::from_secs(60));
        pass(Duration::from_secs(180)).await;
        assert_eq!(count.load(Ordering::Relaxed), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn settling_does_not_bring_on_what_is_due_later() {
        let count = count_every(Duration::from_millis(50));
        settle().await;
        assert_eq!(count.load(Ordering::Relaxed), 0);
    }
}
