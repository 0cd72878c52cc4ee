//! The actor of the HTTP port: serves the page, and turns `/irc` into a WebSocket.

mod files;
mod port;

use std::sync::Arc;

use actor_core::prelude::*;
use actor_net::Cluster;
use axum::Router;
use axum::extract::ws::{WebSocket, WebSocketUpgrade};
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use tokio::sync::oneshot;

pub(crate) use self::port::{Peer, Port};
use crate::connection::connections::ConnectionsMsg;
use crate::observer;
use crate::site::Site;
use crate::transport::Link;

/// IRCv3's names for the two kinds of message; of a client that offers both, text is taken.
const SUBPROTOCOLS: [&str; 2] = ["text.ircv3.net", "binary.ircv3.net"];
/// Of one message from a client: more than any line, so that a long one is answered by the protocol's own error.
const MESSAGE_BYTES_MAX: usize = 16 * 1024;
/// Per client; the default of the library is many times that.
const READ_BUFFER_BYTES: usize = 4 * 1024;

/// Serves one port. Its requests run beside it, and end with it.
pub(crate) struct Web {
    port: Port,
    doors: Doors,
    cluster: Option<Cluster>,
    running: Option<oneshot::Sender<()>>,
}

#[derive(Clone)]
struct Doors {
    site: Arc<Site>,
    connections: Handle<ConnectionsMsg>,
}

/// The only message: the server of requests has ended, which it should not.
#[derive(Debug)]
pub(crate) struct Ended;

impl Web {
    /// Serves a bound port, which a restart takes up again.
    pub(crate) fn new(
        port: Port,
        site: Arc<Site>,
        connections: Handle<ConnectionsMsg>,
        cluster: Option<Cluster>,
    ) -> Self {
        Self {
            port,
            doors: Doors { site, connections },
            cluster,
            running: None,
        }
    }
}

impl Actor for Web {
    type Msg = Ended;

    async fn on_start(&mut self, ctx: &mut Context<Ended>) -> ActorResult {
        let mut router = Router::new().route("/irc", any(upgrade));
        let config = &self.doors.site.config;
        if let Some(token) = &config.observe {
            let (system, metrics) = (ctx.system(), config.metrics.as_ref());
            router = router.merge(observer::router(&system, self.cluster.as_ref(), token, metrics));
        }
        let router = router
            .fallback(get(files::serve))
            .with_state(self.doors.clone())
            .into_make_service_with_connect_info::<Peer>();
        let (running, stopped) = oneshot::channel();
        self.running = Some(running);
        let serve = axum::serve(self.port.clone(), router).with_graceful_shutdown(async move {
            // Resolves when this actor, which holds the other end, is gone.
            let _ = stopped.await;
        });
        ctx.attach(async move {
            let _ = serve.await;
            Ended
        });
        Ok(())
    }

    async fn handle(&mut self, _msg: Ended, _ctx: &mut Context<Ended>) -> ActorResult {
        Err(ActorError::new("the HTTP port is no longer served"))
    }
}

async fn upgrade(
    State(doors): State<Doors>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    if !doors.site.config.foreign_pages && !is_own_page(&headers) && !is_page_of_network(&doors.site, &headers) {
        return (StatusCode::FORBIDDEN, "pages of other sites may not connect here\n").into_response();
    }
    let upgrade = upgrade
        .protocols(SUBPROTOCOLS)
        .max_message_size(MESSAGE_BYTES_MAX)
        .max_frame_size(MESSAGE_BYTES_MAX)
        .read_buffer_size(READ_BUFFER_BYTES);
    let text = upgrade
        .selected_protocol()
        .is_none_or(|protocol| protocol != SUBPROTOCOLS[1]);
    upgrade.on_upgrade(move |socket: WebSocket| async move {
        peer.upgraded();
        let link = Link::WebSocket(Box::new(socket), text);
        let accept = ConnectionsMsg::Accept {
            link,
            address: peer.address.ip(),
            secure: false,
        };
        // While the server stops nobody takes it, and the client sees a closed connection.
        let _ = doors.connections.tell(accept).await;
    })
}

/// The page of another server of the network, which may have lost that one.
fn is_page_of_network(site: &Site, headers: &HeaderMap) -> bool {
    let origin = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
    origin.is_some_and(|origin| {
        site.servers
            .pages()
            .iter()
            .any(|page| under_one_name(page) == under_one_name(origin))
    })
}

/// Where a page is. This machine has several names for itself, and people go by another one than servers.
fn under_one_name(page: &str) -> String {
    let page = page.trim_end_matches('/');
    let (scheme, host) = page.split_once("://").unwrap_or(("", page));
    let port = ["localhost", "127.0.0.1", "[::1]"]
        .iter()
        .find_map(|name| host.strip_prefix(name))
        .filter(|port| port.is_empty() || port.starts_with(':'));
    port.map_or_else(|| page.to_owned(), |port| format!("{scheme}://localhost{port}"))
}

/// Programs send no origin. A browser does, and would otherwise lend its user's access to this address to any page.
fn is_own_page(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else {
        return true;
    };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
    origin.is_some_and(|(_, origin)| Some(origin) == host)
}
