//! Whatever a client sends: it is answered or let go, and nobody else notices.

use std::time::{Duration, Instant};

use chat::config::Config;

use super::client::{Client, commands, config, serve};

#[tokio::test]
async fn lines_that_are_too_long_are_refused_and_the_client_stays() {
    let server = serve(config()).await;
    let mut ann = Client::join_server(&server, "ann").await;
    ann.send(&format!("PING {}", "x".repeat(505))).await;
    assert!(ann.line().await.contains("PONG"));
    ann.send(&format!("PING {}", "x".repeat(506))).await;
    assert!(ann.line().await.contains(" 417 ann :"));
    ann.send(&format!("PRIVMSG ann :{}", "x".repeat(9000))).await;
    assert!(ann.line().await.contains(" 417 ann :"));
    assert_eq!(commands(&ann.ask("JOIN #c").await)[0], "JOIN");
}

#[tokio::test]
async fn tags_have_a_limit_of_their_own() {
    let server = serve(config()).await;
    let mut ann = Client::with_caps(&server, "ann", "message-tags echo-message").await;
    ann.join("#c").await;
    ann.send(&format!("@foo=bar;+baz={} TAGMSG #c", "a".repeat(4081))).await;
    assert!(ann.line().await.contains(&"a".repeat(4081)));
    ann.send(&format!("@foo=bar;+baz={} TAGMSG #c", "a".repeat(4082))).await;
    assert!(ann.line().await.contains(" 417 "));
    ann.send(&format!(
        "@foo=bar;+baz={} PRIVMSG #c {}",
        "a".repeat(4081),
        "b".repeat(496)
    ))
    .await;
    let echo = ann.line().await;
    assert!(echo.contains(&"a".repeat(4081)) && echo.contains(&"b".repeat(400)));
}

#[tokio::test]
async fn a_browser_that_is_sent_to_the_irc_port_can_do_nothing() {
    let server = serve(config()).await;
    let mut browser = Client::connect(&server).await;
    browser
        .send("POST / HTTP/1.1\r\nHost: x\r\n\r\nNICK eve\r\nUSER u 0 * :x\r\nJOIN #c")
        .await;
    let lines = browser.until_closed().await;
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with("ERROR") && lines[0].contains("IRC and not HTTP"));
}

#[tokio::test]
async fn a_line_without_end_ends_the_connection() {
    let server = serve(config()).await;
    let mut ann = Client::join_server(&server, "ann").await;
    ann.send(&format!("PRIVMSG #test {}", "a".repeat(16384))).await;
    assert!(ann.until_closed().await.last().unwrap().contains("Input line too long"));
}

#[tokio::test]
async fn text_that_is_no_utf8_is_refused_with_a_standard_reply() {
    let server = serve(config()).await;
    let mut ann = Client::with_caps(&server, "ann", "labeled-response batch").await;
    let mut bob = Client::join_server(&server, "bob").await;
    ann.send_bytes(b"@label=x PRIVMSG bob :hi\xaa\r\n").await;
    assert!(
        ann.line()
            .await
            .starts_with("@label=x :test.server FAIL PRIVMSG INVALID_UTF8 :")
    );
    ann.send_bytes(b"\xff\xfe\xfd\r\n").await;
    assert!(ann.line().await.starts_with(":test.server FAIL * INVALID_UTF8 :"));
    assert_eq!(bob.sync().await, Vec::<String>::new());
}

#[tokio::test]
async fn half_lines_nul_bytes_and_stray_line_ends_do_no_harm() {
    let server = serve(config()).await;
    let mut ann = Client::join_server(&server, "ann").await;
    for byte in b"PING one\n" {
        ann.send_bytes(&[*byte]).await;
    }
    assert!(ann.line().await.ends_with(":one"));
    ann.send_bytes("PRIVMSG ann :😃".as_bytes().split_at(15).0).await;
    ann.send_bytes("PRIVMSG ann :😃".as_bytes().split_at(15).1).await;
    ann.send_bytes(b"\r\n").await;
    assert!(ann.line().await.ends_with(":😃"));
    ann.send_bytes(b"PRIVMSG ann :a\0b\r\n").await;
    assert!(ann.line().await.contains(" 400 ann PRIVMSG :"));
    ann.send_bytes(b"\r\n\n\r\r\n   \r\n@\r\n:\r\n@a=b\r\n:x \r\nPRIVMSG ann :a\rPING two\r\n")
        .await;
    assert!(ann.line().await.ends_with("PRIVMSG ann :a"));
    assert!(ann.line().await.ends_with(":two"));
}

#[tokio::test]
async fn a_relayed_line_is_cut_between_two_characters() {
    let server = serve(config()).await;
    let mut ann = Client::join_server(&server, "ann").await;
    for shift in 0..4 {
        let text = format!("{}{}", "x".repeat(shift), "😃".repeat(123));
        ann.send(&format!("PRIVMSG ann :{text}")).await;
        let line = ann.line().await;
        let relayed = line.split(" :").nth(1).unwrap();
        assert!(line.len() <= 510 && text.starts_with(relayed) && relayed.len() > 400);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_ends_the_connection_and_nobody_else_notices() {
    let server = serve(config()).await;
    let mut ann = Client::join_server(&server, "ann").await;
    let mut flood = Client::join_server(&server, "flood").await;
    for _ in 0..100 {
        flood.send(&"PRIVMSG nobody :0123456789\r\n".repeat(100)).await;
    }
    assert!(flood.until_closed().await.last().unwrap().contains("(Excess Flood)"));
    assert_eq!(commands(&ann.ask("WHOIS flood").await), ["401", "318"]);
}

#[tokio::test]
async fn a_client_past_its_burst_is_served_at_its_rate() {
    let mut config = config();
    (config.limits.lines_burst, config.limits.lines_per_second) = (10, 20);
    let server = serve(config).await;
    let mut ann = Client::join_server(&server, "ann").await;
    let start = Instant::now();
    for n in 0..30 {
        ann.send(&format!("PING {n}")).await;
    }
    for n in 0..30 {
        assert!(ann.line().await.ends_with(&format!(":{n}")));
    }
    let took = start.elapsed();
    assert!(took > Duration::from_millis(900), "{took:?}");
}

#[tokio::test]
async fn who_does_not_register_in_time_is_let_go() {
    let mut config = config();
    config.limits.registration_timeout = Duration::from_secs(1);
    let server = serve(config).await;
    let start = Instant::now();
    let mut slow = Client::connect(&server).await;
    slow.send_bytes(b"NICK slo").await;
    assert!(
        slow.until_closed()
            .await
            .last()
            .unwrap()
            .contains("Registration timed out")
    );
    assert!(start.elapsed() > Duration::from_millis(900));
}

#[tokio::test]
async fn missing_parameters_are_named() {
    let server = serve(config()).await;
    let mut ann = Client::join_server(&server, "ann").await;
    for command in [
        "JOIN", "PART", "TOPIC", "KICK", "INVITE", "MODE", "USERHOST", "ISON", "MONITOR", "SETNAME", "OPER", "CAP",
    ] {
        assert_eq!(
            ann.ask(command).await,
            [format!(":test.server 461 ann {command} :Not enough parameters")]
        );
    }
}

#[tokio::test]
async fn there_is_room_for_so_many_clients_and_no_more() {
    let mut config = Config { ..config() };
    config.limits.clients_max = 2;
    let server = serve(config).await;
    let mut one = Client::join_server(&server, "one").await;
    let _two = Client::join_server(&server, "two").await;
    let mut three = Client::connect(&server).await;
    assert!(
        three
            .until_closed()
            .await
            .concat()
            .contains("ERROR :Closing link: 127.0.0.1 (The server is full")
    );
    one.send("QUIT").await;
    one.until_closed().await;
    drop(one);
    // The place is free as soon as the connection is gone on both sides.
    loop {
        let mut again = Client::connect(&server).await;
        again.send("NICK four\r\nUSER u 0 * :x").await;
        if again.line().await.contains(" 001 ") {
            break;
        }
    }
}

#[tokio::test]
async fn one_address_has_room_for_so_many_clients() {
    let mut config = config();
    (config.limits.clients_per_address_max, config.limits.loopback_limited) = (1, true);
    let server = serve(config).await;
    let _one = Client::join_server(&server, "one").await;
    let mut two = Client::connect(&server).await;
    assert!(
        two.until_closed()
            .await
            .concat()
            .contains("Too many connections from your address")
    );
}
