//! Sockets of three kinds, which look the same to a connection: bytes come in, an outbox is written out.

use axum::extract::ws::WebSocket;

use self::socket::Socket;

pub mod socket;
pub mod tls;
pub mod websocket;
pub mod wire;

/// A client's way to us.
pub enum Link {
    /// TCP or TLS.
    Socket(Socket),
    /// WebSocket, with text messages or binary ones.
    WebSocket(Box<WebSocket>, bool),
}
