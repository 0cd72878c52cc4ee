//! Who may see, and who may act.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Put into the extensions of a request, lets it see everything without a token. It lets nobody act.
#[derive(Clone, Copy, Debug)]
pub struct LetIn;

/// What a request must bring; `None` where there is nothing that would do.
#[derive(Clone, Default)]
pub(crate) struct Token(pub(crate) Option<Arc<str>>);

impl Token {
    /// Whether these headers bring it. As long as it takes for one that is right from the first byte, whatever is wrong.
    pub(crate) fn is_in(&self, headers: &HeaderMap) -> bool {
        let Some(token) = &self.0 else { return false };
        let brought = headers.get(header::AUTHORIZATION).map(|value| value.as_bytes());
        let brought = brought.and_then(|value| value.strip_prefix(b"Bearer "));
        brought.is_some_and(|brought| is_same(brought, token.as_bytes()))
    }
}

fn is_same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

/// Lets those pass who may see.
pub(crate) async fn may_see(State(token): State<Token>, request: Request, next: Next) -> Response {
    if request.extensions().get::<LetIn>().is_some() || token.is_in(request.headers()) {
        next.run(request).await
    } else {
        (StatusCode::UNAUTHORIZED, "this takes the token of the observer\n").into_response()
    }
}

/// Lets those pass who come from this machine.
pub(crate) async fn let_in(ConnectInfo(peer): ConnectInfo<SocketAddr>, mut request: Request, next: Next) -> Response {
    if is_of_this_machine(peer.ip(), request.headers()) {
        request.extensions_mut().insert(LetIn);
    }
    next.run(request).await
}

/// Whether a request comes from this machine, and to an address of it: a page of elsewhere that has a browser here ask for it does so by
/// another name.
///
/// Behind a proxy on this machine all requests come from it: one that has the proxy before it takes a token.
pub fn is_of_this_machine(peer: IpAddr, headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    peer.to_canonical().is_loopback() && host.is_some_and(is_this_machine)
}

fn is_this_machine(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    matches!(name, "localhost" | "127.0.0.1" | "[::1]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_elsewhere_is_not_this_machine() {
        for host in ["localhost", "localhost:9900", "127.0.0.1:80", "[::1]:80", "[::1]"] {
            assert!(is_this_machine(host), "{host}");
        }
        for host in [
            "evil.example",
            "evil.example:9900",
            "127.0.0.1.evil.example",
            "localhost:evil",
        ] {
            assert!(!is_this_machine(host), "{host}");
        }
    }

    #[test]
    fn a_token_is_the_whole_of_it() {
        let token = Token(Some("secret".into()));
        for (brought, is_in) in [("Bearer secret", true), ("Bearer secre", false), ("secret", false)] {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, brought.parse().expect("a value"));
            assert_eq!(token.is_in(&headers), is_in, "{brought}");
            assert!(!Token(None).is_in(&headers), "there is none");
        }
    }
}
