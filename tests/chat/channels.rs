//! Channels: coming, going, topics, names, lists, invitations, kicks.

use super::client::{Client, commands, config, serve};

#[tokio::test]
async fn entering_a_channel_shows_its_topic_and_its_people() {
    let server = serve(config()).await;
    let mut ann = Client::join_server(&server, "ann").await;
    let mut bob = Client::join_server(&server, "bob").await;
    assert_eq!(commands(&ann.ask("JOIN #c").await), ["JOIN", "353", "366"]);
    ann.ask("TOPIC #c :Of cabbages").await;
    let lines = bob.ask("JOIN #C").await;
    assert_eq!(lines[0], ":bob!user@127.0.0.1 JOIN #c");
    assert_eq!(lines[1], ":test.server 332 bob #c :Of cabbages");
    assert!(lines[2].starts_with(":test.server 333 bob #c ann!user@127.0.0.1 "));
    assert_eq!(lines[3], ":test.server 353 bob = #c :@ann bob");
    assert_eq!(lines[4], ":test.server 366 bob #c :End of /NAMES list");
    assert_eq!(ann.line().await, ":bob!user@127.0.0.1 JOIN #c");
    assert_eq!(bob.ask("JOIN #c").await, Vec::<String>::new());
}

#[tokio::test]
async fn several_channels_are_entered_and_left_at_once() {
    let server = serve(config()).await;
    let mut ann = Client::join_server(&server, "ann").await;
    let joined = ann.ask("JOIN #a,#b,bad,#c").await;
    assert_eq!(
        commands(&joined).iter().filter(|command| **command == "JOIN").count(),
        3
    );
    assert!(joined.iter().any(|line| line.contains(" 403 ann bad :")));
    let parted = ann.ask("PART #a,#nowhere,#b :bye").await;
    assert_eq!(commands(&parted), ["PART", "403", "PART"]);
    assert!(parted[0].ends_with("PART #a :bye"));
    assert_eq!(commands(&ann.ask("JOIN #d").await)[0], "JOIN");
    assert_eq!(commands(&ann.ask("JOIN 0").await), ["PART", "PART"]);
    assert_eq!(commands(&ann.ask("PART #c").await), ["403"]);
}

#[tokio::test]
async fn leaving_is_seen_by_all_and_wants_membership() {
    let server = serve(config()).await;
    let mut ann = Client::join_server(&server, "ann").await;
    let mut bob = Client::join_server(&server, "bob").await;
    ann.join("#c").await;
    assert_eq!(commands(&bob.ask("PART #c").await), ["442"]);
    bob.join("#c").await;
    ann.sync().await;
    assert_eq!(bob.ask("PART #c :gone").await, [":bob!user@127.0.0.1 PART #c :gone"]);
    assert_eq!(ann.line().await, ":bob!user@127.0.0.1 PART #c :gone");
}

#[tokio::test]
async fn an_empty_channel_is_forgotten_and_its_name_free() {
    let server = serve(config()).await;
    let mut ann = Client::join_server(&server, "ann").await;
    let mut bob = Client::join_server(&server, "bob").await;
    for _ in 0..20 {
        ann.ask("JOIN #c").await;
        ann.ask("MODE #c +k secret").await;
        ann.ask("PART #c").await;
        assert_eq!(commands(&bob.ask("JOIN #c").await)[0], "JOIN");
        bob.ask("PART #c").await;
    }
    assert!(ann.ask("LUSERS").await.iter().any(|line| line.contains(" 254 ann 0 ")));
}

#[tokio::test]
async fn topics_are_shown_set_and_removed_by_the_rules() {
    let server = serve(config()).await;
    let mut op = Client::join_server(&server, "op").await;
    let mut bob = Client::join_server(&server, "bob").await;
    assert_eq!(commands(&op.ask("TOPIC #c").await), ["403"]);
    assert_eq!(commands(&op.ask("TOPIC").await), ["461"]);
    op.join("#c").await;
    bob.join("#c").await;
    op.sync().await;
    assert_eq!(commands(&bob.ask("TOPIC #c").await), ["331"]);
    assert_eq!(commands(&bob.ask("TOPIC #c :x").await), ["482"]);
    op.ask("MODE #c -t").await;
    bob.sync().await;
    assert_eq!(bob.ask("TOPIC #c :x").await, [":bob!user@127.0.0.1 TOPIC #c :x"]);
    assert_eq!(op.line().await, ":bob!user@127.0.0.1 TOPIC #c :x");
    assert_eq!(op.ask("TOPIC #c :").await, [":op!user@127.0.0.1 TOPIC #c :"]);
    bob.sync().await;
    assert_eq!(commands(&bob.ask("TOPIC #c").await), ["331"]);
}

#[tokio::test]
async fn names_end_even_where_there_is_no_channel() {
    let server = serve(config()).await;
    let mut ann = Client::join_server(&server, "ann").await;
    assert_eq!(
        ann.ask("NAMES #nowhere").await,
        [":test.server 366 ann #nowhere :End of /NAMES list"]
    );
    assert_eq!(
        ann.ask("NAMES bad").await,
        [":test.server 366 ann bad :End of /NAMES list"]
    );
    assert_eq!(commands(&ann.ask("NAMES").await), ["366"]);
}

#[tokio::test]
async fn lists_are_filtered_and_secret_channels_hidden() {
    let server = serve(config()).await;
    let mut ann = Client::join_server(&server, "ann").await;
    let mut bob = Client::join_server(&server, "bob").await;
    assert_eq!(commands(&bob.ask("LIST").await), ["321", "323"]);
    ann.ask("JOIN #chan1,#chan2,#secret\r\nMODE #secret +s").await;
    bob.ask("JOIN #chan2").await;
    let names = |lines: Vec<String>| -> Vec<String> {
        let listed = lines.iter().filter(|line| line.contains(" 322 "));
        listed.map(|line| line.split(' ').nth(3).unwrap().to_owned()).collect()
    };
    assert_eq!(names(bob.ask("LIST").await), ["#chan1", "#chan2"]);
    assert_eq!(names(ann.ask("LIST").await), ["#chan1", "#chan2", "#secret"]);
    for (filter, found) in [
        ("*an1", vec!["#chan1"]),
        ("!*an1", vec!["#chan2"]),
        (">1", vec!["#chan2"]),
        ("<2", vec!["#chan1"]),
        ("#CHAN2", vec!["#chan2"]),
        ("C<10", vec!["#chan1", "#chan2"]),
        ("C>10", vec![]),
        ("#nowhere", vec![]),
    ] {
        assert_eq!(names(bob.ask(&format!("LIST {filter}")).await), found, "{filter}");
    }
    assert_eq!(commands(&bob.ask("NAMES #secret").await), ["366"]);
    assert_eq!(commands(&bob.ask("WHO #secret").await), ["315"]);
    assert!(!bob.ask("WHOIS ann").await.concat().contains("#secret"));
}

#[tokio::test]
async fn invitations_open_the_door_once() {
    let server = serve(config()).await;
    let mut op = Client::join_server(&server, "op").await;
    let mut bob = Client::join_server(&server, "bob").await;
    let mut eve = Client::join_server(&server, "eve").await;
    op.join("#c").await;
    op.ask("MODE #c +ib eve!*@*").await;
    assert_eq!(commands(&bob.ask("JOIN #c").await), ["473"]);
    assert_eq!(commands(&op.ask("INVITE nobody #c").await), ["401"]);
    assert_eq!(commands(&op.ask("INVITE bob #nowhere").await), ["403"]);
    assert_eq!(commands(&op.ask("INVITE bob").await), ["461"]);
    assert_eq!(op.ask("INVITE bob #c").await, [":test.server 341 op bob #c"]);
    assert_eq!(bob.line().await, ":op!user@127.0.0.1 INVITE bob #c");
    assert_eq!(commands(&bob.ask("JOIN #c").await)[0], "JOIN");
    op.sync().await;
    assert_eq!(commands(&op.ask("INVITE bob #c").await), ["443"]);
    assert_eq!(commands(&bob.ask("INVITE eve #c").await), ["482"]);
    assert_eq!(commands(&eve.ask("INVITE op #c").await), ["442"]);
    op.ask("INVITE eve #c").await;
    assert_eq!(commands(&eve.ask("JOIN #c").await)[1], "JOIN");
    op.ask("KICK #c eve").await;
    eve.sync().await;
    assert_eq!(commands(&eve.ask("JOIN #c").await), ["473"]);
}

#[tokio::test]
async fn kicks_are_seen_by_all_one_at_a_time() {
    let server = serve(config()).await;
    let mut op = Client::join_server(&server, "op").await;
    let (mut bob, mut eve) = (
        Client::join_server(&server, "bob").await,
        Client::join_server(&server, "eve").await,
    );
    assert_eq!(commands(&op.ask("KICK #c bob").await), ["403"]);
    for client in [&mut op, &mut bob, &mut eve] {
        client.join("#c").await;
    }
    op.sync().await;
    assert_eq!(commands(&bob.ask("KICK #c eve").await).last(), Some(&"482"));
    assert_eq!(commands(&op.ask("KICK #c nobody").await), ["401"]);
    assert_eq!(commands(&op.ask("KICK #c").await), ["461"]);
    eve.sync().await;
    let kicks = op.ask("KICK #c,#c bob,eve :out").await;
    assert_eq!(
        kicks,
        [
            ":op!user@127.0.0.1 KICK #c bob :out",
            ":op!user@127.0.0.1 KICK #c eve :out"
        ]
    );
    assert_eq!(eve.sync().await, kicks);
    assert_eq!(commands(&eve.ask("PRIVMSG #c :still here?").await), ["404"]);
    assert_eq!(commands(&op.ask("KICK #c eve").await), ["441"]);
    assert_eq!(commands(&eve.ask("JOIN #c").await)[0], "JOIN");
    op.sync().await;
    assert_eq!(op.ask("KICK #c eve").await, [":op!user@127.0.0.1 KICK #c eve :op"]);
}

#[tokio::test]
async fn a_quit_and_a_new_nick_reach_each_peer_once() {
    let server = serve(config()).await;
    let mut ann = Client::join_server(&server, "ann").await;
    let mut bob = Client::join_server(&server, "bob").await;
    let mut far = Client::join_server(&server, "far").await;
    ann.ask("JOIN #a,#b,#c").await;
    bob.ask("JOIN #a,#b,#c").await;
    ann.sync().await;
    bob.sync().await;
    assert_eq!(ann.ask("NICK Anna").await, [":ann!user@127.0.0.1 NICK Anna"]);
    assert_eq!(bob.sync().await, [":ann!user@127.0.0.1 NICK Anna"]);
    assert_eq!(ann.ask("NICK Anna").await, Vec::<String>::new());
    assert_eq!(ann.ask("NICK ANNA").await, [":Anna!user@127.0.0.1 NICK ANNA"]);
    assert!(bob.ask("NAMES #b").await.iter().any(|line| line.contains("@ANNA bob")));
    ann.send("QUIT :so long").await;
    ann.until_closed().await;
    assert_eq!(bob.sync().await, [":ANNA!user@127.0.0.1 QUIT :Quit: so long"]);
    assert_eq!(far.sync().await, Vec::<String>::new());
}
