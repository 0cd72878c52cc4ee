//! The actor that takes new sockets from one port.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actor_core::prelude::*;
use futures_util::stream;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::connections::ConnectionsMsg;
use crate::transport::Link;
use crate::transport::socket::Socket;

/// After a failed accept (no descriptors left, for example), so that the loop does not spin.
const PAUSE: Duration = Duration::from_millis(100);

/// Hands each new socket to the supervisor of connections, one after the other: when that is busy, the port waits.
pub struct Listener {
    port: Arc<TcpListener>,
    tls: Option<TlsAcceptor>,
    connections: Handle<ConnectionsMsg>,
}

/// One result of the port.
pub enum Accepted {
    /// A new socket.
    Socket(TcpStream, SocketAddr),
    /// Not this time.
    Failed(std::io::Error),
}

impl Listener {
    /// Listens on a bound port, which a restart takes up again.
    pub fn new(port: Arc<TcpListener>, tls: Option<TlsAcceptor>, connections: Handle<ConnectionsMsg>) -> Self {
        Self { port, tls, connections }
    }
}

impl Actor for Listener {
    type Msg = Accepted;

    async fn on_start(&mut self, ctx: &mut Context<Accepted>) -> ActorResult {
        let port = self.port.clone();
        ctx.attach_stream(stream::unfold(port, |port| async move {
            let accepted = match port.accept().await {
                Ok((socket, address)) => Accepted::Socket(socket, address),
                Err(error) => {
                    tokio::time::sleep(PAUSE).await;
                    Accepted::Failed(error)
                }
            };
            Some((accepted, port))
        }));
        Ok(())
    }

    async fn handle(&mut self, msg: Accepted, _ctx: &mut Context<Accepted>) -> ActorResult {
        match msg {
            Accepted::Socket(socket, address) => {
                let secure = self.tls.is_some();
                let link = Link::Socket(Socket::new(socket, self.tls.as_ref()));
                // While the server stops nobody takes it, and the client sees a closed connection.
                let _ = self
                    .connections
                    .tell(ConnectionsMsg::Accept {
                        link,
                        address: address.ip(),
                        secure,
                    })
                    .await;
            }
            Accepted::Failed(error) => tracing::warn!(%error, "a connection could not be accepted"),
        }
        Ok(())
    }
}
