//! Random bytes and random commands: the server lives on, and an ordinary client never notices.

use std::time::{Duration, Instant, SystemTime};

use chat::config::Config;
use futures_util::SinkExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

use super::client::{Client, commands, config, serve};

const SPAN: Duration = Duration::from_secs(3);

/// A generator whose seed a failing test prints.
struct Dice(u64);

impl Dice {
    fn from_clock() -> Self {
        let seed = SystemTime::UNIX_EPOCH
            .elapsed()
            .map_or(1, |since| since.as_nanos() as u64 | 1);
        println!("seed {seed}");
        Self(seed)
    }

    fn throw(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % sides
    }

    fn bytes(&mut self) -> Vec<u8> {
        (0..self.throw(300)).map(|_| self.throw(256) as u8).collect()
    }

    fn pick(&mut self, words: &[&'static str]) -> &'static str {
        words[self.throw(words.len())]
    }

    fn command(&mut self) -> String {
        const COMMANDS: &[&str] = &[
            "CAP",
            "NICK",
            "USER",
            "PASS",
            "PING",
            "PONG",
            "JOIN",
            "PART",
            "TOPIC",
            "NAMES",
            "LIST",
            "INVITE",
            "KICK",
            "MODE",
            "PRIVMSG",
            "NOTICE",
            "TAGMSG",
            "WHO",
            "WHOIS",
            "WHOWAS",
            "USERHOST",
            "ISON",
            "AWAY",
            "MOTD",
            "LUSERS",
            "VERSION",
            "TIME",
            "INFO",
            "ADMIN",
            "HELP",
            "OPER",
            "KILL",
            "WALLOPS",
            "SETNAME",
            "MONITOR",
            "LINKS",
            "ERROR",
            "CRASH",
            "QUIT",
            "BATCH",
            "@label=x WHOIS",
            "@+typing=active TAGMSG",
            "@label=y;+x=1 PRIVMSG",
        ];
        const WORDS: &[&str] = &[
            "#a",
            "#b",
            "#c,#d",
            "#",
            "##",
            "n1",
            "n2",
            "n3,n4",
            "*",
            "?",
            "n*",
            "+o",
            "-o",
            "+beI",
            "+klimnst",
            "-klimnst",
            "b",
            "5",
            "0",
            "-1",
            "99999999999",
            ":",
            ":two words",
            "REQ",
            "LS",
            "302",
            "END",
            ":batch labeled-response",
            ":echo-message message-tags",
            "@#a",
            "+#b",
            "%tcuihsnfdlaor,1",
            "o",
            "C<1",
            ">0",
            "!x",
            "+",
            "L",
            "S",
            "é",
            "\u{1}ACTION\u{1}",
            "x!y@z",
            ":\u{202e}",
        ];
        let mut line = self.pick(COMMANDS).to_owned();
        for _ in 0..self.throw(5) {
            line.push(' ');
            line.push_str(self.pick(WORDS));
        }
        line
    }
}

fn loud() -> Config {
    let mut config = Config {
        http: Some("127.0.0.1:0".to_owned()),
        ..config()
    };
    (config.limits.lines_burst, config.limits.lines_per_second) = (100_000, 100_000);
    config.limits.farewell_timeout = Duration::from_millis(200);
    config
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_bytes_and_commands_disturb_nobody() {
    let server = serve(loud()).await;
    let mut ann = Client::join_server(&server, "ann").await;
    ann.join("#quiet").await;
    let mut dice = Dice::from_clock();
    let start = Instant::now();
    let mut rounds = 0;
    while start.elapsed() < SPAN {
        let mut raw = TcpStream::connect(server.irc_addr().unwrap()).await.unwrap();
        for _ in 0..5 {
            let _ = raw.write_all(&dice.bytes()).await;
        }
        let mut http = TcpStream::connect(server.http_addr().unwrap()).await.unwrap();
        let _ = http.write_all(&dice.bytes()).await;

        let mut speaker = Client::connect(&server).await;
        speaker.send(&format!("NICK n{}\r\nUSER u 0 * :x", dice.throw(5))).await;
        for _ in 0..200 {
            let line = dice.command();
            speaker.send(&line).await;
        }
        let addr = server.http_addr().unwrap();
        let stream = TcpStream::connect(addr).await.unwrap();
        let (mut socket, _) = tokio_tungstenite::client_async(format!("ws://{addr}/irc"), stream)
            .await
            .unwrap();
        let _ = socket
            .send(Message::text(format!("NICK n{}\nUSER u 0 * :x", dice.throw(5))))
            .await;
        for _ in 0..20 {
            let (line, bytes) = (dice.command(), dice.bytes());
            let _ = socket.send(Message::text(line)).await;
            let _ = socket.send(Message::binary(bytes)).await;
        }
        assert_eq!(ann.ask("PRIVMSG #quiet :still here").await, Vec::<String>::new());
        rounds += 1;
    }
    assert!(rounds > 3);
    assert!(ann.ask("NAMES #quiet").await[0].ends_with(":@ann"));
    // What the last of them have sent is still read, and may make users of them, when they are gone themselves.
    loop {
        let census = ann.ask("LUSERS").await;
        let is_alone = |numeric: &str| census.iter().any(|line| line.contains(numeric));
        if is_alone(" 265 ann 1 ") && is_alone(" 254 ann 1 ") && commands(&ann.ask("WHO *").await) == ["352", "315"] {
            break;
        }
    }
    let report = server.shutdown().await;
    println!("{rounds} rounds, {report:?}");
}
