//! TCP, TLS and WebSocket clients meet in one room; the page is served beside it.

use std::sync::Arc;
use std::time::Duration;

use chat::Server;
use chat::config::{Config, Tls};
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::ring};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::client::{Client, PATIENCE, commands, config, serve};
use super::network::Network;

type WebSocket = WebSocketStream<TcpStream>;

fn with_page() -> Config {
    Config {
        http: Some("127.0.0.1:0".to_owned()),
        ..config()
    }
}

async fn open(server: &Server, headers: &[(&'static str, &str)]) -> Result<(WebSocket, Option<String>), Error> {
    let addr = server.http_addr().expect("HTTP is on");
    let stream = TcpStream::connect(addr).await.expect("the server listens");
    let mut request = format!("ws://{addr}/irc").into_client_request()?;
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().expect("a header"));
    }
    let (socket, response) = client_async(request, stream).await?;
    let protocol = response
        .headers()
        .get("sec-websocket-protocol")
        .map(|name| name.to_str().unwrap().to_owned());
    Ok((socket, protocol))
}

async fn message(socket: &mut WebSocket) -> Message {
    let message = timeout(PATIENCE, socket.next()).await.expect("a message comes");
    message.expect("the connection is open").expect("and well")
}

async fn expect(socket: &mut WebSocket, part: &str) -> Message {
    loop {
        let message = message(socket).await;
        let text = String::from_utf8_lossy(&message.clone().into_data()).into_owned();
        assert!(!text.contains(['\r', '\n']), "a message is one line: {text:?}");
        if text.contains(part) {
            return message;
        }
    }
}

#[tokio::test]
async fn a_websocket_client_chats_with_a_tcp_client() {
    let server = serve(with_page()).await;
    for (wanted, agreed, is_text) in [
        (Some("text.ircv3.net"), Some("text.ircv3.net"), true),
        (Some("binary.ircv3.net"), Some("binary.ircv3.net"), false),
        (Some("binary.ircv3.net, text.ircv3.net"), Some("text.ircv3.net"), true),
        (None, None, true),
    ] {
        let mut ann = Client::join_server(&server, "ann").await;
        ann.join("#c").await;
        let headers: Vec<_> = wanted
            .iter()
            .map(|wanted| ("sec-websocket-protocol", *wanted))
            .collect();
        let (mut bob, protocol) = open(&server, &headers).await.expect("the upgrade is granted");
        assert_eq!(protocol.as_deref(), agreed);
        bob.send(Message::text("NICK bob")).await.unwrap();
        bob.send(Message::binary("USER u 0 * :Bob\r\n")).await.unwrap();
        let welcome = expect(&mut bob, " 001 bob ").await;
        assert_eq!(welcome.is_text(), is_text);
        bob.send(Message::text("JOIN #c")).await.unwrap();
        expect(&mut bob, " 366 ").await;
        bob.send(Message::text("PRIVMSG #c :from the browser 😃"))
            .await
            .unwrap();
        assert!(ann.expect("PRIVMSG").await.ends_with(":from the browser 😃"));
        ann.send("PRIVMSG #c :from the terminal").await;
        expect(&mut bob, ":from the terminal").await;
        bob.send(Message::text(format!("PING {}", "x".repeat(1000))))
            .await
            .unwrap();
        expect(&mut bob, " 417 ").await;
        bob.send(Message::Ping("are you there".into())).await.unwrap();
        while !message(&mut bob).await.is_pong() {}
        bob.send(Message::text("QUIT :bye")).await.unwrap();
        expect(&mut bob, "ERROR :Closing link").await;
        assert!(message(&mut bob).await.is_close());
        assert!(ann.expect("QUIT").await.ends_with(":Quit: bye"));
        ann.send("QUIT").await;
        ann.until_closed().await;
    }
    server.shutdown().await;
}

#[tokio::test]
async fn a_websocket_that_just_goes_away_is_noticed() {
    let server = serve(with_page()).await;
    let mut ann = Client::join_server(&server, "ann").await;
    ann.join("#c").await;
    let (mut bob, _) = open(&server, &[]).await.expect("the upgrade is granted");
    bob.send(Message::text("NICK bob\r\nUSER u 0 * :Bob\r\nJOIN #c"))
        .await
        .unwrap();
    expect(&mut bob, " 366 ").await;
    drop(bob);
    ann.expect(" QUIT ").await;
}

#[tokio::test]
async fn a_websocket_that_is_closed_by_its_client_is_closed_well() {
    let server = serve(with_page()).await;
    let (mut bob, _) = open(&server, &[]).await.expect("the upgrade is granted");
    bob.send(Message::text("NICK bob\r\nUSER u 0 * :Bob")).await.unwrap();
    expect(&mut bob, " 422 ").await;
    bob.send(Message::Close(None)).await.unwrap();
    assert!(message(&mut bob).await.is_close(), "its close frame is answered");
    server.shutdown().await;
}

#[tokio::test]
async fn pages_of_other_sites_may_not_connect_unless_they_are_let() {
    let server = serve(with_page()).await;
    let own = format!("http://{}", server.http_addr().unwrap());
    assert!(open(&server, &[("origin", &own)]).await.is_ok());
    let refused = open(&server, &[("origin", "https://elsewhere.example")]).await;
    assert!(matches!(refused, Err(Error::Http(response)) if response.status() == 403));
    let server = serve(Config {
        foreign_pages: true,
        ..with_page()
    })
    .await;
    assert!(open(&server, &[("origin", "https://elsewhere.example")]).await.is_ok());
}

#[tokio::test]
async fn pages_of_other_servers_may_connect_by_each_name_of_this_machine() {
    let network = Network::with(2, with_page()).await;
    let port = |at: usize| network.servers[at].http_addr().unwrap().port();
    let (server, other, unknown) = (&network.servers[0], port(1), port(0).wrapping_add(port(1)) | 1);
    for host in ["127.0.0.1", "localhost", "[::1]"] {
        let origin = format!("http://{host}:{other}");
        assert!(open(server, &[("origin", &origin)]).await.is_ok(), "{origin}");
        for strange in [
            format!("http://{host}:{unknown}"),
            format!("http://{host}.example:{other}"),
        ] {
            let refused = open(server, &[("origin", &strange)]).await;
            assert!(matches!(refused, Err(Error::Http(_))), "{strange}");
        }
    }
}

async fn get(server: &Server, path: &str) -> String {
    let mut stream = TcpStream::connect(server.http_addr().unwrap()).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut answer))
        .await
        .expect("an answer")
        .unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn the_page_is_served_from_the_program_and_loads_nothing_from_elsewhere() {
    let server = serve(with_page()).await;
    for (path, kind) in [
        ("/", "text/html"),
        ("/app.js", "text/javascript"),
        ("/style.css", "text/css"),
        ("/icon.svg", "image/svg+xml"),
    ] {
        let answer = get(&server, path).await;
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        let head = head.to_lowercase();
        assert!(
            head.starts_with("http/1.1 200") && head.contains(&format!("content-type: {kind}")),
            "{head}"
        );
        assert!(
            head.contains("content-security-policy: default-src 'none'; script-src 'self'"),
            "{head}"
        );
        assert!(head.contains("x-content-type-options: nosniff") && !body.is_empty());
    }
    assert!(get(&server, "/../Cargo.toml").await.starts_with("HTTP/1.1 404"));
    assert!(get(&server, "/irc").await.starts_with("HTTP/1.1 4"));
}

#[tokio::test]
async fn an_http_client_that_never_finishes_its_request_is_let_go() {
    let mut config = with_page();
    config.limits.registration_timeout = Duration::from_secs(1);
    let server = serve(config).await;
    let mut stream = TcpStream::connect(server.http_addr().unwrap()).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost:").await.unwrap();
    let mut answer = Vec::new();
    let ended = timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    assert!(ended.is_ok(), "the server holds on to it");
}

#[tokio::test]
async fn a_tls_client_chats_and_is_known_to_be_safe() {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let folder = std::env::temp_dir().join(format!("chat-tls-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (certificate, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let tls = Tls {
        address: "127.0.0.1:0".to_owned(),
        certificate,
        key,
    };
    let server = serve(Config {
        tls: Some(tls),
        ..config()
    })
    .await;
    std::fs::remove_dir_all(&folder).unwrap();

    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let client = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let client = client.with_safe_default_protocol_versions().unwrap();
    let client = client.with_root_certificates(roots).with_no_client_auth();
    let stream = TcpStream::connect(server.tls_addr().unwrap()).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let stream = TlsConnector::from(Arc::new(client))
        .connect(name, stream)
        .await
        .unwrap();
    let mut ann = Client::over(stream);
    ann.register("ann", "").await;
    let mut bob = Client::join_server(&server, "bob").await;
    ann.join("#c").await;
    bob.join("#c").await;
    ann.send("PRIVMSG #c :in secret").await;
    assert!(bob.expect("PRIVMSG").await.ends_with(":in secret"));
    assert!(commands(&bob.ask("WHOIS ann").await).contains(&"671"));
    assert!(!commands(&bob.ask("WHOIS bob").await).contains(&"671"));
    bob.ask(&format!("PRIVMSG ann :{}", "x".repeat(400))).await;
    ann.expect("xxx").await;
    ann.send("QUIT").await;
    assert!(ann.until_closed().await.last().unwrap().starts_with("ERROR "));

    let mut noise = TcpStream::connect(server.tls_addr().unwrap()).await.unwrap();
    noise.write_all(b"this is no handshake\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let _ = timeout(PATIENCE, noise.read_to_end(&mut answer))
        .await
        .expect("the server gives up");
}
