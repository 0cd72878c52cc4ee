//! A small IRC client that waits for what it is told to expect, and says all it saw when that does not come.

use std::time::Duration;

use chat::Server;
use chat::config::Config;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Far more than any step takes: it only ends a test that would hang.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// Between two of the same question.
const AGAIN: Duration = Duration::from_millis(60);

/// Settings for a server of one test: free ports, no page.
pub(super) fn config() -> Config {
    Config {
        irc: Some("127.0.0.1:0".to_owned()),
        http: None,
        name: "test.server".to_owned(),
        ..Config::default()
    }
}

/// Starts a server of one test.
pub(super) async fn serve(config: Config) -> Server {
    Server::start(config).await.expect("the server starts")
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

pub(super) struct Client {
    stream: BufReader<Box<dyn Stream>>,
    nick: String,
    seen: Vec<String>,
    pings: u32,
}

impl Client {
    pub(super) fn over(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Self {
        let stream = BufReader::new(Box::new(stream) as Box<dyn Stream>);
        Self {
            stream,
            nick: "*".to_owned(),
            seen: Vec::new(),
            pings: 0,
        }
    }

    /// Connects and says nothing.
    pub(super) async fn connect(server: &Server) -> Self {
        let addr = server.irc_addr().expect("IRC is on");
        let stream = TcpStream::connect(addr).await.expect("the server listens");
        // Or the second line of a test would wait for the acknowledgement of the first.
        stream.set_nodelay(true).expect("a socket option");
        Self::over(stream)
    }

    /// Connects and registers.
    pub(super) async fn join_server(server: &Server, nick: &str) -> Self {
        Self::with_caps(server, nick, "").await
    }

    /// Connects, negotiates capabilities, and registers.
    pub(super) async fn with_caps(server: &Server, nick: &str, caps: &str) -> Self {
        let mut client = Self::connect(server).await;
        client.register(nick, caps).await;
        client
    }

    pub(super) async fn register(&mut self, nick: &str, caps: &str) {
        if !caps.is_empty() {
            self.send(&format!("CAP REQ :{caps}")).await;
            self.expect(" ACK ").await;
        }
        self.send(&format!("NICK {nick}\r\nUSER user 0 * :Real {nick}")).await;
        if !caps.is_empty() {
            self.send("CAP END").await;
        }
        self.nick = nick.to_owned();
        self.expect(" 422 ").await;
    }

    pub(super) async fn send(&mut self, line: &str) {
        self.send_bytes(format!("{line}\r\n").as_bytes()).await;
    }

    /// A client that is cut off may find its socket closed: what it expects then tells whether that was right.
    pub(super) async fn send_bytes(&mut self, bytes: &[u8]) {
        let _ = self.stream.get_mut().write_all(bytes).await;
        let _ = self.stream.get_mut().flush().await;
    }

    /// The next line, or `None` at the end of the connection.
    pub(super) async fn next(&mut self) -> Option<String> {
        let mut bytes = Vec::new();
        let read = timeout(PATIENCE, self.stream.read_until(b'\n', &mut bytes)).await;
        let Ok(read) = read else {
            panic!("{} waits in vain; it saw {:#?}", self.nick, self.seen)
        };
        if !matches!(read, Ok(1..)) {
            return None;
        }
        let line = String::from_utf8(bytes).expect("the server sends UTF-8 only");
        let line = line.trim_end_matches(['\r', '\n']).to_owned();
        self.seen.push(line.clone());
        Some(line)
    }

    /// The next line, which must be there.
    pub(super) async fn line(&mut self) -> String {
        let line = self.next().await;
        line.unwrap_or_else(|| panic!("{} was cut off; it saw {:#?}", self.nick, self.seen))
    }

    /// Reads until a line with `part` in it comes.
    pub(super) async fn expect(&mut self, part: &str) -> String {
        loop {
            let Some(line) = self.next().await else {
                panic!("{} was cut off before {part:?}; it saw {:#?}", self.nick, self.seen)
            };
            if line.contains(part) {
                return line;
            }
        }
    }

    /// All lines until the server has answered everything that was sent.
    pub(super) async fn sync(&mut self) -> Vec<String> {
        self.pings += 1;
        let token = format!("sync-{}", self.pings);
        self.send(&format!("PING {token}")).await;
        let mut lines = Vec::new();
        loop {
            let line = self.line().await;
            if line.contains("PONG") && line.ends_with(&token) {
                return lines;
            }
            lines.push(line);
        }
    }

    /// Sends a command and returns all that came until it was answered.
    pub(super) async fn ask(&mut self, line: &str) -> Vec<String> {
        self.send(line).await;
        self.sync().await
    }

    /// Sends a command again and again until what comes back is as it should be: what has to come from elsewhere takes its time.
    pub(super) async fn until(&mut self, line: &str, holds: impl Fn(&[String]) -> bool) {
        let all = async {
            loop {
                let lines = self.ask(line).await;
                if holds(&lines) {
                    return;
                }
                self.seen.clear();
                self.seen.extend(lines);
                tokio::time::sleep(AGAIN).await;
            }
        };
        let in_time = timeout(PATIENCE, all).await.is_ok();
        assert!(
            in_time,
            "{} asks {line} in vain; the last answer was {:#?}",
            self.nick, self.seen
        );
    }

    /// All lines until the server closes the connection.
    pub(super) async fn until_closed(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        while let Some(line) = self.next().await {
            lines.push(line);
        }
        lines
    }

    /// Enters a channel.
    pub(super) async fn join(&mut self, channel: &str) {
        self.send(&format!("JOIN {channel}")).await;
        self.expect(" 366 ").await;
    }
}

/// The numerics and commands of some lines, for a short look at what came.
pub(super) fn commands(lines: &[String]) -> Vec<&str> {
    lines
        .iter()
        .map(|line| {
            let mut words = line
                .split(' ')
                .skip_while(|word| word.starts_with('@') || word.starts_with(':'));
            words.next().unwrap_or("")
        })
        .collect()
}
