//! Brings the clients in: connect, take a nick, join a room, many of them side by side.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, bail};
use futures_util::StreamExt as _;
use futures_util::stream;
use indicatif::ProgressBar;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use crate::flags::{Flags, nick, room_name};
use crate::line::{self, Line};
use crate::server::Servers;

/// How long one client may take to come in.
const JOIN_MAX: Duration = Duration::from_secs(60);

/// Between two tries of one that has lost its server.
const AGAIN: Duration = Duration::from_millis(100);

/// A client that sits in its room.
pub(crate) struct Client {
    pub(crate) ears: OwnedReadHalf,
    pub(crate) voice: OwnedWriteHalf,
    /// The begin of a line that was read while joining.
    pub(crate) unread: Vec<u8>,
}

/// All clients, in the order of their numbers.
pub(crate) async fn join_all(flags: &Flags, servers: &Servers, bar: &ProgressBar) -> anyhow::Result<Vec<Client>> {
    let joining = (0..flags.clients).map(|number| async move {
        let address = servers.address_for(number, flags.rooms);
        let joined = tokio::time::timeout(JOIN_MAX, join(flags, address, number)).await;
        bar.inc(1);
        joined
            .unwrap_or_else(|_| bail!("no welcome within {JOIN_MAX:?}"))
            .with_context(|| format!("client {number} did not come in at {address}"))
    });
    let mut joining = stream::iter(joining).buffered(flags.at_once);
    let mut clients = Vec::with_capacity(flags.clients);
    while let Some(client) = joining.next().await {
        clients.push(client?);
    }
    Ok(clients)
}

/// Has a client come in again whose server was killed, at another one; again and again until it is in.
pub(crate) async fn come_back(flags: &Flags, servers: &Servers, number: usize) -> Client {
    loop {
        let address = servers.address_for(number, flags.rooms);
        // Until the others know that its server is gone, the nick is still taken.
        if let Ok(Ok(client)) = tokio::time::timeout(JOIN_MAX, join(flags, address, number)).await {
            return client;
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// How many servers the one at that address lists.
pub(crate) async fn servers_known_at(address: SocketAddr) -> anyhow::Result<usize> {
    let mut client = Client::connect(address).await?;
    client.register(&format!("probe{}", address.port())).await?;
    client.say("LINKS\r\n").await?;
    let listed = client.wait_for(b"365").await?;
    client.say("QUIT\r\n").await?;
    Ok(listed)
}

async fn join(flags: &Flags, address: SocketAddr, number: usize) -> anyhow::Result<Client> {
    let mut client = Client::connect(address).await?;
    client.register(&nick(number)).await?;
    client
        .say(&format!("JOIN {}\r\n", room_name(flags.room_of(number))))
        .await?;
    client.wait_for(b"366").await?;
    client.unread.shrink_to_fit();
    Ok(client)
}

impl Client {
    async fn connect(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address)
            .await
            .context("no connection (start a server first, or say --start)")?;
        stream.set_nodelay(true)?;
        let (ears, voice) = stream.into_split();
        Ok(Self {
            ears,
            voice,
            unread: Vec::with_capacity(1024),
        })
    }

    async fn register(&mut self, nick: &str) -> anyhow::Result<()> {
        self.say(&format!("NICK {nick}\r\nUSER load 0 * :a client of chat_load\r\n"))
            .await?;
        self.wait_for(b"001").await?;
        Ok(())
    }

    async fn say(&mut self, line: &str) -> anyhow::Result<()> {
        Ok(self.voice.write_all(line.as_bytes()).await?)
    }

    /// Reads until the reply `numeric` has come, and answers pings meanwhile. Returns how many servers were listed before it.
    async fn wait_for(&mut self, numeric: &[u8]) -> anyhow::Result<usize> {
        let mut listed = 0;
        loop {
            while let Some(end) = memchr::memchr(b'\n', &self.unread) {
                let whole: Vec<u8> = self.unread.drain(..=end).collect();
                let line = whole.trim_ascii_end();
                match (line::read(line), line::numeric(line)) {
                    (Line::Ping(token), _) => {
                        let token = String::from_utf8_lossy(token);
                        self.say(&format!("PONG {token}\r\n")).await?;
                    }
                    (Line::Error(_), _) => bail!("the server said: {}", String::from_utf8_lossy(line)),
                    (_, Some(found)) if found == numeric => return Ok(listed),
                    // 433 and its kind: the nick, the room or the client is refused.
                    (_, Some(refused)) if refused[0] == b'4' && refused != b"422" => {
                        bail!("the server refused: {}", String::from_utf8_lossy(line))
                    }
                    (_, Some(b"364")) => listed += 1,
                    _ => {}
                }
            }
            let count = self.ears.read_buf(&mut self.unread).await?;
            if count == 0 {
                bail!("the server closed the connection without a word: does it limit connections per host?");
            }
        }
    }
}
