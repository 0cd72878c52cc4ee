//! Instructions and heap of each operation, which are the same whatever else the machine does.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use benches::measure::progress;
use benches::process::{self, Heap};
use benches::rows;

use super::Wanted;
use crate::figures::{Counts, Table};
use crate::{Failed, machine};

/// One row by one side.
struct Counting {
    row: String,
    side: &'static str,
    operations: u64,
    counted: Option<(f64, Heap)>,
}

pub(crate) fn measure(wanted: &Wanted) -> Result<Counts, Failed> {
    let rows = wanted.chosen(rows::counted(&wanted.contestants));
    let names = wanted.names();
    let each = rows.iter().flat_map(|row| {
        let counting = |&side: &&'static str| Counting {
            row: row.name.clone(),
            side,
            operations: row.operations,
            counted: None,
        };
        names.iter().map(counting)
    });
    let counted = count_all(each.collect())?;
    let taken = machine::taken(1, 1.0, &[]);
    let table = |figure: fn(&(f64, Heap)) -> f64| {
        let line = |(row, counted): (&benches::measure::Row, &[Counting])| {
            let figures = counted.iter().map(|counting| counting.counted.as_ref().map(figure));
            (row.name.clone(), figures.collect())
        };
        let lines = rows.iter().zip(counted.chunks(names.len())).map(line);
        Table::of_single(taken.clone(), &names, lines.collect())
    };
    Ok(Counts {
        instructions: table(|(instructions, _)| *instructions),
        allocations: table(|(_, heap)| heap.allocations),
        bytes: table(|(_, heap)| heap.bytes),
    })
}

/// As many at once as there are cores: time does not matter to counts.
fn count_all(all: Vec<Counting>) -> Result<Vec<Counting>, String> {
    let total = all.len();
    let slots: Vec<_> = all.into_iter().map(Mutex::new).collect();
    let next = AtomicUsize::new(0);
    let work = || -> Result<(), String> {
        while let Some(slot) = slots.get(next.fetch_add(1, Ordering::Relaxed)) {
            let mut counting = slot.lock().map_err(|_| "a count failed")?;
            progress(&format!("{} by {}, of {total} counts", counting.row, counting.side));
            let Counting {
                row, side, operations, ..
            } = &*counting;
            let instructions = process::instructions(row, side, *operations)?;
            let heap = process::heap(row, side, *operations)?;
            counting.counted = instructions.zip(heap);
        }
        Ok(())
    };
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            worker.join().map_err(|_| "a count failed".to_owned())??;
        }
        Ok::<_, String>(())
    })?;
    progress("");
    let counted = slots
        .into_iter()
        .map(|slot| slot.into_inner().map_err(|_| "a count failed".to_owned()));
    counted.collect()
}
