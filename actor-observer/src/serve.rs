//! The way in: what is answered where.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use actor_core::System;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures_util::stream::{self, Stream, StreamExt};
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::access::{Token, let_in, may_see};
use crate::act::Act;
use crate::hub::Hub;
use crate::look::{Looker, Nodes};
use crate::page;
use crate::view::{Actor, Detail};

/// So many actors are sent in one answer at most.
const PAGE_MAX: usize = 200;

/// A view of one system, to be served.
#[derive(Clone)]
#[must_use = "nothing is served before `router` or `serve`"]
pub struct Observer {
    system: System,
    nodes: Option<Nodes>,
    token: Token,
}

/// A view that is served on an address of its own, until this is dropped.
#[derive(Debug)]
pub struct Serving {
    address: SocketAddr,
    task: JoinHandle<()>,
}

#[derive(Clone)]
struct Doors {
    hub: Arc<Hub>,
    token: Token,
}

/// Serves a view of `system` on `address`, which must be one of this machine: a loopback address. Port 0 takes any that is free.
/// It is read-only. [`Observer`] has more to choose.
///
/// # Errors
/// The address is taken, or is not of this machine: `PermissionDenied`.
pub async fn serve(system: &System, address: SocketAddr) -> io::Result<Serving> {
    Observer::new(system).serve(address).await
}

impl Observer {
    /// A view of this system that is read-only.
    pub fn new(system: &System) -> Self {
        Self {
            system: system.clone(),
            nodes: None,
            token: Token::default(),
        }
    }

    /// Shows the nodes that this one is connected with, or was.
    #[cfg(feature = "net")]
    pub fn node(mut self, node: &actor_net::Node) -> Self {
        let node = node.clone();
        self.nodes = Some(Arc::new(move || crate::nodes::of_node(&node)));
        self
    }

    /// The same, with the members of the cluster that it is in.
    #[cfg(feature = "net")]
    pub fn cluster(mut self, cluster: &actor_net::Cluster) -> Self {
        let cluster = cluster.clone();
        self.nodes = Some(Arc::new(move || crate::nodes::of_cluster(&cluster)));
        self
    }

    /// Lets those see from anywhere, and act, who bring this word as a bearer token. Who opens the page puts it behind the address:
    /// `/#token=…`, where it stays in the browser. An empty one counts as none.
    pub fn token(mut self, token: &str) -> Self {
        self.token = Token((!token.is_empty()).then(|| token.into()));
        self
    }

    /// What to nest among one's own pages, as `Router::new().nest("/observer", router)`. It shows itself to those who bring the
    /// token, and to requests with [`LetIn`](crate::LetIn) among their extensions.
    pub fn router<S: Clone + Send + Sync + 'static>(self) -> Router<S> {
        let doors = Doors {
            hub: Hub::new(&self.system, self.nodes.clone()),
            token: self.token.clone(),
        };
        let seen = Router::new()
            .route("/api/past", get(past))
            .route("/api/looks", get(looks))
            .route("/api/children", get(children))
            .route("/api/find", get(find))
            .route("/api/actor", get(actor))
            .route("/api/act", post(act))
            .route("/top", get(top));
        let seen = self.guarded(seen);
        Router::new()
            .route("/", get(page::index))
            .route("/app.js", get(page::script))
            .route("/charts.js", get(page::charts))
            .route("/parts.js", get(page::parts))
            .route("/style.css", get(page::style))
            .merge(seen)
            .with_state(doors)
    }

    /// Shows what is behind `router` to those alone who may see: to be called after [`token`](Self::token).
    pub fn guarded<S: Clone + Send + Sync + 'static>(&self, router: Router<S>) -> Router<S> {
        router.layer(from_fn_with_state(self.token.clone(), may_see))
    }

    /// Serves it on an address of its own. Those who come from this machine are let in; if the address is not of this machine,
    /// that takes a token.
    ///
    /// # Errors
    /// The address is taken; or it is not of this machine, and there is no token: `PermissionDenied`.
    pub async fn serve(self, address: SocketAddr) -> io::Result<Serving> {
        let is_of_here = address.ip().is_loopback();
        if !is_of_here && self.token.0.is_none() {
            let words = "an observer that others can reach takes a token, see `Observer::token`";
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, words));
        }
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let mut router = self.router();
        if is_of_here {
            router = router.layer(from_fn(let_in));
        }
        let task = tokio::spawn(async move {
            // It ends by no error: what goes wrong with one connection ends that one.
            let served = router.into_make_service_with_connect_info::<SocketAddr>();
            let _ = axum::serve(listener, served).await;
        });
        tracing::info!(%address, "the observer is served");
        Ok(Serving { address, task })
    }
}

impl Serving {
    /// Where it is served.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    path: String,
    #[serde(default)]
    text: String,
    after: Option<u64>,
    max: Option<usize>,
}

impl Asked {
    fn max(&self) -> usize {
        self.max.unwrap_or(PAGE_MAX).min(PAGE_MAX)
    }
}

async fn past(State(doors): State<Doors>, headers: HeaderMap) -> Response {
    let may_act = doors.token.is_in(&headers);
    let past = doors.hub.with(|looker| looker.past()).await;
    past.map_or_else(gone, |past| {
        Json(json!({ "points": past, "may_act": may_act })).into_response()
    })
}

async fn looks(State(doors): State<Doors>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let looks = stream::unfold(doors.hub.follow(), |mut followed| async move {
        followed.changed().await.ok()?;
        let look = followed.borrow_and_update().clone();
        Some((Ok(Event::default().data(&*look)), followed))
    });
    Sse::new(looks.boxed()).keep_alive(KeepAlive::default())
}

async fn children(State(doors): State<Doors>, Query(asked): Query<Asked>) -> Response {
    let found = doors.hub.with(move |looker| {
        let page = looker.inspector.children(&asked.path, asked.after, asked.max())?;
        Some(json!({ "actors": Actor::all(&page.actors), "next": page.next }))
    });
    found
        .await
        .flatten()
        .map_or_else(gone, |page| Json(page).into_response())
}

async fn find(State(doors): State<Doors>, Query(asked): Query<Asked>) -> Response {
    let found = doors.hub.with(move |looker| {
        let skip = asked.after.unwrap_or(0) as usize;
        let page = looker.inspector.find(&asked.text, skip, asked.max());
        json!({ "actors": Actor::all(&page.actors), "next": page.next })
    });
    found.await.map_or_else(gone, |page| Json(page).into_response())
}

async fn actor(State(doors): State<Doors>, Query(asked): Query<Asked>) -> Response {
    let found = doors.hub.with(move |looker| {
        let actor = looker.inspector.actor(&asked.path)?;
        let closeup = looker.closeups.of(actor.info.id);
        Some(Detail::new(&actor, closeup))
    });
    found
        .await
        .flatten()
        .map_or_else(gone, |detail| Json(detail).into_response())
}

async fn top(State(doors): State<Doors>) -> Response {
    let seen = doors.hub.with(Looker::top).await;
    seen.map_or_else(gone, IntoResponse::into_response)
}

async fn act(State(doors): State<Doors>, headers: HeaderMap, Json(act): Json<Act>) -> Response {
    if !doors.token.is_in(&headers) {
        return (StatusCode::FORBIDDEN, "to act takes the token of the observer\n").into_response();
    }
    match doors.hub.with(move |looker| act.carry_out(looker)).await {
        Some(true) => StatusCode::NO_CONTENT.into_response(),
        _ => gone(),
    }
}

fn gone() -> Response {
    (StatusCode::NOT_FOUND, "there is no such actor any more\n").into_response()
}
