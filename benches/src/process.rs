//! Runs in a process of their own: counts by valgrind, which are the same each time whatever else the machine does, and
//! memory, which what was measured before would spoil.

use std::process::{Command, Stdio};

use crate::framework::Threads;
use crate::measure::Row;

/// The option by which a program that measures is to do one run, and what stands behind it: the row, the side, and how
/// many operations.
pub const ALONE: &str = "--alone";

/// Does the one run that `words` name, on a single thread.
pub fn alone(rows: &[Row], words: &[String]) -> Result<(), String> {
    let [name, side, operations] = words else {
        return Err(format!("{ALONE} wants a row, a side and a number"));
    };
    let operations = operations
        .parse()
        .map_err(|_| format!("`{operations}` is no number of operations"))?;
    let row = rows.iter().find(|row| row.name == *name);
    let row = row.ok_or_else(|| format!("there is no row `{name}`"))?;
    let side = row.sides.iter().find(|(known, _)| known == side);
    let (_, run) = side.ok_or_else(|| format!("nobody like that does `{name}`"))?;
    match run(Threads::One, operations) {
        Some(_) => Ok(()),
        None => Err(CANNOT.to_owned()),
    }
}

/// What the process of one who cannot do a workload says.
const CANNOT: &str = "it cannot";

/// Heap that one operation takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Heap {
    /// How often it allocates.
    pub allocations: f64,
    /// How much.
    pub bytes: f64,
}

/// Instructions of one operation, by callgrind. `None` if it cannot be done.
pub fn instructions(row: &str, side: &str, operations: u64) -> Result<Option<f64>, String> {
    let arguments = ["--tool=callgrind", "--callgrind-out-file=/dev/null"];
    let counted = difference(&arguments, row, side, operations, |said| {
        number_behind(said, "Collected : ").map(|count| [count])
    })?;
    Ok(counted.map(|[count]| count))
}

/// Heap of one operation, by dhat, which sees every call of `malloc`. `None` if it cannot be done.
pub fn heap(row: &str, side: &str, operations: u64) -> Result<Option<Heap>, String> {
    let arguments = ["--tool=dhat", "--dhat-out-file=/dev/null"];
    let counted = difference(&arguments, row, side, operations, |said| {
        let line = said.lines().find(|line| line.contains("Total:"))?;
        Some([number_behind(line, " in ")?, number_behind(line, "Total:")?])
    })?;
    Ok(counted.map(|[allocations, bytes]| Heap { allocations, bytes }))
}

/// The difference of two lengths of a run, so that start and end are not counted.
fn difference<const N: usize>(
    valgrind: &[&str],
    row: &str,
    side: &str,
    operations: u64,
    read: impl Fn(&str) -> Option<[f64; N]>,
) -> Result<Option<[f64; N]>, String> {
    let counted = |operations: u64| -> Result<Option<[f64; N]>, String> {
        let mut command = Command::new("valgrind");
        command.args(valgrind).arg(own_program()?);
        let output = command
            .args([ALONE, row, side, &operations.to_string()])
            .stdin(Stdio::null())
            .output()
            .map_err(|why| format!("valgrind cannot be started ({why}); it counts instructions and allocations"))?;
        let said = String::from_utf8_lossy(&output.stderr);
        if said.contains(CANNOT) {
            return Ok(None);
        }
        if !output.status.success() {
            return Err(format!("`{row}` by {side} failed: {said}"));
        }
        read(&said)
            .map(Some)
            .ok_or_else(|| format!("valgrind did not say what it counted: {said}"))
    };
    let (Some(once), Some(thrice)) = (counted(operations)?, counted(3 * operations)?) else {
        return Ok(None);
    };
    let each = |at: usize| (thrice[at] - once[at]) / (2 * operations) as f64;
    Ok(Some(std::array::from_fn(each)))
}

fn number_behind(said: &str, mark: &str) -> Option<f64> {
    let (_, rest) = said.split_once(mark)?;
    let number = rest.split_whitespace().next()?;
    number.replace(',', "").parse().ok()
}

/// The figure that a run prints in a process of its own, such as the bytes that it keeps. `None` if it cannot be done.
pub fn printed(row: &str, side: &str, operations: u64) -> Result<Option<f64>, String> {
    let output = Command::new(own_program()?)
        .args([ALONE, row, side, &operations.to_string()])
        .stdin(Stdio::null())
        .output()
        .map_err(|why| why.to_string())?;
    if String::from_utf8_lossy(&output.stderr).contains(CANNOT) {
        return Ok(None);
    }
    let said = String::from_utf8_lossy(&output.stdout);
    match said.trim().parse() {
        Ok(figure) => Ok(Some(figure)),
        Err(_) => Err(format!("`{row}` by {side} printed no figure: {said}")),
    }
}

fn own_program() -> Result<std::path::PathBuf, String> {
    std::env::current_exe().map_err(|why| why.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_valgrind_says_is_read() {
        assert_eq!(number_behind("==7== Collected : 1234", "Collected : "), Some(1234.0));
        let total = "==7== Total:     1,234 bytes in 56 blocks";
        assert_eq!(number_behind(total, "Total:"), Some(1234.0));
        assert_eq!(number_behind(total, " in "), Some(56.0));
    }
}
