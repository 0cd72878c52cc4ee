//! Orders to enriched orders, by a service that needs patience.

use std::time::Duration;

use actor_core::prelude::*;

use crate::parse::Order;
use crate::service::Service;
use crate::sink::ToSink;

const BACKOFF_MAX: Duration = Duration::from_secs(10);

/// How often a call is made for one order, and how long it waits in between.
#[derive(Clone, Copy)]
pub(crate) struct Retries {
    pub(crate) attempts_max: u32,
    pub(crate) backoff: Duration,
}

impl Retries {
    /// The wait after so many calls: it doubles, up to 10 s.
    pub(crate) fn wait_after(self, attempts: u32) -> Duration {
        let factor = 2u32.saturating_pow(attempts.saturating_sub(1));
        self.backoff.saturating_mul(factor).min(BACKOFF_MAX)
    }
}

/// One worker of the pool. While it waits for the service, its mailbox fills, and then those before it wait.
pub(crate) struct Enricher {
    service: Service,
    retries: Retries,
    sink: Handle<ToSink>,
}

impl Enricher {
    pub(crate) fn new(service: Service, retries: Retries, sink: Handle<ToSink>) -> Self {
        Self { service, retries, sink }
    }

    async fn discount(&self, order: &Order) -> Result<u64, String> {
        let mut attempt = 1;
        loop {
            match self.service.discount(order, attempt).await {
                Ok(discount) => return Ok(discount),
                Err(why) if attempt == self.retries.attempts_max => {
                    return Err(format!("given up after {attempt} calls: {why}"));
                }
                Err(_) => tokio::time::sleep(self.retries.wait_after(attempt)).await,
            }
            attempt += 1;
        }
    }
}

impl Actor for Enricher {
    type Msg = Order;

    async fn handle(&mut self, order: Order, _ctx: &mut Context<Order>) -> ActorResult {
        // A service that fails is no failure of this actor: it is an answer, to be noted like any other.
        let outcome = match self.discount(&order).await {
            Ok(discount) => ToSink::Write { order, discount },
            Err(why) => ToSink::Refused(order.number, why),
        };
        Ok(self.sink.tell(outcome).await?)
    }
}
