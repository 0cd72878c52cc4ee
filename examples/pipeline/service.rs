//! A service somewhere else, as such services are: slow, and not always there.

use std::time::Duration;

use fastrand::Rng;

use crate::parse::Order;

/// Knows what a customer's orders weigh. What it does depends on the seed, the order and the attempt alone, so that a run
/// can be had again however its workers take turns.
#[derive(Clone)]
pub(crate) struct Service {
    seed: u64,
    latency: Duration,
    failures_percent: u8,
}

impl Service {
    pub(crate) fn new(seed: u64, latency: Duration, failures_percent: u8) -> Self {
        Self {
            seed,
            latency,
            failures_percent,
        }
    }

    /// The discount for an order, in percent.
    pub(crate) async fn discount(&self, order: &Order, attempt: u32) -> Result<u64, &'static str> {
        // Forked, as seeds that lie close together begin alike.
        let mut rng = Rng::with_seed(self.seed ^ order.number).fork();
        for _ in 1..attempt {
            rng = rng.fork();
        }
        tokio::time::sleep(self.latency.mul_f64(rng.f64() * 2.0)).await;
        if rng.u8(0..100) < self.failures_percent {
            return Err("503, try again later");
        }
        Ok(order.cents % 30)
    }
}
