//! Several lines that belong together: to clients with `batch` they come as one batch, to the others one by one.

use std::sync::OnceLock;

use bytes::Bytes;

use super::calendar;
use super::caps::Caps;
use super::delivery;
use super::line::Line;

/// Lines of one event, written once for each kind of receiver and shared by all.
#[derive(Debug)]
pub struct Volley {
    server: String,
    kind: Vec<String>,
    reference: String,
    unix_ms: u64,
    /// Each with what a receiver must have negotiated for it, and what it must not have.
    lines: Vec<(Caps, Caps, Bytes)>,
    dressed: [OnceLock<Vec<Bytes>>; 8],
}

impl Volley {
    /// A batch of that kind, as in `netsplit one.server other.server`, which `server` opens at `unix_ms` under the name of `reference`.
    pub fn new(server: &str, kind: &[&str], reference: String, unix_ms: u64) -> Self {
        Self {
            server: server.to_owned(),
            kind: kind.iter().map(|word| (*word).to_owned()).collect(),
            reference,
            unix_ms,
            lines: Vec::new(),
            dressed: Default::default(),
        }
    }

    /// One more line, for everybody.
    pub fn push(&mut self, line: Line) {
        self.push_for(Caps::default(), Caps::default(), line);
    }

    /// One more line, for receivers with all of `needs` and nothing of `lacks`. Of those, only `extended-join` makes a difference here.
    pub fn push_for(&mut self, needs: Caps, lacks: Caps, line: Line) {
        self.lines.push((needs, lacks, Bytes::from(line.finish())));
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// All lines for a receiver with `caps`.
    pub fn bytes_for(&self, caps: Caps) -> &[Bytes] {
        let kind = usize::from(caps.has(Caps::SERVER_TIME))
            | usize::from(caps.has(Caps::BATCH)) << 1
            | usize::from(caps.has(Caps::EXTENDED_JOIN)) << 2;
        self.dressed[kind].get_or_init(|| self.dress(caps))
    }

    fn dress(&self, caps: Caps) -> Vec<Bytes> {
        let mut tags = String::new();
        if caps.has(Caps::SERVER_TIME) {
            delivery::push_tag(&mut tags, &format!("time={}", calendar::server_time(self.unix_ms)));
        }
        let is_batched = caps.has(Caps::BATCH);
        let outer = tags.clone();
        if is_batched {
            delivery::push_tag(&mut tags, &format!("batch={}", self.reference));
        }
        let fits = |needs: Caps, lacks: Caps| caps.has(needs) && (lacks == Caps::default() || !caps.has(lacks));
        let lines = self.lines.iter().filter(|(needs, lacks, _)| fits(*needs, *lacks));
        let lines = lines.map(|(.., line)| delivery::tagged(&tags, line));
        if !is_batched {
            return lines.collect();
        }
        let begin = Line::from(&self.server, "BATCH").param(&format!("+{}", self.reference));
        let begin = self.kind.iter().fold(begin, |line, word| line.param(word));
        let end = Line::from(&self.server, "BATCH").param(&format!("-{}", self.reference));
        let edge = |line: Line| delivery::tagged(&outer, &Bytes::from(line.finish()));
        std::iter::once(edge(begin)).chain(lines).chain([edge(end)]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(volley: &Volley, caps: Caps) -> Vec<String> {
        let lines = volley.bytes_for(caps).iter();
        lines
            .map(|line| String::from_utf8_lossy(line).trim_end().to_owned())
            .collect()
    }

    #[test]
    fn those_with_batches_get_one_and_the_others_the_lines() {
        let mut volley = Volley::new("a.s", &["netjoin", "a.s", "b.s"], "n1".to_owned(), 0);
        volley.push_for(
            Caps::default(),
            Caps::EXTENDED_JOIN,
            Line::from("x!u@h", "JOIN").param("#c"),
        );
        volley.push_for(
            Caps::EXTENDED_JOIN,
            Caps::default(),
            Line::from("x!u@h", "JOIN").param("#c").param("*").trailing("X"),
        );
        assert_eq!(texts(&volley, Caps::default()), [":x!u@h JOIN #c"]);
        assert_eq!(
            texts(&volley, Caps::BATCH.with(Caps::EXTENDED_JOIN)),
            [
                ":a.s BATCH +n1 netjoin a.s b.s",
                "@batch=n1 :x!u@h JOIN #c * :X",
                ":a.s BATCH -n1"
            ]
        );
        assert_eq!(
            texts(&volley, Caps::SERVER_TIME),
            ["@time=1970-01-01T00:00:00.000Z :x!u@h JOIN #c"]
        );
    }
}
