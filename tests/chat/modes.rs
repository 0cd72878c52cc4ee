//! Modes of channels and of users.

use super::client::{Client, commands, config, serve};

#[tokio::test]
async fn modes_are_shown_changed_and_taken_back() {
    let server = serve(config()).await;
    let mut op = Client::join_server(&server, "op").await;
    op.join("#c").await;
    assert_eq!(commands(&op.ask("MODE #c").await), ["324", "329"]);
    assert_eq!(op.ask("MODE #c +int").await, [":op!user@127.0.0.1 MODE #c +i"]);
    assert_eq!(
        op.ask("MODE #c +kl key 5").await,
        [":op!user@127.0.0.1 MODE #c +kl key 5"]
    );
    assert_eq!(op.ask("MODE #c").await[0], ":test.server 324 op #c +intkl key 5");
    assert_eq!(
        op.ask("MODE #c -intkl key").await,
        [":op!user@127.0.0.1 MODE #c -intkl *"]
    );
    assert_eq!(op.ask("MODE #c").await[0], ":test.server 324 op #c +");
}

#[tokio::test]
async fn what_cannot_be_done_is_answered_by_its_own_numeric() {
    let server = serve(config()).await;
    let mut op = Client::join_server(&server, "op").await;
    let mut bob = Client::join_server(&server, "bob").await;
    let mut out = Client::join_server(&server, "out").await;
    op.join("#c").await;
    bob.join("#c").await;
    op.sync().await;
    for (line, numeric) in [
        ("MODE", "461"),
        ("MODE #nowhere +o op", "403"),
        ("MODE #c +o nobody", "401"),
        ("MODE #c +o out", "441"),
        ("MODE #c +z", "472"),
        ("MODE #c +k :two words", "696"),
        ("MODE #c +k :", "696"),
        ("MODE #c +l many", "696"),
        (&format!("MODE #c +b {}", "x".repeat(200)), "696"),
        ("MODE #c +o", "461"),
    ] {
        assert_eq!(commands(&op.ask(line).await), [numeric], "{line}");
    }
    assert_eq!(commands(&bob.ask("MODE #c +o bob").await), ["482"]);
    assert_eq!(commands(&out.ask("MODE #c +i").await), ["442"]);
    assert_eq!(op.ask("MODE #c +o BOB").await, [":op!user@127.0.0.1 MODE #c +o bob"]);
    assert_eq!(bob.line().await, ":op!user@127.0.0.1 MODE #c +o bob");
}

#[tokio::test]
async fn each_lock_keeps_people_out() {
    let server = serve(config()).await;
    let mut op = Client::join_server(&server, "op").await;
    let mut bob = Client::join_server(&server, "Bob").await;
    op.join("#c").await;
    for (lock, numeric, unlock) in [
        ("+k secret", "475", "-k secret"),
        ("+i", "473", "-i"),
        ("+l 1", "471", "-l"),
        ("+b BOB!*@*", "474", "-b bob!*@*"),
    ] {
        op.ask(&format!("MODE #c {lock}")).await;
        assert_eq!(commands(&bob.ask("JOIN #c").await), [numeric], "{lock}");
        op.ask(&format!("MODE #c {unlock}")).await;
        assert_eq!(commands(&bob.ask("JOIN #c").await)[0], "JOIN", "{unlock}");
        bob.ask("PART #c").await;
    }
    op.ask("MODE #c +k secret").await;
    assert_eq!(commands(&bob.ask("JOIN #c wrong").await), ["475"]);
    assert_eq!(commands(&bob.ask("JOIN #c secret").await)[0], "JOIN");
}

#[tokio::test]
async fn exceptions_lift_bans_and_invite_only() {
    let server = serve(config()).await;
    let mut op = Client::join_server(&server, "op").await;
    let mut bob = Client::join_server(&server, "bob").await;
    op.join("#c").await;
    op.ask("MODE #c +ib *!*@*").await;
    assert_eq!(commands(&bob.ask("JOIN #c").await), ["473"]);
    op.ask("MODE #c +I bob").await;
    assert_eq!(commands(&bob.ask("JOIN #c").await), ["474"]);
    op.ask("MODE #c +e bob!*@*").await;
    assert_eq!(commands(&bob.ask("JOIN #c").await)[0], "JOIN");
    for (letter, entry, end) in [("b", "367", "368"), ("e", "348", "349"), ("I", "346", "347")] {
        let lines = bob.ask(&format!("MODE #c {letter}")).await;
        assert_eq!(commands(&lines), [entry, end]);
        assert!(lines[0].contains(" op!user@127.0.0.1 "), "{lines:?}");
    }
}

#[tokio::test]
async fn who_may_speak_is_a_matter_of_mode() {
    let server = serve(config()).await;
    let mut op = Client::join_server(&server, "op").await;
    let mut bob = Client::join_server(&server, "bob").await;
    let mut out = Client::join_server(&server, "out").await;
    op.join("#c").await;
    bob.join("#c").await;
    op.ask("MODE #c -n+m").await;
    bob.sync().await;
    assert_eq!(commands(&bob.ask("PRIVMSG #c :x").await), ["404"]);
    op.ask("MODE #c +v bob").await;
    bob.sync().await;
    assert_eq!(bob.ask("PRIVMSG #c :x").await, Vec::<String>::new());
    op.ask("MODE #c -m").await;
    assert_eq!(out.ask("PRIVMSG #c :from outside").await, Vec::<String>::new());
    op.ask("MODE #c -v+b bob bob").await;
    bob.sync().await;
    assert_eq!(commands(&bob.ask("PRIVMSG #c :x").await), ["404"]);
}

#[tokio::test]
async fn users_change_their_own_modes_only() {
    let server = serve(config()).await;
    let mut ann = Client::join_server(&server, "ann").await;
    let mut bob = Client::join_server(&server, "bob").await;
    assert_eq!(ann.ask("MODE ann").await, [":test.server 221 ann +"]);
    assert_eq!(ann.ask("MODE ann +iwo").await, [":ann!user@127.0.0.1 MODE ann +iw"]);
    assert_eq!(ann.ask("MODE ann").await, [":test.server 221 ann +iw"]);
    assert_eq!(commands(&ann.ask("MODE ann +Z").await), ["501"]);
    assert_eq!(commands(&ann.ask("MODE bob +i").await), ["502"]);
    assert_eq!(commands(&ann.ask("MODE nobody +i").await), ["401"]);
    assert_eq!(commands(&bob.ask("WHO a*").await), ["315"]);
    assert_eq!(commands(&bob.ask("WHO ann").await), ["352", "315"]);
    ann.join("#c").await;
    assert!(!commands(&bob.ask("WHOIS ann").await).contains(&"319"));
    bob.join("#c").await;
    assert!(commands(&bob.ask("WHOIS ann").await).contains(&"319"));
    assert_eq!(commands(&bob.ask("WHO a*").await), ["352", "315"]);
}

#[tokio::test]
async fn what_one_command_changes_is_told_in_full() {
    let server = serve(config()).await;
    let mut op = Client::join_server(&server, "op").await;
    let mut bob = Client::join_server(&server, "bob").await;
    op.join("#c").await;
    bob.join("#c").await;
    // As many as a command holds, and with what completes each mask more than a line holds.
    let masks: Vec<String> = (10..23).map(|n| format!("{n}{}", "x".repeat(33))).collect();
    op.ask(&format!("MODE #c +{} {}", "b".repeat(13), masks.join(" ")))
        .await;
    let lines = bob.sync().await;
    assert!(commands(&lines).iter().all(|command| *command == "MODE") && lines.len() > 1);
    let told: Vec<&str> = lines.iter().flat_map(|line| line.split(' ').skip(4)).collect();
    let set: Vec<String> = masks.iter().map(|mask| format!("{mask}!*@*")).collect();
    assert_eq!(told, set);
}
