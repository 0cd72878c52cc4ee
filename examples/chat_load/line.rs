//! Reads the few parts of an IRC line that a measurement needs, byte by byte and without allocation.

/// One delivery: who sent it, which of the sender's messages it is, and when it was sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Delivery {
    pub(crate) sender: usize,
    /// How often the sender has come in: its messages are numbered anew each time.
    pub(crate) life: u32,
    pub(crate) number: u32,
    /// Microseconds since the run began.
    pub(crate) sent_micros: u64,
}

/// What a line is to us.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    Delivery(Delivery),
    Ping(&'a [u8]),
    Error(&'a [u8]),
    Other,
}

/// Marks a text as ours, so that a server's own talk is never mistaken for a delivery.
const MARK: &[u8] = b"~";

/// Looks at `line`, which has lost its line end.
pub(crate) fn read(line: &[u8]) -> Line<'_> {
    match line {
        [b':', ..] => delivery(line).map_or(Line::Other, Line::Delivery),
        [b'P', b'I', b'N', b'G', b' ', token @ ..] => Line::Ping(token),
        [b'E', b'R', b'R', b'O', b'R', b' ', why @ ..] => Line::Error(why),
        _ => Line::Other,
    }
}

/// The numeric of a server's reply, as in `:server 001 nick :Welcome`.
pub(crate) fn numeric(line: &[u8]) -> Option<&[u8]> {
    let mut words = line.split(|&byte| byte == b' ');
    words.next().filter(|source| source.starts_with(b":"))?;
    words
        .next()
        .filter(|word| word.len() == 3 && word.iter().all(u8::is_ascii_digit))
}

/// Writes one message into `out`, padded to `bytes` of text.
pub(crate) fn write(out: &mut Vec<u8>, room: usize, delivery: &Delivery, bytes: usize) {
    use std::io::Write as _;
    let Delivery {
        sender,
        life,
        number,
        sent_micros,
    } = delivery;
    let _ = write!(out, "PRIVMSG #load{room} :");
    let text = out.len();
    let _ = write!(out, "~{sender} {life} {number} {sent_micros} ");
    out.resize(out.len().max(text + bytes), b'.');
    out.extend_from_slice(b"\r\n");
}

fn delivery(line: &[u8]) -> Option<Delivery> {
    let source = memchr::memchr(b' ', line)?;
    let rest = line[source + 1..].strip_prefix(b"PRIVMSG #")?;
    let room = memchr::memchr(b' ', rest)?;
    // A server may leave the colon out: the text has spaces, so it never does.
    let text = rest[room + 1..].strip_prefix(b":")?.strip_prefix(MARK)?;
    let (sender, text) = number(text)?;
    let (life, text) = number(text)?;
    let (number_of, text) = number(text)?;
    let (sent_micros, _) = number(text)?;
    Some(Delivery {
        sender: usize::try_from(sender).ok()?,
        life: u32::try_from(life).ok()?,
        number: u32::try_from(number_of).ok()?,
        sent_micros,
    })
}

/// A decimal number of at least one digit, ended by a space.
fn number(text: &[u8]) -> Option<(u64, &[u8])> {
    let mut value: u64 = 0;
    for (at, &byte) in text.iter().enumerate() {
        match byte {
            b'0'..=b'9' => value = value.checked_mul(10)?.checked_add(u64::from(byte - b'0'))?,
            b' ' if at > 0 => return Some((value, &text[at + 1..])),
            _ => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_back() {
        let sent = Delivery {
            sender: 1234,
            life: 2,
            number: 77,
            sent_micros: 98_765_432,
        };
        let mut line = b":load1234!l@127.0.0.1 ".to_vec();
        write(&mut line, 9, &sent, 64);
        assert_eq!(line.len(), b":load1234!l@127.0.0.1 PRIVMSG #load9 :".len() + 64 + 2);
        assert_eq!(read(&line[..line.len() - 2]), Line::Delivery(sent));
    }

    #[test]
    fn other_lines_are_other_lines() {
        assert_eq!(read(b":irc.example 001 load1 :Welcome"), Line::Other);
        assert_eq!(read(b":a!b@c PRIVMSG #load1 :hello"), Line::Other);
        assert_eq!(
            read(b":a!b@c PRIVMSG #load1 :~1 0 2 99999999999999999999999 "),
            Line::Other
        );
        assert_eq!(read(b"PING :token"), Line::Ping(b":token"));
        assert_eq!(read(b"ERROR :Excess Flood"), Line::Error(b":Excess Flood"));
        assert_eq!(numeric(b":irc.example 366 load1 #load1 :End"), Some(&b"366"[..]));
        assert_eq!(numeric(b":a!b@c JOIN #load1"), None);
    }
}
