//! What the promises are tested with: an actor that does what it is told, a journal of what happened, and a gate to
//! hold a handler at.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use actor_core::prelude::*;
use tokio::sync::Semaphore;

/// What happened, in order.
#[derive(Clone, Default)]
pub(crate) struct Journal(Arc<Mutex<Vec<String>>>);

impl Journal {
    pub(crate) fn note(&self, event: impl Into<String>) {
        self.0
            .lock()
            .expect("no test panics while it writes")
            .push(event.into());
    }

    /// Everything since the last call.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().expect("no test panics while it reads"))
    }
}

/// A place where a handler waits until the test lets it go.
#[derive(Clone)]
pub(crate) struct Gate {
    reached: Arc<Semaphore>,
    open: Arc<Semaphore>,
}

impl Gate {
    pub(crate) fn new() -> Self {
        Self {
            reached: Arc::new(Semaphore::new(0)),
            open: Arc::new(Semaphore::new(0)),
        }
    }

    /// The handler's side.
    pub(crate) async fn pass(&self) {
        self.reached.add_permits(1);
        self.open.acquire().await.expect("never closed").forget();
    }

    /// The test's side: waits until a handler stands at the gate.
    pub(crate) async fn reached(&self) {
        self.reached.acquire().await.expect("never closed").forget();
    }

    /// Lets one handler pass.
    pub(crate) fn open(&self) {
        self.open.add_permits(1);
    }
}

type Deed = Box<dyn FnOnce(&mut Context<Do>) + Send>;

/// What the subject of a test is told to do.
pub(crate) enum Do {
    /// Goes on.
    Nothing,
    /// Notes this.
    Note(&'static str),
    /// Answers with the number of its life.
    Life(Reply<u32>),
    /// Waits at the gate.
    Wait(Gate),
    /// Waits at the gate, and answers then.
    WaitAndAnswer(Gate, Reply<u32>),
    /// Waits at the gate, and fails then.
    WaitAndFail(Gate),
    /// Returns an error.
    Fail(&'static str),
    /// The same, with a question in hand.
    FailOn(Reply<u32>),
    /// Panics.
    Panic(&'static str),
    /// The same, with a question in hand.
    PanicOn(Reply<u32>),
    /// Drops the question, and goes on well.
    Ignore(Reply<u32>),
    /// Keeps the question for later.
    Keep(Reply<u32>),
    /// Does this with its context.
    With(Deed),
    /// Waits for room in another mailbox.
    TellOther(Handle<Do>, Box<Do>),
    /// Waits for an answer of another.
    AskOther(Handle<Do>, Reply<Result<u32, AskError>>),
}

/// Makes a `Do::With`, for which closures need their argument's type spelled out.
pub(crate) fn with(deed: impl FnOnce(&mut Context<Do>) + Send + 'static) -> Do {
    Do::With(Box::new(deed))
}

/// How a subject is to be.
#[derive(Clone, Default)]
pub(crate) struct Script {
    pub(crate) name: &'static str,
    pub(crate) journal: Journal,
    /// Its first so many starts fail.
    pub(crate) failing_starts: u32,
    /// `on_start` and `on_stop` wait here.
    pub(crate) start_gate: Option<Gate>,
    pub(crate) stop_gate: Option<Gate>,
    pub(crate) panic_in_stop: bool,
    pub(crate) lives: Arc<Mutex<u32>>,
}

impl Script {
    pub(crate) fn new(name: &'static str, journal: &Journal) -> Self {
        Self {
            name,
            journal: journal.clone(),
            ..Self::default()
        }
    }

    /// A specification of a subject with this script.
    pub(crate) fn spec(&self) -> ChildSpec<Subject> {
        let script = self.clone();
        ChildSpec::new(self.name, move || Subject::new(&script))
    }
}

/// The actor that most promises are tested on.
pub(crate) struct Subject {
    script: Script,
    life: u32,
    kept: Vec<Reply<u32>>,
}

impl Subject {
    pub(crate) fn new(script: &Script) -> Self {
        let mut lives = script.lives.lock().expect("counting does not panic");
        *lives += 1;
        Self {
            script: script.clone(),
            life: *lives,
            kept: Vec::new(),
        }
    }

    fn note(&self, event: &str) {
        self.script.journal.note(format!("{} {event}", self.script.name));
    }
}

impl Actor for Subject {
    type Msg = Do;

    async fn on_start(&mut self, _ctx: &mut Context<Do>) -> ActorResult {
        if let Some(gate) = &self.script.start_gate {
            gate.pass().await;
        }
        if self.life <= self.script.failing_starts {
            self.note("fails to start");
            return Err(ActorError::new("cannot start"));
        }
        self.note("started");
        Ok(())
    }

    async fn handle(&mut self, msg: Do, ctx: &mut Context<Do>) -> ActorResult {
        match msg {
            Do::Nothing => {}
            Do::Note(event) => self.note(event),
            Do::Life(reply) => reply.send(self.life),
            Do::Wait(gate) => gate.pass().await,
            Do::WaitAndAnswer(gate, reply) => {
                gate.pass().await;
                reply.send(self.life);
            }
            Do::WaitAndFail(gate) => {
                gate.pass().await;
                return Err(ActorError::new("behind the gate"));
            }
            Do::Fail(why) => return Err(ActorError::new(why)),
            Do::FailOn(_reply) => return Err(ActorError::new("with a question in hand")),
            Do::Panic(why) => panic!("{why}"),
            Do::PanicOn(_reply) => panic!("with a question in hand"),
            Do::Ignore(_reply) => {}
            Do::Keep(reply) => self.kept.push(reply),
            Do::With(deed) => deed(ctx),
            Do::TellOther(other, msg) => {
                let outcome = other.tell(*msg).await;
                self.note(match outcome {
                    Ok(()) => "was heard",
                    Err(TellError::Full(_)) => "was refused: full",
                    Err(_) => "was refused: stopped",
                });
            }
            Do::AskOther(other, reply) => {
                let answer = other.ask(Do::Life).await;
                reply.send(answer);
            }
        }
        Ok(())
    }

    async fn on_signal(&mut self, signal: Signal, _ctx: &mut Context<Do>) -> ActorResult {
        match signal {
            Signal::ChildExit(exit) => self.note(&format!("hears that its child {} {}", exit.path.name(), exit.reason)),
            Signal::LinkBroken(broken) => {
                let (name, reason) = (broken.path.name(), &broken.reason);
                self.note(&format!("hears that its link to {name} broke: {reason}"));
            }
            Signal::Down(down) => self.note(&format!("hears that {} {}", down.path.name(), down.reason)),
            _ => {}
        }
        Ok(())
    }

    async fn on_stop(&mut self, reason: &ExitReason, _ctx: &mut Context<Do>) -> ActorResult {
        if let Some(gate) = &self.script.stop_gate {
            gate.pass().await;
        }
        self.note(match reason {
            ExitReason::Failed(_) => "stops after a failure",
            ExitReason::Shutdown => "is shut down",
            _ => "stops",
        });
        if self.script.panic_in_stop {
            panic!("in on_stop");
        }
        Ok(())
    }
}

/// Lets everything run that can: on the paused clock, time passes only when nothing else can happen.
pub(crate) async fn settle() {
    tokio::time::sleep(Duration::from_nanos(1)).await;
}

/// Lets `time` pass, and everything happen that is due by then.
pub(crate) async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
    settle().await;
}

/// A system with one subject of this name.
pub(crate) fn subject(name: &'static str) -> (System, Handle<Do>, Journal) {
    let system = System::new("test");
    let journal = Journal::default();
    let handle = system
        .spawn_spec(Script::new(name, &journal).spec())
        .expect("a free name");
    (system, handle, journal)
}
