//! The observer at `/observer`, with the metrics at `/metrics`, for those who run the server.

use actor_core::prelude::*;
use actor_net::Cluster;
use actor_observer::{LetIn, Observer, is_of_this_machine};
use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::http::header;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::get;

use crate::config::Metrics;
use crate::http::Peer;

/// The format of what Prometheus and others collect.
const METRICS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Who sits at this machine sees everything; others, and whoever wants to act, bring the token.
pub(crate) fn router<S: Clone + Send + Sync + 'static>(
    system: &System,
    cluster: Option<&Cluster>,
    token: &str,
    metrics: Option<&Metrics>,
) -> Router<S> {
    let observer = Observer::new(system).token(token);
    let observer = match cluster {
        Some(cluster) => observer.cluster(cluster),
        None => observer,
    };
    let mut beside = Router::new();
    if let Some(metrics) = metrics.cloned() {
        let render = move || async move { ([(header::CONTENT_TYPE, METRICS_TYPE)], metrics.render()) };
        beside = beside.route("/metrics", get(render));
        beside = observer.guarded(beside);
    }
    beside.nest("/observer", observer.router()).layer(from_fn(let_in))
}

async fn let_in(ConnectInfo(peer): ConnectInfo<Peer>, mut request: Request, next: Next) -> Response {
    if is_of_this_machine(peer.address.ip(), request.headers()) {
        request.extensions_mut().insert(LetIn);
    }
    next.run(request).await
}
