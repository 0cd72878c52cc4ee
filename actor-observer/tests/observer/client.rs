//! A client that says no more than a browser must.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A request on its way.
pub(crate) struct Request<'a> {
    address: SocketAddr,
    line: &'a str,
    host: String,
    token: Option<&'a str>,
    body: String,
}

pub(crate) fn get(address: SocketAddr, line: &str) -> Request<'_> {
    Request {
        address,
        line,
        host: address.to_string(),
        token: None,
        body: String::new(),
    }
}

impl<'a> Request<'a> {
    pub(crate) fn host(mut self, host: &str) -> Self {
        self.host = host.to_owned();
        self
    }

    pub(crate) fn token(mut self, token: &'a str) -> Self {
        self.token = Some(token);
        self
    }

    pub(crate) fn body(mut self, body: String) -> Self {
        self.body = body;
        self
    }

    pub(crate) async fn begin(self) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.expect("it is served");
        let token = self.token.map(|token| format!("Authorization: Bearer {token}\r\n"));
        let head = format!(
            "{} HTTP/1.1\r\nHost: {}\r\n{}Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}",
            self.line,
            self.host,
            token.unwrap_or_default(),
            self.body.len(),
            self.body,
        );
        stream.write_all(head.as_bytes()).await.expect("it reads");
        stream
    }

    /// The status and the rest of the answer.
    pub(crate) async fn send(self) -> (u16, String) {
        let mut answer = String::new();
        self.begin().await.read_to_string(&mut answer).await.expect("text");
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
        (status.expect("a status"), answer)
    }
}
