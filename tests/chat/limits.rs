//! The limits that `RPL_ISUPPORT` tells are the limits that hold.

use std::time::Duration;

use super::client::{Client, commands, config, serve};

async fn token(client: &mut Client, name: &str) -> String {
    let lines = client.ask("VERSION").await.join(" ");
    let value = lines
        .split(' ')
        .find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
    value.unwrap_or_else(|| panic!("{name} is not in {lines}")).to_owned()
}

#[tokio::test]
async fn names_and_channels_have_the_length_that_is_told() {
    let server = serve(config()).await;
    let mut ann = Client::join_server(&server, "ann").await;
    let nick_len: usize = token(&mut ann, "NICKLEN").await.parse().unwrap();
    let channel_len: usize = token(&mut ann, "CHANNELLEN").await.parse().unwrap();
    assert_eq!(
        commands(&ann.ask(&format!("NICK {}", "a".repeat(nick_len))).await),
        ["NICK"]
    );
    assert_eq!(
        commands(&ann.ask(&format!("NICK {}", "b".repeat(nick_len + 1))).await),
        ["432"]
    );
    let channel = format!("#{}", "a".repeat(channel_len - 1));
    assert_eq!(commands(&ann.ask(&format!("JOIN {channel}")).await)[0], "JOIN");
    assert_eq!(commands(&ann.ask(&format!("JOIN {channel}a")).await), ["403"]);
    let topic_len: usize = token(&mut ann, "TOPICLEN").await.parse().unwrap();
    let topic = ann
        .ask(&format!("TOPIC {channel} :{}", "t".repeat(topic_len + 1)))
        .await;
    assert!(topic[0].ends_with(&format!(" :{}", "t".repeat(topic_len))));
}

#[tokio::test]
async fn one_user_enters_so_many_channels() {
    let mut config = config();
    config.limits.channels_per_user_max = 3;
    let server = serve(config).await;
    let mut op = Client::join_server(&server, "op").await;
    op.join("#0").await;
    let mut ann = Client::join_server(&server, "ann").await;
    assert_eq!(token(&mut ann, "CHANLIMIT").await, "#:3");
    ann.ask("JOIN #0,#1,#2").await;
    assert_eq!(commands(&ann.ask("JOIN #3").await), ["405"]);
    op.ask("KICK #0 ann").await;
    ann.sync().await;
    assert_eq!(commands(&ann.ask("JOIN #3").await)[0], "JOIN");
    assert_eq!(commands(&ann.ask("JOIN #4").await), ["405"]);
    ann.ask("PART #1").await;
    assert_eq!(commands(&ann.ask("JOIN #4").await)[0], "JOIN");
}

#[tokio::test]
async fn one_server_holds_so_many_channels_and_lists_so_many_masks() {
    let mut config = config();
    (config.limits.channels_max, config.limits.masks_per_channel_max) = (2, 2);
    let server = serve(config).await;
    let mut ann = Client::join_server(&server, "ann").await;
    assert_eq!(commands(&ann.ask("JOIN #1,#2,#3").await).last(), Some(&"405"));
    assert_eq!(commands(&ann.ask("MODE #1 +be a b").await), ["MODE"]);
    assert_eq!(commands(&ann.ask("MODE #1 +b c").await), ["478"]);
}

#[tokio::test]
async fn a_silent_client_is_asked_for_a_sign_of_life_and_let_go_without_one() {
    let mut config = config();
    (config.limits.ping_interval, config.limits.ping_timeout) = (Duration::from_secs(1), Duration::from_secs(1));
    let server = serve(config).await;
    let mut alive = Client::join_server(&server, "alive").await;
    let mut dead = Client::join_server(&server, "dead").await;
    alive.join("#c").await;
    dead.join("#c").await;
    alive.sync().await;
    for _ in 0..3 {
        assert_eq!(alive.expect("PING").await, "PING :test.server");
        alive.send("PONG test.server").await;
    }
    assert!(
        dead.until_closed()
            .await
            .last()
            .unwrap()
            .contains("(Ping timeout: 2 seconds)")
    );
    alive
        .ask("WHOIS dead")
        .await
        .iter()
        .find(|line| line.contains(" 401 "))
        .expect("dead is gone");
}
