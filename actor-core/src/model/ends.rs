//! Those who are told of an end, while it comes: exactly once each, or not at all.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use shuttle::future::block_on;
use shuttle::thread;

use crate::cell::{AnyCell, Cell};
use crate::exit::ExitReason;
use crate::group::Group;
use crate::handle::Handle;
use crate::id::ActorPath;
use crate::mailbox::{Inbox, MailboxSpec};
use crate::monitor::Monitor;
use crate::signal::{Down, WatchId, Watcher};

use super::{in_every_order, in_many_orders};

type Shared = Arc<Cell<u32>>;

fn cell() -> Shared {
    Arc::new(Cell::at_rest(ActorPath::root("model"), MailboxSpec::bounded(1)))
}

fn end(cell: &Shared) -> bool {
    cell.end(ExitReason::Normal, &mut Inbox::new(), 0, || {})
}

/// Counts how often it is told.
#[derive(Default)]
struct Told(AtomicUsize);

impl Watcher for Told {
    fn down(self: Arc<Self>, _down: Down) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Told {
    fn times(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

#[test]
fn one_who_watches_is_told_once() {
    in_every_order(|| {
        let cell = cell();
        let ending = cell.clone();
        let ending = thread::spawn(move || end(&ending));
        let told = Arc::new(Told::default());
        cell.core.watch(WatchId::next(), told.clone());
        assert!(ending.join().expect("it does not fail"));
        assert_eq!(told.times(), 1);
    });
}

#[test]
fn one_who_stops_watching_is_told_once_or_not_at_all() {
    in_every_order(|| {
        let cell = cell();
        let (told, watch) = (Arc::new(Told::default()), WatchId::next());
        cell.core.watch(watch, told.clone());
        let ending = cell.clone();
        let ending = thread::spawn(move || end(&ending));
        cell.core.unwatch(watch);
        ending.join().expect("it does not fail");
        assert!(told.times() <= 1);
        assert_eq!(Arc::strong_count(&told), 1, "the watch was kept");
    });
}

#[test]
fn of_an_end_and_a_cutting_off_one_is_told() {
    in_every_order(|| {
        let cell = cell();
        let told = Arc::new(Told::default());
        cell.core.watch(WatchId::next(), told.clone());
        let cutting = cell.clone();
        let cutting = thread::spawn(move || cutting.abandon(ExitReason::Stuck));
        end(&cell);
        cutting.join().expect("it does not fail");
        assert_eq!(told.times(), 1);
    });
}

#[test]
fn one_who_waits_for_an_end_hears_of_it_whenever_it_began_to_wait() {
    in_every_order(|| {
        let cell = cell();
        let ending = cell.clone();
        let ending = thread::spawn(move || end(&ending));
        let down = block_on(Monitor::of(cell));
        assert!(matches!(down.reason, ExitReason::Normal));
        ending.join().expect("it does not fail");
    });
}

#[test]
fn one_who_asks_for_the_end_of_a_life_hears_of_it() {
    in_every_order(|| {
        let cell = cell();
        let ending = cell.clone();
        let ending = thread::spawn(move || end(&ending));
        let slot = cell.core.end_of_life();
        assert!(block_on(std::future::poll_fn(|cx| slot.poll_take(cx))).is_ok());
        ending.join().expect("it does not fail");
    });
}

#[test]
fn a_group_has_no_member_that_has_ended() {
    in_many_orders(|| {
        let cell = cell();
        let handle = Handle::local(cell.clone());
        let group = Group::new();
        let joining = (group.clone(), handle.clone());
        let joining = thread::spawn(move || joining.0.join(&joining.1));
        let leaving = (group.clone(), handle.clone());
        let leaving = thread::spawn(move || leaving.0.leave(&leaving.1));
        end(&cell);
        let joined = joining.join().expect("it does not fail");
        let left = leaving.join().expect("it does not fail");
        assert!(joined || !left);
        assert!(group.is_empty());
    });
}
