//! Runs all sides of each comparison in turns, and condenses the rounds to medians.

use std::hint::black_box;
use std::io::IsTerminal as _;
use std::time::Instant;

use crate::framework::Threads;
use crate::work::{Contestant, Work};

/// Steps of the fixed computation which shows how steady the machine is.
const NOISE_STEPS: u64 = 20_000_000;

/// Does so many operations: nanoseconds for each, or `None` if it cannot.
pub type Run = Box<dyn Fn(Threads, u64) -> Option<f64>>;

/// One comparison: the same by all sides.
pub struct Row {
    /// What is done.
    pub name: String,
    /// How often each side does it in a round.
    pub operations: u64,
    /// Who does it.
    pub sides: Vec<(&'static str, Run)>,
}

impl Row {
    /// A workload by all of `contestants`.
    pub fn of(work: Work, operations: u64, contestants: &[Contestant]) -> Self {
        let side = |&Contestant { name, run }: &Contestant| -> (&'static str, Run) {
            (
                name,
                Box::new(move |threads, operations| run(work, threads, operations)),
            )
        };
        Self {
            name: work.to_string(),
            operations,
            sides: contestants.iter().map(side).collect(),
        }
    }

    /// Whether one of `words` is in the name, or there are no words.
    pub fn is_wanted(&self, words: &[String]) -> bool {
        words.is_empty() || words.iter().any(|word| self.name.contains(&**word))
    }
}

/// The middle half of a set of figures.
#[derive(Clone, Copy, Debug)]
pub struct Middle {
    /// A quarter of them are below this.
    pub quarter: f64,
    /// Half of them are below this.
    pub median: f64,
    /// Three quarters of them are below this.
    pub three_quarters: f64,
}

impl Middle {
    /// The width of the middle half, as a share of the median.
    pub fn spread(&self) -> f64 {
        (self.three_quarters - self.quarter) / self.median
    }
}

/// What was measured.
pub struct Measured {
    /// For each row, for each of its sides, the figures of all rounds: none, where it cannot do it.
    pub rows: Vec<Vec<Vec<f64>>>,
    /// Seconds that the fixed computation took, each time.
    pub noise: Vec<f64>,
}

/// Measures `rows` in so many rounds, beside one that only warms up. `size` is how much of their operations is done.
pub fn in_turns(rows: &[Row], rounds: u32, size: f64) -> Measured {
    let mut figures: Vec<Vec<_>> = rows.iter().map(|row| vec![Vec::new(); row.sides.len()]).collect();
    let mut noise = Vec::new();
    for round in 0..=rounds {
        for (at, (row, figures)) in rows.iter().zip(&mut figures).enumerate() {
            progress(&format!(
                "round {round} of {rounds}, {} of {}: {}",
                at + 1,
                rows.len(),
                row.name
            ));
            let operations = ((row.operations as f64 * size) as u64).max(1);
            // Whoever runs later finds a warmer machine: each round begins with another side.
            for turn in 0..row.sides.len() {
                let at = (turn + round as usize) % row.sides.len();
                let figure = (row.sides[at].1)(Threads::Cores, operations);
                if round > 0 {
                    figures[at].extend(figure);
                }
            }
            noise.push(computation());
        }
    }
    progress("");
    Measured { rows: figures, noise }
}

/// Shows on a terminal, in one line, what is being done.
pub fn progress(what: &str) {
    if std::io::stderr().is_terminal() {
        eprint!("\r{what:<76}\r");
    }
}

/// Seconds that a computation takes which is always the same.
pub fn computation() -> f64 {
    let begun = Instant::now();
    let mut value = 1_u64;
    for step in 0..NOISE_STEPS {
        value = black_box(value.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ step);
    }
    begun.elapsed().as_secs_f64()
}

/// The middle of `figures`.
pub fn middle(mut figures: Vec<f64>) -> Middle {
    figures.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let place = share * (figures.len().saturating_sub(1)) as f64;
        let (low, high) = (place.floor() as usize, place.ceil() as usize);
        let figure = |at: usize| figures.get(at).copied().unwrap_or(f64::NAN);
        figure(low) + (figure(high) - figure(low)) * place.fract()
    };
    Middle {
        quarter: at(0.25),
        median: at(0.5),
        three_quarters: at(0.75),
    }
}

/// The middle of `one` by `other`, round by round.
pub fn ratio(one: &[f64], other: &[f64]) -> Middle {
    middle(one.iter().zip(other).map(|(one, other)| one / other).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_five_is_the_third() {
        let Middle {
            quarter,
            median,
            three_quarters,
        } = middle(vec![5.0, 1.0, 4.0, 2.0, 3.0]);
        assert_eq!((quarter, median, three_quarters), (2.0, 3.0, 4.0));
    }

    #[test]
    fn the_middle_of_an_even_number_lies_between_two() {
        assert_eq!(middle(vec![1.0, 2.0]).median, 1.5);
    }
}
