//! Runs both sides of each case in turns, and condenses the rounds to medians.

use std::hint::black_box;
use std::time::Instant;

use crate::cases::{Case, Side};

/// Steps of the fixed computation which shows how steady the machine is.
const NOISE_STEPS: u64 = 20_000_000;

/// The middle half of a set of figures.
#[derive(Clone, Copy)]
pub(crate) struct Middle {
    pub(crate) quarter: f64,
    pub(crate) median: f64,
    pub(crate) three_quarters: f64,
}

/// One case, measured.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// Nanoseconds for each operation.
    pub(crate) ours: Middle,
    pub(crate) raw: Middle,
    /// Ours by raw, of the same round.
    pub(crate) ratio: Middle,
}

/// All cases, and the spread of a computation that is always the same.
pub(crate) struct Measured {
    pub(crate) rows: Vec<Row>,
    pub(crate) noise: Middle,
    pub(crate) rounds: u32,
}

/// Measures `cases`; the first round only warms up.
pub(crate) fn in_turns(cases: &[&Case], rounds: u32, size: f64) -> Measured {
    let mut figures = vec![(Vec::new(), Vec::new()); cases.len()];
    let mut noise = Vec::new();
    for round in 0..=rounds {
        for (case, (ours, raw)) in cases.iter().zip(&mut figures) {
            let operations = ((case.operations as f64 * size) as u64).max(1);
            let once = |side| each_nanos(case, side, operations);
            // Whoever runs second finds a warmer machine: each side is second every other time.
            let (of_ours, of_raw) = if round % 2 == 0 {
                let of_ours = once(Side::Ours);
                (of_ours, once(Side::Raw))
            } else {
                let of_raw = once(Side::Raw);
                (once(Side::Ours), of_raw)
            };
            if round > 0 {
                ours.push(of_ours);
                raw.push(of_raw);
                noise.push(computation());
            }
        }
        eprint!("\rround {round} of {rounds}");
    }
    eprintln!("\r{:20}", "");
    let rows = cases.iter().zip(figures).map(|(case, (ours, raw))| {
        let ratios = ours.iter().zip(&raw).map(|(ours, raw)| ours / raw).collect();
        Row {
            name: case.name,
            ours: middle(ours),
            raw: middle(raw),
            ratio: middle(ratios),
        }
    });
    Measured {
        rows: rows.collect(),
        noise: middle(noise),
        rounds,
    }
}

fn each_nanos(case: &Case, side: Side, operations: u64) -> f64 {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime can be built");
    case.run(side, &runtime, operations).as_secs_f64() * 1e9 / operations as f64
}

fn computation() -> f64 {
    let begun = Instant::now();
    let mut value = 1_u64;
    for step in 0..NOISE_STEPS {
        value = black_box(value.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ step);
    }
    begun.elapsed().as_secs_f64()
}

pub(crate) fn middle(mut figures: Vec<f64>) -> Middle {
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
