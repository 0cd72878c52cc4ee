//! The files of the page, which are part of the program.

use axum::extract::OriginalUri;
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};

const INDEX: &str = include_str!("../page/index.html");

/// Nothing is loaded from elsewhere, and what is shown is never run.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'self'; frame-ancestors 'none'";

/// The page. It may lie anywhere below a server's root, and says itself where.
pub(crate) async fn index(OriginalUri(uri): OriginalUri) -> Response {
    let base = uri.path().trim_end_matches('/');
    let page = INDEX.replace("{base}", &escaped(base));
    ([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(page)).into_response()
}

pub(crate) async fn script() -> impl IntoResponse {
    file("text/javascript; charset=utf-8", include_str!("../page/app.js"))
}

pub(crate) async fn charts() -> impl IntoResponse {
    file("text/javascript; charset=utf-8", include_str!("../page/charts.js"))
}

pub(crate) async fn parts() -> impl IntoResponse {
    file("text/javascript; charset=utf-8", include_str!("../page/parts.js"))
}

pub(crate) async fn style() -> impl IntoResponse {
    file("text/css; charset=utf-8", include_str!("../page/style.css"))
}

fn file(kind: &'static str, text: &'static str) -> impl IntoResponse {
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache")];
    (headers, text)
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('"', "&quot;");
    text.replace('<', "&lt;").replace('>', "&gt;")
}
