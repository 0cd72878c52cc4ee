//! Workers, those whom they poll, and those who wake from elsewhere.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::{Poll, Wake, Waker};

use shuttle::future::block_on;
use shuttle::thread;

use crate::scheduler::{Runnable, Scheduler, Task};
use crate::slot::Slot;
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicUsize, Ordering};

use super::in_many_orders;

struct Toy {
    task: Task,
    inside: AtomicUsize,
}

impl Runnable for Toy {
    fn task(&self) -> &Task {
        &self.task
    }
}

impl Wake for Toy {
    fn wake(self: Arc<Self>) {
        Task::wake(self);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        Task::wake_by_ref(self);
    }
}

/// Runs `poll` again and again, until it says that it is done; returns where that is told.
fn launch(scheduler: &Arc<Scheduler>, mut poll: impl FnMut(&Waker) -> bool + Send + 'static) -> (Arc<Toy>, End) {
    let (task, inside) = (Task::of(scheduler.clone()), AtomicUsize::new(0));
    let (toy, end) = (Arc::new(Toy { task, inside }), Arc::new(Slot::new()));
    let (own, told) = (toy.clone(), end.clone());
    Task::launch(toy.clone(), async move {
        poll_fn(|cx| {
            assert_eq!(
                own.inside.fetch_add(1, Ordering::SeqCst),
                0,
                "two workers poll it at once"
            );
            let done = poll(cx.waker());
            own.inside.fetch_sub(1, Ordering::SeqCst);
            if done { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        let _ = told.put(());
    });
    (toy, end)
}

type End = Arc<Slot<()>>;

fn wait_for(end: &End) -> impl Future<Output = ()> + '_ {
    poll_fn(|cx| end.poll_take(cx))
}

#[test]
fn one_that_is_woken_is_polled_after_that_and_by_one_at_a_time() {
    in_many_orders(|| {
        let scheduler = Scheduler::current();
        let said = Arc::new(AtomicUsize::new(0));
        let heard = said.clone();
        let (toy, end) = launch(&scheduler, move |_| heard.load(Ordering::SeqCst) == 3);
        for _ in 0..3 {
            let (toy, said) = (toy.clone(), said.clone());
            thread::spawn(move || {
                said.fetch_add(1, Ordering::SeqCst);
                toy.wake_by_ref();
            });
        }
        block_on(wait_for(&end));
    });
}

/// Three of which each wakes the others when its turn has come, until there have been all turns.
fn play(scheduler: &Arc<Scheduler>) -> Vec<End> {
    const TURNS: usize = 4;
    let ball = Arc::new(Mutex::new((0, Vec::<Waker>::new())));
    let player = |player| {
        let ball = ball.clone();
        let play = move |waker: &Waker| {
            let mut ball = ball.lock();
            let mut woken = Vec::new();
            if ball.0 < 3 * TURNS && ball.0 % 3 == player {
                ball.0 += 1;
                woken = std::mem::take(&mut ball.1);
            }
            let over = ball.0 >= 3 * TURNS;
            if !over {
                ball.1.push(waker.clone());
            } else {
                woken.append(&mut ball.1);
            }
            drop(ball);
            woken.into_iter().for_each(Waker::wake);
            over
        };
        launch(scheduler, play).1
    };
    (0..3).map(player).collect()
}

#[test]
fn two_who_wake_each_other_and_a_third_all_come_to_their_ends() {
    in_many_orders(|| {
        for end in &play(&Scheduler::current()) {
            block_on(wait_for(end));
        }
    });
}

#[test]
fn those_whose_worker_is_taken_for_held_up_are_run_by_another_and_none_is_lost() {
    in_many_orders(|| {
        let scheduler = Scheduler::current();
        let players = play(&scheduler);
        let looks = thread::spawn(move || {
            for _ in 0..4 {
                scheduler.relieve_all();
                thread::yield_now();
            }
        });
        for end in &players {
            block_on(wait_for(end));
        }
        looks.join().expect("it does not fail");
    });
}

#[test]
fn those_who_are_launched_from_within_are_run_by_any_worker() {
    in_many_orders(|| {
        let scheduler = Scheduler::current();
        let ends = Arc::new(Mutex::new(Vec::<End>::new()));
        let (inner, its_ends) = (scheduler.clone(), ends.clone());
        let (_, end) = launch(&scheduler, move |_| {
            for _ in 0..4 {
                let end = launch(&inner, |_| true).1;
                its_ends.lock().push(end);
            }
            true
        });
        block_on(wait_for(&end));
        let ends = std::mem::take(&mut *ends.lock());
        assert_eq!(ends.len(), 4);
        for end in &ends {
            block_on(wait_for(end));
        }
    });
}

#[test]
fn one_that_is_let_go_is_dropped_once_whoever_polls_it() {
    struct Guard(Arc<AtomicUsize>);
    impl Drop for Guard {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    in_many_orders(|| {
        let scheduler = Scheduler::current();
        let drops = Arc::new(AtomicUsize::new(0));
        let guard = Guard(drops.clone());
        let (toy, _end) = launch(&scheduler, move |_| {
            let _held = &guard;
            false
        });
        let wakes = {
            let toy = toy.clone();
            thread::spawn(move || toy.wake_by_ref())
        };
        toy.task.end();
        wakes.join().expect("it does not fail");
        while drops.load(Ordering::SeqCst) == 0 {
            thread::yield_now();
        }
        toy.wake_by_ref();
        assert_eq!(drops.load(Ordering::SeqCst), 1);
    });
}
