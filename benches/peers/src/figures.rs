//! What was measured, as it is kept between two runs: `benches/figures.json`, from which page and pictures are drawn.

use std::path::PathBuf;

use benches::measure::{Measured, Middle, Row, middle, ratio};
use serde::{Deserialize, Serialize};

use crate::Failed;

/// All of it; each part is measured by itself, and stands until it is measured again.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Figures {
    pub(crate) times: Option<Table>,
    pub(crate) counts: Option<Counts>,
    pub(crate) memory: Option<Table>,
    pub(crate) scale: Option<Scale>,
    pub(crate) start: Option<Table>,
    pub(crate) build: Option<Build>,
    pub(crate) remote: Option<Table>,
}

/// Figures by row and side.
#[derive(Serialize, Deserialize)]
pub(crate) struct Table {
    pub(crate) taken: Taken,
    pub(crate) sides: Vec<String>,
    pub(crate) rows: Vec<Line>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) name: String,
    /// One for each side: `None` where it has no such thing.
    pub(crate) cells: Vec<Option<Cell>>,
}

/// A figure with its quartiles, and the same by that of the floor in the same round, if there is one.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Cell {
    pub(crate) figure: [f64; 3],
    pub(crate) ratio: Option<[f64; 3]>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Counts {
    pub(crate) instructions: Table,
    pub(crate) allocations: Table,
    pub(crate) bytes: Table,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Scale {
    pub(crate) taken: Taken,
    pub(crate) curves: Vec<Curve>,
}

/// How one figure grows.
#[derive(Serialize, Deserialize)]
pub(crate) struct Curve {
    pub(crate) name: String,
    pub(crate) lines: Vec<(String, Vec<(f64, f64)>)>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Build {
    pub(crate) taken: Taken,
    pub(crate) rows: Vec<BuildLine>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct BuildLine {
    pub(crate) name: String,
    pub(crate) crates: usize,
    pub(crate) seconds: f64,
    pub(crate) cpu_seconds: f64,
}

/// When figures were taken, where, and how steady it was there.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Taken {
    pub(crate) machine: String,
    pub(crate) rustc: String,
    pub(crate) rounds: u32,
    /// How much of the usual number of operations was done.
    pub(crate) size: f64,
    /// The middle half of a computation that is always the same, as a share of its median.
    pub(crate) noise: Option<f64>,
    /// Processes that wanted to run at the end of it, on average over a minute.
    pub(crate) load: String,
}

/// The side by which the others are divided.
pub(crate) const FLOOR: &str = benches::RAW.name;

impl Table {
    /// The table of rows that were measured in turns.
    pub(crate) fn of(taken: Taken, rows: &[Row], measured: &Measured) -> Self {
        let first = rows.first();
        let sides: Vec<&str> = first.map_or(Vec::new(), |row| row.sides.iter().map(|(name, _)| *name).collect());
        let floor = sides.iter().position(|side| *side == FLOOR);
        let lines = rows.iter().zip(&measured.rows).map(|(row, rounds)| {
            let cell = |figures: &Vec<f64>| {
                let floor: &[f64] = floor.map_or(&[], |at| &rounds[at]);
                (!figures.is_empty()).then(|| Cell::new(three(middle(figures.clone())), three(ratio(figures, floor))))
            };
            Line {
                name: row.name.clone(),
                cells: rounds.iter().map(cell).collect(),
            }
        });
        Self {
            taken,
            rows: lines.collect(),
            sides: sides.into_iter().map(str::to_owned).collect(),
        }
    }

    /// The table of figures that are always the same.
    pub(crate) fn of_single(taken: Taken, sides: &[&str], rows: Vec<(String, Vec<Option<f64>>)>) -> Self {
        let floor = sides.iter().position(|side| *side == FLOOR);
        let lines = rows.into_iter().map(|(name, figures)| {
            let by = floor.and_then(|at| figures[at]).unwrap_or(f64::NAN);
            let cell = |figure: &Option<f64>| figure.map(|figure| Cell::new([figure; 3], [figure / by; 3]));
            Line {
                name,
                cells: figures.iter().map(cell).collect(),
            }
        });
        Self {
            taken,
            rows: lines.collect(),
            sides: sides.iter().map(|&side| side.to_owned()).collect(),
        }
    }
}

fn three(middle: Middle) -> [f64; 3] {
    [middle.quarter, middle.median, middle.three_quarters]
}

impl Cell {
    pub(crate) fn new(figure: [f64; 3], ratio: [f64; 3]) -> Self {
        let ratio = ratio.iter().all(|ratio| ratio.is_finite()).then_some(ratio);
        Self { figure, ratio }
    }

    pub(crate) fn median(&self) -> f64 {
        self.figure[1]
    }

    pub(crate) fn by_floor(&self) -> Option<f64> {
        self.ratio.map(|[_, median, _]| median)
    }
}

/// The folder of the package `benches`, where figures, page and pictures are.
pub(crate) fn folder() -> PathBuf {
    let own = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    own.parent().map(PathBuf::from).unwrap_or(own)
}

fn path() -> PathBuf {
    folder().join("figures.json")
}

impl Figures {
    /// What is kept; nothing, where nothing was measured yet.
    pub(crate) fn load() -> Result<Self, Failed> {
        match std::fs::read_to_string(path()) {
            Ok(text) => Ok(serde_json::from_str(&text)?),
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(why) => Err(why.into()),
        }
    }

    pub(crate) fn save(&self) -> Result<(), Failed> {
        Ok(std::fs::write(path(), serde_json::to_string_pretty(self)? + "\n")?)
    }
}
