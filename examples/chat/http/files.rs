//! The page's files, which are part of the program.

use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use super::Doors;

/// The page loads nothing from elsewhere, runs no script but its own files, and is in nobody's frame.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     font-src 'self'; manifest-src 'self'; media-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'; connect-src 'self'";
/// In a network it may connect to the other servers, of which more may come.
const NETWORK_TOO: &str = " ws: wss:";

struct File {
    path: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
}

macro_rules! files {
    ($($kind:ident: $($name:literal)*;)*) => {
        &[$($(File { path: concat!("/", $name), kind: $kind, bytes: include_bytes!(concat!("../web/", $name)) },)*)*]
    };
}

const HTML: &str = "text/html; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

const FILES: &[File] = files! {
    HTML: "index.html";
    STYLE: "style.css";
    SVG: "icon.svg";
    SCRIPT: "app.js" "commands.js" "composer.js" "connection.js" "dialogs.js" "dom.js" "format.js" "irc.js" "log.js"
        "numerics.js" "outgoing.js" "panels.js" "people.js" "protocol.js" "state.js" "theme.js" "typing.js" "view.js";
};

/// Answers a GET of a file.
pub(super) async fn serve(State(doors): State<Doors>, uri: Uri) -> Response {
    let path = if uri.path() == "/" { "/index.html" } else { uri.path() };
    let Some(file) = FILES.iter().find(|file| file.path == path) else {
        return (StatusCode::NOT_FOUND, "there is no such page here\n").into_response();
    };
    let others = doors.site.config.peering.as_ref().map_or("", |_| NETWORK_TOO);
    let headers = [
        (header::CONTENT_TYPE, file.kind.to_owned()),
        (
            header::CONTENT_SECURITY_POLICY,
            format!("{CONTENT_SECURITY_POLICY}{others}"),
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::REFERRER_POLICY, "no-referrer".to_owned()),
        // The files change with the program, and not otherwise; the page is small enough to be asked for again.
        (header::CACHE_CONTROL, "no-cache".to_owned()),
    ];
    (headers, file.bytes).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_page_is_served() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/chat/web");
        for entry in std::fs::read_dir(folder).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let kept_back = name == "package.json" || name.ends_with(".test.js");
            assert!(
                kept_back || FILES.iter().any(|file| file.path[1..] == name),
                "{name} is not in FILES"
            );
        }
    }
}
