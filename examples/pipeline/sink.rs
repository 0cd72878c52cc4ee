//! The end of the pipeline: sums, the output file, and the report in which every order is accounted for.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use actor_core::prelude::*;

use crate::flow::Counts;
use crate::numbers::Numbers;
use crate::parse::Order;

/// So many bytes are written in one go: a disk is slow to begin and fast to go on.
const CHUNK_BYTES: usize = 64 * 1024;

/// So many refused orders are named with their reason; the rest are counted.
const REFUSED_NAMED_MAX: usize = 1000;

pub(crate) enum ToSink {
    Write {
        order: Order,
        discount: u64,
    },
    /// It cannot be written, for this reason.
    Refused(u64, String),
    /// Write what is left, and say what became of all that were read.
    Finish {
        read: u64,
        reply: Reply<Report>,
    },
}

/// What became of the orders.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    pub(crate) read: u64,
    pub(crate) written: u64,
    pub(crate) refused: Vec<(u64, String)>,
    pub(crate) refused_unnamed: u64,
    /// Those of which nothing came out: a worker failed with one in its hand, or the run was stopped hard.
    pub(crate) lost: Numbers,
    pub(crate) cents_by_customer: BTreeMap<String, u64>,
    pub(crate) in_flight_peak: u64,
}

pub(crate) struct Sink {
    file: Arc<Mutex<File>>,
    chunk: String,
    seen: Numbers,
    report: Report,
    counts: Arc<Counts>,
}

impl Sink {
    pub(crate) fn new(file: File, counts: Arc<Counts>) -> Self {
        Self {
            file: Arc::new(Mutex::new(file)),
            chunk: String::new(),
            seen: Numbers::default(),
            report: Report::default(),
            counts,
        }
    }

    async fn write_chunk(&mut self, ctx: &mut Context<ToSink>) -> ActorResult {
        let (file, chunk) = (self.file.clone(), std::mem::take(&mut self.chunk));
        // Where threads may be held. Nobody else has the lock: this actor waits meanwhile, and with it those before it.
        let write = move || {
            file.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .write_all(chunk.as_bytes())
        };
        Ok(ctx.blocking(write).await??)
    }

    fn settle(&mut self, number: u64) {
        self.seen.insert(number);
        self.counts.settle();
    }
}

impl Actor for Sink {
    type Msg = ToSink;

    async fn handle(&mut self, msg: ToSink, ctx: &mut Context<ToSink>) -> ActorResult {
        match msg {
            ToSink::Write { order, discount } => {
                let Order {
                    number,
                    customer,
                    cents,
                } = order;
                let cents = cents * (100 - discount) / 100;
                self.chunk.push_str(&format!("{number},{customer},{cents}\n"));
                *self.report.cents_by_customer.entry(customer).or_default() += cents;
                self.report.written += 1;
                self.settle(number);
                if self.chunk.len() >= CHUNK_BYTES {
                    self.write_chunk(ctx).await?;
                }
            }
            ToSink::Refused(number, why) => {
                if self.report.refused.len() < REFUSED_NAMED_MAX {
                    self.report.refused.push((number, why));
                } else {
                    self.report.refused_unnamed += 1;
                }
                self.settle(number);
            }
            ToSink::Finish { read, reply } => {
                self.write_chunk(ctx).await?;
                let mut report = std::mem::take(&mut self.report);
                report.read = read;
                report.lost = self.seen.missing(read);
                reply.send(report);
                // What comes now would be in the file and not in the report.
                ctx.stop();
            }
        }
        Ok(())
    }
}

impl Report {
    /// Whether every order was written, or refused for a reason of its own.
    pub(crate) fn is_complete(&self) -> bool {
        self.lost.count() == 0
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let refused = self.refused.len() as u64 + self.refused_unnamed;
        let (read, written, lost) = (self.read, self.written, self.lost.count());
        writeln!(f, "{read} read = {written} written + {refused} refused + {lost} lost")?;
        writeln!(f, "at most {} on their way at a time", self.in_flight_peak)?;
        for (number, why) in &self.refused {
            writeln!(f, "refused {number}: {why}")?;
        }
        if self.refused_unnamed > 0 {
            writeln!(f, "and {} more", self.refused_unnamed)?;
        }
        if lost > 0 {
            writeln!(f, "lost: {}", self.lost)?;
        }
        let (customers, cents) = (
            self.cents_by_customer.len(),
            self.cents_by_customer.values().sum::<u64>(),
        );
        write!(
            f,
            "{customers} customers ordered for {}.{:02}",
            cents / 100,
            cents % 100
        )
    }
}
