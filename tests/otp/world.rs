//! Real actors to whom a story happens, on the paused clock.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use actor_core::prelude::*;
use actor_core::{ChildSpec, ChildState, DeadReason, Supervise, Supervisor, WatchId};
use actor_testkit::{Recorded, Recorder, settle};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, sleep_until};

use super::rules::{Ms, Strategy};
use super::story::{BEGINNING, Command, Do, START, STOP, Seen, Spec, Start, Stop, Story, Team, time_of};

/// What all actors of a story share.
#[derive(Clone)]
struct World {
    recorder: Recorder,
    people: Arc<Mutex<BTreeMap<String, Person>>>,
}

/// What is known of a worker by its name, whoever has it.
#[derive(Clone)]
struct Person {
    handle: Option<Handle<Msg>>,
    starts: VecDeque<Start>,
    stop: Stop,
    gate: Arc<Semaphore>,
}

enum Msg {
    Do(Do),
    LinkTo(Handle<Msg>),
    Watch(String, Handle<Msg>),
    Ask(Reply<()>),
}

struct Worker {
    name: String,
    world: World,
    watches: Vec<(String, WatchId)>,
}

/// An actor with children of its own, who are not waited for.
struct Parent {
    children: Vec<Spec>,
    world: World,
}

/// Whom a command to a supervisor or to a parent of plain children goes to.
#[derive(Clone)]
enum Top {
    Supervisor(Handle<Supervise>),
    Parent(Handle<()>),
}

fn ms(ms: Ms) -> Duration {
    Duration::from_millis(ms)
}

/// Has a story happen, without the commands that the model says could not be `given`.
pub(super) async fn play(story: &Story, given: &[bool]) -> Seen {
    let beginning = Instant::now();
    let world = World {
        recorder: Recorder::new(),
        people: Arc::default(),
    };
    let system = System::builder("test").intensity(story.limit, ms(5000)).build();
    let system = system.expect("it makes sense");
    let top = world.start_top(&system, &story.top).await;
    sleep_until(beginning + ms(BEGINNING)).await;
    let (mut seconds, mut asked) = (0, 0);
    for (n, (command, wait)) in story.steps.iter().enumerate() {
        sleep_until(beginning + ms(time_of(n, seconds))).await;
        if given[n] {
            world.obey(command, &top, &story.top, &mut asked).await;
        }
        seconds += wait;
    }
    sleep_until(beginning + ms(time_of(story.steps.len(), seconds))).await;
    let report = system.shutdown_within(Duration::from_secs(100_000)).await;
    settle().await;
    let letters = report.dead_letters;
    assert!(report.stuck.is_empty(), "{report}");
    assert_eq!(
        letters.accepted(),
        letters.handled() + letters.total(),
        "the books balance"
    );
    let dead = [DeadReason::Stopped, DeadReason::Restarted, DeadReason::Killed].map(|reason| letters.count(reason));
    assert_eq!(
        letters.total(),
        dead.iter().sum::<u64>(),
        "no other dead letters: {letters:?}"
    );
    for (name, person) in world.people().iter() {
        assert!(
            !person.handle.as_ref().is_some_and(Handle::is_alive),
            "{name} is left over"
        );
    }
    let timed = world.recorder.take_timed().into_iter();
    let timed = timed.map(|(at, event)| (at.duration_since(beginning).as_millis() as Ms, event));
    let mut trace: Vec<(Ms, String)> = timed.collect();
    trace.sort();
    Seen { trace, dead }
}

impl World {
    fn people(&self) -> MutexGuard<'_, BTreeMap<String, Person>> {
        self.people.lock().expect("nobody panics while it writes")
    }

    fn with<T>(&self, name: &str, deed: impl FnOnce(&mut Person) -> T) -> T {
        let mut people = self.people();
        deed(people.entry(name.to_owned()).or_insert_with(|| Person {
            handle: None,
            starts: VecDeque::new(),
            stop: Stop::Well,
            gate: Arc::new(Semaphore::new(0)),
        }))
    }

    fn handle(&self, name: &str) -> Handle<Msg> {
        self.with(name, |person| person.handle.clone())
            .expect("it has been started")
    }

    fn worker(&self, spec: &Spec) -> ChildSpec<Recorded<Worker>> {
        let (name, world) = (spec.name.clone(), self.clone());
        let make = move || Worker {
            name: name.clone(),
            world: world.clone(),
            watches: Vec::new(),
        };
        treated(ChildSpec::new(&spec.name, self.recorder.watch(make)), spec)
    }

    fn supervisor(&self, team: &Team) -> Supervisor {
        let supervisor = match team.strategy {
            Strategy::OneForOne | Strategy::Plain => Supervisor::one_for_one(),
            Strategy::OneForAll => Supervisor::one_for_all(),
            Strategy::RestForOne => Supervisor::rest_for_one(),
            Strategy::Dynamic => Supervisor::dynamic(),
        };
        let supervisor = supervisor
            .intensity(team.limit, ms(team.period))
            .auto_shutdown(team.auto);
        team.children
            .iter()
            .fold(supervisor, |supervisor, spec| match &spec.team {
                None => supervisor.child(self.worker(spec)),
                Some(team) => supervisor.child(treated(self.supervisor(team).named(&spec.name), spec)),
            })
    }

    async fn start_top(&self, system: &System, spec: &Spec) -> Top {
        let team = spec.team.as_ref().expect("the top has children");
        let started = "the beginning goes well";
        let (top, watch) = if team.strategy == Strategy::Plain {
            let (children, world) = (team.children.clone(), self.clone());
            let parent = ChildSpec::new(&spec.name, move || Parent {
                children: children.clone(),
                world: world.clone(),
            });
            let parent = treated(parent, spec).intensity(team.limit, ms(team.period));
            let parent = system.start(parent).await.expect(started);
            (Top::Parent(parent.clone()), parent.watch())
        } else {
            let named = treated(self.supervisor(team).named(&spec.name), spec);
            let supervisor = system.start(named).await.expect(started);
            (Top::Supervisor(supervisor.clone()), supervisor.watch())
        };
        let recorder = self.recorder.clone();
        tokio::spawn(async move { recorder.note(format!("the top is gone: {}", words(&watch.await.reason))) });
        top
    }

    async fn obey(&self, command: &Command, top: &Top, tree: &Spec, asked: &mut u32) {
        match command {
            Command::Nothing => {}
            Command::Tell(name, Do::LinkTo(other)) => {
                let _ = self.handle(name).try_tell(Msg::LinkTo(self.handle(other)));
            }
            Command::Tell(name, Do::Watch(other)) => {
                let _ = self
                    .handle(name)
                    .try_tell(Msg::Watch(other.clone(), self.handle(other)));
            }
            Command::Tell(name, deed) => drop(self.handle(name).try_tell(Msg::Do(deed.clone()))),
            Command::Ask(name) => {
                *asked += 1;
                let (asked, handle, recorder) = (*asked, self.handle(name), self.recorder.clone());
                tokio::spawn(async move {
                    let answer = match handle.ask(Msg::Ask).no_timeout().await {
                        Ok(()) => "answered".to_owned(),
                        Err(AskError::Stopped) => "stopped".to_owned(),
                        Err(other) => format!("{other:?}"),
                    };
                    recorder.note(format!("question {asked}: {answer}"));
                });
            }
            Command::LetGo(name) => self.with(name, |person| person.gate.add_permits(1)),
            Command::Starts(name, starts) => self.with(name, |person| person.starts = starts.iter().copied().collect()),
            Command::Stops(name, stop) => self.with(name, |person| person.stop = *stop),
            Command::Stop(name) | Command::Drain(name) | Command::Kill(name) => {
                let worker = self.with(name, |person| person.handle.clone());
                match (worker, top) {
                    (Some(worker), _) => end(command, &worker),
                    (None, Top::Parent(parent)) => end(command, parent),
                    (None, Top::Supervisor(top)) => end(command, &supervisor_named(top, tree, name).await),
                }
            }
            Command::Add(team, spec) => {
                let (added, name) = (self.worker(spec), spec.name.clone());
                self.tend(top, tree, team, move |team| async move {
                    let not = if team.start_child(added).await.is_ok() {
                        ""
                    } else {
                        "not "
                    };
                    format!("{name} was {not}added")
                })
                .await;
            }
            Command::StopChild(team, name) => {
                let name = name.clone();
                self.tend(top, tree, team, move |team| async move {
                    let not = if team.stop_child(&name).await.is_ok() {
                        ""
                    } else {
                        "not "
                    };
                    format!("{name} was {not}stopped")
                })
                .await;
            }
            Command::RestartChild(team, name) => {
                let name = name.clone();
                self.tend(top, tree, team, move |team| async move {
                    let not = if team.restart_child(&name).await.is_ok() {
                        ""
                    } else {
                        "not "
                    };
                    format!("{name} was {not}restarted")
                })
                .await;
            }
            Command::List(team) => {
                let name = team.clone();
                self.tend(top, tree, team, move |team| async move {
                    let children = team.children().await;
                    let child = |child: &actor_core::ChildInfo| {
                        let state = match child.state {
                            ChildState::BackOff(_) | ChildState::Regrouping => "waiting".to_owned(),
                            state => state.to_string(),
                        };
                        format!(" {} is {state}", child.path.name())
                    };
                    format!(
                        "{name} lists:{}",
                        children.iter().map(child).collect::<Vec<_>>().join(",")
                    )
                })
                .await;
            }
        }
    }

    /// Has a supervisor do something, and notes what it says when it has.
    async fn tend<F>(&self, top: &Top, tree: &Spec, team: &str, deed: impl FnOnce(Handle<Supervise>) -> F)
    where
        F: Future<Output = String> + Send + 'static,
    {
        let Top::Supervisor(top) = top else { return };
        let doing = deed(supervisor_named(top, tree, team).await);
        let recorder = self.recorder.clone();
        tokio::spawn(async move { recorder.note(doing.await) });
    }
}

/// Finds a supervisor by way of those above it.
async fn supervisor_named(top: &Handle<Supervise>, tree: &Spec, name: &str) -> Handle<Supervise> {
    let mut found = top.clone();
    let mut at = tree;
    while at.name != name {
        let children = &at.team.as_ref().expect("a supervisor").children;
        at = children
            .iter()
            .find(|child| is_above(child, name))
            .expect("it is in the tree");
        found = found.child(&at.name).await.expect("those above it answer");
    }
    found
}

fn is_above(spec: &Spec, name: &str) -> bool {
    let children = spec.team.iter().flat_map(|team| &team.children);
    spec.name == name || children.into_iter().any(|child| is_above(child, name))
}

fn end<M: Send + 'static>(command: &Command, handle: &Handle<M>) {
    drop(match command {
        Command::Stop(_) => handle.stop(),
        Command::Drain(_) => handle.drain(),
        _ => handle.kill(),
    });
}

fn treated<A: Actor>(child: ChildSpec<A>, spec: &Spec) -> ChildSpec<A> {
    let mut child = child.restart(spec.policy);
    if let Some((min, max)) = spec.backoff {
        child = child.backoff(Backoff::new(ms(min), ms(max)).jitter(0.0));
    }
    if let Some(shutdown) = spec.shutdown {
        child = child.shutdown(ms(shutdown));
    }
    if spec.significant { child.significant() } else { child }
}

fn words(reason: &ExitReason) -> String {
    let ExitReason::Failed(failure) = reason else {
        return reason.to_string();
    };
    let mut chain = Vec::new();
    let mut next = Some(failure);
    while let Some(failure) = next {
        chain.push(failure.to_string());
        next = failure.cause();
    }
    format!("failed: {}", chain.join(", because "))
}

impl Actor for Worker {
    type Msg = Msg;

    async fn on_start(&mut self, ctx: &mut Context<Msg>) -> ActorResult {
        let handle = ctx.handle();
        let start = self.world.with(&self.name, |person| {
            if person.handle.as_ref() != Some(&handle) {
                let (watch, name, recorder) = (handle.watch(), self.name.clone(), self.world.recorder.clone());
                tokio::spawn(async move { recorder.note(format!("{name} is gone: {}", words(&watch.await.reason))) });
            }
            person.handle = Some(handle);
            person.starts.pop_front()
        });
        match start.unwrap_or(Start::Well) {
            Start::Hangs => std::future::pending().await,
            start => {
                sleep(ms(START)).await;
                if start == Start::Fails {
                    Err(ActorError::new("cannot start"))
                } else {
                    Ok(())
                }
            }
        }
    }

    async fn handle(&mut self, msg: Msg, ctx: &mut Context<Msg>) -> ActorResult {
        match msg {
            Msg::Ask(reply) => reply.send(()),
            Msg::LinkTo(other) => drop(ctx.link(&other)),
            Msg::Watch(name, other) => self.watches.push((name, ctx.watch(&other))),
            Msg::Do(Do::Unwatch(other)) => {
                if let Some(last) = self.watches.iter().rposition(|(name, _)| *name == other) {
                    assert!(ctx.unwatch(self.watches.remove(last).1), "it had not been answered");
                }
            }
            Msg::Do(Do::Note(note)) => self.world.recorder.note(format!("{} handled {note}", self.name)),
            Msg::Do(Do::Fail) => return Err(ActorError::new("on purpose")),
            // Not by `panic!`, which would have ten thousand of them printed.
            Msg::Do(Do::Panic) => std::panic::resume_unwind(Box::new("on purpose")),
            Msg::Do(Do::Hold) => {
                let gate = self.world.with(&self.name, |person| person.gate.clone());
                gate.acquire().await.expect("it is never closed").forget();
            }
            Msg::Do(Do::EndItself) => ctx.stop(),
            Msg::Do(Do::LinkTo(_) | Do::Watch(_)) => {}
        }
        Ok(())
    }

    async fn on_signal(&mut self, signal: Signal, _: &mut Context<Msg>) -> ActorResult {
        if let Signal::Down(down) = signal {
            let watch = self.watches.iter().position(|&(_, watch)| watch == down.watch);
            self.watches
                .remove(watch.expect("no other watch is answered, and each once"));
            let words = words(&down.reason);
            let event = format!("{} hears that {} is gone: {words}", self.name, down.path.name());
            self.world.recorder.note(event);
        }
        Ok(())
    }

    async fn on_stop(&mut self, _: &ExitReason, _: &mut Context<Msg>) -> ActorResult {
        match self.world.with(&self.name, |person| person.stop) {
            Stop::Hangs => std::future::pending().await,
            stop => {
                sleep(ms(STOP)).await;
                if stop == Stop::Fails {
                    Err(ActorError::new("cannot stop"))
                } else {
                    Ok(())
                }
            }
        }
    }
}

impl Actor for Parent {
    type Msg = ();

    async fn on_start(&mut self, ctx: &mut Context<()>) -> ActorResult {
        for child in &self.children {
            ctx.spawn(self.world.worker(child))?;
        }
        Ok(())
    }

    async fn handle(&mut self, (): (), _: &mut Context<()>) -> ActorResult {
        Ok(())
    }
}
