//! A promise about looking at many actors while they come and go.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actor_core::prelude::*;

use crate::support::{Do, Journal, Script, Subject};

const STAYING: usize = 300;

fn spawn(system: &System, name: &str, number: usize) -> Handle<Do> {
    let script = Script::new("one of many", &Journal::default());
    let one = ChildSpec::new(format!("{name}-{number}"), move || Subject::new(&script));
    system.spawn_spec(one).expect("the name is free")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_others_come_and_go_a_snapshot_shows_each_that_stays_once() {
    let system = System::new("test");
    let coming: Vec<_> = (0..STAYING)
        .map(|number| {
            let passing = spawn(&system, "passing", number);
            spawn(&system, "staying", number);
            passing
        })
        .collect();
    let is_over = Arc::new(AtomicBool::new(false));
    let (looked_at, over) = (system.clone(), is_over.clone());
    let looking = std::thread::spawn(move || {
        let expected: Vec<_> = (0..STAYING).map(|number| format!("staying-{number}")).collect();
        loop {
            let is_last = over.load(Ordering::Relaxed);
            let tree = looked_at.snapshot();
            let names = tree.iter().map(|child| child.path.name());
            let staying: Vec<_> = names.filter(|name| name.starts_with("staying")).collect();
            assert_eq!(staying, expected);
            if is_last {
                return;
            }
        }
    });
    for (number, passing) in coming.into_iter().enumerate() {
        let _ = passing.stop().await;
        let next = spawn(&system, "next", number);
        if number % 2 == 0 {
            let _ = next.stop().await;
        }
    }
    is_over.store(true, Ordering::Relaxed);
    looking.join().expect("each look is as it should be");
    assert_eq!(system.snapshot().len(), STAYING + STAYING / 2);
    system.shutdown().await;
}
