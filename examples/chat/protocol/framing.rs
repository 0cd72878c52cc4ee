//! Bytes from a socket, cut into lines under a bound.

use super::message::{BODY_BYTES_MAX, TAGS_BYTES_MAX};

/// Longer than any line that could be accepted. Of a longer one this much is kept, so that it is refused as too long in
/// its place among the others, and the rest is thrown away as it comes.
const PARTIAL_BYTES_MAX: usize = TAGS_BYTES_MAX + BODY_BYTES_MAX + 1;
/// How much of one endless line is thrown away before the client is given up.
const DISCARDED_BYTES_MAX: usize = 11 * 1024;

/// What a client has sent and the server has not yet handled.
#[derive(Debug, Default)]
pub struct Framing {
    bytes: Vec<u8>,
    start: usize,
    discarding: Option<usize>,
}

/// Why no more can be taken from this client.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub enum Excess {
    /// Lines come faster than they may be handled, and the queue of them is full.
    Flood,
    /// One line does not end.
    EndlessLine,
}

impl Framing {
    /// Appends what was read.
    ///
    /// # Errors
    /// [`Excess`] when more than `queue_bytes_max` would wait, or one line goes on for ever; the client is to be let go.
    pub fn push(&mut self, mut read: &[u8], queue_bytes_max: usize) -> Result<(), Excess> {
        if let Some(discarded) = self.discarding {
            let Some(end) = read.iter().position(|byte| is_end(*byte)) else {
                return self.discard(discarded + read.len());
            };
            self.discarding = None;
            read = &read[end..];
        }
        if self.start > 0 {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        let tail = read.iter().rposition(|byte| is_end(*byte)).map_or(0, |end| end + 1);
        let before = if tail == 0 { self.partial_bytes() } else { 0 };
        let partial = before + read.len() - tail;
        let kept = if partial > PARTIAL_BYTES_MAX {
            read.len() - (partial - PARTIAL_BYTES_MAX)
        } else {
            read.len()
        };
        if self.bytes.len() + kept > queue_bytes_max {
            return Err(Excess::Flood);
        }
        self.bytes.extend_from_slice(&read[..kept]);
        if kept < read.len() {
            return self.discard(read.len() - kept);
        }
        Ok(())
    }

    /// The next whole line, without its end; empty lines do not count.
    pub fn next_line(&mut self) -> Option<Vec<u8>> {
        loop {
            let rest = &self.bytes[self.start..];
            let Some(length) = rest.iter().position(|byte| is_end(*byte)) else {
                if rest.is_empty() {
                    // An idle connection holds no buffer.
                    self.bytes = Vec::new();
                    self.start = 0;
                }
                return None;
            };
            let line = &rest[..length];
            self.start += length + 1;
            if !line.is_empty() {
                return Some(line.to_vec());
            }
        }
    }

    fn partial_bytes(&self) -> usize {
        let tail = self
            .bytes
            .iter()
            .rposition(|byte| is_end(*byte))
            .map_or(self.start, |end| end + 1);
        self.bytes.len() - tail.max(self.start)
    }

    fn discard(&mut self, total: usize) -> Result<(), Excess> {
        self.discarding = Some(total);
        if total > DISCARDED_BYTES_MAX {
            Err(Excess::EndlessLine)
        } else {
            Ok(())
        }
    }
}

/// A bare CR ends a line too: otherwise it could travel inside a message and end one at a careless receiver.
fn is_end(byte: u8) -> bool {
    byte == b'\n' || byte == b'\r'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(framing: &mut Framing) -> Vec<String> {
        std::iter::from_fn(|| framing.next_line())
            .map(|line| String::from_utf8(line).unwrap())
            .collect()
    }

    #[test]
    fn half_lines_wait_for_their_end() {
        let mut framing = Framing::default();
        for byte in b"NICK a\r\nUSER" {
            framing.push(&[*byte], 1000).unwrap();
        }
        assert_eq!(all(&mut framing), ["NICK a"]);
        framing.push(b" b\n\n\r\nX\n", 1000).unwrap();
        assert_eq!(all(&mut framing), ["USER b", "X"]);
    }

    #[test]
    fn an_overlong_line_keeps_its_place_and_loses_its_tail() {
        let mut framing = Framing::default();
        framing.push(b"A\n", 100_000).unwrap();
        framing.push(&[b'x'; 8000], 100_000).unwrap();
        framing.push(&[b'y'; 100], 100_000).unwrap();
        framing.push(b"z\nB\n", 100_000).unwrap();
        assert_eq!(framing.next_line().unwrap(), b"A");
        let long = framing.next_line().unwrap();
        assert_eq!(long.len(), PARTIAL_BYTES_MAX);
        assert!(long.len() > TAGS_BYTES_MAX + BODY_BYTES_MAX);
        assert_eq!(all(&mut framing), ["B"]);
    }

    #[test]
    fn an_endless_line_and_a_full_queue_are_told_apart() {
        let mut framing = Framing::default();
        framing.push(&[b'x'; 5000], 100_000).unwrap();
        assert_eq!(framing.push(&[b'x'; 16_000], 100_000), Err(Excess::EndlessLine));
        let mut framing = Framing::default();
        let lines = b"PING a\n".repeat(100);
        assert_eq!(framing.push(&lines, 600), Err(Excess::Flood));
    }
}
