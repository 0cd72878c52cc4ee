//! `cargo xtask browser`: the pages of the chat server and of the observer, driven as a person would drive them.

use std::path::Path;
use std::process::Command;

use crate::server::{self, Build};
use crate::step::{self, Outcome, show};

/// Builds the server, brings what the scripts need, and runs them.
pub(crate) fn run(words: &[String]) -> Outcome {
    let folder = step::root().join("tests/browser");
    needs("node", "Node.js 20 or newer (on Debian: apt-get install nodejs npm)")?;
    needs("npm", "npm (on Debian: apt-get install npm)")?;
    let chat = server::build(Build::Test, "chat")?;
    let observed = server::build(Build::Test, "observed")?;
    let load = server::build(Build::Test, "chat_load")?;
    show(at(&folder, "npm").args(["ci", "--no-audit", "--no-fund"]))?;
    show(at(&folder, "node").arg("--test"))?;
    show(at(&folder, "node").arg("chat.mjs").arg(&chat).args(words))?;
    show(at(&folder, "node").arg("observer.mjs").arg(&observed))?;
    show(at(&folder, "node").arg("loaded.mjs").arg(&chat).arg(&load))
}

fn at(folder: &Path, program: &str) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder);
    command
}

fn needs(program: &str, what: &str) -> Outcome {
    match step::read(Command::new(program).arg("--version")) {
        Some(_) => Ok(()),
        None => Err(format!("{program} is not here: install {what}")),
    }
}
