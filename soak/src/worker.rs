//! The actor at the leaves of the tree: it does what can be done to one, and what one can do to others.

use std::panic;
use std::sync::Arc;
use std::time::Duration;

use actor_core::prelude::*;
use actor_core::{Attached, WatchId};

use crate::tally::{Tally, Token};
use crate::tree::Places;

const ON_PURPOSE: &str = "on purpose";

/// One worker in so many has a name, one has a timer, one is in a group; they are others each time.
const ONE_IN: usize = 8;

/// So many watches and timers of its own does a worker keep; older ones are withdrawn.
const KEPT_MAX: usize = 4;

#[derive(Clone)]
pub(crate) enum Job {
    Work,
    Ask(Handle<Job>),
    Answer(Arc<ReplyOnce>),
    Watch(Handle<Job>),
    Link(Handle<Job>),
    Time(Duration),
    Tick,
    Fail,
    Panic,
    Stop,
}

/// A reply port in a message that can be broadcast, and so is cloned.
pub(crate) struct ReplyOnce(std::sync::Mutex<Option<Reply<()>>>);

impl Job {
    pub(crate) fn answer(reply: Reply<()>) -> Self {
        Self::Answer(Arc::new(ReplyOnce(std::sync::Mutex::new(Some(reply)))))
    }
}

pub(crate) struct Worker {
    number: usize,
    places: Arc<Places>,
    tally: Arc<Tally>,
    _life: Token,
    watches: Vec<WatchId>,
    timers: Vec<Attached>,
}

impl Worker {
    pub(crate) fn new(number: usize, places: Arc<Places>, tally: Arc<Tally>) -> Self {
        let life = tally.a_life();
        Self {
            number,
            places,
            tally,
            _life: life,
            watches: Vec::new(),
            timers: Vec::new(),
        }
    }

    /// A timer whose end is seen: it holds a token for as long as it is attached.
    fn wind(&mut self, period: Duration, ctx: &mut Context<Job>) {
        let token = self.tally.a_timer();
        self.timers.push(ctx.every(period, move || {
            let _held = &token;
            Job::Tick
        }));
        if self.timers.len() > KEPT_MAX {
            self.timers.remove(0).cancel();
        }
    }
}

impl Actor for Worker {
    type Msg = Job;

    async fn on_start(&mut self, ctx: &mut Context<Job>) -> ActorResult {
        let handle = ctx.handle();
        self.places.take(self.number, &handle);
        match self.number % ONE_IN {
            0 => {
                // Its own from an earlier life, or still that of one who had the place before.
                let _ = ctx.system().registry().register(format!("w{}", self.number), &handle);
            }
            1 => self.wind(Duration::from_secs(2), ctx),
            2 => {
                let group = ctx.system().group::<Job>(&Places::group_name(self.number / ONE_IN))?;
                group.join(&handle);
            }
            _ => {}
        }
        Ok(())
    }

    async fn handle(&mut self, job: Job, ctx: &mut Context<Job>) -> ActorResult {
        self.tally.one_handled();
        match job {
            Job::Work | Job::Tick => {}
            // Refused where it would close a circle, and late where the other is flooded: both are answers.
            Job::Ask(other) => drop(other.ask(Job::answer).timeout(Duration::from_millis(50)).await),
            Job::Answer(reply) => {
                let reply = reply.0.lock().map_err(|_| ActorError::new("poisoned"))?.take();
                if let Some(reply) = reply {
                    reply.send(());
                }
            }
            Job::Watch(other) => {
                self.watches.push(ctx.watch(&other));
                if self.watches.len() > KEPT_MAX {
                    ctx.unwatch(self.watches.remove(0));
                }
            }
            Job::Link(other) => {
                ctx.trap_links(self.number.is_multiple_of(2));
                ctx.link(&other);
            }
            Job::Time(period) => self.wind(period, ctx),
            Job::Fail => return Err(ActorError::new(ON_PURPOSE)),
            Job::Panic => panic!("{ON_PURPOSE}"),
            Job::Stop => ctx.stop(),
        }
        Ok(())
    }
}

/// Leaves standard error to panics that nobody meant.
pub(crate) fn keep_panics_on_purpose_quiet() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let meant = info
            .payload()
            .downcast_ref::<String>()
            .is_some_and(|words| words == ON_PURPOSE)
            || info
                .payload()
                .downcast_ref::<&str>()
                .is_some_and(|words| *words == ON_PURPOSE);
        if !meant {
            usual(info);
        }
    }));
}
