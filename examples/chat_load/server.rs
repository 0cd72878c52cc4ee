//! The process of the server under measurement: found, or started, and its memory and processor time read.

use std::fs;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::flags::Flags;

/// How long a server that we start may take until it listens.
const START_MAX: Duration = Duration::from_secs(10);
/// Linux counts processor time for programs in hundredths of a second.
const TICKS_EACH_SECOND: f64 = 100.0;

/// The server, as far as it can be seen from here.
pub(crate) struct Server {
    pid: Option<u32>,
    ours: Option<Child>,
}

/// What the server's process, and this one, had used at a moment.
#[derive(Clone, Copy, Default)]
pub(crate) struct Usage {
    pub(crate) resident_kib: Option<u64>,
    pub(crate) server_cpu: Option<f64>,
    pub(crate) own_cpu: Option<f64>,
}

impl Server {
    /// Starts a server, or finds the process that listens at the address.
    pub(crate) async fn find(flags: &Flags) -> anyhow::Result<Self> {
        if flags.start {
            return Self::start(flags).await;
        }
        let pid = flags.pid.or_else(|| listening_process(flags.server));
        Ok(Self { pid, ours: None })
    }

    async fn start(flags: &Flags) -> anyhow::Result<Self> {
        let here = std::env::current_exe().context("this program does not know where it lies")?;
        let program = here.with_file_name("chat");
        anyhow::ensure!(
            program.exists(),
            "{} is missing: cargo build --release --example chat builds it",
            program.display()
        );
        let child = Command::new(&program)
            .args(["--irc", &flags.server.to_string(), "--http", "off"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| format!("{} cannot be started", program.display()))?;
        let mut server = Self {
            pid: Some(child.id()),
            ours: Some(child),
        };
        let begun = Instant::now();
        while tokio::net::TcpStream::connect(flags.server).await.is_err() {
            let ended = server.ours.as_mut().and_then(|child| child.try_wait().ok().flatten());
            if let Some(status) = ended {
                anyhow::bail!("the chat server ended at once ({status}); its own words are above");
            }
            anyhow::ensure!(
                begun.elapsed() < START_MAX,
                "the chat server does not listen after {START_MAX:?}"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(server)
    }

    pub(crate) fn usage(&self) -> Usage {
        Usage {
            resident_kib: self.pid.and_then(resident_kib),
            server_cpu: self.pid.and_then(|pid| cpu_seconds(&pid.to_string())),
            own_cpu: cpu_seconds("self"),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(child) = &mut self.ours {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn resident_kib(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

fn cpu_seconds(process: &str) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name in parentheses may hold spaces; user and system time are the 12th and 13th words behind it.
    let (_, behind) = stat.rsplit_once(')')?;
    let mut words = behind.split_whitespace().skip(11);
    let ticks = words.next()?.parse::<f64>().ok()? + words.next()?.parse::<f64>().ok()?;
    Some(ticks / TICKS_EACH_SECOND)
}

/// The process that holds the listening socket of `server`, if it is on this machine and may be looked at.
fn listening_process(server: SocketAddr) -> Option<u32> {
    let socket = format!("socket:[{}]", listening_inode(server)?);
    for entry in fs::read_dir("/proc").ok()?.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let Ok(files) = fs::read_dir(entry.path().join("fd")) else {
            continue;
        };
        let holds = |file: fs::DirEntry| fs::read_link(file.path()).is_ok_and(|to| to.as_os_str() == socket.as_str());
        if files.flatten().any(holds) {
            return Some(pid);
        }
    }
    None
}

fn listening_inode(server: SocketAddr) -> Option<String> {
    const LISTEN: &str = "0A";
    if !server.ip().is_loopback() {
        return None;
    }
    let port = format!(":{:04X}", server.port());
    ["/proc/net/tcp", "/proc/net/tcp6"].into_iter().find_map(|table| {
        let table = fs::read_to_string(table).ok()?;
        table.lines().find_map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let listens = words.get(1)?.ends_with(&port) && *words.get(3)? == LISTEN;
            listens.then(|| words.get(9).map(|inode| (*inode).to_owned()))?
        })
    })
}
