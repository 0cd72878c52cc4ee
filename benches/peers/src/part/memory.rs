//! The bytes of an idle actor.

use benches::measure::progress;
use benches::{process, rows};

use super::Wanted;
use crate::figures::Table;
use crate::{Failed, machine};

pub(crate) fn measure(wanted: &Wanted) -> Result<Table, Failed> {
    let row = rows::idle(wanted.idle, &wanted.contestants);
    let names = wanted.names();
    let mut bytes = Vec::new();
    for name in &names {
        progress(&format!("{} idle actors by {name}", wanted.idle));
        bytes.push(process::printed(&row.name, name, wanted.idle)?);
    }
    progress("");
    let lines = vec![(
        format!("one of {} idle actors", crate::page::thousands(wanted.idle as f64)),
        bytes,
    )];
    Ok(Table::of_single(machine::taken(1, 1.0, &[]), &names, lines))
}
