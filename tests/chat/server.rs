//! How a server starts, and how it ends.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use actor_net::Secret;
use chat::config::{Config, Operator, Tls};
use chat::network::peering::{Peering, Proof};
use chat::{Server, StartError};

use super::client::{Client, commands, config, serve};

async fn refused(config: Config) -> String {
    let error: StartError = Server::start(config).await.expect_err("it cannot start");
    error.to_string()
}

#[tokio::test]
async fn what_keeps_a_server_from_starting_is_said_with_a_way_out() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap();
    let _holder = std::net::TcpListener::bind(taken);
    let nowhere = PathBuf::from("/nowhere/at/all");
    let tls = Tls {
        address: "127.0.0.1:0".to_owned(),
        certificate: nowhere.clone(),
        key: nowhere.clone(),
    };
    let mut small = config();
    small.limits.outbox_bytes_max = 1;
    let operator = Operator {
        name: "root".to_owned(),
        hash: "secret".to_owned(),
    };
    let nameless = Operator {
        name: String::new(),
        ..operator.clone()
    };
    let among_others = |listen: &str, join: &str, proof| Config {
        peering: Some(Peering {
            join: vec![join.to_owned()],
            ..Peering::new(listen, proof)
        }),
        ..config()
    };
    let secret = Proof::Secret(Secret::new(&[7; 32]).unwrap());
    for (config, parts) in [
        (
            among_others("127.0.0.1:0", "10.0.0.1:7000", Proof::SecretFile(nowhere.clone())),
            [
                "--secret-file /nowhere/at/all: No such file",
                "16 random bytes, the same for all servers",
            ],
        ),
        (
            among_others("127.0.0.1:0", "10.0.0.1", secret.clone()),
            ["join is 10.0.0.1", "a host and a port, such as 10.0.0.1:7000"],
        ),
        (
            among_others(&taken.to_string(), "10.0.0.1:7000", secret),
            ["--node 127.0.0.1:", "choose another address, or stop what is there"],
        ),
        (
            Config {
                irc: Some(taken.to_string()),
                ..config()
            },
            ["--irc", "choose another port"],
        ),
        (
            Config {
                irc: Some("here".to_owned()),
                ..config()
            },
            ["--irc here", "127.0.0.1:6667"],
        ),
        (
            Config {
                http: Some("1.2.3.4:0".to_owned()),
                ..config()
            },
            ["--http 1.2.3.4:0", "no such address"],
        ),
        (
            Config {
                motd: Some(nowhere.clone()),
                ..config()
            },
            ["/nowhere/at/all", "text file"],
        ),
        (
            Config {
                tls: Some(tls),
                ..config()
            },
            ["/nowhere/at/all", "PEM file"],
        ),
        (
            Config {
                operators: vec![operator],
                ..config()
            },
            ["operator root", "argon2 SALT -id -e"],
        ),
        (
            Config {
                name: "two words".to_owned(),
                ..config()
            },
            ["two words", "one word"],
        ),
        (small, ["outbox-bytes-max is 1", "between"]),
        (
            Config {
                password: Some(String::new()),
                ..config()
            },
            ["password", "1 to 400 bytes"],
        ),
        (
            Config {
                operators: vec![nameless],
                ..config()
            },
            ["name of an operator", "one word"],
        ),
    ] {
        let text = refused(config).await;
        assert!(parts.iter().all(|part| text.contains(part)), "{text}");
    }
}

#[tokio::test]
async fn a_message_of_the_day_is_shown() {
    let path = std::env::temp_dir().join(format!("chat-motd-{}", std::process::id()));
    std::fs::write(&path, "Be kind.\n\n\u{1b}[31mHave fun.\n").unwrap();
    let server = serve(Config {
        motd: Some(path.clone()),
        ..config()
    })
    .await;
    std::fs::remove_file(&path).unwrap();
    let mut ann = Client::connect(&server).await;
    ann.send("NICK ann\r\nUSER u 0 * :x").await;
    ann.expect(" 376 ").await;
    let lines = ann.ask("MOTD").await;
    assert_eq!(commands(&lines), ["375", "372", "372", "372", "376"]);
    assert!(lines[1].ends_with(":- Be kind.") && lines[3].ends_with(":- [31mHave fun."));
}

#[tokio::test]
async fn a_message_of_the_day_that_no_client_could_take_is_refused() {
    let path = std::env::temp_dir().join(format!("chat-long-motd-{}", std::process::id()));
    for (lines, parts) in [
        ("day\n".repeat(150).into_bytes(), None),
        ("day\n".repeat(1_500).into_bytes(), Some(["too long", "shorten it"])),
        (vec![b'x'; 1_000_000], Some(["too long", "outbox-bytes-max"])),
        (vec![0xff; 100], Some(["not UTF-8", "save it as such"])),
    ] {
        std::fs::write(&path, lines).unwrap();
        let mut config = Config {
            motd: Some(path.clone()),
            ..config()
        };
        config.limits.outbox_bytes_max = 40_000;
        if let Some(parts) = parts {
            let text = refused(config).await;
            assert!(parts.iter().all(|part| text.contains(part)), "{text}");
        } else {
            let server = serve(config).await;
            let mut ann = Client::connect(&server).await;
            ann.send("NICK ann\r\nUSER u 0 * :x").await;
            ann.expect(" 376 ").await;
        }
    }
    std::fs::remove_file(&path).unwrap();
}

#[tokio::test]
async fn stopping_tells_the_clients_and_is_quick() {
    let server = serve(config()).await;
    let mut ann = Client::join_server(&server, "ann").await;
    let mut bob = Client::join_server(&server, "bob").await;
    let mut stranger = Client::connect(&server).await;
    ann.join("#c").await;
    bob.join("#c").await;
    stranger.sync().await;
    let start = Instant::now();
    let clients = async {
        for client in [&mut ann, &mut bob, &mut stranger] {
            let lines = client.until_closed().await;
            assert!(
                lines
                    .last()
                    .unwrap()
                    .contains("ERROR :Closing link: 127.0.0.1 (Server is shutting down)")
            );
        }
        // They hold their sides open until here: the server must not wait for that long.
    };
    let (report, ()) = tokio::join!(server.shutdown(), clients);
    assert!(start.elapsed() < Duration::from_secs(5), "{report:?}");
    assert!(
        Server::start(Config {
            irc: server.irc_addr().map(|addr| addr.to_string()),
            ..config()
        })
        .await
        .is_ok()
    );
}

#[tokio::test]
async fn many_servers_live_in_one_process() {
    let (one, two) = (serve(config()).await, serve(config()).await);
    let mut ann = Client::join_server(&one, "ann").await;
    let mut other = Client::join_server(&two, "ann").await;
    ann.join("#c").await;
    other.join("#c").await;
    one.shutdown().await;
    assert!(other.ask("NAMES #c").await[0].ends_with(":@ann"));
}
