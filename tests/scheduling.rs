//! Who runs when: actors beside each other, and beside the runtime's own tasks and sockets.

mod outside;
mod turns;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use actor_core::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Handle as Runtime};

use crate::support::{Do, Gate, Journal, Script, subject, with};

/// What a handler that blocks waits for others at most: only where they are not run is it as long as that.
const BLOCKED_AT_MOST: Duration = Duration::from_secs(20);

fn threads(count: usize) -> tokio::runtime::Runtime {
    let runtime = Builder::new_multi_thread().worker_threads(count).enable_all().build();
    runtime.expect("a runtime")
}

/// Tells itself to go on, for ever.
fn endlessly(own: Handle<Do>, turns: Arc<AtomicUsize>) -> Do {
    with(move |_| {
        turns.fetch_add(1, Ordering::Relaxed);
        let next = endlessly(own.clone(), turns);
        own.try_tell(next).expect("there is room for one");
    })
}

fn spawn(system: &System, name: &'static str) -> Handle<Do> {
    let spec = Script::new(name, &Journal::default()).spec();
    system.spawn_spec(spec).expect("a free name")
}

#[test]
fn one_that_blocks_its_thread_holds_up_nobody_else() {
    threads(2).block_on(async {
        let system = System::new("test");
        let [first, second] = ["first", "second"].map(|name| spawn(&system, name));
        for _ in 0..20 {
            let (says, hears) = mpsc::channel();
            let (tells, told) = tokio::sync::oneshot::channel();
            let other = second.clone();
            let blocks = with(move |_| {
                let word = with(move |_| says.send(()).expect("the other listens"));
                other.try_tell(word).expect("it lives");
                let _ = tells.send(hears.recv_timeout(BLOCKED_AT_MOST));
            });
            first.tell(blocks).await.expect("it lives");
            assert_eq!(told.await, Ok(Ok(())), "the one that it had woken waited behind it");
        }
    });
}

#[test]
fn one_that_blocks_its_thread_leaves_the_sockets_to_the_others() {
    let runtime = threads(2);
    let (address, actor) = runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it listens");
        Runtime::current().spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let _ = socket.write_all(b"x").await;
            }
        });
        (address, spawn(&System::new("test"), "a"))
    });
    for _ in 0..20 {
        let (says, blocked) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        let blocks = with(move |_| {
            says.send(()).expect("the test waits for it");
            let _ = released.recv_timeout(BLOCKED_AT_MOST);
        });
        // Woken by the timer, as then it runs on the thread that looks after timers and sockets.
        let later = actor.clone();
        runtime.spawn(async move {
            tokio::time::sleep(Duration::from_millis(20)).await;
            later.try_tell(blocks).expect("it lives");
        });
        blocked.recv().expect("it blocks");
        let mut socket = std::net::TcpStream::connect(address).expect("it listens");
        socket.set_read_timeout(Some(BLOCKED_AT_MOST / 2)).expect("a time");
        let mut answer = [0];
        std::io::Read::read_exact(&mut socket, &mut answer).expect("nobody looked after the sockets");
        release.send(()).expect("it waits");
    }
}

#[test]
fn one_that_blocks_its_thread_leaves_deadlines_to_the_others() {
    threads(2).block_on(async {
        let system = System::new("test");
        let [first, second, third, asked] = ["first", "second", "third", "asked"].map(|name| spawn(&system, name));
        for _ in 0..10 {
            let (says, hears) = mpsc::channel();
            let (blocks, blocked) = tokio::sync::oneshot::channel();
            let (tells, told) = tokio::sync::oneshot::channel();
            let others = [second.clone(), third.clone()];
            // To tell two has another worker woken, and with it whoever looks after deadlines.
            let deed = with(move |_| {
                others
                    .iter()
                    .for_each(|other| other.try_tell(Do::Nothing).expect("it lives"));
                let _ = blocks.send(());
                let _ = tells.send(hears.recv_timeout(BLOCKED_AT_MOST));
            });
            first.tell(deed).await.expect("it lives");
            blocked.await.expect("it runs");
            let answer = asked.ask(Do::Keep).timeout(Duration::from_millis(5)).await;
            assert!(matches!(answer, Err(AskError::TimedOut(_))));
            let _ = says.send(());
            assert_eq!(
                told.await,
                Ok(Ok(())),
                "the deadline came when the thread was free again"
            );
        }
    });
}

#[test]
fn one_that_blocks_in_place_holds_up_nobody_though_there_is_one_thread() {
    threads(1).block_on(async {
        let system = System::new("test");
        let [first, second, third] = ["first", "second", "third"].map(|name| spawn(&system, name));
        let (says, hears) = mpsc::channel();
        let (tells, told) = tokio::sync::oneshot::channel();
        // Two of them, one inside the other's time, before anybody is heard.
        let word = with(move |_| says.send(()).expect("the first listens"));
        let also_blocks = with(move |_| {
            tokio::task::block_in_place(|| {
                third.try_tell(word).expect("it lives");
            });
        });
        let blocks = with(move |_| {
            tokio::task::block_in_place(|| {
                second.try_tell(also_blocks).expect("it lives");
                let _ = tells.send(hears.recv_timeout(BLOCKED_AT_MOST));
            });
        });
        first.tell(blocks).await.expect("it lives");
        assert_eq!(told.await, Ok(Ok(())));
    });
}

#[test]
fn actors_that_never_rest_leave_sockets_timers_and_tasks_their_turn() {
    for runtime in [
        Builder::new_current_thread().enable_all().build().expect("a runtime"),
        threads(1),
        threads(2),
    ] {
        runtime.block_on(async {
            let system = System::new("test");
            let turns = Arc::new(AtomicUsize::new(0));
            for name in ["a", "b", "c", "d"] {
                let actor = spawn(&system, name);
                let word = endlessly(actor.clone(), turns.clone());
                actor.tell(word).await.expect("it lives");
            }
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            let address = listener.local_addr().expect("it is bound");
            let echo = tokio::spawn(async move {
                let (mut stream, _) = listener.accept().await?;
                let mut byte = [0];
                while stream.read(&mut byte).await? > 0 {
                    stream.write_all(&byte).await?;
                }
                std::io::Result::Ok(())
            });
            let mut stream = TcpStream::connect(address).await.expect("it listens");
            for byte in 0..50 {
                stream.write_all(&[byte]).await.expect("it is connected");
                assert_eq!(stream.read_u8().await.expect("it echoes"), byte);
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            drop(stream);
            echo.await.expect("it does not panic").expect("it reads to the end");
            assert!(turns.load(Ordering::Relaxed) > 50);
            let quiet = spawn(&system, "quiet");
            assert_eq!(quiet.ask(Do::Life).await, Ok(1), "actors have their turn as well");
            system.shutdown().await;
        });
    }
}

#[tokio::test]
async fn what_actors_await_without_waiting_does_not_keep_the_thread() {
    struct Drains;
    impl Actor for Drains {
        type Msg = (tokio::sync::mpsc::UnboundedReceiver<()>, Reply<usize>);
        async fn handle(&mut self, (mut source, reply): Self::Msg, _: &mut Context<Self::Msg>) -> ActorResult {
            let mut taken = 0;
            while source.recv().await.is_some() {
                taken += 1;
            }
            reply.send(taken);
            Ok(())
        }
    }
    const ITEMS: usize = 100_000;
    let system = System::new("test");
    let drains = system.spawn("drains", || Drains).expect("a free name");
    let (sink, source) = tokio::sync::mpsc::unbounded_channel();
    for _ in 0..ITEMS {
        sink.send(()).expect("nobody has closed it");
    }
    drop(sink);
    let meanwhile = Arc::new(AtomicUsize::new(0));
    let counted = meanwhile.clone();
    let task = tokio::spawn(async move {
        loop {
            counted.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
        }
    });
    assert_eq!(drains.ask(|reply| (source, reply)).await, Ok(ITEMS));
    assert!(meanwhile.load(Ordering::Relaxed) > ITEMS / 1000);
    task.abort();
}

#[test]
fn actors_are_no_tasks_and_all_systems_of_a_runtime_share_its_workers() {
    let runtime = threads(2);
    runtime.block_on(async {
        let mut systems = Vec::new();
        for name in ["one", "two", "three"] {
            let system = System::new(name);
            for number in 0..100 {
                let spec = Script::new("x", &Journal::default());
                let spec = ChildSpec::new(format!("{number}"), move || crate::support::Subject::new(&spec));
                let actor = system.start(spec).await.expect("a free name");
                assert_eq!(actor.ask(Do::Life).await, Ok(1));
            }
            systems.push(system);
        }
        // A worker for each thread, and one who looks after them.
        assert_eq!(Runtime::current().metrics().num_alive_tasks(), 3);
    });
}

#[test]
fn the_end_of_a_runtime_lets_every_actor_go() {
    for threads_of_it in [0, 1, 2] {
        let runtime = match threads_of_it {
            0 => Builder::new_current_thread().enable_all().build().expect("a runtime"),
            count => threads(count),
        };
        let kept = Arc::new(());
        let journal = Journal::default();
        let (system, watches) = runtime.block_on(async {
            let system = System::new("test");
            let holds = |handle: &Handle<Do>| {
                let kept = kept.clone();
                let every = with(move |ctx| {
                    ctx.every(Duration::from_secs(60), move || {
                        let _held = &kept;
                        Do::Nothing
                    });
                });
                handle.try_tell(every).expect("it lives");
            };
            let parent = system.spawn_spec(Script::new("parent", &journal).spec());
            let parent = parent.expect("a free name");
            holds(&parent);
            let (child, waits) = (Gate::new(), Gate::new());
            let (spec, passed) = (Script::new("child", &journal).spec(), child.clone());
            let spawns = with(move |ctx| {
                let child = ctx.spawn(spec).expect("a free name");
                child.try_tell(Do::Wait(passed)).expect("it lives");
            });
            parent.tell(spawns).await.expect("it lives");
            child.reached().await;
            let busy = system.spawn_spec(Script::new("busy", &journal).spec());
            let busy = busy.expect("a free name");
            holds(&busy);
            busy.tell(Do::Wait(waits.clone())).await.expect("it lives");
            waits.reached().await;
            let never_polled = system.spawn_spec(Script::new("new", &journal).spec());
            holds(&never_polled.expect("a free name"));
            (system, [parent.watch(), busy.watch()])
        });
        drop(runtime);
        assert_eq!(Arc::strong_count(&kept), 1, "somebody still holds what actors held");
        let other = Builder::new_current_thread().enable_all().build().expect("a runtime");
        for watch in watches {
            assert!(matches!(other.block_on(watch).reason, ExitReason::Killed));
        }
        let letters = system.dead_letters();
        assert_eq!(letters.accepted(), letters.handled() + letters.total());
        let late = other.block_on(async { system.spawn_spec(Script::new("late", &journal).spec()) });
        assert!(
            late.is_err() || late.is_ok_and(|late| !late.is_alive()),
            "there is nobody to run it"
        );
    }
}

#[test]
fn a_system_begun_on_another_runtime_stays_there() {
    let [first, second] = [threads(1), threads(1)];
    let (system, actor, _) = first.block_on(async { subject("a") });
    second.block_on(async {
        let other = spawn(&system, "other");
        assert_eq!(other.ask(Do::Life).await, Ok(1));
        assert_eq!(actor.ask(Do::Life).await, Ok(1));
        assert_eq!(Runtime::current().metrics().num_alive_tasks(), 0);
    });
    drop(second);
    assert!(first.block_on(actor.ask(Do::Life)).is_ok());
}

#[test]
fn a_question_to_one_whose_runtime_rests_ends_by_its_deadline() {
    let resting = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (_system, actor, _) = resting.block_on(async { subject("a") });
    let other = Builder::new_current_thread().enable_all().start_paused(true).build();
    let answer = other.expect("a runtime").block_on(actor.ask(Do::Life));
    assert!(matches!(answer, Err(AskError::TimedOut(_))));
    assert_eq!(resting.block_on(actor.ask(Do::Life)), Ok(1));
}

#[tokio::test(start_paused = true)]
async fn each_of_many_questions_ends_by_its_own_deadline() {
    let (_system, actor, _) = subject("a");
    let gate = Gate::new();
    actor.tell(Do::Wait(gate.clone())).await.expect("it lives");
    let begun = tokio::time::Instant::now();
    let asks = [700, 50, 300, 300, 10_000, 20].map(|millis| {
        let actor = actor.clone();
        tokio::spawn(async move {
            let answer = actor.ask(Do::Life).timeout(Duration::from_millis(millis)).await;
            (millis, answer, begun.elapsed())
        })
    });
    tokio::time::sleep(Duration::from_secs(1)).await;
    gate.open();
    for ask in asks {
        let (millis, answer, after) = ask.await.expect("it does not panic");
        let asked_for = Duration::from_millis(millis);
        if asked_for < Duration::from_secs(1) {
            assert_eq!(answer, Err(AskError::TimedOut(asked_for)));
            assert_eq!(after.as_millis(), asked_for.as_millis());
        } else {
            assert_eq!(answer, Ok(1));
        }
    }
}

#[test]
fn on_one_thread_the_same_deeds_come_in_the_same_order() {
    let run = || {
        let runtime = Builder::new_current_thread().enable_all().start_paused(true).build();
        runtime.expect("a runtime").block_on(async {
            let system = System::new("test");
            let journal = Journal::default();
            let actors = ["a", "b", "c", "d", "e"].map(|name| {
                let spec = Script::new(name, &journal).spec();
                system.spawn_spec(spec).expect("a free name")
            });
            for (number, actor) in actors.iter().enumerate() {
                let next = actors[(number * 2 + 1) % actors.len()].clone();
                let passes_on = Do::TellOther(next, Box::new(Do::Note("was told")));
                actor.tell(passes_on).await.expect("it lives");
                actor.tell(Do::Note("goes on")).await.expect("it lives");
                tokio::task::yield_now().await;
            }
            system.shutdown().await;
            journal.take()
        })
    };
    let first = run();
    assert!(first.len() > 20);
    for _ in 0..20 {
        assert_eq!(run(), first);
    }
}

#[tokio::test]
async fn nothing_is_left_of_an_actor_that_has_ended() {
    let kept = Arc::new(());
    let system = System::new("test");
    let held = kept.clone();
    let mailbox = MailboxSpec::latest_by(8, move |_: &Do| Arc::strong_count(&held) as u64);
    let actor = system.spawn_spec(Script::new("a", &Journal::default()).spec().mailbox(mailbox));
    let actor = actor.expect("a free name");
    assert_eq!(actor.ask(Do::Life).await, Ok(1));
    assert!(actor.stop().await.is_ok());
    drop(actor);
    // Its end is told before the last of it goes.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(Arc::strong_count(&kept), 1);
}
