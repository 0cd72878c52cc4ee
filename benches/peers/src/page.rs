//! The page: `benches/RESULTS.md`, drawn anew from the figures each time.

use std::fmt::Write as _;

use crate::figures::{Build, Cell, Counts, FLOOR, Figures, Scale, Table, Taken, folder};
use crate::part::scale::GROWTHS;
use crate::{Failed, machine};

/// The page of `figures`.
pub(crate) fn write(figures: &Figures) -> Result<(), Failed> {
    let page = HEAD.to_owned() + &body(figures);
    Ok(std::fs::write(folder().join("RESULTS.md"), page)?)
}

/// All of it but its head.
pub(crate) fn body(figures: &Figures) -> String {
    let mut page = String::new();
    let versions = ["tokio", "kameo", "ractor", "actix", "xtra", "coerce"]
        .map(|name| format!("{name} {}", machine::version(name)));
    let _ = writeln!(page, "Versions: {}.\n", versions.join(", "));
    if let Some(table) = &figures.times {
        page += "## Time\n\nNanoseconds of each operation, median over the rounds, by all cores; below it the ratio to the floor.\n\n";
        page += &times(table);
        page += "\n![time by that of the floor](pictures/times.svg)\n\n";
        page += WORKLOADS;
        page += &origin(&table.taken);
    }
    if let Some(Counts {
        instructions,
        allocations,
        bytes,
    }) = &figures.counts
    {
        page += "## Instructions and allocations\n\nOn one thread, by callgrind and dhat: the same on each run, whatever else the machine does.\n\n";
        page += &counts(instructions, "instructions");
        page += "\n![instructions by those of the floor](pictures/instructions.svg)\n\n";
        page += &self::allocations(allocations);
        page += "\n";
        page += &counts(bytes, "heap bytes");
        page += "\n";
        page += &origin(&instructions.taken);
    }
    if let Some(table) = &figures.memory {
        page +=
            "## Memory\n\nResident bytes of each actor, in a process of its own, after each has handled a message.\n\n";
        page += &counts(table, "bytes");
        page += "\n![bytes of an idle actor](pictures/memory.svg)\n\n";
        page += &origin(&table.taken);
    }
    if let Some(scale) = &figures.scale {
        page += "## Scale\n\n![growth](pictures/scale.svg)\n\n";
        page += &growth(scale);
        page += &origin(&scale.taken);
    }
    if let Some(table) = &figures.start {
        page += "## Start\n\nFrom the start of a process to what its first message prints, in milliseconds.\n\n";
        page += &start(table);
        page += &origin(&table.taken);
    }
    if let Some(build) = &figures.build {
        page += "## Cold build\n\n`cargo build` with nothing built before and everything downloaded, in turns.\n\n";
        page += &builds(build);
        page += &origin(&build.taken);
    }
    if let Some(table) = &figures.remote {
        page += "## To another process\n\nOne-way messages of 64 bytes, nanoseconds for each that came.\n\n";
        page += &counts(table, "");
        page += "\n";
        page += &origin(&table.taken);
    }
    page.trim_end().to_owned() + "\n"
}

const HEAD: &str = "# What an actor costs

Written by `cargo xtask bench`; not by hand. `actor-core` is ours, as a user gets it by default: supervised, named,
counted, with a deadline for each question. `tokio` is the floor: a task for each actor with its `mpsc` channel of enum
messages, bounded by 1024 but where a row says otherwise; broadcast and chat have unbounded ones there, as nobody who tells many
by hand waits for the slowest. The others are used as their own documents recommend; where they know two ways, the
faster. A ratio is by the floor, below 1 is cheaper; `–` is what a framework does not have.

";

const WORKLOADS: &str = "- `tell`: a number to one actor, from one task or eight; `bounded` by 1024, so that senders wait. ractor and coerce have
  no bound; that of actix is not enforced.
- `tell … bytes`: as large as that in the message itself, bounded where there is a bound.
- `ask`: by a task, each question after the last answer; by 64 tasks at a time; `actor to actor`: from within a handler.
- `chain of 10`: each actor asks the next before it answers.
- `ring`: an operation is one step of one token; `ping-pong` is a ring of two.
- `broadcast`: one shared text; an operation is one delivery.
- `chat`: 20 rooms with a hundred members each, four clients; of ten operations eight are lines, one is a join, one a leave.
- `spawn and stop`: an actor is made, takes a message, ends behind it, and that end is waited for.
- `tree`: ten branches at each fork and a million leaves, whose numbers are summed up; an operation is a leaf. Ours are children,
  which their parent supervises; those of the others are spawned side by side.
- actix runs on one thread, as `#[actix::main]` has it.

";

fn times(table: &Table) -> String {
    rows(table, "ns", |cell| match cell.ratio {
        None => thousands(cell.median()),
        Some([low, median, high]) => format!(
            "{}<br>**{median:.2}** <sub>{low:.2}–{high:.2}</sub>",
            thousands(cell.median())
        ),
    })
}

fn counts(table: &Table, what: &str) -> String {
    rows(table, what, |cell| match cell.by_floor() {
        None => thousands(cell.median()),
        Some(ratio) => format!("{}<br>**{ratio:.2}**", thousands(cell.median())),
    })
}

fn allocations(table: &Table) -> String {
    // What is as good as nothing may be below it by the noise of two runs.
    rows(table, "heap allocations", |cell| {
        format!("{:.2}", cell.median().max(0.0))
    })
}

fn rows(table: &Table, what: &str, shown: impl Fn(&Cell) -> String) -> String {
    let mut text = head(&table.sides, what);
    for line in &table.rows {
        let _ = write!(text, "| {} |", line.name);
        for (side, cell) in table.sides.iter().zip(&line.cells) {
            let _ = match cell {
                None => write!(text, " – |"),
                Some(cell) if side == FLOOR => write!(text, " {} |", thousands(cell.median())),
                Some(cell) => write!(text, " {} |", shown(cell)),
            };
        }
        text += "\n";
    }
    text
}

fn head(sides: &[String], what: &str) -> String {
    format!(
        "| {what} | {} |\n|---|{}\n",
        sides.join(" | "),
        "--:|".repeat(sides.len())
    )
}

fn growth(scale: &Scale) -> String {
    let mut text = String::new();
    for curve in &scale.curves {
        let known = GROWTHS.iter().find(|growth| growth.name == curve.name);
        let (of, figure, why) = known.map_or(("idle actors", "bytes of each", WHY_BYTES), |growth| {
            (growth.of, growth.figure, growth.why)
        });
        let _ = writeln!(text, "### {of}\n\n{why}\n");
        let numbers: Vec<f64> = curve.lines.first().map_or(Vec::new(), |(_, points)| {
            points.iter().map(|(number, _)| *number).collect()
        });
        let names: Vec<String> = numbers.iter().map(|number| thousands(*number)).collect();
        text += &head(&names, figure);
        for (side, points) in &curve.lines {
            let shown = |figure: f64| match figure {
                figure if figure < 10.0 => format!("{figure:.2}"),
                figure => thousands(figure),
            };
            let figures: Vec<String> = points.iter().map(|(_, figure)| shown(*figure)).collect();
            let _ = writeln!(text, "| {side} | {} |", figures.join(" | "));
        }
        text += "\n";
    }
    text
}

const WHY_BYTES: &str = "Flat: an actor holds its cell, its future, one buffer of messages, its name, and its places in the tables of names and of
children; nothing of that knows how many others there are. The tables are between half full and full.";

fn start(table: &Table) -> String {
    let mut text = head(&table.sides, "ms (quartiles)");
    for line in &table.rows {
        let _ = write!(text, "| {} |", line.name);
        for cell in line.cells.iter().flatten() {
            let [low, median, high] = cell.figure.map(|nanos| nanos / 1e6);
            let _ = write!(text, " {median:.2} ({low:.2}–{high:.2}) |");
        }
        text += "\n";
    }
    text + "\n"
}

fn builds(build: &Build) -> String {
    let mut text = String::from(
        "| program | crates | seconds | by it | seconds of processors | by it |\n|---|--:|--:|--:|--:|--:|\n",
    );
    let ours = build.rows.first();
    for row in &build.rows {
        let by =
            |figure: fn(&crate::figures::BuildLine) -> f64| ours.map_or(f64::NAN, |ours| figure(ours) / figure(row));
        let _ = writeln!(
            text,
            "| {} | {} | {:.1} | {:.2} | {:.1} | {:.2} |",
            row.name,
            row.crates,
            row.seconds,
            by(|row| row.seconds),
            row.cpu_seconds,
            by(|row| row.cpu_seconds)
        );
    }
    text + "\n`by it` is ours divided by that row.\n\n"
}

/// More than this and single figures say little.
const NOISE_MUCH: f64 = 0.03;

fn origin(taken: &Taken) -> String {
    let mut text = format!("<sub>{}; {}; ", taken.machine, taken.rustc);
    let _ = match taken.rounds {
        0 | 1 => Ok(()),
        rounds => write!(text, "{rounds} rounds; "),
    };
    if taken.size < 1.0 {
        let _ = write!(text, "{} of the usual number of operations; ", taken.size);
    }
    if let Some(noise) = taken.noise {
        let much = if noise > NOISE_MUCH {
            " (**others were at work here: trust ratios more than times, and neither far**)"
        } else {
            ""
        };
        let _ = write!(text, "noise {:.1} %{much}; ", noise * 100.0);
    }
    let _ = writeln!(text, "load {}</sub>\n", taken.load);
    text
}

/// With a thin gap between thousands.
pub(crate) fn thousands(number: f64) -> String {
    if number.abs() < 10.0 && number.fract() != 0.0 {
        return format!("{number:.1}");
    }
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 && digit != '-' {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(thousands(1_234_567.0), "1,234,567");
        assert_eq!(thousands(999.0), "999");
        assert_eq!(thousands(2.25), "2.2");
    }
}
