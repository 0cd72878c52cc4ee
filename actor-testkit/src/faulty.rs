//! Faults put into an actor on purpose: on the n-th message, start, signal or stop, or by chance from a seed.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use actor_core::{Actor, ActorError, ActorResult, Context, ExitReason, Signal};
use fastrand::Rng;

/// What goes wrong with a message, which the actor itself does not see then; or with a start, a signal or a stop, of which
/// its own code does not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The handler returns an error. Whoever asked hears `Failed`.
    Fail,
    /// The handler panics. Whoever asked hears `Failed`.
    Panic,
    /// The handler holds the message and never returns: until it is killed. Whoever asked waits for its time-out, and
    /// whoever stops the actor for its shutdown time.
    Hang,
    /// The message is dropped and its reply port with it, and all seems well. Whoever asked hears `NoReply`.
    Drop,
}

impl Fault {
    const ALL: [Fault; 4] = [Fault::Fail, Fault::Panic, Fault::Hang, Fault::Drop];
}

/// Which messages, starts, signals and stops meet with which [`Fault`].
///
/// Each kind is counted from 1, over all lives of all actors that were made with these faults: an actor that is restarted
/// does not meet the same fault again.
///
/// ```
/// use actor_core::prelude::*;
/// use actor_testkit::{Fault, Faults};
/// # #[derive(Default)]
/// # struct Total(u64);
/// # impl Actor for Total {
/// #     type Msg = Reply<u64>;
/// #     async fn handle(&mut self, reply: Reply<u64>, _: &mut Context<Reply<u64>>) -> ActorResult { reply.send(7); Ok(()) }
/// # }
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> ActorResult {
/// let system = System::new("test");
/// let faults = Faults::on(1, Fault::Drop).and_on(2, Fault::Panic);
/// let total = system.spawn("total", faults.wrap(Total::default))?;
/// assert_eq!(total.ask(|reply| reply).await, Err(AskError::NoReply));
/// assert_eq!(total.ask(|reply| reply).await, Err(AskError::Failed));
/// assert_eq!(total.ask(|reply| reply).await, Ok(7));
/// # Ok(())
/// # }
/// ```
#[must_use = "faults happen in actors that are made with `wrap`"]
pub struct Faults {
    plan: Arc<Mutex<Plan>>,
    /// What to call to have the same again, if that is left to chance.
    recipe: Option<String>,
}

#[derive(Default)]
struct Plan {
    messages: Count,
    starts: Count,
    signals: Count,
    stops: Count,
    /// For messages alone.
    chance: Option<Chance>,
}

/// How many of a kind there were, and what becomes of those to come.
#[derive(Default)]
struct Count {
    seen: u64,
    fixed: BTreeMap<u64, Fault>,
}

struct Chance {
    rng: Rng,
    one_in: u32,
    choice: Vec<Fault>,
}

impl Count {
    /// Counts one more, and says which it is and what becomes of it.
    fn next(&mut self) -> (u64, Option<Fault>) {
        self.seen += 1;
        (self.seen, self.fixed.remove(&self.seen))
    }
}

impl Plan {
    fn next_message(&mut self) -> (u64, Option<Fault>) {
        let by_chance = self.chance.as_mut().and_then(Chance::draw);
        let (n, fixed) = self.messages.next();
        (n, fixed.or(by_chance))
    }
}

impl Chance {
    fn draw(&mut self) -> Option<Fault> {
        if self.rng.u32(0..self.one_in) == 0 {
            self.rng.choice(&self.choice).copied()
        } else {
            None
        }
    }
}

impl Faults {
    /// No fault yet.
    pub fn new() -> Self {
        Self::of(None, None)
    }

    /// One fault, on the `n`-th message.
    ///
    /// # Panics
    /// If `n` is 0: messages are counted from 1.
    #[track_caller]
    pub fn on(n: u64, fault: Fault) -> Self {
        Self::new().and_on(n, fault)
    }

    /// A fault on each message with a probability of one in `one_in`, of a kind that is drawn too: the same ones for
    /// the same seed and the same order of messages.
    ///
    /// Keep the value until the test ends: if it is dropped while its test panics it prints the seed.
    ///
    /// # Panics
    /// If `one_in` is 0, which is no probability.
    #[track_caller]
    pub fn by_seed(seed: u64, one_in: u32) -> Self {
        assert!(
            one_in > 0,
            "a fault on one in 0 messages is no probability; 1 means every message"
        );
        let chance = Chance {
            rng: Rng::with_seed(seed),
            one_in,
            choice: Fault::ALL.to_vec(),
        };
        Self::of(Some(chance), Some(format!("Faults::by_seed({seed}, {one_in})")))
    }

    fn of(chance: Option<Chance>, recipe: Option<String>) -> Self {
        let plan = Plan {
            chance,
            ..Plan::default()
        };
        Self {
            plan: Arc::new(Mutex::new(plan)),
            recipe,
        }
    }

    /// One more fault, on the `n`-th message; it replaces the one that was to come then.
    ///
    /// # Panics
    /// If `n` is 0: messages are counted from 1.
    #[track_caller]
    pub fn and_on(self, n: u64, fault: Fault) -> Self {
        self.fixing(n, fault, |plan| &mut plan.messages)
    }

    /// One more fault, in place of the `n`-th `on_start`. [`Fault::Drop`] leaves it out, and all seems well.
    ///
    /// # Panics
    /// If `n` is 0: starts are counted from 1.
    #[track_caller]
    pub fn and_at_start(self, n: u64, fault: Fault) -> Self {
        self.fixing(n, fault, |plan| &mut plan.starts)
    }

    /// One more fault, in place of the `n`-th `on_signal`.
    ///
    /// # Panics
    /// If `n` is 0: signals are counted from 1.
    #[track_caller]
    pub fn and_at_signal(self, n: u64, fault: Fault) -> Self {
        self.fixing(n, fault, |plan| &mut plan.signals)
    }

    /// One more fault, in place of the `n`-th `on_stop`.
    ///
    /// # Panics
    /// If `n` is 0: stops are counted from 1.
    #[track_caller]
    pub fn and_at_stop(self, n: u64, fault: Fault) -> Self {
        self.fixing(n, fault, |plan| &mut plan.stops)
    }

    #[track_caller]
    fn fixing(self, n: u64, fault: Fault, count: impl FnOnce(&mut Plan) -> &mut Count) -> Self {
        assert!(
            n > 0,
            "no fault can come on number 0: messages are counted from 1, and so is all else"
        );
        self.with_plan(|plan| count(plan).fixed.insert(n, fault));
        self
    }

    /// Narrows the kinds that [`by_seed`](Self::by_seed) draws from. Of no effect on faults with a number.
    ///
    /// # Panics
    /// If `faults` is empty, which leaves nothing to draw.
    #[track_caller]
    pub fn only(mut self, faults: &[Fault]) -> Self {
        assert!(
            !faults.is_empty(),
            "no kinds of fault are left to draw from; name at least one"
        );
        self.with_plan(|plan| {
            if let Some(chance) = &mut plan.chance {
                chance.choice = faults.to_vec();
            }
        });
        if let Some(recipe) = &mut self.recipe {
            let names: Vec<String> = faults.iter().map(|fault| format!("Fault::{fault:?}")).collect();
            recipe.push_str(&format!(".only(&[{}])", names.join(", ")));
        }
        self
    }

    /// Makes a factory of faulty actors out of a factory of actors.
    ///
    /// It goes where the other would: into [`System::spawn`](actor_core::System::spawn), or into
    /// [`ChildSpec::new`](actor_core::ChildSpec::new) for a child with settings. The handle is the same in type.
    pub fn wrap<A, F>(&self, mut factory: F) -> impl FnMut() -> Faulty<A> + Send + 'static + use<A, F>
    where
        A: Actor,
        F: FnMut() -> A + Send + 'static,
    {
        let plan = self.plan.clone();
        move || Faulty {
            inner: factory(),
            plan: plan.clone(),
        }
    }

    fn with_plan<T>(&self, change: impl FnOnce(&mut Plan) -> T) -> T {
        locked(&self.plan, change)
    }
}

/// A plan is whole whoever panicked: nothing between its changes can.
fn locked<T>(plan: &Mutex<Plan>, change: impl FnOnce(&mut Plan) -> T) -> T {
    change(&mut plan.lock().unwrap_or_else(PoisonError::into_inner))
}

impl Drop for Faults {
    fn drop(&mut self) {
        if std::thread::panicking()
            && let Some(recipe) = &self.recipe
        {
            let messages = self.with_plan(|plan| plan.messages.seen);
            eprintln!("the faults in the first {messages} messages came by chance: {recipe} repeats them");
        }
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.with_plan(|plan| {
            f.debug_struct("Faults")
                .field("messages", &plan.messages.seen)
                .field("to_come", &plan.messages.fixed)
                .field("starts_to_come", &plan.starts.fixed)
                .field("signals_to_come", &plan.signals.fixed)
                .field("stops_to_come", &plan.stops.fixed)
                .field("by_chance", &self.recipe)
                .finish()
        })
    }
}

impl Default for Faults {
    fn default() -> Self {
        Self::new()
    }
}

/// An actor that does what `A` does, but where it meets with a [`Fault`]; made by [`Faults::wrap`].
pub struct Faulty<A> {
    inner: A,
    plan: Arc<Mutex<Plan>>,
}

/// Meets what is planned for one of a kind; `None` if that is nothing, and the actor's own code is to run.
async fn meet(what: &str, (n, fault): (u64, Option<Fault>)) -> Option<ActorResult> {
    match fault? {
        Fault::Fail => Some(Err(ActorError::new(format!("{what} {n} was chosen to fail")))),
        Fault::Panic => panic!("{what} {n} was chosen to panic"),
        Fault::Hang => std::future::pending().await,
        Fault::Drop => Some(Ok(())),
    }
}

impl<A: Actor> Actor for Faulty<A> {
    type Msg = A::Msg;

    async fn on_start(&mut self, ctx: &mut Context<A::Msg>) -> ActorResult {
        match meet("start", locked(&self.plan, |plan| plan.starts.next())).await {
            Some(met) => met,
            None => self.inner.on_start(ctx).await,
        }
    }

    async fn handle(&mut self, msg: A::Msg, ctx: &mut Context<A::Msg>) -> ActorResult {
        // The message is held meanwhile, so that whoever asked hears nothing from one that hangs.
        match meet("message", locked(&self.plan, Plan::next_message)).await {
            Some(met) => met,
            None => self.inner.handle(msg, ctx).await,
        }
    }

    async fn on_signal(&mut self, signal: Signal, ctx: &mut Context<A::Msg>) -> ActorResult {
        match meet("signal", locked(&self.plan, |plan| plan.signals.next())).await {
            Some(met) => met,
            None => self.inner.on_signal(signal, ctx).await,
        }
    }

    async fn on_stop(&mut self, reason: &ExitReason, ctx: &mut Context<A::Msg>) -> ActorResult {
        match meet("stop", locked(&self.plan, |plan| plan.stops.next())).await {
            Some(met) => met,
            None => self.inner.on_stop(reason, ctx).await,
        }
    }
}

impl<A> fmt::Debug for Faulty<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Faulty")
    }
}
