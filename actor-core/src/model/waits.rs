//! Actors that wait for each other at the same moment.

use std::sync::Arc;

use shuttle::thread;

use crate::cell::Cell;
use crate::deadlock::{Owed, Waiting, follow};
use crate::id::ActorPath;
use crate::mailbox::MailboxSpec;
use crate::slot::Slot;

use super::{in_every_order, in_many_orders};

fn cells<const N: usize>() -> [Arc<Cell<u32>>; N] {
    std::array::from_fn(|n| {
        let path = ActorPath::root(&format!("n{n}"));
        Arc::new(Cell::at_rest(path, MailboxSpec::bounded(1)))
    })
}

fn owed() -> Arc<dyn Owed> {
    Arc::new(Slot::<()>::new())
}

/// Has `owner` wait for `on`, as its handler does; returns whether it may.
fn waits(owner: &Arc<Cell<u32>>, on: &Arc<Cell<u32>>, owed: Arc<dyn Owed>) -> bool {
    let suspect = owner.waits().begin(on.id(), || on.clone(), owed);
    let owner: Arc<dyn Waiting> = owner.clone();
    suspect.is_none_or(|first| follow(&owner, first).is_ok())
}

/// Has each of `N` wait for the next, all at once; returns how many were refused.
fn refused_in_a_ring_of<const N: usize>() -> usize {
    let cells = cells::<N>();
    let waiting: Vec<_> = (0..N)
        .map(|n| {
            let (owner, on) = (cells[n].clone(), cells[(n + 1) % N].clone());
            thread::spawn(move || waits(&owner, &on, owed()))
        })
        .collect();
    let may = waiting.into_iter().map(|wait| wait.join().expect("it does not fail"));
    may.filter(|may| !may).count()
}

#[test]
fn of_two_that_wait_for_each_other_one_is_refused() {
    in_every_order(|| assert!(refused_in_a_ring_of::<2>() >= 1));
}

#[test]
fn of_a_ring_of_four_one_is_refused() {
    in_many_orders(|| assert!(refused_in_a_ring_of::<4>() >= 1));
}

#[test]
fn two_that_wait_for_a_third_are_not_refused() {
    in_every_order(|| {
        let [a, b, c] = cells();
        let other = c.clone();
        let other = thread::spawn(move || waits(&b, &other, owed()));
        assert!(waits(&a, &c, owed()));
        assert!(other.join().expect("it does not fail"));
    });
}
