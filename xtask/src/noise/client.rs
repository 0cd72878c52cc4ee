//! A small blocking IRC client over TCP or over a WebSocket, which fails when it is not served in time.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::step::Outcome;

const CONNECT_MAX: Duration = Duration::from_secs(10);
const READ_SLICE: Duration = Duration::from_millis(50);

/// One connection to the server.
pub(super) struct Client {
    stream: TcpStream,
    framed: bool,
    /// What was received and not yet looked at; frame headers between lines do no harm to a search for words.
    seen: Vec<u8>,
}

impl Client {
    pub(super) fn tcp(server: SocketAddr) -> Outcome<Self> {
        let open = || {
            let stream = TcpStream::connect_timeout(&server, CONNECT_MAX)?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(READ_SLICE))?;
            stream.set_write_timeout(Some(CONNECT_MAX))?;
            Ok(stream)
        };
        let stream = open().map_err(|why: std::io::Error| format!("no connection to {server}: {why}"))?;
        Ok(Self {
            stream,
            framed: false,
            seen: Vec::new(),
        })
    }

    pub(super) fn websocket(server: SocketAddr) -> Outcome<Self> {
        let mut client = Self::tcp(server)?;
        client.write(upgrade(server).as_bytes())?;
        client.wait_for("\r\n\r\n", CONNECT_MAX)?;
        client.framed = true;
        Ok(client)
    }

    /// Takes `nick` and waits for the welcome.
    pub(super) fn register(&mut self, nick: &str, patience: Duration) -> Outcome {
        self.send(&format!("NICK {nick}"))?;
        self.send(&format!("USER {nick} 0 * :{nick}"))?;
        self.wait_for(" 001 ", patience)
    }

    pub(super) fn send(&mut self, line: &str) -> Outcome {
        if self.framed {
            return self.write(&frame(0x81, line.as_bytes(), [7, 11, 13, 17]));
        }
        self.write(format!("{line}\r\n").as_bytes())
    }

    /// Waits until `word` comes in, and answers the server's pings meanwhile.
    pub(super) fn wait_for(&mut self, word: &str, patience: Duration) -> Outcome {
        let begun = Instant::now();
        loop {
            if let Some(at) = find(&self.seen, word.as_bytes()) {
                self.seen.drain(..at + word.len());
                return Ok(());
            }
            if begun.elapsed() > patience {
                let tail = String::from_utf8_lossy(&self.seen);
                return Err(format!(
                    "the server did not say `{word}` within {patience:?}; it said: {tail:?}"
                ));
            }
            self.read()?;
        }
    }

    fn read(&mut self) -> Outcome {
        let mut chunk = [0; 16 * 1024];
        match self.stream.read(&mut chunk) {
            Ok(0) => {
                let tail = String::from_utf8_lossy(&self.seen);
                Err(format!(
                    "the server closed the connection of a well-behaved client; it said: {tail:?}"
                ))
            }
            Ok(count) => {
                let pinged = find(&chunk[..count], b"PING ").is_some();
                self.seen.extend_from_slice(&chunk[..count]);
                if pinged { self.send("PONG :noise") } else { Ok(()) }
            }
            Err(why) if matches!(why.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Ok(()),
            Err(why) => Err(format!("a well-behaved client lost its connection: {why}")),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Outcome {
        self.stream
            .write_all(bytes)
            .map_err(|why| format!("a well-behaved client could not write: {why}"))
    }
}

/// The request which turns an HTTP connection into a WebSocket.
pub(super) fn upgrade(server: SocketAddr) -> String {
    format!(
        "GET /irc HTTP/1.1\r\nHost: {server}\r\nOrigin: http://{server}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Protocol: text.ircv3.net\r\n\r\n"
    )
}

/// One masked client frame (RFC 6455, section 5.2) with `first` as its first byte.
pub(super) fn frame(first: u8, payload: &[u8], mask: [u8; 4]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        len @ 0..126 => bytes.push(0x80 | len as u8),
        len @ 126..0x1_0000 => {
            bytes.push(0x80 | 126);
            bytes.extend((len as u16).to_be_bytes());
        }
        len => {
            bytes.push(0x80 | 127);
            bytes.extend((len as u64).to_be_bytes());
        }
    }
    bytes.extend(mask);
    bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, key)| byte ^ key));
    bytes
}

fn find(within: &[u8], word: &[u8]) -> Option<usize> {
    within.windows(word.len()).position(|window| window == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_masked_and_says_its_length() {
        let short = frame(0x81, b"Hello", [0x37, 0xfa, 0x21, 0x3d]);
        assert_eq!(
            short,
            [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]
        );
        assert_eq!(&frame(0x82, &[0; 300], [0; 4])[..4], [0x82, 0xfe, 1, 44]);
    }
}
