//! What a framework has to offer, so that every workload is written once for all of them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

/// Places in a mailbox that has a bound.
pub const PLACES: usize = 1024;

/// How much a mailbox holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mailbox {
    /// [`PLACES`] messages; who tells waits for room.
    Bounded,
    /// Whatever comes.
    Unbounded,
}

/// How many threads do the work.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Threads {
    /// One, so that the same steps are taken in each run: for counts.
    One,
    /// One for each core, as `#[tokio::main]` has it.
    Cores,
}

/// What an actor does, written once for all frameworks.
pub trait Behaviour<F: Framework>: Send + Sync + Unpin + Sized + 'static {
    /// A message that wants no answer.
    type Tell: Send + Sync + 'static;
    /// A message that wants one.
    type Ask: Send + Sync + 'static;
    /// The answer.
    type Answer: Send + Sync + 'static;

    /// Whether [`asked`](Self::asked) waits for somebody else. Nothing but `asked` ever waits where tells have no bound.
    const WAITS: bool = false;

    /// Takes a message.
    fn told(&mut self, msg: Self::Tell, here: &mut F::Here<Self>) -> impl Future<Output = ()> + Send;

    /// Answers a question.
    fn asked(&mut self, question: Self::Ask) -> impl Future<Output = Self::Answer> + Send;
}

/// One way to write actors.
pub trait Framework: Sized + Send + Sync + 'static {
    /// What all actors of a run share.
    type World: Clone + Send + Sync + 'static;
    /// The address of an actor.
    type Ref<B: Behaviour<Self>>: Clone + Send + Sync + Unpin + 'static;
    /// What one awaits for the end of an actor beside its address.
    type End: Send + 'static;
    /// What an actor has at hand of itself when it takes a message.
    type Here<B: Behaviour<Self>>: Send;
    /// Many actors that are told together.
    type Crowd<B: Behaviour<Self, Tell: Clone>>: Crowd<Self, B>;

    /// The mailbox for workloads that do not choose: where there are two, the faster.
    const USUAL: Mailbox;

    /// Whether there are such mailboxes.
    fn has(mailbox: Mailbox) -> bool;

    /// Runs `work`, as a task of its own, in a runtime of its own.
    fn run<T: Send + 'static>(threads: Threads, work: impl Future<Output = T> + Send + 'static) -> T {
        let begun = async { tokio::spawn(work).await.expect("a workload ends") };
        runtime(threads).block_on(begun)
    }

    /// Has a task run beside the others.
    fn go<T: Send + 'static>(task: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
        tokio::spawn(task)
    }

    /// Begins a run.
    fn world() -> Self::World;

    /// Ends a run.
    fn end(_world: Self::World) -> impl Future<Output = ()> + Send {
        async {}
    }

    /// Makes an actor. `number` is another one for each actor of the run, for those who name them.
    fn spawn<B: Behaviour<Self>>(
        world: &Self::World,
        number: u64,
        mailbox: Mailbox,
        make: impl FnOnce() -> B + Send + 'static,
    ) -> impl Future<Output = (Self::Ref<B>, Self::End)> + Send;

    /// Makes an actor below the one that takes a message. `number` is another one for each child of the same parent.
    fn spawn_child<B: Behaviour<Self>, C: Behaviour<Self>>(
        here: &mut Self::Here<B>,
        number: u64,
        make: impl FnOnce() -> C + Send + 'static,
    ) -> impl Future<Output = Self::Ref<C>> + Send;

    /// Ends the actor that takes a message.
    fn stop_here<B: Behaviour<Self>>(here: &mut Self::Here<B>);

    /// Has an actor end behind all that it was told, and waits for that.
    fn stop<B: Behaviour<Self>>(who: Self::Ref<B>, end: Self::End) -> impl Future<Output = ()> + Send;

    /// Tells an actor, and waits for room if it must.
    fn tell<B: Behaviour<Self>>(to: &Self::Ref<B>, msg: B::Tell) -> impl Future<Output = ()> + Send;

    /// Tells an actor whose mailbox has room, or is given up.
    fn tell_now<B: Behaviour<Self>>(to: &Self::Ref<B>, msg: B::Tell);

    /// Asks an actor, and waits for the answer.
    fn ask<B: Behaviour<Self>>(to: &Self::Ref<B>, question: B::Ask) -> impl Future<Output = B::Answer> + Send;
}

/// Actors that are told together.
pub trait Crowd<F: Framework, B: Behaviour<F, Tell: Clone>>: Default + Send + Sync + Unpin + 'static {
    /// Adds an actor, known by `key`, unless it is there.
    fn join(&mut self, key: u64, who: F::Ref<B>);

    /// Takes an actor out, if it is there.
    fn leave(&mut self, key: u64, who: &F::Ref<B>);

    /// Tells everyone.
    fn tell_all(&self, msg: &B::Tell);
}

/// The crowd of those who have nothing better for it: a list, with the place of each in it.
pub struct List<F: Framework, B: Behaviour<F>> {
    list: Vec<(u64, F::Ref<B>)>,
    places: HashMap<u64, usize>,
}

impl<F: Framework, B: Behaviour<F>> Default for List<F, B> {
    fn default() -> Self {
        Self {
            list: Vec::new(),
            places: HashMap::new(),
        }
    }
}

impl<F: Framework, B: Behaviour<F, Tell: Clone>> Crowd<F, B> for List<F, B> {
    fn join(&mut self, key: u64, who: F::Ref<B>) {
        if let Entry::Vacant(place) = self.places.entry(key) {
            place.insert(self.list.len());
            self.list.push((key, who));
        }
    }

    fn leave(&mut self, key: u64, _: &F::Ref<B>) {
        let Some(at) = self.places.remove(&key) else { return };
        self.list.swap_remove(at);
        if let Some((moved, _)) = self.list.get(at) {
            self.places.insert(*moved, at);
        }
    }

    fn tell_all(&self, msg: &B::Tell) {
        for (_, who) in &self.list {
            F::tell_now::<B>(who, msg.clone());
        }
    }
}

/// A runtime of tokio's.
pub fn runtime(threads: Threads) -> Runtime {
    let mut builder = match threads {
        Threads::One => Builder::new_current_thread(),
        Threads::Cores => Builder::new_multi_thread(),
    };
    builder.enable_all().build().expect("a runtime can be built")
}

/// Nanoseconds of each operation.
pub(crate) fn each(took: Duration, operations: u64) -> f64 {
    took.as_secs_f64() * 1e9 / operations as f64
}
