//! What is measured as long as the program runs, whoever looks.

use crate::times::KindTimes;

use super::Inspector;

impl Inspector {
    /// How long messages of each kind have waited and taken so far, of every 64th of an actor; in no order.
    pub fn times(&self) -> Vec<KindTimes> {
        self.home.times.read()
    }

    /// How the questions to the actors of the system have ended so far, and how many in each way: named as the label `outcome` of the metric
    /// `actor.asks`.
    pub fn asks(&self) -> Vec<(&'static str, u64)> {
        self.home.ledger.asks().collect()
    }
}
