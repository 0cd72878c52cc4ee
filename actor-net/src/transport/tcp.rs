//! Plain TCP: for a shared secret, or for development on one machine.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use async_trait::async_trait;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream, lookup_host};

use super::{Identity, Incoming, Listener, Stream, Transport};

/// How often the kernel asks a silent peer, beside our own heartbeat: that finds a dead one also while this process is stopped.
const KEEPALIVE: Duration = Duration::from_secs(15);

/// TCP without encryption.
#[derive(Clone, Copy, Debug)]
pub struct Tcp {
    loopback_only: bool,
    user_timeout: Duration,
}

impl Tcp {
    /// For nodes that prove who they are by a secret. `user_timeout` is how long written bytes may stay unacknowledged; take the
    /// `heartbeat_timeout`.
    pub fn new(user_timeout: Duration) -> Self {
        Self {
            loopback_only: false,
            user_timeout,
        }
    }

    /// For nodes that prove nothing: it refuses every address that is not of this machine alone.
    pub fn loopback_only(user_timeout: Duration) -> Self {
        Self {
            loopback_only: true,
            user_timeout,
        }
    }

    /// Whether an address may be used.
    async fn resolve(&self, address: &str) -> io::Result<Vec<SocketAddr>> {
        let found: Vec<SocketAddr> = lookup_host(address).await?.collect();
        if found.is_empty() {
            let why = format!("{address} has no address");
            return Err(io::Error::new(io::ErrorKind::NotFound, why));
        }
        let outside = found.iter().find(|address| !address.ip().is_loopback());
        match outside.filter(|_| self.loopback_only) {
            Some(outside) => Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                format!("{outside} is not loopback: without authentication nothing else is allowed"),
            )),
            None => Ok(found),
        }
    }

    /// An open socket, not split yet.
    pub(super) async fn connect(&self, to: &str) -> io::Result<TcpStream> {
        let found = self.resolve(to).await?;
        let socket = TcpStream::connect(&found[..]).await?;
        self.tune(&socket)?;
        Ok(socket)
    }

    pub(super) async fn bind(&self, at: &str) -> io::Result<TcpListener> {
        let found = self.resolve(at).await?;
        TcpListener::bind(&found[..]).await
    }

    pub(super) fn tune(&self, socket: &TcpStream) -> io::Result<()> {
        // Batching is ours: what is written is to go at once.
        socket.set_nodelay(true)?;
        let socket = SockRef::from(socket);
        socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE / 3))?;
        #[cfg(target_os = "linux")]
        socket.set_tcp_user_timeout(Some(self.user_timeout))?;
        Ok(())
    }
}

#[async_trait]
impl Transport for Tcp {
    async fn listen(&self, at: &str) -> io::Result<Box<dyn Listener>> {
        let listener = self.bind(at).await?;
        Ok(Box::new(TcpDoor { tcp: *self, listener }))
    }

    async fn dial(&self, to: &str) -> io::Result<Stream> {
        Ok(plain(self.connect(to).await?, to.to_owned()))
    }
}

struct TcpDoor {
    tcp: Tcp,
    listener: TcpListener,
}

#[async_trait]
impl Listener for TcpDoor {
    async fn accept(&mut self) -> io::Result<Incoming> {
        let (socket, from) = self.listener.accept().await?;
        let tcp = self.tcp;
        let from = from.to_string();
        let address = from.clone();
        let opening = Box::pin(async move {
            tcp.tune(&socket)?;
            Ok(plain(socket, address))
        });
        Ok(Incoming { from, opening })
    }

    fn address(&self) -> String {
        address_of(&self.listener)
    }
}

pub(super) fn address_of(listener: &TcpListener) -> String {
    listener
        .local_addr()
        .map(|address| address.to_string())
        .unwrap_or_default()
}

fn plain(socket: TcpStream, address: String) -> Stream {
    let (reader, writer) = socket.into_split();
    Stream {
        reader: Box::new(reader),
        writer: Box::new(writer),
        identity: Identity::Unproven,
        secret: None,
        address,
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(5);

    #[tokio::test]
    async fn bytes_go_both_ways() {
        let tcp = Tcp::loopback_only(TIMEOUT);
        let mut door = tcp.listen("127.0.0.1:0").await.unwrap();
        let mut here = tcp.dial(&door.address()).await.unwrap();
        let mut there = door.accept().await.unwrap().opening.await.unwrap();
        here.writer.write_all(b"ask").await.unwrap();
        let mut bytes = [0; 3];
        there.reader.read_exact(&mut bytes).await.unwrap();
        assert_eq!(&bytes, b"ask");
        there.writer.write_all(b"yes").await.unwrap();
        here.reader.read_exact(&mut bytes).await.unwrap();
        assert_eq!(&bytes, b"yes");
        assert_eq!(here.identity, Identity::Unproven);
    }

    #[tokio::test]
    async fn without_authentication_only_loopback_is_allowed() {
        let tcp = Tcp::loopback_only(TIMEOUT);
        for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:1"] {
            let refused = tcp.listen(address).await.err().map(|why| why.kind());
            assert_eq!(refused, Some(io::ErrorKind::PermissionDenied), "{address}");
            let refused = tcp.dial(address).await.err().map(|why| why.kind());
            assert_eq!(refused, Some(io::ErrorKind::PermissionDenied), "{address}");
        }
        assert!(Tcp::new(TIMEOUT).listen("0.0.0.0:0").await.is_ok());
    }
}
