//! Counts the instructions of one operation under callgrind: the same figure on every run, whatever else the machine
//! does.

use std::process::{Command, Stdio};

use crate::cases::{self, Case, Side};

/// Operations of the shorter of the two runs, whose difference leaves start and end out.
const OPERATIONS: u64 = 5_000;

/// Prints a table of instructions for each operation.
pub(crate) fn count(cases: &[&Case]) -> Result<(), String> {
    println!(
        "{:<28} {:>12} {:>12}   {:>6}",
        "instructions each", "actor-core", "tokio", "ratio"
    );
    for case in cases {
        let ours = each(case, Side::Ours)?;
        let raw = each(case, Side::Raw)?;
        println!("{:<28} {ours:>12.0} {raw:>12.0}   {:>6.2}", case.name, ours / raw);
    }
    Ok(())
}

/// Runs one side of one case on a single thread: what callgrind, or a look at memory, sees of it alone.
pub(crate) fn alone(words: &[String]) -> Result<(), String> {
    let [name, side, operations] = words else {
        return Err("--alone wants a case, a side and a number".to_owned());
    };
    let operations = operations
        .parse()
        .map_err(|_| format!("`{operations}` is no number of operations"))?;
    let side = Side::named(side).ok_or_else(|| format!("`{side}` is neither ours nor raw"))?;
    if name == crate::memory::NAME {
        return crate::memory::hold(side, operations);
    }
    let case = cases::ALL
        .iter()
        .find(|case| case.name == name)
        .ok_or_else(|| format!("there is no case `{name}`"))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|why| why.to_string())?;
    case.run(side, &runtime, operations);
    Ok(())
}

fn each(case: &Case, side: Side) -> Result<f64, String> {
    let once = instructions(case, side, OPERATIONS)?;
    let thrice = instructions(case, side, 3 * OPERATIONS)?;
    Ok((thrice as f64 - once as f64) / (2 * OPERATIONS) as f64)
}

fn instructions(case: &Case, side: Side, operations: u64) -> Result<u64, String> {
    let program = std::env::current_exe().map_err(|why| why.to_string())?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args(["--alone", case.name, side.name(), &operations.to_string()])
        .stdin(Stdio::null())
        .output()
        .map_err(|why| format!("valgrind cannot be started ({why}): install it, or leave --instructions out"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    said.lines()
        .find_map(|line| line.split_once("Collected : "))
        .and_then(|(_, count)| count.trim().parse().ok())
        .ok_or_else(|| format!("valgrind did not say how many instructions it collected: {said}"))
}
