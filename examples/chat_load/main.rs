//! Measures a chat server as its users feel it: real connections, every delivery timed, nothing allowed to be lost.
//!
//! `cargo run --release --example chat_load -- --start` brings a server along; without `--start`, any IRC server that
//! listens on `--server` is measured. With `--start --cluster 3 --kill-every 5` there are three that are one network, of which one is killed
//! now and then: what living servers took for living receivers comes once and in order all the same. One thread carries all clients, so that the other cores belong to the server.

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
use clients::Client;
use flags::Flags;
use indicatif::{ProgressBar, ProgressStyle};
use report::Report;
use server::Servers;
use tally::Tally;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::task::LocalSet;

/// Bytes of the one buffer into which every socket is read.
const READ_BYTES: usize = 256 * 1024;
/// Quiet time between the last join and the first message.
const SETTLE: Duration = Duration::from_millis(500);

/// Nobody is killed so shortly before the end: clients come back first, and say something.
const AFTERMATH: Duration = Duration::from_secs(5);

/// What the clients of a run share; all of them live on one thread.
struct Run {
    began: Instant,
    tally: RefCell<Tally>,
    /// A server's pings, waiting for the speaker to answer them: (client, token).
    pings: RefCell<Vec<(usize, Vec<u8>)>>,
    /// The first words by which the server, or the network, ended a connection.
    farewell: RefCell<Option<String>>,
    buffer: RefCell<Vec<u8>>,
    /// What each client speaks with, while it has a connection.
    voices: RefCell<Vec<Option<OwnedWriteHalf>>>,
    /// How many messages each client has sent in its present life.
    sent: RefCell<Vec<u32>>,
    waiting: RefCell<Vec<Vec<u8>>>,
    away: RefCell<Away>,
    /// Whether a client that has lost its connection comes again.
    is_coming_back: bool,
    flags: Flags,
    servers: Servers,
}

/// Clients whose server was killed.
#[derive(Default)]
struct Away {
    kills: u64,
    /// How long each was away that came back.
    for_micros: Vec<u64>,
    /// Messages that nobody was there to send.
    unsaid: u64,
    failed: Option<String>,
}

impl Run {
    /// A client has come in.
    fn enter(self: &Rc<Self>, number: usize, client: Client) {
        self.waiting.borrow_mut()[number].clear();
        self.voices.borrow_mut()[number] = Some(client.voice);
        let listening = listen::until_closed(Rc::clone(self), number, client.ears, client.unread);
        tokio::task::spawn_local(listening);
    }

    /// A client has lost its connection; if its server was killed it comes back at another.
    fn leave(self: &Rc<Self>, number: usize) {
        self.voices.borrow_mut()[number] = None;
        self.tally.borrow_mut().leave(number);
        if !self.is_coming_back {
            return;
        }
        let (run, left) = (Rc::clone(self), Instant::now());
        tokio::task::spawn_local(async move {
            let client = clients::come_back(&run.flags, &run.servers, number).await;
            run.tally.borrow_mut().come_back(number);
            run.sent.borrow_mut()[number] = 0;
            run.away.borrow_mut().for_micros.push(left.elapsed().as_micros() as u64);
            run.enter(number, client);
        });
    }
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
    let servers = Servers::find(&flags).await?;
    let run = Rc::new(Run {
        began: Instant::now(),
        tally: RefCell::new(Tally::new(flags.clients, flags.rooms)),
        pings: RefCell::default(),
        farewell: RefCell::default(),
        buffer: RefCell::new(vec![0; READ_BYTES]),
        voices: RefCell::new((0..flags.clients).map(|_| None).collect()),
        sent: RefCell::new(vec![0; flags.clients]),
        waiting: RefCell::new(vec![Vec::new(); flags.clients]),
        away: RefCell::default(),
        is_coming_back: flags.kill_every.is_some(),
        flags,
        servers,
    });
    let (flags, servers) = (&run.flags, &run.servers);

    let empty = servers.usage();
    let bar = progress(
        flags.clients as u64,
        "joining  {wide_bar} {pos}/{len} clients  {elapsed}",
    );
    for (number, client) in clients::join_all(flags, servers, &bar).await?.into_iter().enumerate() {
        run.enter(number, client);
    }
    bar.finish_and_clear();
    tokio::time::sleep(SETTLE).await;

    let joined = servers.usage();
    let bar = progress(flags.seconds * 10, "talking  {wide_bar} {msg}  {elapsed}");
    let killing = flags
        .kill_every
        .map(|every| tokio::task::spawn_local(kill_every(Rc::clone(&run), every)));
    let spoken = speak::for_the_whole_time(&run, &bar).await;
    if let Some(killing) = killing {
        let _ = killing.await;
    }
    let busy = servers.usage();
    speak::until_all_is_heard(&run, &spoken, &bar).await;
    bar.finish_and_clear();

    let report = Report::new(&run, spoken, [empty, joined, busy]);
    print!("{report}");
    Ok(report.holds())
}

/// Kills the servers in turn, as long as there is time for what that causes to settle while clients still talk.
async fn kill_every(run: Rc<Run>, every_s: u64) {
    let (begun, every) = (Instant::now(), Duration::from_secs(every_s));
    let last = Duration::from_secs(run.flags.seconds).saturating_sub(AFTERMATH);
    let count = run.flags.servers().len();
    for at in (0..count).cycle() {
        tokio::time::sleep(every).await;
        if begun.elapsed() > last {
            return;
        }
        run.away.borrow_mut().kills += 1;
        if let Err(why) = run.servers.kill(at).await {
            run.away.borrow_mut().failed = Some(format!("{why:#}"));
            return;
        }
    }
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
