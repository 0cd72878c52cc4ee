//! What an operation may cost, so that nobody makes one dearer without noticing.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;

use benches::measure::Row;
use benches::{OURS, process, rows};

/// How much more than was committed is too much: metrics may cost more.
const TOLERANCE: f64 = if cfg!(feature = "metrics") { 0.15 } else { 0.05 };

/// Allocations of one operation below which it has none: now and then a buffer grows.
const NONE: f64 = 0.02;

/// What is guarded.
const GUARDED: [&str; 6] = [
    "tell, bounded",
    "tell, bounded, 8 senders",
    "ask",
    "ask, actor to actor",
    "spawn and stop",
    "broadcast to 1000",
];

/// One line of the file.
struct Figure {
    name: String,
    instructions: f64,
    allocations: f64,
}

/// Counts, and compares with what was committed, or commits it if `renew` is said.
pub(crate) fn run(renew: bool) -> Result<(), String> {
    let counted = rows::counted(&[OURS]);
    let guarded = counted.iter().filter(|row| GUARDED.contains(&&*row.name));
    let counted = guarded.map(count).collect::<Result<Vec<_>, _>>()?;
    if renew {
        return std::fs::write(path(), written(&counted)).map_err(|why| format!("{}: {why}", path().display()));
    }
    let text = std::fs::read_to_string(path()).map_err(|why| format!("{}: {why}", path().display()))?;
    let rustc = rustc();
    if !text.contains(&rustc) {
        println!("the measure was taken with another compiler than {rustc}: a difference may be its doing");
    }
    let known = read(&text);
    let mut complaints = Vec::new();
    println!(
        "{:<28} {:>12} {:>12} {:>8}   allocations",
        "instructions each", "now", "measure", ""
    );
    for now in &counted {
        let Some(before) = known.iter().find(|figure| figure.name == now.name) else {
            complaints.push(format!("`{}` has no measure", now.name));
            continue;
        };
        let more = now.instructions / before.instructions - 1.0;
        println!(
            "{:<28} {:>12.1} {:>12.1} {:>+7.1} %   {:.2}",
            now.name,
            now.instructions,
            before.instructions,
            more * 100.0,
            now.allocations
        );
        complaints.extend(complaint(before, now));
    }
    if complaints.is_empty() {
        return Ok(());
    }
    complaints.push("if it is worth that: cargo xtask guard --renew".to_owned());
    Err(complaints.join("\n  "))
}

fn complaint(before: &Figure, now: &Figure) -> Option<String> {
    let name = &now.name;
    if now.instructions > before.instructions * (1.0 + TOLERANCE) {
        return Some(format!(
            "`{name}` takes {:.0} instructions, and took {:.0}",
            now.instructions, before.instructions
        ));
    }
    if name.starts_with("tell") && now.allocations > NONE {
        return Some(format!("`{name}` allocates {:.2} times, and must not", now.allocations));
    }
    if now.allocations > before.allocations * (1.0 + TOLERANCE) + NONE {
        return Some(format!(
            "`{name}` allocates {:.2} times, and did {:.2} times",
            now.allocations, before.allocations
        ));
    }
    None
}

fn count(row: &Row) -> Result<Figure, String> {
    let cannot = || format!("`{}` cannot be counted", row.name);
    let instructions = process::instructions(&row.name, OURS.name, row.operations)?.ok_or_else(cannot)?;
    let heap = process::heap(&row.name, OURS.name, row.operations)?.ok_or_else(cannot)?;
    Ok(Figure {
        name: row.name.clone(),
        instructions,
        allocations: heap.allocations,
    })
}

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("guard.txt")
}

fn rustc() -> String {
    let output = Command::new("rustc").arg("--version").output();
    let said = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    said.unwrap_or_default()
}

fn written(figures: &[Figure]) -> String {
    let mut text = format!(
        "# Instructions and heap allocations of one operation of actor-core; `cargo xtask guard --renew` writes this file.\n# {}, {}, profile release\n",
        rustc(),
        std::env::consts::ARCH
    );
    for figure in figures {
        let _ = writeln!(
            text,
            "{} | {:.1} | {:.2}",
            figure.name, figure.instructions, figure.allocations
        );
    }
    text
}

fn read(text: &str) -> Vec<Figure> {
    let figure = |line: &str| {
        let mut parts = line.split(" | ");
        Some(Figure {
            name: parts.next()?.to_owned(),
            instructions: parts.next()?.parse().ok()?,
            allocations: parts.next()?.parse().ok()?,
        })
    };
    text.lines().filter_map(figure).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(name: &str, instructions: f64, allocations: f64) -> Figure {
        Figure {
            name: name.to_owned(),
            instructions,
            allocations,
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let read = read(&written(&[figure("tell, bounded", 123.44, 0.0)]));
        assert_eq!(read.len(), 1);
        assert_eq!(read[0].name, "tell, bounded");
        assert_eq!(read[0].instructions, 123.4);
    }

    #[test]
    fn one_twentieth_more_is_taken_and_not_more() {
        let before = figure("ask", 1000.0, 1.0);
        assert!(complaint(&before, &figure("ask", 1049.0, 1.0)).is_none());
        assert!(complaint(&before, &figure("ask", 1051.0, 1.0)).is_some());
        assert!(complaint(&before, &figure("ask", 1000.0, 2.0)).is_some());
    }

    #[test]
    fn a_tell_that_allocates_is_refused_whatever_was_committed() {
        let before = figure("tell, bounded", 100.0, 1.0);
        assert!(complaint(&before, &figure("tell, bounded", 100.0, 1.0)).is_some());
    }
}
