//! What becomes of a network of servers that is cut, or loses one of them.

use chat::config::Config;

use super::client::config;
use super::network::{Network, has, later, names};

#[tokio::test]
async fn a_server_that_is_lost_is_a_netsplit_and_its_return_a_netjoin() {
    let network = Network::of(2).await;
    let mut ann = network.user_with(0, "ann", "batch").await;
    let mut old = network.user(0, "old").await;
    for client in [&mut ann, &mut old] {
        client.join("#c").await;
        client.join("#d").await;
    }
    let mut crowd = Vec::new();
    for n in 0..5 {
        let mut one = network.user(1, &format!("b{n}")).await;
        one.until("NAMES #c", has("@ann")).await;
        one.until("NAMES #d", has("@ann")).await;
        one.join("#c").await;
        one.join("#d").await;
        crowd.push(one);
    }
    ann.until("NAMES #d", |lines| names(lines).len() == 7).await;
    ann.until("NAMES #c", |lines| names(lines).len() == 7).await;
    old.sync().await;
    network.part(&[0], &[1]);
    // All of it in one batch; each user is told of once, though it was in two rooms with everybody.
    let begin = ann.expect(" BATCH +").await;
    assert!(begin.ends_with(" netsplit a.test b.test"), "{begin}");
    let reference = begin
        .split('+')
        .nth(1)
        .and_then(|rest| rest.split(' ').next())
        .unwrap_or("")
        .to_owned();
    for n in 0..5 {
        let line = ann.line().await;
        assert_eq!(
            line,
            format!("@batch={reference} :b{n}!user@127.0.0.1 QUIT :a.test b.test")
        );
    }
    assert_eq!(ann.line().await, format!(":a.test BATCH -{reference}"));
    for n in 0..5 {
        assert_eq!(old.line().await, format!(":b{n}!user@127.0.0.1 QUIT :a.test b.test"));
    }
    ann.until("NAMES #c", |lines| names(lines) == ["@ann", "old"]).await;
    network.heal();
    let begin = ann.expect(" BATCH +").await;
    assert!(begin.ends_with(" netjoin a.test b.test"), "{begin}");
    ann.expect(" BATCH -").await;
    ann.until("NAMES #c", |lines| names(lines).len() == 7).await;
    crowd[0].until("NAMES #d", |lines| names(lines).len() == 7).await;
}

#[tokio::test]
async fn after_a_partition_all_agree_again_without_an_operator() {
    let network = Network::of(3).await;
    let mut ann = network.user(0, "ann").await;
    let mut bob = network.user(1, "bob").await;
    let mut eve = network.user(2, "eve").await;
    ann.join("#old").await;
    ann.send("TOPIC #old :before").await;
    for client in [&mut bob, &mut eve] {
        client.until("NAMES #old", has("@ann")).await;
        client.join("#old").await;
    }
    ann.until("NAMES #old", |lines| names(lines).len() == 3).await;
    ann.ask("MODE #old +o bob").await;
    bob.until("NAMES #old", has("@bob")).await;

    network.part(&[0], &[1, 2]);
    network.joined(&[0]).await;
    network.joined(&[1, 2]).await;
    // Each half goes on: topics, modes, ranks, a new channel, and a nick that is taken twice.
    ann.ask("TOPIC #old :first half").await;
    later().await;
    ann.ask("MODE #old +m").await;
    bob.ask("TOPIC #old :second half, later").await;
    bob.ask("MODE #old +k key").await;
    bob.ask("AWAY :gone fishing").await;
    ann.join("#new").await;
    ann.ask("MODE #new +s").await;
    later().await;
    eve.join("#new").await;
    eve.ask("TOPIC #new :void").await;
    let mut first = network.user(0, "twin").await;
    later().await;
    let mut second = network.user(1, "twin").await;
    second.join("#old,#twins key,x").await;

    network.heal();
    let lost = second.expect(" NICK ").await;
    assert!(lost.starts_with(":twin!"), "{lost}");
    second.expect("Nick collision").await;
    let renamed = lost.rsplit(' ').next().unwrap_or("").trim_start_matches(':').to_owned();
    let mut inside = vec!["@ann".to_owned(), "@bob".to_owned(), "eve".to_owned(), renamed.clone()];
    inside.sort();
    first.ask("NICK twin").await;
    for client in [&mut ann, &mut bob, &mut eve] {
        client.until("NAMES #old", |lines| names(lines) == inside).await;
        client.until("TOPIC #old", has(":second half, later")).await;
        client.until("MODE #old", has(" #old +mntk key")).await;
        // The channel that came to be first stays, with what was set in it; who founded the other is no operator.
        let new = |lines: &[String]| names(lines).is_empty() || names(lines) == ["@ann", "eve"];
        client.until("NAMES #new", new).await;
        client.until("WHOIS bob", has(" 301 ")).await;
        client.until("WHOIS twin", has(" a.test ")).await;
        client.until(&format!("WHOIS {renamed}"), has(" b.test ")).await;
    }
    eve.until("NAMES #new", |lines| names(lines) == ["@ann", "eve"]).await;
    eve.until("MODE #new", has("+nst")).await;
    eve.until("TOPIC #new", has(" 331 ")).await;
    first.send(&format!("PRIVMSG {renamed} :who are you?")).await;
    second.expect(":who are you?").await;
}

#[tokio::test]
async fn a_fault_of_a_room_or_of_the_directory_loses_nobody_of_another_server() {
    let crashing = Config {
        test_commands: true,
        ..config()
    };
    let network = Network::with(2, crashing).await;
    let mut ann = network.user(0, "ann").await;
    let mut bob = network.user(1, "bob").await;
    bob.join("#c").await;
    ann.until("NAMES #c", has("@bob")).await;
    ann.join("#c").await;
    bob.expect(":ann!").await;
    ann.send("CRASH #c").await;
    ann.expect("The channel had a fault").await;
    assert_eq!(names(&ann.ask("NAMES #c").await), ["@bob", "ann"]);
    ann.send("PRIVMSG #c :after the fault").await;
    bob.expect(":after the fault").await;
    bob.send("PRIVMSG #c :heard").await;
    ann.expect(":heard").await;
    ann.send("CRASH directory").await;
    ann.until_closed().await;
    bob.expect(":ann!user@127.0.0.1 QUIT").await;
    let mut ann = network.user(0, "ann").await;
    ann.until("WHOIS bob", has(" b.test ")).await;
    ann.until("NAMES #c", |lines| names(lines) == ["@bob"]).await;
    ann.join("#c").await;
    bob.expect(":ann!").await;
    ann.send("PRIVMSG bob :here again").await;
    bob.expect(":here again").await;
    bob.send("PRIVMSG #c :and heard again").await;
    ann.expect(":and heard again").await;
}

#[tokio::test]
async fn a_server_that_stops_takes_leave_of_the_others() {
    let network = Network::of(2).await;
    let (mut ann, _bob) = network.couple("#c").await;
    network.servers[1].shutdown().await;
    ann.expect(":bob!user@127.0.0.1 QUIT :Server is shutting down").await;
    ann.until("LINKS", |lines| lines.len() == 2).await;
    // The nick is free, and the channel goes on.
    let mut again = network.user(0, "bob").await;
    again.join("#c").await;
    ann.expect(":bob!").await;
}
