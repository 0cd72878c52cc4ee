//! The actor that most workloads share: it adds numbers up, and answers with the sum.

use crate::framework::{Behaviour, Framework};

/// Adds up.
#[derive(Default)]
pub(crate) struct Sum(u64);

impl<F: Framework> Behaviour<F> for Sum {
    type Tell = u64;
    type Ask = ();
    type Answer = u64;

    async fn told(&mut self, number: u64, _: &mut F::Here<Self>) {
        self.0 = self.0.wrapping_add(number);
    }

    async fn asked(&mut self, (): ()) -> u64 {
        self.0
    }
}
