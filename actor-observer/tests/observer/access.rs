//! Promises about who may see, and who may act.

use std::io::ErrorKind;
use std::net::SocketAddr;

use actor_core::prelude::*;
use actor_observer::{LetIn, Observer, serve};
use axum::{Extension, Router};
use tokio::net::TcpListener;

use crate::client::get;
use crate::subject::Subject;

const LOCAL: ([u8; 4], u16) = ([127, 0, 0, 1], 0);

/// A program that nests the view among its own pages.
async fn nested(observer: Observer, lets_in: bool) -> SocketAddr {
    let mut router = Router::new().nest("/observer", observer.router());
    if lets_in {
        router = router.layer(Extension(LetIn));
    }
    let listener = TcpListener::bind(SocketAddr::from(LOCAL)).await.expect("a port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

#[tokio::test]
async fn who_has_no_token_and_was_not_let_in_sees_no_actor() {
    let system = System::new("test");
    let address = nested(Observer::new(&system).token("word"), false).await;
    for path in [
        "past",
        "looks",
        "children?path=/test",
        "find?text=a",
        "actor?path=/test/a",
    ] {
        let line = format!("GET /observer/api/{path}");
        assert_eq!(get(address, &line).send().await.0, 401, "{path}");
        assert_eq!(get(address, &line).token("other").send().await.0, 401, "{path}");
    }
    assert_eq!(get(address, "GET /observer/api/past").token("word").send().await.0, 200);
    let open = nested(Observer::new(&system), true).await;
    assert_eq!(get(open, "GET /observer/api/past").send().await.0, 200);
    let closed = nested(Observer::new(&system), false).await;
    assert_eq!(get(closed, "GET /observer/api/past").token("").send().await.0, 401);
    system.shutdown().await;
}

#[tokio::test]
async fn the_page_knows_where_it_lies_and_asks_nobody_else() {
    let system = System::new("test");
    let address = nested(Observer::new(&system), false).await;
    let (status, page) = get(address, "GET /observer").send().await;
    assert_eq!(status, 200);
    assert!(page.contains("<base href=\"/observer/\">"), "{page}");
    assert!(page.contains("default-src 'none'"), "{page}");
    for file in ["app.js", "charts.js", "parts.js", "style.css"] {
        let (status, text) = get(address, &format!("GET /observer/{file}")).send().await;
        assert_eq!(status, 200, "{file}");
        let elsewhere = text.replace("http://www.w3.org/2000/svg", "");
        assert!(
            !elsewhere.contains("http://") && !elsewhere.contains("https://"),
            "{file}"
        );
    }
    system.shutdown().await;
}

#[tokio::test]
async fn it_is_served_to_this_machine_alone_unless_there_is_a_token() {
    let system = System::new("test");
    let everywhere = SocketAddr::from(([0, 0, 0, 0], 0));
    let refused = serve(&system, everywhere).await.expect_err("anybody could look");
    assert_eq!(refused.kind(), ErrorKind::PermissionDenied);
    let serving = Observer::new(&system)
        .token("word")
        .serve(everywhere)
        .await
        .expect("a port");
    let address = SocketAddr::from(([127, 0, 0, 1], serving.address().port()));
    assert_eq!(get(address, "GET /api/past").send().await.0, 401);
    let serving = serve(&system, LOCAL.into()).await.expect("a port");
    assert_eq!(get(serving.address(), "GET /api/past").send().await.0, 200);
    // A page of elsewhere whose name leads here.
    let by_name = get(serving.address(), "GET /api/past").host("evil.example");
    assert_eq!(by_name.send().await.0, 401);
    system.shutdown().await;
}

#[tokio::test]
async fn to_act_takes_the_token_and_the_very_actor() {
    let system = System::new("test");
    let actor = system.spawn("a", || Subject).expect("a free name");
    let serving = Observer::new(&system)
        .token("word")
        .serve(LOCAL.into())
        .await
        .expect("a port");
    let act = |id: String, what: &str| {
        let body = format!(r#"{{"path":"/test/a","id":"{id}","what":"{what}"}}"#);
        get(serving.address(), "POST /api/act").body(body)
    };
    let id = actor.id().to_string();
    assert_eq!(
        act(id.clone(), "stop").send().await.0,
        403,
        "it was let in to see, and no more"
    );
    assert_eq!(act("#999999".to_owned(), "stop").token("word").send().await.0, 404);
    let life = actor.watch();
    assert_eq!(act(id.clone(), "restart").token("word").send().await.0, 204);
    while system.lives().restarted == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(act(id.clone(), "stop").token("word").send().await.0, 204);
    assert!(matches!(life.await.reason, ExitReason::Normal));
    assert_eq!(act(id, "stop").token("word").send().await.0, 404);
    system.shutdown().await;
}
