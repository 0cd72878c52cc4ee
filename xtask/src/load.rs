//! `cargo xtask load`: a chat server and its load generator, side by side on this machine.

use crate::server::{self, Build, Server};
use crate::step::{Outcome, show};

/// Starts a server with room for many clients, and hands every word on to `chat_load`.
pub(crate) fn run(words: &[String]) -> Outcome {
    let wants_help = words.iter().any(|word| word == "--help" || word == "-h");
    let generator = server::build(Build::Release, "chat_load")?;
    let mut command = std::process::Command::new(generator);
    if wants_help {
        return show(command.args(words));
    }
    let chat = server::build(Build::Release, "chat")?;
    let server = Server::start(&chat, server::FOR_LOAD)?;
    let pid = server.pid().to_string();
    show(
        command
            .args(["--server", &server.irc.to_string(), "--pid", &pid])
            .args(words),
    )
}
