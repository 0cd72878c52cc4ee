//! The time of each operation, in turns.

use benches::{measure, rows};

use super::Wanted;
use crate::figures::Table;
use crate::machine;

pub(crate) fn measure(wanted: &Wanted) -> Table {
    let rows = wanted.chosen(rows::timed(&wanted.contestants));
    let measured = measure::in_turns(&rows, wanted.rounds, wanted.size);
    Table::of(
        machine::taken(wanted.rounds, wanted.size, &measured.noise),
        &rows,
        &measured,
    )
}
