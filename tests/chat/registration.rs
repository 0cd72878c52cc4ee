//! How a client is let in.

use super::client::{Client, commands, config, serve};
use chat::config::Config;

#[tokio::test]
async fn a_client_is_greeted_in_the_order_of_the_document() {
    let server = serve(config()).await;
    let mut ann = Client::connect(&server).await;
    ann.send("NICK ann\r\nUSER user 0 * :Ann").await;
    let mut lines = Vec::new();
    while !lines.last().is_some_and(|line: &String| line.contains(" 422 ")) {
        lines.push(ann.line().await);
    }
    let mut order = commands(&lines);
    order.dedup();
    assert_eq!(
        order,
        [
            "001", "002", "003", "004", "005", "251", "252", "253", "254", "255", "265", "266", "422"
        ]
    );
    assert!(lines[0].starts_with(":test.server 001 ann :"));
    server.shutdown().await;
}

#[tokio::test]
async fn nothing_but_registration_is_answered_before_it() {
    let server = serve(config()).await;
    let mut client = Client::connect(&server).await;
    client.send("JOIN #c\r\nPING x").await;
    assert!(client.line().await.contains(" 451 * :"));
    assert!(client.line().await.ends_with("PONG test.server :x"));
}

#[tokio::test]
async fn registration_waits_for_the_end_of_negotiation() {
    let server = serve(config()).await;
    let mut client = Client::connect(&server).await;
    client.send("CAP LS 302\r\nNICK ann\r\nUSER u 0 * :Ann\r\nPING x").await;
    client.expect(" CAP * LS :").await;
    assert!(client.line().await.contains("PONG"));
    client.send("CAP END").await;
    assert!(client.line().await.contains(" 001 ann "));
}

#[tokio::test]
async fn a_nick_is_given_to_one_client_only() {
    let server = serve(config()).await;
    let (mut one, mut two) = (Client::connect(&server).await, Client::connect(&server).await);
    one.send("NICK Same").await;
    two.send("NICK same").await;
    one.sync().await;
    two.sync().await;
    one.send("USER u 0 * :One").await;
    one.expect(" 001 ").await;
    two.send("USER u 0 * :Two").await;
    assert!(two.line().await.contains(" 433 * same :"));
    two.send("NICK other").await;
    two.expect(" 001 other ").await;
    assert_eq!(commands(&two.ask("NICK SAME").await).last(), Some(&"433"));
}

#[tokio::test]
async fn bad_nicks_and_empty_names_are_refused() {
    let server = serve(config()).await;
    let mut client = Client::connect(&server).await;
    for (line, numeric) in [
        ("NICK", " 431 "),
        ("NICK :", " 431 "),
        ("NICK *", " 432 * * :"),
        ("NICK 1a", " 432 "),
        ("NICK a,b", " 432 "),
        ("USER", " 461 * USER :"),
        ("USER u 0 * :", " 461 * USER :"),
        ("USER u", " 461 "),
        ("PASS", " 461 "),
        ("CAP NONSENSE", " 410 "),
    ] {
        client.send(line).await;
        let answer = client.line().await;
        assert!(answer.contains(numeric), "{line}: {answer}");
    }
    client.send("NICK fine\r\nUSER u 0 * :Fine").await;
    client.expect(" 001 fine ").await;
    client.sync().await;
    assert_eq!(commands(&client.ask("USER u 0 * :x").await), ["462"]);
    assert_eq!(commands(&client.ask("PASS x").await), ["462"]);
}

#[tokio::test]
async fn a_server_with_a_password_lets_in_who_knows_it() {
    let server = serve(Config {
        password: Some("secret".to_owned()),
        ..config()
    })
    .await;
    let mut right = Client::connect(&server).await;
    right.send("PASS secret").await;
    right.register("ann", "").await;
    for attempt in ["", "PASS wrong\r\n"] {
        let mut wrong = Client::connect(&server).await;
        wrong.send(&format!("{attempt}NICK bob\r\nUSER u 0 * :Bob")).await;
        let lines = wrong.until_closed().await;
        assert_eq!(commands(&lines), ["464", "ERROR"], "{lines:?}");
    }
}

#[tokio::test]
async fn quitting_frees_the_nick_before_the_connection_ends() {
    let server = serve(config()).await;
    for _ in 0..5 {
        let mut ann = Client::join_server(&server, "ann").await;
        ann.send("QUIT :bye").await;
        assert!(
            ann.until_closed()
                .await
                .last()
                .is_some_and(|line| line.starts_with("ERROR :Closing link: "))
        );
    }
}
