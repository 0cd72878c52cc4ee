//! What the actors of a system are together, as metrics: read off now and then, so that no message pays for it.

use std::time::Duration;

use ::metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge};

use crate::actor::Actor;
use crate::child::ChildSpec;
use crate::context::Context;
use crate::error::ActorResult;
use crate::inspect::{Inspector, Overview};
use crate::system::System;
use crate::times::{HANDLING, WAIT};

/// The name of the actor that publishes.
const NAME: &str = "metrics";

/// Looks every so often, and hands on what it sees to the recorder that the program has installed.
struct Meter {
    system: System,
    period: Duration,
    /// Lent out while it looks.
    inspector: Option<Inspector>,
    seen: Vec<&'static str>,
}

struct Look;

impl System {
    /// An actor, to be spawned on the system, that publishes what its actors are together by the `metrics` facade, once in each `period`.
    ///
    /// Names are after OpenTelemetry's conventions; the only label without a fixed set of values is `kind`, the type of the messages, of
    /// which a program has a bounded number.
    ///
    /// | name | kind of metric | labels |
    /// |---|---|---|
    /// | `actor.living`, `actor.mailbox.messages`, `actor.busy` | gauge | `kind` |
    /// | `actor.mailbox.wait.duration`, `actor.handler.duration` | histogram, of seconds | `kind` |
    /// | `actor.messages.accepted`, `actor.messages.handled` | counter | |
    /// | `actor.asks` | counter | `outcome` |
    /// | `actor.dead_letters` | counter | `reason` |
    /// | `actor.lives.started`, `actor.lives.restarted`, `actor.lives.failed`, `actor.lives.ended` | counter | |
    ///
    /// `actor.busy` is for how many threads there was work in the last seconds. To know that, polls are noted as they are while somebody
    /// looks, if the period is less than [`Inspector::ATTENTION`].
    ///
    /// The histograms are of every 64th message of an actor, as a look at the clock costs as much as a small message; those of its timers and
    /// attached work are not among them. They are handed on as they are taken, whether or not this actor is there, to the recorder that is
    /// installed when an actor has its first: install it before the system begins. The handler's time has in it what it awaited.
    ///
    /// `actor.asks` counts questions to actors of this system, also of those who are no actors: `answered`, or by the name of the
    /// [`AskError`](crate::AskError) as in `timed_out`, or `dropped` by the asker. A question to an actor at another node is counted here.
    pub fn metrics(&self, period: Duration) -> ChildSpec<impl Actor> {
        let system = self.clone();
        ChildSpec::new(NAME, move || Meter {
            inspector: Some(system.inspector()),
            system: system.clone(),
            period,
            seen: Vec::new(),
        })
    }
}

impl Actor for Meter {
    type Msg = Look;

    async fn on_start(&mut self, ctx: &mut Context<Look>) -> ActorResult {
        describe();
        ctx.every(self.period, || Look);
        Ok(())
    }

    async fn handle(&mut self, Look: Look, ctx: &mut Context<Look>) -> ActorResult {
        let mut inspector = self.inspector.take().unwrap_or_else(|| self.system.inspector());
        // Of very many actors it takes longer than a worker should be kept.
        let looking = ctx.blocking(move || {
            let overview = inspector.overview(0);
            (inspector, overview)
        });
        let (inspector, overview) = looking.await?;
        self.inspector = Some(inspector);
        self.publish(&overview);
        Ok(())
    }
}

impl Meter {
    fn publish(&mut self, overview: &Overview) {
        // A kind of which nobody lives any more has none, and not as many as it last had.
        for kind in self.seen.drain(..) {
            publish_kind(kind, 0, 0, 0.0);
        }
        for kind in &overview.kinds {
            publish_kind(kind.message_type, kind.living, kind.messages, kind.load);
            self.seen.push(kind.message_type);
        }
        counter!("actor.messages.accepted").absolute(overview.totals.accepted);
        counter!("actor.messages.handled").absolute(overview.totals.finished);
        for (reason, count) in self.system.dead_letters().iter() {
            let reason = reason.to_string().replace(' ', "_");
            counter!("actor.dead_letters", "reason" => reason).absolute(count);
        }
        for (outcome, count) in self.system.home().ledger.asks() {
            counter!("actor.asks", "outcome" => outcome).absolute(count);
        }
        let lives = self.system.lives();
        counter!("actor.lives.started").absolute(lives.started);
        counter!("actor.lives.restarted").absolute(lives.restarted);
        counter!("actor.lives.failed").absolute(lives.fell);
        counter!("actor.lives.ended").absolute(lives.ended);
    }
}

fn publish_kind(kind: &'static str, living: usize, messages: usize, busy: f32) {
    gauge!("actor.living", "kind" => kind).set(living as f64);
    gauge!("actor.mailbox.messages", "kind" => kind).set(messages as f64);
    gauge!("actor.busy", "kind" => kind).set(f64::from(busy));
}

fn describe() {
    let wait = "From being queued to being taken up, of every 64th message";
    describe_histogram!(WAIT, Unit::Seconds, wait);
    let handling = "From being taken up to the end of the handler, of every 64th message";
    describe_histogram!(HANDLING, Unit::Seconds, handling);
    describe_gauge!("actor.living", "Actors that live");
    describe_gauge!("actor.mailbox.messages", "Messages in mailboxes");
    describe_gauge!("actor.busy", "For how many threads there was work in the last seconds");
    describe_counter!("actor.messages.accepted", "Messages that were taken into mailboxes");
    describe_counter!("actor.messages.handled", "Messages that were dealt with");
    describe_counter!("actor.asks", "Questions, by how they ended");
    describe_counter!(
        "actor.dead_letters",
        "Messages that were accepted and not handled, by why"
    );
    describe_counter!("actor.lives.started", "Lives of actors that have begun");
    describe_counter!(
        "actor.lives.restarted",
        "Of them, those that were not the first of their actor"
    );
    describe_counter!("actor.lives.failed", "Lives that did not end in order");
    describe_counter!("actor.lives.ended", "Actors that have ended for good");
}
