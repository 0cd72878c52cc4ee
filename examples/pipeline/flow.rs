//! The pipeline as a whole: started from its end, drained from its beginning.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actor_core::prelude::*;
use anyhow::Context as _;

use crate::enrich::{Enricher, Retries};
use crate::flags::{Flags, Strategy};
use crate::parse::{Line, Order, Parser};
use crate::service::Service;
use crate::sink::{Report, Sink, ToSink};
use crate::source::Source;

/// The stages, each of which holds the handle of the next. A `tell` waits for room there, and so the whole chain goes as
/// fast as its slowest stage.
#[derive(Clone)]
pub(crate) struct Flow {
    system: System,
    parser: Handle<Line>,
    enrichers: Handle<Order>,
    sink: Handle<ToSink>,
    counts: Arc<Counts>,
    in_flight_max: u64,
}

/// What was read and what has come to its end, for the display alone.
#[derive(Default)]
pub(crate) struct Counts {
    read: AtomicU64,
    settled: AtomicU64,
    in_flight_peak: AtomicU64,
}

impl Counts {
    pub(crate) fn settle(&self) {
        self.settled.fetch_add(1, Ordering::Relaxed);
    }

    fn in_flight(&self) -> u64 {
        let settled = self.settled.load(Ordering::Relaxed);
        self.read.load(Ordering::Relaxed).saturating_sub(settled)
    }
}

impl Flow {
    pub(crate) fn start(flags: &Flags) -> anyhow::Result<Self> {
        let service = Service::new(flags.seed, flags.latency, flags.failures);
        let retries = Retries {
            attempts_max: flags.attempts,
            backoff: flags.backoff,
        };
        Self::start_with(flags, move |sink| Enricher::new(service.clone(), retries, sink))
    }

    /// The same with other workers; tests put faults into them.
    pub(crate) fn start_with<A: Actor<Msg = Order>>(
        flags: &Flags,
        enricher: impl Fn(Handle<ToSink>) -> A + Clone + Send + Sync + 'static,
    ) -> anyhow::Result<Self> {
        let queue = flags.queue as usize;
        let workers = usize::from(flags.workers);
        let counts = Arc::new(Counts::default());
        let system = System::new("pipeline");

        let output = std::fs::File::create(&flags.output);
        let output = output.with_context(|| format!("cannot write {}", flags.output.display()))?;
        let sink = Sink::new(output, counts.clone());
        // Its sums cannot be made a second time, so nothing restarts it: a disk that is full ends the run.
        let sink = system.spawn_spec(ChildSpec::once("sink", || sink).mailbox(MailboxSpec::bounded(queue)))?;

        let to = sink.clone();
        let worker = move || {
            let (enricher, to) = (enricher.clone(), to.clone());
            let spec = ChildSpec::new("enricher", move || enricher(to.clone()));
            spec.mailbox(MailboxSpec::bounded(queue))
        };
        let pool = "enrichers";
        let enrichers = match flags.strategy {
            Strategy::RoundRobin => system.spawn_spec(Pool::round_robin(pool, workers, worker))?,
            Strategy::LeastLoaded => system.spawn_spec(Pool::least_loaded(pool, workers, worker))?,
            Strategy::ByKey => {
                let customer = |order: &Order| order.customer.clone();
                system.spawn_spec(Pool::by_key(pool, workers, customer, worker))?
            }
        };

        let next = (enrichers.clone(), sink.clone());
        let new = move || Parser::new(next.0.clone(), next.1.clone());
        let parser = system.spawn_spec(ChildSpec::new("parser", new).mailbox(MailboxSpec::bounded(queue)))?;
        Ok(Self {
            system,
            parser,
            enrichers,
            sink,
            counts,
            in_flight_max: (queue * (workers + 2)) as u64,
        })
    }

    /// Says that no more comes, and waits until all that was read is written, or named in the report.
    ///
    /// The first stage is drained first: when it has ended, all it had is in the second.
    pub(crate) async fn drain(&self) -> anyhow::Result<Report> {
        self.parser.drain().await?;
        self.enrichers.drain().await?;
        self.finish().await
    }

    /// Stops at once. What was read and is not written is named in the report.
    pub(crate) async fn abandon(&self) -> anyhow::Result<Report> {
        let report = self.finish().await?;
        self.system.shutdown_within(Duration::ZERO).await;
        Ok(report)
    }

    async fn finish(&self) -> anyhow::Result<Report> {
        let (read, in_flight_peak) = (self.read(), self.counts.in_flight_peak.load(Ordering::Relaxed));
        let finish = |reply| ToSink::Finish { read, reply };
        let report = self.sink.ask(finish).no_timeout().await;
        let mut report = report.context("the sums are lost: the sink has failed")?;
        report.in_flight_peak = in_flight_peak;
        Ok(report)
    }

    pub(crate) fn read(&self) -> u64 {
        self.counts.read.load(Ordering::Relaxed)
    }

    pub(crate) fn in_flight(&self) -> u64 {
        self.counts.in_flight()
    }

    /// The room of all mailboxes together, which bounds the memory whatever the source does.
    pub(crate) fn in_flight_max(&self) -> u64 {
        self.in_flight_max
    }
}

/// Reads the source to its end, as fast as the pipeline takes it.
///
/// Dropped while it waits, it has not sent the line in its hand, and not counted it.
pub(crate) async fn feed(source: &mut Source, flow: &Flow) -> anyhow::Result<()> {
    while let Some(text) = source.next().await? {
        let number = flow.read() + 1;
        if flow.parser.tell(Line { number, text }).await.is_err() {
            // What stands further down is the likelier cause: those before it fail when they cannot tell it.
            let first = if flow.sink.is_alive() {
                flow.parser.watch()
            } else {
                flow.sink.watch()
            };
            let down = first.await;
            anyhow::bail!("a stage {}", down.reason);
        }
        flow.counts.read.store(number, Ordering::Relaxed);
        flow.counts
            .in_flight_peak
            .fetch_max(flow.in_flight(), Ordering::Relaxed);
    }
    Ok(())
}
