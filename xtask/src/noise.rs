//! `cargo xtask noise`: strangers who send anything at all to a chat server, while a well-behaved pair goes on talking.

mod client;
mod strangers;
mod words;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crate::chance::Chance;
use crate::flags;
use crate::server::{self, Build, Server};
use crate::step::Outcome;
use client::Client;

const SECONDS_DEFAULT: u64 = 60;
const STRANGERS: u64 = 8;
const PROBE_EVERY: Duration = Duration::from_millis(500);
/// How long a well-behaved client waits for its line while strangers shout.
const PATIENCE: Duration = Duration::from_secs(10);
/// What the strangers' sessions may still hold when they have gone.
const SETTLE: Duration = Duration::from_secs(3);
/// Memory is flat when the end is within this of the first third: pages of the allocator come and go.
const GROWTH_KIB_MAX: u64 = 12 * 1024;

/// What all strangers of a run share.
pub(crate) struct Tally {
    over: AtomicBool,
    visits: AtomicU64,
    bytes: AtomicU64,
}

/// Runs the noise for `--seconds`, seeded by `--seed`.
pub(crate) fn run(words: &[String]) -> Outcome {
    let mut words = words.to_vec();
    let seconds = flags::take(&mut words, "--seconds")?.unwrap_or(SECONDS_DEFAULT);
    let seed = flags::take(&mut words, "--seed")?.unwrap_or_else(any_seed);
    flags::none_left(&words)?;

    let chat = server::build(Build::Test, "chat")?;
    let mut server = Server::start(&chat, &[])?;
    eprintln!(
        "\nnoise: {seconds} s from {STRANGERS} strangers on {} and {}; seed {seed}",
        server.irc, server.http
    );
    make_noise(&mut server, Duration::from_secs(seconds), seed)
        .map_err(|why| format!("{why}\n       to see it again: cargo xtask noise --seconds {seconds} --seed {seed}"))
}

fn make_noise(server: &mut Server, length: Duration, seed: u64) -> Outcome {
    let tally = Tally {
        over: AtomicBool::new(false),
        visits: AtomicU64::new(0),
        bytes: AtomicU64::new(0),
    };
    let (irc, http) = (server.irc, server.http);
    let watched = thread::scope(|scope| {
        for number in 0..STRANGERS {
            let mut chance = Chance::new(seed.wrapping_add(number));
            let tally = &tally;
            scope.spawn(move || {
                while !tally.over.load(Ordering::Relaxed) {
                    strangers::visit(&mut chance, irc, http, tally);
                }
            });
        }
        let watched = watch(server, length, &tally);
        tally.over.store(true, Ordering::Relaxed);
        watched
    })?;
    thread::sleep(SETTLE);
    server.check_alive()?;
    if server.panics() > 0 {
        return Err(format!(
            "something in the server panicked {} times; its words are above",
            server.panics()
        ));
    }
    let (probes, early) = watched;
    let late = server.resident_kib();
    eprintln!(
        "noise: {} visits, {} MiB sent; {probes} of {probes} well-behaved clients were served",
        tally.visits.load(Ordering::Relaxed),
        tally.bytes.load(Ordering::Relaxed) / (1024 * 1024)
    );
    match (early, late) {
        (Some(early), Some(late)) => {
            eprintln!("noise: server memory {early} KiB after a third of the time, {late} KiB at the end");
            if late > early + GROWTH_KIB_MAX {
                return Err(format!(
                    "the server's memory grew by {} KiB, and {GROWTH_KIB_MAX} KiB are allowed",
                    late - early
                ));
            }
        }
        _ => eprintln!("noise: server memory unknown: this system has no /proc"),
    }
    // The line which tells a reader of CI logs that something was tested.
    println!("noise: {probes} passed, 0 failed");
    Ok(())
}

/// Talks through both ports until `length` is over; answers how often, and the memory after a third of the time.
fn watch(server: &mut Server, length: Duration, tally: &Tally) -> Outcome<(u64, Option<u64>)> {
    let begun = Instant::now();
    let mut listener = Client::tcp(server.irc)?;
    listener.register("listener", PATIENCE)?;
    listener.send("JOIN #quiet")?;
    listener.wait_for("#quiet", PATIENCE)?;
    let (mut probes, mut early) = (0, None);
    while begun.elapsed() < length {
        server.check_alive()?;
        let over_tcp = probes % 2 == 0;
        let mut speaker = if over_tcp {
            Client::tcp(server.irc)?
        } else {
            Client::websocket(server.http)?
        };
        let said = Instant::now();
        let word = format!("word-{probes}");
        speaker.register(&format!("speaker{probes}"), PATIENCE)?;
        speaker.send("JOIN #quiet")?;
        speaker.send(&format!("PRIVMSG #quiet :{word}"))?;
        listener.wait_for(&word, PATIENCE)?;
        speaker.send("QUIT :said it")?;
        probes += 1;
        if early.is_none() && begun.elapsed() > length / 3 {
            early = server.resident_kib();
        }
        if probes % 10 == 0 {
            eprintln!(
                "  {:>3} s  {:>6} visits  {:>6} KiB  last word took {:>4} ms",
                begun.elapsed().as_secs(),
                tally.visits.load(Ordering::Relaxed),
                server.resident_kib().unwrap_or_default(),
                said.elapsed().as_millis()
            );
        }
        thread::sleep(PROBE_EVERY.saturating_sub(said.elapsed()));
    }
    Ok((probes, early.or_else(|| server.resident_kib())))
}

impl Tally {
    fn visited(&self) {
        self.visits.fetch_add(1, Ordering::Relaxed);
    }

    fn sent(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

fn any_seed() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(1, |since| since.as_nanos() as u64 % 1_000_000_000)
}
