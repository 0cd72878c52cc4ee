//! What a stranger does during one visit: nonsense, half sentences, or sensible words in a senseless order.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use super::{Tally, client, words};
use crate::chance::Chance;

/// A visit takes at least this long, or the ports of this host run out before the minute is over.
const VISIT_MIN: Duration = Duration::from_millis(25);
const WRITE_MAX: Duration = Duration::from_millis(500);

/// One connection by somebody who does not care; every failure is the server's good right.
pub(super) fn visit(chance: &mut Chance, irc: SocketAddr, http: SocketAddr, tally: &Tally) {
    let begun = Instant::now();
    let to_irc = chance.one_in(2);
    if let Some(mut line) = Line::open(if to_irc { irc } else { http }, tally) {
        tally.visited();
        let _ = match (to_irc, chance.below(4)) {
            (_, 0) => nonsense(chance, &mut line),
            (true, 1) => half_a_line(chance, &mut line),
            (true, _) => conversation(chance, &mut line),
            (false, 1) => http_nonsense(chance, &mut line),
            (false, 2) => frames_of_nonsense(chance, &mut line, http),
            (false, _) => conversation_in_frames(chance, &mut line, http),
        };
    }
    thread::sleep(VISIT_MIN.saturating_sub(begun.elapsed()));
}

/// `None` ends the visit: the server has hung up, or does not take more.
type Said = Option<()>;

struct Line<'a> {
    stream: TcpStream,
    tally: &'a Tally,
}

impl<'a> Line<'a> {
    fn open(to: SocketAddr, tally: &'a Tally) -> Option<Self> {
        let stream = TcpStream::connect_timeout(&to, WRITE_MAX).ok()?;
        stream.set_read_timeout(Some(Duration::from_millis(1))).ok()?;
        stream.set_write_timeout(Some(WRITE_MAX)).ok()?;
        Some(Self { stream, tally })
    }

    fn say(&mut self, bytes: &[u8]) -> Said {
        self.stream.write_all(bytes).ok()?;
        self.tally.sent(bytes.len());
        Some(())
    }

    /// Takes what has come in, so that the server is not cut off for a full queue alone.
    fn hear(&mut self) {
        let mut chunk = [0; 64 * 1024];
        let _ = self.stream.read(&mut chunk);
    }
}

fn nonsense(chance: &mut Chance, line: &mut Line<'_>) -> Said {
    for _ in 0..=chance.below(8) {
        let len = chance.below(8 * 1024) + 1;
        let mut bytes = chance.bytes(len);
        if chance.one_in(2) {
            // Short lines reach the parser; one long one only reaches its limit.
            for at in (0..len).step_by(chance.below(200) + 1) {
                bytes[at] = b'\n';
            }
        }
        line.say(&bytes)?;
        line.hear();
    }
    Some(())
}

fn half_a_line(chance: &mut Chance, line: &mut Line<'_>) -> Said {
    let whole = words::command(chance);
    for &byte in &whole[..chance.below(whole.len()) + 1] {
        line.say(&[byte])?;
        if chance.one_in(8) {
            thread::sleep(Duration::from_millis(1));
        }
    }
    Some(())
}

fn conversation(chance: &mut Chance, line: &mut Line<'_>) -> Said {
    if !chance.one_in(6) {
        line.say(&words::registration(chance))?;
    }
    for _ in 0..chance.below(120) {
        line.say(&words::command(chance))?;
        if chance.one_in(4) {
            line.hear();
        }
    }
    Some(())
}

fn http_nonsense(chance: &mut Chance, line: &mut Line<'_>) -> Said {
    let verb = chance.pick(&["GET", "POST", "PUT", "BREW", "CONNECT", "get", ""]);
    let path = chance.pick(&[
        "/",
        "/irc",
        "/%00",
        "/../../etc/passwd",
        "/app.js",
        "//",
        "*",
        "/irc?x=%zz",
    ]);
    line.say(format!("{verb} {path} HTTP/1.1\r\n").as_bytes())?;
    for _ in 0..chance.below(40) {
        let header = chance.pick(&[
            "Host",
            "Upgrade",
            "Connection",
            "Content-Length",
            "Sec-WebSocket-Key",
            "X",
        ]);
        let value = chance.pick(&[
            "websocket",
            "127.0.0.1",
            "-1",
            "18446744073709551616",
            "upgrade, close",
            "",
        ]);
        line.say(format!("{header}: {value}\r\n").as_bytes())?;
    }
    if chance.one_in(2) {
        line.say(b"\r\n")?;
    }
    line.hear();
    nonsense(chance, line)
}

fn frames_of_nonsense(chance: &mut Chance, line: &mut Line<'_>, http: SocketAddr) -> Said {
    line.say(client::upgrade(http).as_bytes())?;
    line.hear();
    for _ in 0..=chance.below(20) {
        let len_max = if chance.one_in(5) { 70_000 } else { 300 };
        let len = chance.below(len_max);
        let payload = chance.bytes(len);
        let mut bytes = client::frame(chance.next() as u8, &payload, [chance.next() as u8; 4]);
        if chance.one_in(3) {
            bytes.truncate(chance.below(bytes.len()) + 1);
        }
        line.say(&bytes)?;
        line.hear();
    }
    Some(())
}

fn conversation_in_frames(chance: &mut Chance, line: &mut Line<'_>, http: SocketAddr) -> Said {
    line.say(client::upgrade(http).as_bytes())?;
    line.hear();
    let mask = [chance.next() as u8; 4];
    for part in words::registration(chance).split_inclusive(|&byte| byte == b'\n') {
        line.say(&client::frame(0x81, part, mask))?;
    }
    for _ in 0..chance.below(120) {
        let first = if chance.one_in(12) { 0x82 } else { 0x81 };
        line.say(&client::frame(first, &words::command(chance), mask))?;
        if chance.one_in(4) {
            line.hear();
        }
    }
    Some(())
}
