//! Finding people, and things about the server.

use super::client::{Client, commands, config, serve};

#[tokio::test]
async fn whois_tells_what_may_be_known() {
    let server = serve(config()).await;
    let mut ann = Client::join_server(&server, "ann").await;
    let mut bob = Client::join_server(&server, "bob").await;
    bob.ask("JOIN #one,#two").await;
    for line in ["WHOIS BOB", "WHOIS test.server bob", "WHOIS bob bob"] {
        let lines = ann.ask(line).await;
        assert_eq!(commands(&lines), ["311", "319", "312", "317", "318"], "{line}");
        assert_eq!(lines[0], ":test.server 311 ann bob user 127.0.0.1 * :Real bob");
        assert_eq!(lines[1], ":test.server 319 ann bob :@#one @#two");
    }
    assert_eq!(commands(&ann.ask("WHOIS nobody").await), ["401", "318"]);
    assert_eq!(commands(&ann.ask("WHOIS").await), ["431"]);
    assert_eq!(commands(&ann.ask("WHOIS other.server bob").await), ["402"]);
}

#[tokio::test]
async fn who_finds_by_channel_name_and_mask() {
    let server = serve(config()).await;
    let mut ann = Client::join_server(&server, "ann").await;
    let mut bob = Client::join_server(&server, "coolNick").await;
    bob.join("#c").await;
    ann.join("#c").await;
    bob.ask("AWAY :x").await;
    for mask in ["coolNick", "coolnick", "coolni*", "*l coolN*"] {
        let lines = ann.ask(&format!("WHO :{mask}")).await;
        assert_eq!(commands(&lines), ["352", "315"], "{mask}");
        assert_eq!(
            lines[0],
            ":test.server 352 ann * user 127.0.0.1 test.server coolNick G :0 Real coolNick"
        );
    }
    let lines = ann.ask("WHO #C").await;
    assert_eq!(
        lines[1],
        ":test.server 352 ann #c user 127.0.0.1 test.server coolNick G@ :0 Real coolNick"
    );
    assert_eq!(
        lines[0],
        ":test.server 352 ann #c user 127.0.0.1 test.server ann H :0 Real ann"
    );
    assert_eq!(lines[2], ":test.server 315 ann #C :End of WHO list");
    assert_eq!(commands(&ann.ask("WHO *").await), ["352", "352", "315"]);
    assert_eq!(commands(&ann.ask("WHO nobody").await), ["315"]);
    assert_eq!(commands(&ann.ask("WHO * o").await), ["315"]);
    assert_eq!(
        ann.ask("WHO coolNick %nt,321").await[0],
        ":test.server 354 ann 321 coolNick"
    );
    let full = ann.ask("WHO coolNick %roaldfnshiuct,1").await;
    let expected = ":test.server 354 ann 1 * user 127.0.0.1 127.0.0.1 test.server coolNick G 0 ";
    assert!(
        full[0].starts_with(expected) && full[0].ends_with(" 0 n/a :Real coolNick"),
        "{full:?}"
    );
}

#[tokio::test]
async fn whowas_remembers_the_latest_first() {
    let server = serve(config()).await;
    let mut ann = Client::join_server(&server, "ann").await;
    for nick in ["bob", "bob"] {
        let mut bob = Client::join_server(&server, nick).await;
        bob.send("QUIT").await;
        bob.until_closed().await;
    }
    assert_eq!(
        commands(&ann.ask("WHOWAS bob").await),
        ["314", "312", "314", "312", "369"]
    );
    assert_eq!(commands(&ann.ask("WHOWAS BOB 1").await), ["314", "312", "369"]);
    assert_eq!(commands(&ann.ask("WHOWAS bob -1").await).len(), 5);
    assert_eq!(commands(&ann.ask("WHOWAS nobody").await), ["406", "369"]);
    assert_eq!(commands(&ann.ask("WHOWAS").await), ["431"]);
    ann.ask("NICK anna").await;
    assert_eq!(commands(&ann.ask("WHOWAS ann").await), ["314", "312", "369"]);
}

#[tokio::test]
async fn userhost_and_ison_know_who_is_here() {
    let server = serve(config()).await;
    let mut ann = Client::join_server(&server, "ann").await;
    assert!(ann.ask("USERHOST ANN nobody").await[0].ends_with(" 302 ann :ann=+user@127.0.0.1"));
    assert!(ann.ask("ISON nobody Ann :also nobody2").await[0].ends_with(" 303 ann :ann"));
    assert_eq!(commands(&ann.ask("ISON").await), ["461"]);
    // All that fit the question do not fit the answer; none of them is cut in two.
    let nicks: Vec<String> = (10..26).map(|n| format!("n{n}{}", "x".repeat(27))).collect();
    let mut friends = Vec::new();
    for nick in &nicks {
        friends.push(Client::join_server(&server, nick).await);
    }
    let answer = ann.ask(&format!("ISON {}", nicks.join(" "))).await;
    let here = answer[0].rsplit_once(':').unwrap().1;
    assert!(
        here.split(' ').all(|nick| nicks.iter().any(|known| known == nick)),
        "{here}"
    );
    assert_eq!(commands(&ann.ask("USERHOST").await), ["461"]);
}

#[tokio::test]
async fn monitor_tells_of_coming_and_going() {
    let server = serve(config()).await;
    let mut ann = Client::join_server(&server, "ann").await;
    assert_eq!(ann.ask("MONITOR + bob,eve").await, [":test.server 731 ann :bob,eve"]);
    let mut bob = Client::join_server(&server, "Bob").await;
    assert_eq!(ann.line().await, ":test.server 730 ann :Bob!user@127.0.0.1");
    bob.ask("NICK BOB").await;
    assert_eq!(ann.sync().await, Vec::<String>::new());
    assert_eq!(commands(&ann.ask("MONITOR S").await), ["730", "731"]);
    let list = ann.ask("MONITOR L").await;
    assert_eq!(list[0], ":test.server 732 ann :bob,eve");
    assert!(list[1].contains(" 733 "));
    bob.ask("NICK eve").await;
    assert_eq!(ann.line().await, ":test.server 731 ann :BOB");
    assert_eq!(ann.line().await, ":test.server 730 ann :eve!user@127.0.0.1");
    assert_eq!(ann.ask("MONITOR - bob").await, Vec::<String>::new());
    assert_eq!(ann.ask("MONITOR C").await, Vec::<String>::new());
    bob.send("QUIT").await;
    bob.until_closed().await;
    assert_eq!(commands(&ann.ask("MONITOR L").await), ["733"]);
    assert_eq!(ann.ask("MONITOR + *!u@h").await, [":test.server 731 ann :*!u@h"]);
    let many: Vec<String> = (0..60).map(|n| format!("n{n}")).collect();
    ann.ask(&format!("MONITOR + {}", many.join(","))).await;
    let more: Vec<String> = (60..120).map(|n| format!("n{n}")).collect();
    assert!(commands(&ann.ask(&format!("MONITOR + {}", more.join(","))).await).contains(&"734"));
}

#[tokio::test]
async fn the_server_tells_about_itself() {
    let server = serve(config()).await;
    let mut ann = Client::join_server(&server, "ann").await;
    for (line, expected) in [
        ("MOTD", vec!["422"]),
        ("MOTD elsewhere", vec!["402"]),
        ("VERSION", vec!["351", "005", "005", "005"]),
        ("TIME", vec!["391"]),
        ("TIME test.*", vec!["391"]),
        ("ADMIN", vec!["256", "257", "258", "259"]),
        ("INFO elsewhere", vec!["402"]),
        ("LUSERS", vec!["251", "252", "253", "254", "255", "265", "266"]),
        ("LINKS", vec!["364", "365"]),
        ("HELP nonsense", vec!["524"]),
        ("HELPOP privmsg", vec!["704", "705", "706"]),
        ("PING", vec!["461"]),
        ("PING :", vec!["409"]),
        ("NONSENSE", vec!["421"]),
    ] {
        assert_eq!(commands(&ann.ask(line).await), expected, "{line}");
    }
    assert_eq!(commands(&ann.ask("INFO").await).last(), Some(&"374"));
    assert_eq!(commands(&ann.ask("HELP").await).first(), Some(&"704"));
}

#[tokio::test]
async fn lusers_counts_the_known_and_the_unknown() {
    let server = serve(config()).await;
    let mut ann = Client::join_server(&server, "ann").await;
    let mut stranger = Client::connect(&server).await;
    stranger.sync().await;
    let lines = ann.ask("LUSERS").await.concat();
    assert!(
        lines.contains(" 251 ann :There are 1 users and 0 invisible") && lines.contains(" 253 ann 1 "),
        "{lines}"
    );
    stranger.register("bob", "").await;
    ann.ask("MODE ann +i").await;
    let lines = ann.ask("LUSERS").await.concat();
    assert!(
        lines.contains("There are 1 users and 1 invisible") && lines.contains(" 253 ann 0 "),
        "{lines}"
    );
    assert!(lines.contains(" 265 ann 2 2 :"), "{lines}");
}
