//! The observer at `/observer`, for those who run the server.

use actor_core::prelude::*;
use actor_net::Cluster;
use actor_observer::{LetIn, Observer, is_of_this_machine};
use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::middleware::{Next, from_fn};
use axum::response::Response;

use crate::http::Peer;

/// Who sits at this machine sees everything; others, and whoever wants to act, bring the token.
pub(crate) fn router<S: Clone + Send + Sync + 'static>(
    system: &System,
    cluster: Option<&Cluster>,
    token: &str,
) -> Router<S> {
    let observer = Observer::new(system).token(token);
    let observer = match cluster {
        Some(cluster) => observer.cluster(cluster),
        None => observer,
    };
    observer.router().layer(from_fn(let_in))
}

async fn let_in(ConnectInfo(peer): ConnectInfo<Peer>, mut request: Request, next: Next) -> Response {
    if is_of_this_machine(peer.address.ip(), request.headers()) {
        request.extensions_mut().insert(LetIn);
    }
    next.run(request).await
}
