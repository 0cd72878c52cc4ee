//! How cost grows with the number of actors, senders, members, levels.

use benches::framework::{Mailbox, Threads};
use benches::measure::{computation, middle, progress};
use benches::process;
use benches::work::{Contestant, Work};

use super::Wanted;
use crate::figures::{Curve, Scale};
use crate::{Failed, machine};

/// One question of growth.
pub(crate) struct Growth {
    pub(crate) name: &'static str,
    /// What the figure is.
    pub(crate) figure: &'static str,
    /// Of what there is more and more.
    pub(crate) of: &'static str,
    /// Why it grows as it does.
    pub(crate) why: &'static str,
    /// The smallest number, and the largest, powers of ten.
    least: u64,
    most: u64,
    /// What is done with so many, and how often.
    work: fn(u64) -> (Work, u64),
}

/// Operations of a run that is long enough to be measured.
const ENOUGH: u64 = 20_000;

pub(crate) const GROWTHS: [Growth; 7] = [
    Growth {
        name: "spawn",
        figure: "ns for each actor",
        of: "actors made, and kept",
        why: "Each costs the same, on both sides, until they outgrow the caches of the processor: from there on every one of them is new memory, which the system has to hand out, and the table of names doubles now and then. The very first pays for what a runtime and a system make once.",
        least: 1,
        most: 1_000_000,
        work: |many| (Work::SpawnAll, many),
    },
    Growth {
        name: "tell",
        figure: "ns for each message",
        of: "actors, told one after the other",
        why: "Flat as long as all of them fit in the caches. Beyond that each message begins by fetching its actor from memory: the cell with its mailbox, the future, the buffer, where a task has one block less.",
        least: 1,
        most: 1_000_000,
        work: |many| (Work::TellAll { actors: many }, many.max(ENOUGH)),
    },
    Growth {
        name: "senders",
        figure: "ns for each message",
        of: "senders to one actor",
        why: "One short lock for each message, whoever sends it, and a batch for the actor: it does not matter who they are. From 1,025 on somebody waits all the time, which is a wake-up for each message.",
        least: 1,
        most: 1_000,
        work: |many| {
            (
                Work::Tell {
                    senders: many,
                    mailbox: Mailbox::Bounded,
                },
                10 * ENOUGH,
            )
        },
    },
    Growth {
        name: "depth",
        figure: "ns for each actor",
        of: "levels of parents and children, made and stopped",
        why: "Flat: a child holds its parent's path by a pointer, and copies nothing of it; its name has to be new among the children of its parent, and not elsewhere. A stop goes down level by level, and each waits for the one below. The hand-written tasks are not waited for: the end of their channels goes down by itself, and nobody hears of the last.",
        least: 1,
        most: 1_000,
        work: |many| (Work::Nested { depth: many }, many.max(ENOUGH / 4)),
    },
    Growth {
        name: "broadcast",
        figure: "ns for each delivery",
        of: "members of a group, told together",
        why: "One walk over a slice which is made when the first is told, and kept until somebody joins or leaves. What grows is the distance of the members in memory, as in the row of tells.",
        least: 1,
        most: 1_000_000,
        work: |many| (Work::Broadcast { members: many }, 4 * many.max(ENOUGH)),
    },
    Growth {
        name: "membership",
        figure: "ns for each",
        of: "members that join a group, and leave it",
        why: "A place in a list and in a table, and a note at the actor, so that it leaves by itself when it ends; to leave is to give one's place to the last. The table doubles now and then, and is no longer in the caches beyond some ten thousand.",
        least: 1,
        most: 1_000_000,
        work: |many| (Work::Joining, many),
    },
    Growth {
        name: "fairness",
        figure: "slowest by mean",
        of: "senders that wait for room in one mailbox",
        why: "Whoever waits gets the next place, in the order of coming, and comes behind all others with the next message. So everybody gets as much as the mean, but for the last round, which some have had and others not. Only where more wait than there are places is this a question: with fewer, one who runs finds room, and goes on.",
        least: 10_000,
        most: 100_000,
        work: |many| (Work::Waiting { senders: many }, 20 * many),
    },
];

/// The name of what is measured in processes of their own.
pub(crate) const BYTES: &str = "bytes";

/// Fewer than this cannot be told apart by the memory of a process.
const BYTES_LEAST: u64 = 10_000;

/// Ours and the floor alone: how the others grow is their business.
const COMPARED: [Contestant; 2] = [benches::OURS, benches::RAW];

pub(crate) fn measure(wanted: &Wanted) -> Result<Scale, Failed> {
    let mut noise = Vec::new();
    let mut curves = Vec::new();
    let asked = |name: &str| wanted.words.is_empty() || wanted.words.iter().any(|word| name.contains(&**word));
    for growth in GROWTHS.iter().filter(|growth| asked(growth.name)) {
        let mut lines = COMPARED.map(|contestant| (contestant.name.to_owned(), Vec::new()));
        for many in powers(growth.least, growth.most, wanted.size) {
            progress(&format!("{} {many} {}", growth.name, growth.of));
            let (work, operations) = (growth.work)(many);
            // Where there are few, one run is short: the first of them would say more about the start of a runtime.
            let rounds = if operations < ENOUGH / 4 { 15 } else { 3 };
            let mut figures = [Vec::new(), Vec::new()];
            for _ in 0..rounds {
                for (contestant, figures) in COMPARED.iter().zip(&mut figures) {
                    figures.extend((contestant.run)(work, Threads::Cores, operations));
                }
            }
            for (line, figures) in lines.iter_mut().zip(figures) {
                line.1.push((many as f64, middle(figures).median));
            }
            noise.push(computation());
        }
        curves.push(Curve {
            name: growth.name.to_owned(),
            lines: lines.to_vec(),
        });
    }
    if asked(BYTES) {
        let mut lines = COMPARED.map(|contestant| (contestant.name.to_owned(), Vec::new()));
        for many in powers(BYTES_LEAST, 1_000_000, wanted.size) {
            progress(&format!("{BYTES} of {many} actors"));
            for (name, line) in &mut lines {
                let bytes = process::printed(&Work::Idle.to_string(), name, many)?;
                line.extend(bytes.map(|bytes| (many as f64, bytes)));
            }
        }
        curves.push(Curve {
            name: BYTES.to_owned(),
            lines: lines.to_vec(),
        });
    }
    progress("");
    Ok(Scale {
        taken: machine::taken(3, wanted.size, &noise),
        curves,
    })
}

fn powers(from: u64, most: u64, size: f64) -> impl Iterator<Item = u64> {
    let most = ((most as f64 * size) as u64).max(from);
    std::iter::successors(Some(from), |many| Some(many * 10)).take_while(move |many| *many <= most)
}
