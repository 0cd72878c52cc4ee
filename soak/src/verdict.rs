//! What must hold of a round, one line each.

use std::fmt;

use crate::round::Round;

/// How much slower the last third of the round may be than the first, for each second of computing: neighbours cost that
/// too, by way of the caches that are shared with them.
const DECAY_MAX: f64 = 0.4;

/// How much may be allocated between the first third of a round and its end, while the tree is as large as it was; and how
/// much more memory the process may hold after a round than after the one before, of what was freed in pieces.
const GROWTH_MAX: f64 = 0.25;
const GROWTH_KIB_MAX: u64 = 32 * 1024;

/// What may stay allocated of a round that is over: buffers of the runtime and of its workers.
const KEPT_KIB_MAX: u64 = 1024;

/// Lines of what was seen, and whether that is as it should be.
#[derive(Default)]
pub(crate) struct Verdict(Vec<(String, bool)>);

impl Verdict {
    pub(crate) fn failures(&self) -> usize {
        self.0.iter().filter(|(_, holds)| !holds).count()
    }

    fn note(&mut self, line: String, holds: bool) {
        self.0.push((line, holds));
    }

    /// What holds of each round by itself.
    pub(crate) fn judge(&mut self, name: &str, round: &Round) {
        let dead = &round.report.dead_letters;
        let (accepted, handled, lost) = (dead.accepted(), dead.handled(), dead.total());
        self.note(
            format!("{name}: {accepted} accepted = {handled} handled + {lost} dead letters"),
            accepted == handled + lost,
        );
        self.note(
            format!(
                "{name}: {} handled with ticks, in {} lives of workers",
                round.handled, round.lives
            ),
            round.handled > 0,
        );
        self.note(format!("{name}: {}", round.report), round.report.is_clean());
        self.note(format!("{name}: {} stuck", round.stuck), round.stuck == 0);
        for (what, count) in &round.left {
            self.note(format!("{name}: {count} {what} left"), *count == 0);
        }
    }

    /// What holds of the measured round beside the one before, and of its end beside its beginning.
    pub(crate) fn compare(&mut self, warmed: &Round, measured: &Round) {
        let (before, after) = (warmed.resident_kib, measured.resident_kib);
        self.note(
            format!(
                "memory held after the warm-up {} MiB, after the round {} MiB",
                before / 1024,
                after / 1024
            ),
            after <= grown(before),
        );
        let (before, after) = (warmed.allocated_kib, measured.allocated_kib);
        self.note(
            format!("allocated after the warm-up {before} KiB, after the round {after} KiB"),
            after <= before + KEPT_KIB_MAX,
        );
        let third = measured.windows.len() / 3;
        if third == 0 {
            self.note("throughput unknown: this system has no /proc".to_owned(), true);
            return;
        }
        let (early, late) = (
            &measured.windows[..third],
            &measured.windows[measured.windows.len() - third..],
        );
        let (first, last) = (middle(early), middle(late));
        self.note(
            format!(
                "throughput {first:.0} messages for a second of computing in the first third, {last:.0} in the last"
            ),
            last >= first * (1.0 - DECAY_MAX),
        );
        let (early, late) = (early[third / 2].1, late[third - 1].1);
        self.note(
            format!(
                "allocated under trouble {} MiB early, {} MiB at the end",
                early / 1024,
                late / 1024
            ),
            late <= grown(early),
        );
    }
}

fn grown(kib: u64) -> u64 {
    kib + (kib as f64 * GROWTH_MAX) as u64 + GROWTH_KIB_MAX
}

/// The median of the throughputs.
fn middle(windows: &[(f64, u64)]) -> f64 {
    let mut sorted: Vec<f64> = windows.iter().map(|&(throughput, _)| throughput).collect();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (line, holds) in &self.0 {
            writeln!(f, "{}  {line}", if *holds { "  ok" } else { "FAIL" })?;
        }
        let failures = self.failures();
        writeln!(f, "soak: {} passed, {failures} failed", self.0.len() - failures)
    }
}
