//! Measures a chat server as its users feel it: real connections, every delivery timed, nothing allowed to be lost.
//!
//! `cargo run --release --example chat_load -- --start` brings a server along; without `--start`, any IRC server that
//! listens on `--server` is measured. One thread carries all clients, so that the other cores belong to the server.

mod clients;
mod flags;
mod line;
mod listen;
mod report;
mod server;
mod speak;
mod tally;

use std::cell::RefCell;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Parser as _;
use flags::Flags;
use indicatif::{ProgressBar, ProgressStyle};
use report::Report;
use server::Server;
use tally::Tally;
use tokio::task::LocalSet;

/// Bytes of the one buffer into which every socket is read.
const READ_BYTES: usize = 256 * 1024;
/// Quiet time between the last join and the first message.
const SETTLE: Duration = Duration::from_millis(500);

/// What the clients of a run share; all of them live on one thread.
struct Run {
    began: Instant,
    tally: RefCell<Tally>,
    /// A server's pings, waiting for the speaker to answer them: (client, token).
    pings: RefCell<Vec<(usize, Vec<u8>)>>,
    /// The first words by which the server, or the network, ended a connection.
    farewell: RefCell<Option<String>>,
    buffer: RefCell<Vec<u8>>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match LocalSet::new().run_until(measure(Flags::parse())).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("chat_load: {why:#}");
            ExitCode::FAILURE
        }
    }
}

/// Answers whether every message arrived once and in order.
async fn measure(flags: Flags) -> anyhow::Result<bool> {
    flags.check()?;
    raise_file_limit(flags.clients)?;
    let server = Server::find(&flags).await?;
    let run = Rc::new(Run {
        began: Instant::now(),
        tally: RefCell::new(Tally::new(flags.clients, flags.rooms)),
        pings: RefCell::default(),
        farewell: RefCell::default(),
        buffer: RefCell::new(vec![0; READ_BYTES]),
    });

    let empty = server.usage();
    let bar = progress(
        flags.clients as u64,
        "joining  {wide_bar} {pos}/{len} clients  {elapsed}",
    );
    let mut voices = Vec::with_capacity(flags.clients);
    for (number, client) in clients::join_all(&flags, &bar).await?.into_iter().enumerate() {
        tokio::task::spawn_local(listen::until_closed(
            Rc::clone(&run),
            number,
            client.ears,
            client.unread,
        ));
        voices.push(client.voice);
    }
    bar.finish_and_clear();
    tokio::time::sleep(SETTLE).await;

    let joined = server.usage();
    let bar = progress(flags.seconds * 10, "talking  {wide_bar} {msg}  {elapsed}");
    let spoken = speak::for_the_whole_time(&flags, &run, &mut voices, &bar).await;
    let busy = server.usage();
    speak::until_all_is_heard(&flags, &run, &mut voices, &spoken, &bar).await;
    bar.finish_and_clear();

    let report = Report::new(&flags, &run, spoken, [empty, joined, busy]);
    print!("{report}");
    Ok(report.holds())
}

fn progress(len: u64, template: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(template).expect("a fixed template");
    ProgressBar::new(len).with_style(style.progress_chars("━╸─"))
}

fn raise_file_limit(clients: usize) -> anyhow::Result<()> {
    let wanted = clients as u64 + 64;
    let had = rlimit::increase_nofile_limit(wanted).context("the limit of open files cannot be read")?;
    anyhow::ensure!(
        had >= wanted,
        "{clients} clients need {wanted} open files and this process may have {had}: \
         raise the limit (ulimit -n {wanted}, as root if it refuses), or say --clients {}",
        had.saturating_sub(64)
    );
    Ok(())
}
