//! How many messages an actor with more of them handles before others have their turn.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use actor_core::prelude::*;

use crate::support::{Do, Gate, with};

use super::{endlessly, spawn};

#[tokio::test]
async fn a_busy_actor_gives_way_to_others_after_16_messages() {
    const BATCH: usize = 100;
    // Where in a batch the message stands whose waiting is timed depends on the number of its actor.
    for _ in 0..64 {
        let system = System::new("test");
        let handled = Arc::new(AtomicUsize::new(0));
        let [busy, other] = ["busy", "other"].map(|name| spawn(&system, name));
        for handle in [&busy, &other] {
            assert_eq!(handle.ask(Do::Life).await, Ok(1));
        }
        for _ in 0..BATCH {
            let handled = handled.clone();
            let counts = with(move |_| {
                handled.fetch_add(1, Ordering::Relaxed);
            });
            busy.try_tell(counts).expect("there is room");
        }
        let (tells, told) = tokio::sync::oneshot::channel();
        let before_it = handled.clone();
        let looks = with(move |_| {
            let _ = tells.send(before_it.load(Ordering::Relaxed));
        });
        other.try_tell(looks).expect("there is room");
        assert_eq!(told.await, Ok(16), "so many went first");
        assert_eq!(busy.ask(Do::Life).await, Ok(1));
        assert_eq!(handled.load(Ordering::Relaxed), BATCH);
    }
}

#[tokio::test]
async fn what_a_busy_actor_has_done_before_it_waited_does_not_count() {
    let system = System::new("test");
    let handled = Arc::new(AtomicUsize::new(0));
    let [busy, other] = ["busy", "other"].map(|name| spawn(&system, name));
    for handle in [&busy, &other] {
        assert_eq!(handle.ask(Do::Life).await, Ok(1));
    }
    let counts = || {
        let handled = handled.clone();
        with(move |_| {
            handled.fetch_add(1, Ordering::Relaxed);
        })
    };
    let (tells, told) = tokio::sync::oneshot::channel();
    let gate = Gate::new();
    for _ in 0..10 {
        busy.try_tell(counts()).expect("there is room");
    }
    busy.try_tell(Do::Wait(gate.clone())).expect("there is room");
    for _ in 0..50 {
        busy.try_tell(counts()).expect("there is room");
    }
    gate.reached().await;
    gate.open();
    let before_it = handled.clone();
    let looks = with(move |_| {
        let _ = tells.send(before_it.load(Ordering::Relaxed));
    });
    other.try_tell(looks).expect("there is room");
    assert_eq!(told.await, Ok(10 + 16), "so many went first");
}

// Where the clock stands still, as else time ends a slice before that.
#[tokio::test(start_paused = true)]
async fn a_task_beside_busy_actors_has_its_turn_after_256_messages_at_most() {
    for names in [&["alone"][..], &["one", "of", "a", "few"]] {
        let system = System::new("test");
        let handled = Arc::new(AtomicUsize::new(0));
        for name in names {
            let busy = spawn(&system, name);
            busy.tell(endlessly(busy.clone(), handled.clone()))
                .await
                .expect("it lives");
        }
        let mut before = 0;
        for _ in 0..100 {
            tokio::task::yield_now().await;
            let now = handled.load(Ordering::Relaxed);
            assert!(now - before <= 256, "{} went first", now - before);
            before = now;
        }
        assert!(
            before > 100 * 128,
            "each turn of the task costs, and is no more often than that: {before}"
        );
        system.shutdown().await;
    }
}
