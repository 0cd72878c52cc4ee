//! How bytes get from one node to another: a choice made at run time, behind one trait.

#[cfg(any(test, feature = "keygen"))]
mod keygen;
mod memory;
mod tcp;
mod tls;

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::secret::Secret;

#[cfg(any(test, feature = "keygen"))]
pub use keygen::development_certificates;
pub use memory::{Delay, MemoryNetwork, MemoryTransport};
pub use tcp::Tcp;
pub use tls::{CertificateError, Tls, TlsFiles};

/// A way to reach other nodes and to be reached.
///
/// # Cancel safety
/// Whoever drops a future of it drops what it was making, and nothing else.
#[async_trait]
pub trait Transport: Send + Sync + 'static {
    /// Takes connections at an address, from now on.
    ///
    /// # Errors
    /// The address is taken, is none, or is not allowed.
    async fn listen(&self, at: &str) -> io::Result<Box<dyn Listener>>;

    /// Makes a connection to an address. It may take for ever: the caller has the clock.
    ///
    /// # Errors
    /// Nobody is there, or it is somebody whom the transport does not trust.
    async fn dial(&self, to: &str) -> io::Result<Stream>;

    /// Where a node is found of which nobody has said so. `None`: that is not known here.
    fn address_of(&self, _node: &str) -> Option<String> {
        None
    }
}

/// Where connections come in.
#[async_trait]
pub trait Listener: Send {
    /// The next connection, not yet opened: a peer that is slow to open it keeps nobody else waiting.
    ///
    /// # Errors
    /// Those of the operating system, as too many open files. The listener can go on.
    ///
    /// # Cancel safety
    /// A dropped future loses no connection.
    async fn accept(&mut self) -> io::Result<Incoming>;

    /// The address that it has, with the port that was chosen where none was asked for.
    fn address(&self) -> String;
}

/// The future that opens a connection which came in.
pub type Opening = Pin<Box<dyn Future<Output = io::Result<Stream>> + Send>>;

/// A connection that came in.
pub struct Incoming {
    /// Where from: an address with its port, or a name. So many of one may be in their handshake at a time.
    pub from: String,
    /// What remains to be done, as a handshake of the transport's own.
    pub opening: Opening,
}

/// A connection.
pub struct Stream {
    /// What the peer sends.
    pub reader: Box<dyn AsyncRead + Send + Unpin>,
    /// What is sent to the peer.
    pub writer: Box<dyn AsyncWrite + Send + Unpin>,
    /// What the transport knows of the peer.
    pub identity: Identity,
    /// What both ends of this very connection know, and nobody else, if there is such a thing: keys for what is said beside it are made
    /// of that.
    pub secret: Option<Secret>,
    /// The peer's address, for the log.
    pub address: String,
}

/// What a transport knows of a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// Nothing: the handshake has to find out.
    Unproven,
    /// A certificate that is trusted, for these names.
    Certificate {
        /// Its alternative names that are names of hosts.
        names: Vec<String>,
    },
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({:?})", self.address, self.identity)
    }
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.from)
    }
}
