//! A chat server of our own, started for one chore and ended with it.

use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::step::{self, Outcome, cargo, show};

/// How long a server may take until it answers.
const START_MAX: Duration = Duration::from_secs(20);

/// Flags which lift the limits per host, since every client of a chore comes from this one.
pub(crate) const FOR_LOAD: &[&str] = &["--http", "off"];

/// Which build of an example is wanted.
#[derive(Clone, Copy)]
pub(crate) enum Build {
    /// The one which `cargo test --workspace` has already made.
    Test,
    /// The optimised one which the README's `cargo run --release --example` makes, for anything that is measured.
    Release,
}

/// Builds the example `name` and answers where its program lies.
pub(crate) fn build(build: Build, name: &str) -> Outcome<PathBuf> {
    let mut command = cargo();
    // Cargo unites the features of what is built together: another choice of packages would build the dependencies
    // anew.
    let (folder, as_before) = match build {
        Build::Test => ("debug", "--workspace"),
        Build::Release => ("release", "--release"),
    };
    command.args(["build", as_before, "--example", name]);
    show(&mut command)?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| step::root().join("target"), PathBuf::from);
    Ok(target.join(folder).join("examples").join(name))
}

/// A running server; dropping it ends it.
pub(crate) struct Server {
    child: Child,
    panics: Arc<AtomicU64>,
    /// Where IRC is spoken.
    pub(crate) irc: SocketAddr,
    /// Where the page and the WebSocket are, unless `--http off` was among the flags.
    pub(crate) http: SocketAddr,
}

impl Server {
    /// Starts `program` on free ports of the loopback address, and waits until it listens.
    pub(crate) fn start(program: &Path, flags: &[&str]) -> Outcome<Self> {
        let (irc, http) = (free_port()?, free_port()?);
        let mut command = Command::new(program);
        command.args(["--irc", &irc.to_string()]);
        if !flags.contains(&"--http") {
            command.args(["--http", &http.to_string()]);
        }
        let mut child = command
            .args(flags)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|why| format!("{} cannot be started: {why}", program.display()))?;
        let panics = Arc::new(AtomicU64::new(0));
        if let Some(words) = child.stderr.take() {
            let panics = Arc::clone(&panics);
            std::thread::spawn(move || pass_on(words, &panics));
        }
        let mut server = Self {
            child,
            panics,
            irc,
            http,
        };
        let begun = Instant::now();
        while TcpStream::connect_timeout(&irc, Duration::from_secs(1)).is_err() {
            server.check_alive()?;
            if begun.elapsed() > START_MAX {
                return Err(format!("the server does not listen on {irc} after {START_MAX:?}"));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(server)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How often something in the server panicked, whatever was made of it there.
    pub(crate) fn panics(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }

    /// Fails with the exit status when the server has ended.
    pub(crate) fn check_alive(&mut self) -> Outcome {
        match self.child.try_wait() {
            Ok(None) => Ok(()),
            Ok(Some(status)) => Err(format!("the server ended by itself: {status}; its own words are above")),
            Err(why) => Err(format!("the server cannot be watched: {why}")),
        }
    }

    /// The server's resident memory in KiB, where the system tells it.
    pub(crate) fn resident_kib(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.split_whitespace().next()?.parse().ok()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn pass_on(words: ChildStderr, panics: &AtomicU64) {
    for line in BufReader::new(words).lines().map_while(Result::ok) {
        if line.contains("panicked at") {
            panics.fetch_add(1, Ordering::Relaxed);
        }
        eprintln!("{line}");
    }
}

fn free_port() -> Outcome<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map_err(|why| format!("no free port on the loopback address: {why}"))
}
