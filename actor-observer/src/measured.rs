//! How long messages waited and were handled, and how questions ended, as the page is told of them.

use std::collections::VecDeque;
use std::time::Duration;

use actor_core::{Inspector, Spread};
use serde_json::{Value, json};

/// So many looks are told of as one: two minutes of one a second.
const LOOKS_MAX: usize = 120;

/// What was counted at the last looks.
#[derive(Default)]
pub(crate) struct Measured(VecDeque<[Spread; 2]>);

impl Measured {
    /// What there is now, and what of it has come in the last minutes.
    pub(crate) fn look(&mut self, inspector: &Inspector) -> Value {
        let times = inspector.times();
        let mut sums = [Spread::default(), Spread::default()];
        for kind in &times {
            sums[0].add(&kind.wait);
            sums[1].add(&kind.handling);
        }
        if self.0.len() == LOOKS_MAX {
            self.0.pop_front();
        }
        let first = self.0.front().unwrap_or(&sums);
        let [wait, handling] = [0, 1].map(|at| spread(&sums[at].since(&first[at])));
        self.0.push_back(sums);
        let asks = inspector.asks().into_iter().filter(|&(_, count)| count > 0);
        let kinds = times.iter().map(|kind| {
            json!({
                "message_type": kind.message_type,
                "wait_ms": below(&kind.wait),
                "handling_ms": below(&kind.handling),
            })
        });
        json!({
            "wait": wait,
            "handling": handling,
            "kinds": kinds.collect::<Vec<_>>(),
            "asks": asks.map(|(outcome, count)| json!({ "outcome": outcome, "count": count })).collect::<Vec<_>>(),
        })
    }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// Below which time half of them are, and which all but one of a hundred.
fn below(spread: &Spread) -> Option<[f64; 2]> {
    Some([ms(spread.below(0.5)?), ms(spread.below(0.99)?)])
}

fn spread(spread: &Spread) -> Value {
    let counts = spread.counts().map(|(bound, count)| json!([ms(bound), count]));
    json!({ "below_ms": below(spread), "counts": counts.collect::<Vec<_>>() })
}
