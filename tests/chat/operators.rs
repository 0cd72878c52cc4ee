//! Server operators: who may become one, and what they may do.

use argon2::password_hash::SaltString;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, Version};
use chat::Server;
use chat::config::{Config, Operator};

use super::client::{Client, commands, config, serve};

/// A hash that is cheap to compare: what is tested is not argon2.
fn operator(name: &str, password: &str) -> Operator {
    let params = Params::new(8, 1, 1, None).expect("small parameters are allowed");
    let salt = SaltString::from_b64("c29tZXNhbHQ").expect("a salt");
    let hash = Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password(password.as_bytes(), &salt);
    Operator {
        name: name.to_owned(),
        hash: hash.expect("a hash").to_string(),
    }
}

async fn serve_with_operator() -> Server {
    serve(Config {
        operators: vec![operator("root", "secret")],
        ..config()
    })
    .await
}

#[tokio::test]
async fn only_the_right_password_makes_an_operator() {
    let server = serve_with_operator().await;
    let mut ann = Client::join_server(&server, "ann").await;
    assert_eq!(commands(&ann.ask("OPER root").await), ["461"]);
    assert_eq!(commands(&ann.ask("OPER root wrong").await), ["464"]);
    assert_eq!(commands(&ann.ask("OPER nobody secret").await), ["464"]);
    assert_eq!(commands(&ann.ask("OPER root secret").await), ["381", "MODE"]);
    assert!(commands(&ann.ask("WHOIS ann").await).contains(&"313"));
    assert!(ann.ask("WHO ann").await[0].contains(" ann H* :"));
    assert!(ann.ask("LUSERS").await[1].contains(" 252 ann 1 "));
    assert_eq!(ann.ask("MODE ann -o").await, [":ann!user@127.0.0.1 MODE ann -o"]);
    assert!(ann.ask("LUSERS").await[1].contains(" 252 ann 0 "));
}

#[tokio::test]
async fn commands_wait_while_a_password_is_compared_and_the_label_stays_with_its_answer() {
    let server = serve_with_operator().await;
    let mut ann = Client::with_caps(&server, "ann", "labeled-response batch").await;
    ann.send("@label=a OPER root wrong\r\n@label=b PING x").await;
    assert!(ann.line().await.starts_with("@label=a :test.server 464 "));
    assert!(ann.line().await.starts_with("@label=b :test.server PONG "));
}

#[tokio::test]
async fn guessing_passwords_ends_the_connection() {
    let server = serve_with_operator().await;
    let mut ann = Client::join_server(&server, "ann").await;
    ann.send("OPER root a\r\nOPER root b\r\nOPER root c\r\nOPER root secret")
        .await;
    assert_eq!(commands(&ann.until_closed().await), ["464", "464", "464", "ERROR"]);
}

#[tokio::test]
async fn operators_and_nobody_else_disconnect_others() {
    let server = serve_with_operator().await;
    let mut op = Client::join_server(&server, "op").await;
    let mut bob = Client::join_server(&server, "bob").await;
    let mut eve = Client::join_server(&server, "eve").await;
    bob.join("#c").await;
    eve.join("#c").await;
    op.ask("OPER root secret").await;
    assert_eq!(commands(&bob.ask("KILL eve :x").await).last(), Some(&"481"));
    assert_eq!(commands(&op.ask("KILL nobody :x").await), ["401"]);
    assert_eq!(commands(&op.ask("KILL").await), ["461"]);
    assert_eq!(op.ask("KILL eve :spam").await, Vec::<String>::new());
    assert!(
        eve.until_closed()
            .await
            .last()
            .unwrap()
            .ends_with("(Killed (op (spam)))")
    );
    assert_eq!(bob.line().await, ":eve!user@127.0.0.1 QUIT :Killed (op (spam))");
    op.send("KILL op").await;
    assert_eq!(commands(&op.until_closed().await), ["ERROR"]);
}

#[tokio::test]
async fn wallops_reach_those_who_want_them() {
    let server = serve_with_operator().await;
    let mut op = Client::join_server(&server, "op").await;
    let mut bob = Client::join_server(&server, "bob").await;
    let mut eve = Client::join_server(&server, "eve").await;
    bob.ask("MODE bob +w").await;
    assert_eq!(commands(&bob.ask("WALLOPS :x").await), ["481"]);
    op.ask("OPER root secret").await;
    op.ask("WALLOPS :attention").await;
    assert_eq!(bob.line().await, ":op!user@127.0.0.1 WALLOPS :attention");
    assert_eq!(eve.sync().await, Vec::<String>::new());
}
