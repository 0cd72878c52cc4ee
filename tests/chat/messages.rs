//! What is said reaches those for whom it is.

use super::client::{Client, commands, config, serve};

#[tokio::test]
async fn messages_reach_users_and_channels_in_order() {
    let server = serve(config()).await;
    let mut ann = Client::join_server(&server, "ann").await;
    let mut bob = Client::join_server(&server, "bob").await;
    ann.join("#c").await;
    bob.join("#c").await;
    for n in 0..50 {
        ann.send(&format!("PRIVMSG #c :{n}\r\nNOTICE bob :{n}")).await;
    }
    for n in 0..50 {
        assert_eq!(bob.line().await, format!(":ann!user@127.0.0.1 PRIVMSG #c :{n}"));
        assert_eq!(bob.line().await, format!(":ann!user@127.0.0.1 NOTICE bob :{n}"));
    }
}

#[tokio::test]
async fn what_a_command_caused_is_there_before_its_sender_is_answered_again() {
    let server = serve(config()).await;
    let mut ann = Client::join_server(&server, "ann").await;
    let mut bob = Client::join_server(&server, "bob").await;
    ann.join("#c").await;
    bob.join("#c").await;
    for n in 0..50 {
        ann.ask(&format!("PRIVMSG #c :{n}")).await;
        assert_eq!(bob.sync().await.len(), 1);
        ann.sync().await;
    }
}

#[tokio::test]
async fn errors_are_told_for_a_privmsg_and_never_for_a_notice() {
    let server = serve(config()).await;
    let mut ann = Client::join_server(&server, "ann").await;
    let mut bob = Client::join_server(&server, "bob").await;
    bob.join("#closed").await;
    for (rest, numeric) in [
        ("nobody :x", "401"),
        ("#nowhere :x", "403"),
        ("#closed :x", "404"),
        ("bob :", "412"),
        ("bob", "412"),
        ("", "411"),
        ("a,b,c,d,e,f,g,h,i :x", "407"),
    ] {
        assert_eq!(
            commands(&ann.ask(&format!("PRIVMSG {rest}")).await),
            [numeric],
            "{rest}"
        );
        assert_eq!(ann.ask(&format!("NOTICE {rest}")).await, Vec::<String>::new(), "{rest}");
    }
    assert_eq!(bob.sync().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_message_for_a_rank_reaches_that_rank_and_above() {
    let server = serve(config()).await;
    let mut op = Client::join_server(&server, "op").await;
    let mut voice = Client::join_server(&server, "voice").await;
    let mut plain = Client::join_server(&server, "plain").await;
    for client in [&mut op, &mut voice, &mut plain] {
        client.join("#c").await;
    }
    op.ask("MODE #c +v voice").await;
    voice.sync().await;
    plain.sync().await;
    plain.ask("PRIVMSG +#c :to voices\r\nPRIVMSG @#c :to operators").await;
    assert_eq!(op.line().await, ":plain!user@127.0.0.1 PRIVMSG +#c :to voices");
    assert_eq!(op.line().await, ":plain!user@127.0.0.1 PRIVMSG @#c :to operators");
    assert_eq!(voice.sync().await, [":plain!user@127.0.0.1 PRIVMSG +#c :to voices"]);
}

#[tokio::test]
async fn who_writes_to_the_absent_is_told_so() {
    let server = serve(config()).await;
    let mut ann = Client::join_server(&server, "ann").await;
    let mut bob = Client::join_server(&server, "bob").await;
    assert_eq!(commands(&bob.ask("AWAY :in the garden").await), ["306"]);
    assert_eq!(
        ann.ask("PRIVMSG bob :hi").await,
        [":test.server 301 ann bob :in the garden"]
    );
    assert_eq!(ann.ask("NOTICE bob :hi").await, Vec::<String>::new());
    assert!(ann.ask("USERHOST bob").await[0].ends_with(":bob=-user@127.0.0.1"));
    assert!(commands(&ann.ask("WHOIS bob").await).contains(&"301"));
    let mut back = bob.ask("AWAY").await;
    assert!(back.pop().unwrap().contains(" 305 "));
    assert_eq!(ann.ask("PRIVMSG bob :hi").await, Vec::<String>::new());
}
