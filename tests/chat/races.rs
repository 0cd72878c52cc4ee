//! Many clients at once: nothing is lost, doubled, reordered or left behind.

use std::collections::{HashMap, HashSet};

use chat::Server;
use chat::config::Config;

use super::client::{Client, config, serve};

/// Lines as fast as the test can write them.
fn fast() -> Config {
    let mut config = config();
    (config.limits.lines_burst, config.limits.lines_per_second) = (100_000, 100_000);
    config
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_sender_is_heard_in_order_by_all_in_the_room() {
    const CLIENTS: usize = 10;
    const LINES: usize = 100;
    let server = serve(fast()).await;
    let mut clients = Vec::new();
    for n in 0..CLIENTS {
        let mut client = Client::join_server(&server, &format!("c{n}")).await;
        client.join("#c").await;
        clients.push(client);
    }
    let talking = clients.into_iter().map(|mut client| {
        tokio::spawn(async move {
            for n in 0..LINES {
                client.send(&format!("PRIVMSG #c :{n}")).await;
            }
            let mut heard: HashMap<String, usize> = HashMap::new();
            while heard.len() < CLIENTS - 1 || heard.values().any(|count| *count < LINES) {
                let line = client.expect("PRIVMSG").await;
                let sender = line.split('!').next().unwrap().to_owned();
                let next = heard.entry(sender).or_default();
                assert!(line.ends_with(&format!(" :{next}")), "{line} is not the {next}th");
                *next += 1;
            }
            client
        })
    });
    for client in talking.collect::<Vec<_>>() {
        client.await.expect("all heard all");
    }
}

/// A client that does one thing after another without waiting for anything.
async fn wander(server: &Server, n: usize) {
    let mut client = Client::join_server(server, &format!("w{n}")).await;
    for step in 0..20 {
        let other = (n + step) % 8;
        client.send(&format!("JOIN #r{other},#r{}", (n * step) % 8)).await;
        client.send(&format!("NICK w{n}x{step}")).await;
        client.send(&format!("PRIVMSG #r{other} :{step}")).await;
        client.send(&format!("PART #r{}", (n + step + 1) % 8)).await;
        client.send(&format!("KICK #r{other} w{other}x{step}")).await;
    }
    if !n.is_multiple_of(3) {
        client.send("QUIT :enough").await;
        client.until_closed().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn coming_going_and_renaming_at_once_leave_nobody_behind() {
    let server = serve(fast()).await;
    let mut witness = Client::join_server(&server, "witness").await;
    witness.ask("JOIN #r0,#r1,#r2,#r3,#r4,#r5,#r6,#r7").await;
    let wanderers = async {
        let all: Vec<_> = (0..16).map(|n| wander(&server, n)).collect();
        futures_util::future::join_all(all).await;
    };
    wanderers.await;
    // Who hung up without a word is noticed by its connection, in its own time.
    loop {
        let census = witness.ask("LUSERS").await;
        if census.iter().any(|line| line.contains(" 265 witness 1 ")) {
            break;
        }
    }
    for room in 0..8 {
        let names = witness.ask(&format!("NAMES #r{room}")).await;
        assert!(
            names[0].ends_with(":@witness") || names[0].ends_with(":witness"),
            "{names:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_witness_sees_of_a_user_always_makes_sense() {
    let server = serve(fast()).await;
    let mut witness = Client::join_server(&server, "witness").await;
    witness.ask("JOIN #r0,#r1,#r2,#r3,#r4,#r5,#r6,#r7").await;
    let all: Vec<_> = (0..12).map(|n| wander(&server, n)).collect();
    futures_util::future::join_all(all).await;
    let mut known: HashMap<String, HashSet<String>> = HashMap::new();
    for line in witness.sync().await {
        let words: Vec<&str> = line.trim_start_matches(':').split(' ').collect();
        let nick = words[0].split('!').next().unwrap().to_owned();
        match words[1] {
            "JOIN" => assert!(
                known.entry(nick).or_default().insert(words[2].to_owned()),
                "joined twice: {line}"
            ),
            "PART" => assert!(
                known.get_mut(&nick).is_some_and(|rooms| rooms.remove(words[2])),
                "not inside: {line}"
            ),
            "KICK" => {
                let kicked = known.get_mut(words[3]).map(|rooms| rooms.remove(words[2]));
                assert!(kicked == Some(true), "not inside: {line}");
            }
            "PRIVMSG" => assert!(
                known.get(&nick).is_some_and(|rooms| rooms.contains(words[2])),
                "not inside: {line}"
            ),
            "NICK" => {
                let rooms = known.remove(&nick).unwrap_or_else(|| panic!("unknown: {line}"));
                assert!(!rooms.is_empty(), "shares no room: {line}");
                assert!(
                    known.insert(words[2].to_owned(), rooms).is_none(),
                    "two of one name: {line}"
                );
            }
            "QUIT" => assert!(
                known.remove(&nick).is_some_and(|rooms| !rooms.is_empty()),
                "unknown: {line}"
            ),
            _ => {}
        }
        known.retain(|_, rooms| !rooms.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_that_empties_while_others_enter_is_never_lost() {
    let server = serve(fast()).await;
    let all = (0..8).map(|n| {
        let server = &server;
        async move {
            let mut client = Client::join_server(server, &format!("c{n}")).await;
            for _ in 0..50 {
                let joined = client.ask("JOIN #door").await;
                assert!(
                    joined
                        .iter()
                        .any(|line| line.starts_with(&format!(":c{n}!")) && line.contains("JOIN")),
                    "{joined:?}"
                );
                let parted = client.ask("PART #door").await;
                assert!(
                    parted
                        .iter()
                        .any(|line| line.starts_with(&format!(":c{n}!")) && line.contains("PART")),
                    "{parted:?}"
                );
            }
        }
    });
    futures_util::future::join_all(all.collect::<Vec<_>>()).await;
}
