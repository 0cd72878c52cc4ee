//! What a person reads at the end: how much, how fast, at what price, and whether it was all there.

use std::fmt;
use std::time::Duration;

use crate::server::Usage;
use crate::speak::Spoken;
use crate::{Away, Run};

/// Below this share of what was asked for, the figures speak of an overloaded machine.
const KEPT_UP: f64 = 0.98;
/// A voice that comes later than this was held up by this program, and so were the ears.
const LATE_MAX: Duration = Duration::from_millis(50);

/// The figures of one run.
pub(crate) struct Report {
    clients: usize,
    rooms: usize,
    servers: usize,
    sent: u64,
    asked: u64,
    spoken: Spoken,
    heard: u64,
    expected: u64,
    lost: u64,
    reordered: u64,
    doubled: u64,
    strayed: u64,
    gone: usize,
    farewell: Option<String>,
    /// p50, p90, p99 and the largest, in microseconds.
    latency_micros: [u64; 4],
    /// Before the first client, with all of them in their rooms, and when the last word was said.
    usage: [Usage; 3],
    is_killing: bool,
    away: Away,
}

impl Report {
    pub(crate) fn new(run: &Run, spoken: Spoken, usage: [Usage; 3]) -> Self {
        let (flags, tally, sent) = (&run.flags, run.tally.borrow(), run.sent.borrow());
        let mut away = run.away.take();
        away.for_micros.sort_unstable();
        let latency = &tally.latency_micros;
        Self {
            clients: flags.clients,
            rooms: flags.rooms,
            servers: flags.servers().len(),
            sent: spoken.said,
            asked: (flags.clients as f64 * flags.rate * flags.seconds as f64) as u64,
            heard: tally.heard,
            expected: tally.expected(&sent),
            lost: tally.lost(&sent),
            reordered: tally.reordered,
            doubled: tally.doubled,
            strayed: tally.strayed,
            gone: tally.gone(),
            farewell: run.farewell.borrow().clone(),
            latency_micros: [
                latency.value_at_quantile(0.5),
                latency.value_at_quantile(0.9),
                latency.value_at_quantile(0.99),
                latency.max(),
            ],
            spoken,
            usage,
            is_killing: run.is_coming_back,
            away,
        }
    }

    /// Whether every message arrived once, in order, and nobody was thrown out.
    pub(crate) fn holds(&self) -> bool {
        let was_tried = !self.is_killing || self.away.kills > 0;
        was_tried
            && self.away.failed.is_none()
            && self.gone == 0
            && self.lost + self.reordered + self.doubled + self.strayed == 0
    }

    fn memory(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [Some(empty), Some(joined), Some(busy)] = self.usage.map(|usage| usage.resident_kib) else {
            return writeln!(
                out,
                "memory      unknown: say --pid PID, of a server on this machine that you may look at"
            );
        };
        let each = |kib: u64| kib.saturating_sub(empty) as f64 / self.clients as f64;
        let mib = |kib: u64| kib as f64 / 1024.0;
        writeln!(
            out,
            "memory      {:.1} KiB for each connection at rest, {:.1} KiB when busy (server: {:.1}, {:.1}, {:.1} MiB)",
            each(joined),
            each(busy),
            mib(empty),
            mib(joined),
            mib(busy)
        )
    }

    fn processors(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [_, before, after] = &self.usage;
        let seconds = self.spoken.took.as_secs_f64();
        let used = |before: Option<f64>, after: Option<f64>| Some((after? - before?) / seconds);
        match (
            used(before.server_cpu, after.server_cpu),
            used(before.own_cpu, after.own_cpu),
        ) {
            (Some(server), Some(own)) => writeln!(out, "processors  {server:.2} by the server, {own:.2} by chat_load"),
            (None, Some(own)) => writeln!(out, "processors  {own:.2} by chat_load"),
            _ => Ok(()),
        }
    }

    /// What became of those whose server was killed.
    fn killed(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.is_killing {
            return Ok(());
        }
        let Away {
            kills,
            for_micros,
            unsaid,
            failed,
        } = &self.away;
        let at = |share: f64| {
            let place = (for_micros.len().saturating_sub(1) as f64 * share) as usize;
            for_micros.get(place).map_or(0.0, |micros| *micros as f64 / 1e6)
        };
        writeln!(
            out,
            "killed      {kills} servers; {} clients came back after p50 {:.1} s, max {:.1} s; {unsaid} messages had nobody to say them",
            for_micros.len(),
            at(0.5),
            at(1.0)
        )?;
        match failed {
            Some(why) => writeln!(out, "            FAILED to start one again: {why}"),
            None => Ok(()),
        }
    }

    /// What makes the figures above speak of something else than the server at this load.
    fn caveats(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let share = self.sent as f64 / self.asked.max(1) as f64;
        if self.spoken.held_back > 0 {
            writeln!(
                out,
                "note        the server read too slowly: {} messages ({:.1} %) were due and not sent",
                self.spoken.held_back,
                (1.0 - share) * 100.0
            )?;
        }
        if !self.is_killing && (self.spoken.heard as f64) < self.expected as f64 * KEPT_UP {
            writeln!(
                out,
                "note        when the last message was sent, only {:.1} % had arrived: the load is more than this machine carries",
                self.spoken.heard as f64 / self.expected.max(1) as f64 * 100.0
            )?;
        }
        if self.spoken.late_max > LATE_MAX {
            writeln!(
                out,
                "note        chat_load itself was up to {:.0} ms late: latencies hold its own waiting too",
                self.spoken.late_max.as_secs_f64() * 1000.0
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.spoken.took.as_secs_f64();
        let [p50, p90, p99, max] = self.latency_micros.map(|micros| micros as f64 / 1000.0);
        let at = match self.servers {
            1 => String::new(),
            count => format!(" at {count} servers"),
        };
        writeln!(
            out,
            "sent        {} messages by {} clients{at} in {} rooms, {:.0}/s",
            self.sent,
            self.clients,
            self.rooms,
            self.sent as f64 / seconds
        )?;
        let of = if self.is_killing {
            String::new()
        } else {
            format!(" of {}", self.expected)
        };
        writeln!(
            out,
            "delivered   {}{of}, {:.0}/s",
            self.heard,
            self.spoken.heard as f64 / seconds
        )?;
        writeln!(
            out,
            "latency     p50 {p50:.2} ms   p90 {p90:.2} ms   p99 {p99:.2} ms   max {max:.2} ms"
        )?;
        self.memory(out)?;
        self.processors(out)?;
        self.killed(out)?;
        self.caveats(out)?;
        if self.holds() {
            return writeln!(
                out,
                "check       nothing lost, doubled or out of order for any (sender, room)"
            );
        }
        writeln!(
            out,
            "check       FAILED: {} lost, {} out of order, {} doubled, {} strayed, {} clients thrown out",
            self.lost, self.reordered, self.doubled, self.strayed, self.gone
        )?;
        match &self.farewell {
            Some(why) => writeln!(out, "            the first connection that ended was told: {why}"),
            None => Ok(()),
        }
    }
}
