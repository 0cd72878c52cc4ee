//! `cargo xtask browser`: the page of the chat server, driven as a person would drive it.

use std::path::Path;
use std::process::Command;

use crate::server::{self, Build};
use crate::step::{self, Outcome, show};

/// Builds the server, brings what the script needs, and runs it.
pub(crate) fn run(words: &[String]) -> Outcome {
    let folder = step::root().join("tests/browser");
    let script = folder.join("chat.mjs");
    if !script.exists() {
        return Err(format!("{} is missing", script.display()));
    }
    if step::read(Command::new("node").arg("--version")).is_none() {
        return Err(
            "node is not here: install Node.js 20 or newer (on Debian: apt-get install nodejs npm)"
                .into(),
        );
    }
    let chat = server::build(Build::Test, "chat")?;
    install(&folder)?;
    show(
        Command::new("node")
            .arg(&script)
            .args(words)
            .env("CHAT_BINARY", &chat)
            .current_dir(step::root()),
    )
}

fn install(folder: &Path) -> Outcome {
    if folder.join("package-lock.json").exists() {
        return show(
            Command::new("npm")
                .args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"])
                .current_dir(folder),
        );
    }
    Ok(())
}
