//! One part fails, and the others go on.

use chat::Server;
use chat::config::Config;
use tokio::net::TcpStream;

use super::client::{Client, commands, config, serve};

async fn serve_to_crash() -> Server {
    serve(Config {
        test_commands: true,
        ..config()
    })
    .await
}

#[tokio::test]
async fn the_command_that_crashes_does_not_exist_in_an_ordinary_server() {
    let server = serve(config()).await;
    let mut ann = Client::join_server(&server, "ann").await;
    assert_eq!(commands(&ann.ask("CRASH").await), ["421"]);
}

#[tokio::test]
async fn a_connection_that_crashes_takes_nobody_with_it() {
    let server = serve_to_crash().await;
    let mut ann = Client::join_server(&server, "ann").await;
    let mut bob = Client::join_server(&server, "bob").await;
    ann.ask("JOIN #a,#b\r\nMONITOR + bob").await;
    bob.ask("JOIN #a,#b").await;
    ann.sync().await;
    bob.send("CRASH").await;
    bob.until_closed().await;
    ann.expect(" QUIT ").await;
    let rest = ann.sync().await;
    assert!(!commands(&rest).contains(&"QUIT"), "each peer is told once: {rest:?}");
    assert_eq!(commands(&ann.ask("WHOIS bob").await), ["401", "318"]);
    assert!(ann.ask("NAMES #b").await[0].ends_with(":@ann"));
    let mut again = Client::join_server(&server, "bob").await;
    assert_eq!(commands(&again.ask("JOIN #a").await)[0], "JOIN");
}

#[tokio::test]
async fn a_room_that_crashes_keeps_its_members_its_ranks_and_its_settings() {
    let server = serve_to_crash().await;
    let mut ann = Client::join_server(&server, "ann").await;
    let mut bob = Client::join_server(&server, "bob").await;
    let mut far = Client::join_server(&server, "far").await;
    far.join("#other").await;
    ann.join("#c").await;
    bob.join("#c").await;
    ann.ask("TOPIC #c :still here\r\nMODE #c +kb-n key eve").await;
    for _ in 0..3 {
        bob.send("CRASH #c").await;
        bob.expect("NOTICE #c :The channel had a fault").await;
        ann.expect("NOTICE #c :The channel had a fault").await;
    }
    let names = ann.ask("NAMES #c").await;
    assert!(names[0].ends_with(":@ann bob"), "{names:?}");
    assert!(ann.ask("TOPIC #c").await[0].ends_with(":still here"));
    assert!(ann.ask("MODE #c").await[0].ends_with(" +tk key"));
    assert_eq!(commands(&ann.ask("MODE #c b").await), ["367", "368"]);
    bob.sync().await;
    bob.ask("PRIVMSG #c :hello again").await;
    assert_eq!(ann.sync().await, [":bob!user@127.0.0.1 PRIVMSG #c :hello again"]);
    assert_eq!(commands(&far.ask("NAMES #other").await), ["353", "366"]);
}

#[tokio::test]
async fn what_waits_for_a_room_that_crashes_is_done_after_it_is_well_again() {
    let server = serve_to_crash().await;
    let mut ann = Client::join_server(&server, "ann").await;
    let mut bob = Client::join_server(&server, "bob").await;
    ann.join("#c").await;
    bob.join("#c").await;
    ann.sync().await;
    bob.send("CRASH #c\r\nPRIVMSG #c :one\r\nPRIVMSG #c :two").await;
    ann.expect("The channel had a fault").await;
    assert_eq!(ann.line().await, ":bob!user@127.0.0.1 PRIVMSG #c :one");
    assert_eq!(ann.line().await, ":bob!user@127.0.0.1 PRIVMSG #c :two");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_does_not_read_is_let_go_and_its_room_never_waits() {
    let mut config = config();
    config.limits.outbox_bytes_max = 64 * 1024;
    (config.limits.lines_burst, config.limits.lines_per_second) = (100_000, 100_000);
    let server = serve(config).await;
    let mut ann = Client::join_server(&server, "ann").await;
    let mut bob = Client::join_server(&server, "bob").await;
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let stream: TcpStream = socket.connect(server.irc_addr().unwrap()).await.unwrap();
    let mut deaf = Client::over(stream);
    deaf.register("deaf", "").await;
    for client in [&mut ann, &mut bob, &mut deaf] {
        client.join("#c").await;
    }
    ann.sync().await;
    bob.sync().await;
    let batch = format!("PRIVMSG #c :{}\r\n", "x".repeat(400)).repeat(50);
    let mut quit = None;
    for _ in 0..2000 {
        ann.send(batch.trim_end()).await;
        ann.sync().await;
        let mut heard = 0;
        while heard < 50 {
            let line = bob.line().await;
            heard += usize::from(line.contains("PRIVMSG"));
            if line.contains(" QUIT ") {
                quit = Some(line);
            }
        }
        if quit.is_some() {
            break;
        }
    }
    assert_eq!(quit.as_deref(), Some(":deaf!user@127.0.0.1 QUIT :SendQ exceeded"));
    let last = deaf.until_closed().await;
    assert_eq!(
        last.last().map(String::as_str),
        Some("ERROR :Closing link: (SendQ exceeded)")
    );
}

#[tokio::test]
async fn a_directory_that_crashes_sends_all_away_and_takes_them_back() {
    let server = serve_to_crash().await;
    let mut ann = Client::join_server(&server, "ann").await;
    let mut bob = Client::join_server(&server, "bob").await;
    ann.join("#c").await;
    bob.join("#c").await;
    ann.send("CRASH directory").await;
    for client in [&mut ann, &mut bob] {
        let last = client.until_closed().await;
        assert!(
            last.last()
                .unwrap()
                .contains("The server had a fault, please come back")
        );
    }
    let mut ann = Client::join_server(&server, "ann").await;
    let mut bob = Client::join_server(&server, "bob").await;
    ann.join("#c").await;
    bob.join("#c").await;
    assert!(bob.ask("NAMES #c").await[0].ends_with(":@ann bob"));
}
