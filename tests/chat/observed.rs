//! What those see who run the server.

use chat::config::{Config, Metrics};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::client::{Client, config, serve};

/// What a request for this brings, by one who calls the server so.
async fn get(address: std::net::SocketAddr, path: &str, host: &str, token: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("the server listens");
    let head =
        format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await.expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("text");
    answer
}

/// What Prometheus' own check would complain of, and labels that may have any number of values.
fn complaints(answer: &str) -> Vec<&str> {
    let (_, text) = answer.split_once("\r\n\r\n").expect("a body");
    let is_helped = |name: &str| text.contains(&format!("# HELP {name} "));
    let is_right = |line: &str| {
        if line.starts_with("# HELP ") {
            return true;
        }
        if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|line| line.split_once(' ')) {
            return is_helped(name) && (kind == "counter") == name.ends_with("_total");
        }
        let Some((name, value)) = line.rsplit_once(' ') else {
            return false;
        };
        let labels = name
            .split_once('{')
            .map_or("", |(_, labels)| labels.trim_end_matches('}'));
        let mut labels = labels.split("\",").filter_map(|label| label.split_once("=\""));
        value.parse::<f64>().is_ok() && labels.all(|(label, _)| ["kind", "outcome", "reason", "le"].contains(&label))
    };
    text.lines()
        .filter(|line| !line.is_empty() && !is_right(line))
        .collect()
}

#[tokio::test]
async fn metrics_are_for_this_machine_and_for_those_who_have_the_token() {
    let durations = Matcher::Suffix("duration".to_owned());
    let builder = PrometheusBuilder::new().with_recommended_naming(true);
    let builder = builder
        .set_buckets_for_metric(durations, &[0.001, 1.0])
        .expect("buckets");
    let recorder = builder.build_recorder();
    let handle = recorder.handle();
    // Of this test alone: all of it runs on one thread, but for what may block.
    let _recording = metrics::set_default_local_recorder(&recorder);
    let server = serve(Config {
        http: Some("127.0.0.1:0".to_owned()),
        observe: Some("word".to_owned()),
        metrics: Some(Metrics::new(move || handle.render())),
        ..config()
    })
    .await;
    let address = server.http_addr().expect("HTTP is on");
    let elsewhere = "chat.example";
    assert!(
        get(address, "/metrics", elsewhere, "")
            .await
            .starts_with("HTTP/1.1 401")
    );
    assert!(
        get(address, "/metrics", elsewhere, "word")
            .await
            .starts_with("HTTP/1.1 200")
    );

    let mut ann = Client::join_server(&server, "ann").await;
    ann.ask("JOIN #a,#b").await;
    // Of 64 messages of an actor one is timed; which one depends on its number, so on what ran before in this process.
    for _ in 0..64 {
        ann.ask("PRIVMSG #a :word").await;
    }
    let wanted = [
        "actor_living{kind=\"chat::connection::ConnectionMsg\"} 1",
        "actor_living{kind=\"chat::channel::request::RoomMsg\"} 2",
        "actor_lives_restarted_total 0",
        "actor_asks_total{outcome=\"timed_out\"} 0",
        "# HELP actor_living Actors that live",
        "# TYPE actor_handler_duration_seconds histogram",
    ];
    let own = address.to_string();
    loop {
        let text = get(address, "/metrics", &own, "").await;
        if wanted.iter().all(|line| text.lines().any(|known| known == *line)) {
            let answered = text
                .lines()
                .find_map(|line| line.strip_prefix("actor_asks_total{outcome=\"answered\"} "));
            let answered: u64 = answered.and_then(|count| count.parse().ok()).expect("a number");
            assert!(
                answered >= 3,
                "it has asked for a nick and for two rooms, but {answered} were answered"
            );
            assert_eq!(complaints(&text), Vec::<&str>::new());
            break;
        }
    }
}
