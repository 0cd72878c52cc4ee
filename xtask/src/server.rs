//! A chat server of our own, started for one chore and ended with it.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
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
    /// The optimised one, for anything that is measured.
    Release,
}

/// Builds the example `name` and answers where its program lies.
pub(crate) fn build(build: Build, name: &str) -> Outcome<PathBuf> {
    let mut command = cargo();
    command.args(["build", "--package", "examples", "--example", name]);
    let folder = match build {
        Build::Test => "debug",
        Build::Release => {
            command.arg("--release");
            "release"
        }
    };
    show(&mut command)?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| step::root().join("target"), PathBuf::from);
    Ok(target.join(folder).join("examples").join(name))
}

/// A running server; dropping it ends it.
pub(crate) struct Server {
    child: Child,
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
        let child = command
            .args(flags)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .map_err(|why| format!("{} cannot be started: {why}", program.display()))?;
        let mut server = Self { child, irc, http };
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

fn free_port() -> Outcome<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map_err(|why| format!("no free port on the loopback address: {why}"))
}
