//! A tree of supervisors to play with: kill a child, have it fail or hang, and see what the strategy does.
//!
//! `cargo run --example supervision`, or with `-- --script` a story told as text

mod act;
mod changes;
mod house;
mod rows;
mod screen;
mod script;

use std::io::{IsTerminal as _, stdin, stdout};
use std::process::ExitCode;

use clap::Parser;
use tokio::runtime::Builder;

/// Shows a tree of supervisors and lets you hurt its actors.
#[derive(Parser)]
struct Flags {
    /// Tells a fixed story on a clock of its own, and prints the tree as text after each step
    #[arg(long)]
    script: bool,
}

fn main() -> ExitCode {
    let flags = Flags::parse();
    let done = if flags.script { tell() } else { play() };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("supervision: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// On a paused clock time passes only when nobody has anything to do: the story is the same each time, and takes none.
fn tell() -> anyhow::Result<()> {
    // The panics of the story are part of it, and contained: their words stand in the tree.
    std::panic::set_hook(Box::new(|_| {}));
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build()?;
    print!("{}", runtime.block_on(script::story())?);
    Ok(())
}

fn play() -> anyhow::Result<()> {
    if !stdin().is_terminal() || !stdout().is_terminal() {
        anyhow::bail!("this is no terminal to draw on; `--script` prints a story as text");
    }
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    let system = runtime.block_on(house::start())?;
    let played = screen::run(&system);
    runtime.block_on(system.shutdown());
    played
}
