//! The figures as a table for people.

use crate::measure::{Measured, Middle};

/// Prints what was measured.
pub(crate) fn print(measured: &Measured) {
    println!(
        "{:<28} {:>24} {:>24}   {:>6}  (quartiles)",
        "nanoseconds each", "actor-core", "tokio", "ratio"
    );
    for row in &measured.rows {
        println!(
            "{:<28} {:>24} {:>24}   {:>6.2}  ({:.2} to {:.2})",
            row.name,
            nanos(row.ours),
            nanos(row.raw),
            row.ratio.median,
            row.ratio.quarter,
            row.ratio.three_quarters
        );
    }
    let Middle {
        quarter,
        median,
        three_quarters,
    } = measured.noise;
    println!(
        "\n{} rounds; the same computation took {:.1} ms each time, its middle half within {:.1} %: that is the machine's noise",
        measured.rounds,
        median * 1e3,
        (three_quarters - quarter) / median * 100.0
    );
}

fn nanos(middle: Middle) -> String {
    format!(
        "{:.0} ({:.0} to {:.0})",
        middle.median, middle.quarter, middle.three_quarters
    )
}
