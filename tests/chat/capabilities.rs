//! IRCv3: what a client negotiates is what it gets.

use super::client::{Client, commands, config, serve};

#[tokio::test]
async fn requests_are_granted_whole_or_refused_whole() {
    let server = serve(config()).await;
    let mut client = Client::connect(&server).await;
    for (request, answer) in [
        ("CAP LIST", "CAP * LIST :"),
        ("CAP REQ :foo multi-prefix", "CAP * NAK :foo multi-prefix"),
        ("CAP LIST", "CAP * LIST :"),
        (
            "CAP REQ :multi-prefix server-time",
            "CAP * ACK :multi-prefix server-time",
        ),
        ("CAP LIST", "CAP * LIST :multi-prefix server-time"),
        ("CAP REQ :-server-time", "CAP * ACK :-server-time"),
        ("CAP LIST", "CAP * LIST :multi-prefix"),
    ] {
        client.send(request).await;
        assert_eq!(client.line().await, format!(":test.server {answer}"), "{request}");
    }
}

#[tokio::test]
async fn cap_ls_offers_what_works_and_302_turns_cap_notify_on() {
    let server = serve(config()).await;
    let mut client = Client::connect(&server).await;
    client.send("CAP LS 302").await;
    let offered = client.line().await;
    for cap in [
        "away-notify",
        "batch",
        "cap-notify",
        "echo-message",
        "extended-join",
        "invite-notify",
        "labeled-response",
        "message-tags",
        "multi-prefix",
        "server-time",
        "setname",
        "standard-replies",
        "userhost-in-names",
    ] {
        assert!(
            offered.split([' ', ':']).any(|word| word == cap),
            "{cap} is missing in {offered}"
        );
    }
    client.send("CAP LIST").await;
    assert!(client.line().await.ends_with(":cap-notify"));
    client.send("CAP REQ :-cap-notify").await;
    assert!(client.line().await.contains(" NAK "));
}

#[tokio::test]
async fn each_receiver_gets_the_tags_that_it_asked_for() {
    let server = serve(config()).await;
    let mut ann = Client::with_caps(&server, "ann", "message-tags echo-message server-time").await;
    let mut tags = Client::with_caps(&server, "tags", "message-tags").await;
    let mut time = Client::with_caps(&server, "time", "server-time").await;
    let mut plain = Client::join_server(&server, "plain").await;
    for client in [&mut ann, &mut tags, &mut time, &mut plain] {
        client.join("#c").await;
    }
    ann.sync().await;
    ann.send("@+typing=active;dropped=1;+a\\:b=x PRIVMSG #c :hi").await;
    let echo = ann.expect("PRIVMSG").await;
    let id = echo
        .split("msgid=")
        .nth(1)
        .and_then(|rest| rest.split([';', ' ']).next())
        .expect("an id")
        .to_owned();
    assert!(echo.starts_with("@time=20") && !echo.contains("dropped"));
    let tagged = tags.expect("PRIVMSG").await;
    assert_eq!(
        tagged,
        format!("@msgid={id};+typing=active :ann!user@127.0.0.1 PRIVMSG #c :hi")
    );
    let timed = time.expect("PRIVMSG").await;
    assert!(timed.starts_with("@time=20") && !timed.contains("msgid"));
    assert_eq!(plain.expect("PRIVMSG").await, ":ann!user@127.0.0.1 PRIVMSG #c :hi");
}

#[tokio::test]
async fn a_tagmsg_reaches_only_those_who_know_tags() {
    let server = serve(config()).await;
    let mut ann = Client::with_caps(&server, "ann", "message-tags").await;
    let mut bob = Client::with_caps(&server, "bob", "message-tags").await;
    let mut plain = Client::join_server(&server, "plain").await;
    for client in [&mut ann, &mut bob, &mut plain] {
        client.join("#c").await;
    }
    plain.sync().await;
    ann.ask("@+typing=active TAGMSG #c").await;
    ann.ask("@+typing=done TAGMSG bob").await;
    assert!(bob.expect("TAGMSG #c").await.contains("+typing=active"));
    assert!(bob.expect("TAGMSG bob").await.contains("+typing=done"));
    assert_eq!(plain.sync().await, Vec::<String>::new());
    assert_eq!(commands(&plain.ask("TAGMSG #c").await), ["421"]);
}

#[tokio::test]
async fn an_answer_of_one_line_carries_the_label_and_one_of_several_is_a_batch() {
    let server = serve(config()).await;
    let caps = "labeled-response batch echo-message message-tags";
    let mut ann = Client::with_caps(&server, "ann", caps).await;
    let mut bob = Client::join_server(&server, "bob").await;
    bob.join("#c").await;

    let lines = ann.ask("@label=one JOIN #c").await;
    assert!(lines[0].starts_with("@label=one :test.server BATCH +") && lines[0].ends_with(" labeled-response"));
    let reference = lines[0]
        .split('+')
        .nth(1)
        .and_then(|rest| rest.split(' ').next())
        .expect("a reference");
    assert!(
        lines[1..lines.len() - 1]
            .iter()
            .all(|line| line.starts_with(&format!("@batch={reference}"))),
        "{lines:#?}"
    );
    assert_eq!(lines.last(), Some(&format!(":test.server BATCH -{reference}")));

    let echo = ann.ask("@label=two PRIVMSG #c :hi").await;
    assert!(echo.len() == 1 && echo[0].starts_with("@label=two;msgid="), "{echo:?}");
    assert_eq!(bob.expect("PRIVMSG").await, ":ann!user@127.0.0.1 PRIVMSG #c :hi");

    assert_eq!(ann.ask("@label=three PONG x").await, ["@label=three :test.server ACK"]);
    let pong = ann.ask("@label=four PING x").await;
    assert_eq!(pong, ["@label=four :test.server PONG test.server :x"]);
    let error = ann.ask("@label=five NONSENSE").await;
    assert!(error.len() == 1 && error[0].starts_with("@label=five :test.server 421 ann NONSENSE"));
    let whois = ann.ask("@label=six WHOIS bob").await;
    assert_eq!(
        (commands(&whois)[0], *commands(&whois).last().unwrap()),
        ("BATCH", "BATCH")
    );
    let kick = ann.ask("@label=seven KICK #c bob").await;
    assert!(
        kick.len() == 1 && kick[0].starts_with("@label=seven ") && kick[0].contains(" 482 "),
        "{kick:?}"
    );
}

#[tokio::test]
async fn a_labelled_message_to_several_targets_is_answered_in_one_batch() {
    let server = serve(config()).await;
    let caps = "labeled-response batch echo-message";
    let mut ann = Client::with_caps(&server, "ann", caps).await;
    let mut bob = Client::with_caps(&server, "bob", caps).await;
    let lines = ann.ask("@label=x PRIVMSG bob,ann :hi").await;
    assert_eq!(
        commands(&lines).iter().filter(|command| **command == "BATCH").count(),
        2
    );
    assert_eq!(
        lines.iter().filter(|line| line.starts_with("@batch=")).count(),
        2,
        "{lines:#?}"
    );
    assert_eq!(bob.expect("PRIVMSG").await, ":ann!user@127.0.0.1 PRIVMSG bob :hi");
}

#[tokio::test]
async fn a_message_to_oneself_is_labelled_once() {
    let server = serve(config()).await;
    let mut ann = Client::with_caps(&server, "ann", "labeled-response batch echo-message").await;
    let lines = ann.ask("@label=x PRIVMSG ann :hi").await;
    assert_eq!(lines.len(), 2);
    assert_eq!(lines.iter().filter(|line| line.contains("label=x")).count(), 1);
}

#[tokio::test]
async fn joins_names_and_away_take_the_form_that_was_asked_for() {
    let server = serve(config()).await;
    let caps = "extended-join multi-prefix userhost-in-names away-notify";
    let mut modern = Client::with_caps(&server, "modern", caps).await;
    let mut plain = Client::join_server(&server, "plain").await;
    modern.join("#c").await;
    modern.ask("MODE #c +v modern").await;
    plain.send("AWAY :out\r\nJOIN #c").await;
    let names = plain.expect(" 353 ").await;
    assert!(names.ends_with(":@modern plain"), "{names}");
    assert_eq!(modern.line().await, ":plain!user@127.0.0.1 JOIN #c * :Real plain");
    assert_eq!(modern.line().await, ":plain!user@127.0.0.1 AWAY :out");
    let names = modern.ask("NAMES #c").await;
    assert!(
        names[0].ends_with(":@+modern!user@127.0.0.1 plain!user@127.0.0.1"),
        "{names:?}"
    );
    plain.ask("AWAY").await;
    assert_eq!(modern.line().await, ":plain!user@127.0.0.1 AWAY");
}

#[tokio::test]
async fn invite_notify_and_setname_reach_those_who_asked() {
    let server = serve(config()).await;
    let mut op = Client::join_server(&server, "op").await;
    let mut modern = Client::with_caps(&server, "modern", "invite-notify setname").await;
    let mut guest = Client::join_server(&server, "guest").await;
    op.join("#c").await;
    modern.join("#c").await;
    op.sync().await;
    op.ask("INVITE guest #c").await;
    assert_eq!(modern.line().await, ":op!user@127.0.0.1 INVITE guest #c");
    assert_eq!(guest.line().await, ":op!user@127.0.0.1 INVITE guest #c");
    assert_eq!(
        modern.ask("SETNAME :New Name").await,
        [":modern!user@127.0.0.1 SETNAME :New Name"]
    );
    op.ask("SETNAME :Op Name").await;
    assert_eq!(modern.line().await, ":op!user@127.0.0.1 SETNAME :Op Name");
    assert!(op.ask("WHOIS modern").await[0].ends_with(":New Name"));
    let long = op.ask(&format!("SETNAME :{}", "x".repeat(301))).await;
    assert!(long[0].starts_with(":test.server FAIL SETNAME INVALID_REALNAME :"));
}
