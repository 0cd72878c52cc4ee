//! The workloads, each written once for every framework.

mod ask;
mod broadcast;
mod chain;
mod chat;
mod idle;
mod many;
mod nested;
mod ring;
mod spawning;
mod sum;
mod tell;
mod tree;
mod waiting;

use std::fmt;

use crate::framework::{Framework, Mailbox, Threads};

/// What is done, and how much of it there is at a time. How often it is done is said beside it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Work {
    /// Senders tell one actor a number.
    Tell {
        /// How many of them there are.
        senders: u64,
        /// The actor's mailbox.
        mailbox: Mailbox,
    },
    /// One sender tells one actor, with a bounded mailbox where there is one, so many bytes.
    Large {
        /// 256 or 1024.
        bytes: u64,
    },
    /// Tasks ask one actor, each after the answer to its last question.
    Ask {
        /// How many of them there are.
        in_flight: u64,
    },
    /// One actor asks another, each time after the answer to its last question.
    AskBetween,
    /// Tokens go round; an operation is a step.
    Ring {
        /// Actors that it is made of.
        links: u64,
        /// Tokens under way at a time.
        tokens: u64,
    },
    /// One shared text to many; an operation is a delivery.
    Broadcast {
        /// To how many.
        members: u64,
    },
    /// An actor is made, takes one message, ends, and is waited for.
    Spawn,
    /// A tree with ten branches at each fork; each leaf has a number, and the sum comes up. An operation is a leaf.
    Tree,
    /// A question that each actor asks the next before it answers.
    Chain {
        /// Actors that it goes through.
        links: u64,
    },
    /// Rooms with members: four fifths of the operations are lines that all members of a room get, the others joins or
    /// leaves.
    Chat,
    /// Makes so many actors that stay; an operation is one of them.
    SpawnAll,
    /// Tells one of many idle actors after the other.
    TellAll {
        /// How many there are.
        actors: u64,
    },
    /// Actors, each the parent of the next: made from the top to the bottom, and stopped from the top. An operation is
    /// one of them.
    Nested {
        /// How many there are below each other.
        depth: u64,
    },
    /// As many actors as there are operations join a crowd, and leave it.
    Joining,
    /// So many senders wait all the time for room in one mailbox. The figure is how often the slowest of them got it, as
    /// a share of the mean.
    Waiting {
        /// How many there are.
        senders: u64,
    },
    /// As many actors as there are operations have taken a message, and wait. The figure is the bytes of each.
    Idle,
}

impl Work {
    /// The mailbox without which this cannot be done.
    fn mailbox(self) -> Option<Mailbox> {
        match self {
            Self::Tell { mailbox, .. } => Some(mailbox),
            _ => None,
        }
    }
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Tell { senders, mailbox } => {
                let bound = match mailbox {
                    Mailbox::Bounded => "bounded",
                    Mailbox::Unbounded => "unbounded",
                };
                match senders {
                    1 => write!(f, "tell, {bound}"),
                    _ => write!(f, "tell, {bound}, {senders} senders"),
                }
            }
            Self::Large { bytes } => write!(f, "tell {bytes} bytes"),
            Self::Ask { in_flight: 1 } => f.write_str("ask"),
            Self::Ask { in_flight } => write!(f, "ask, {in_flight} in flight"),
            Self::AskBetween => f.write_str("ask, actor to actor"),
            Self::Ring { links: 2, tokens: 1 } => f.write_str("ping-pong"),
            Self::Ring { links, tokens: 1 } => write!(f, "ring of {links}"),
            Self::Ring { links, tokens } => write!(f, "ring of {links}, {tokens} tokens"),
            Self::Broadcast { members } => write!(f, "broadcast to {members}"),
            Self::Spawn => f.write_str("spawn and stop"),
            Self::Tree => f.write_str("tree"),
            Self::Chain { links } => write!(f, "chain of {links}"),
            Self::Chat => f.write_str("chat"),
            Self::SpawnAll => f.write_str("spawn all"),
            Self::TellAll { actors } => write!(f, "tell one of {actors}"),
            Self::Nested { depth } => write!(f, "nested {depth} deep"),
            Self::Joining => f.write_str("join and leave"),
            Self::Waiting { senders } => write!(f, "{senders} wait for room"),
            Self::Idle => f.write_str("idle"),
        }
    }
}

/// One who can do the workloads.
#[derive(Clone, Copy)]
pub struct Contestant {
    /// How the tables call it.
    pub name: &'static str,
    /// Does a workload so many times: nanoseconds for each, or what else the workload says. `None` if it cannot.
    pub run: fn(Work, Threads, u64) -> Option<f64>,
}

/// Does a `work` that all are compared by so many times.
pub fn run<F: Framework>(work: Work, threads: Threads, operations: u64) -> Option<f64> {
    if work.mailbox().is_some_and(|mailbox| !F::has(mailbox)) {
        return None;
    }
    Some(match work {
        Work::Tell { senders, mailbox } => within::<F, _>(threads, move |world| {
            tell::run::<F>(world, operations, senders, mailbox)
        }),
        Work::Large { bytes: 256 } => within::<F, _>(threads, move |world| tell::large::<F, 256>(world, operations)),
        Work::Large { .. } => within::<F, _>(threads, move |world| tell::large::<F, 1024>(world, operations)),
        Work::Ask { in_flight } => within::<F, _>(threads, move |world| ask::run::<F>(world, operations, in_flight)),
        Work::AskBetween => within::<F, _>(threads, move |world| ask::between::<F>(world, operations)),
        Work::Ring { links, tokens } => {
            within::<F, _>(threads, move |world| ring::run::<F>(world, operations, links, tokens))
        }
        Work::Broadcast { members } => {
            within::<F, _>(threads, move |world| broadcast::run::<F>(world, operations, members))
        }
        Work::Spawn => within::<F, _>(threads, move |world| spawning::run::<F>(world, operations)),
        Work::Tree => within::<F, _>(threads, move |world| tree::run::<F>(world, operations)),
        Work::Chain { links } => within::<F, _>(threads, move |world| chain::run::<F>(world, operations, links)),
        Work::Chat => within::<F, _>(threads, move |world| chat::run::<F>(world, operations)),
        Work::Idle => within::<F, _>(threads, move |world| idle::run::<F>(world, operations)),
        Work::SpawnAll | Work::TellAll { .. } | Work::Nested { .. } | Work::Joining | Work::Waiting { .. } => {
            return None;
        }
    })
}

/// The same with those that show how cost grows: apart, as nobody else is asked that, and each takes its time to build.
pub fn run_growing<F: Framework>(work: Work, threads: Threads, operations: u64) -> Option<f64> {
    Some(match work {
        Work::SpawnAll => within::<F, _>(threads, move |world| many::spawn::<F>(world, operations)),
        Work::TellAll { actors } => within::<F, _>(threads, move |world| many::tell::<F>(world, operations, actors)),
        Work::Nested { depth } => within::<F, _>(threads, move |world| nested::run::<F>(world, operations, depth)),
        Work::Joining => within::<F, _>(threads, move |world| broadcast::joining::<F>(world, operations)),
        Work::Waiting { senders } => {
            within::<F, _>(threads, move |world| waiting::run::<F>(world, operations, senders))
        }
        other => return run::<F>(other, threads, operations),
    })
}

fn within<F, W>(threads: Threads, work: impl FnOnce(F::World) -> W + Send + 'static) -> f64
where
    F: Framework,
    W: Future<Output = f64> + Send + 'static,
{
    F::run(threads, async move {
        let world = F::world();
        let figure = work(world.clone()).await;
        F::end(world).await;
        figure
    })
}
