//! What can be measured, each part by itself.

pub(crate) mod build;
pub(crate) mod counts;
pub(crate) mod memory;
pub(crate) mod scale;
pub(crate) mod start;
pub(crate) mod times;

use benches::measure::Row;
use benches::work::Contestant;

/// What was asked for.
pub(crate) struct Wanted {
    pub(crate) contestants: Vec<Contestant>,
    /// Only the rows whose name holds one of these.
    pub(crate) words: Vec<String>,
    pub(crate) rounds: u32,
    /// Operations of each run, as a share of the usual number.
    pub(crate) size: f64,
    /// How many idle actors there are in a process.
    pub(crate) idle: u64,
}

impl Wanted {
    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.contestants.iter().map(|contestant| contestant.name).collect()
    }

    fn chosen(&self, rows: Vec<Row>) -> Vec<Row> {
        rows.into_iter().filter(|row| row.is_wanted(&self.words)).collect()
    }

    /// Every row that is ever run in a process of its own.
    pub(crate) fn alone(&self) -> Vec<Row> {
        let mut rows = benches::rows::counted(&self.contestants);
        rows.push(benches::rows::idle(self.idle, &self.contestants));
        rows
    }
}
