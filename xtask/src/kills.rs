//! `cargo xtask kills`: servers of one chat network that are killed in turn while clients talk.

use std::net::{Ipv4Addr, TcpListener};
use std::process::Command;

use crate::flags;
use crate::server::{self, Build};
use crate::step::{Outcome, show};

const SECONDS_DEFAULT: u64 = 60;

/// Few enough clients for servers without optimisation: it is about what arrives, and not about how fast.
const LOAD: [&str; 6] = ["--clients", "60", "--rooms", "6", "--rate", "5"];
const KILL_EVERY_S: &str = "2";
const SERVERS: u16 = 3;
/// Beside each port for clients, `chat_load` has servers speak with each other on the one so much above it.
const NODE_PORT_ABOVE: u16 = 1000;

/// Hands the servers' place and every word but `--seconds` on to `chat_load`, which fails if anything was lost, doubled or out of order.
pub(crate) fn run(words: &[String]) -> Outcome {
    let mut words = words.to_vec();
    let seconds = flags::take(&mut words, "--seconds")?.unwrap_or(SECONDS_DEFAULT);
    let generator = server::build(Build::Test, "chat_load")?;
    server::build(Build::Test, "chat")?;
    let mut command = Command::new(generator);
    command
        .args(["--start", "--server", &format!("127.0.0.1:{}", free_ports()?)])
        .args(["--cluster", &SERVERS.to_string(), "--seconds", &seconds.to_string()]);
    let given = |name: &str| words.iter().any(|word| word == name);
    for pair in LOAD.chunks(2).chain([["--kill-every", KILL_EVERY_S].as_slice()]) {
        if !given(pair[0]) {
            command.args(pair);
        }
    }
    show(command.args(&words))
}

/// The first of as many neighbouring ports as there are servers, all of them free now, and those for their nodes, too.
fn free_ports() -> Outcome<u16> {
    let is_free = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
    let all_free = |first: &u16| (*first..first + SERVERS).all(|port| is_free(port) && is_free(port + NODE_PORT_ABOVE));
    // Below those that a system gives to whoever asks for any.
    (20_000..30_000)
        .step_by(7)
        .find(all_free)
        .ok_or_else(|| "no three free ports beside each other on the loopback address".to_owned())
}
