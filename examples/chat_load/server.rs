//! The processes of the servers under measurement: found, or started and killed; their memory and processor time.

use std::cell::RefCell;
use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::clients;
use crate::flags::Flags;

/// How long a server that we start may take until it listens, and is known to the others.
const START_MAX: Duration = Duration::from_secs(20);
/// Linux counts processor time for programs in hundredths of a second.
const TICKS_EACH_SECOND: f64 = 100.0;

/// The servers, as far as they can be seen from here.
pub(crate) struct Servers {
    addresses: Vec<SocketAddr>,
    pids: RefCell<Vec<Option<u32>>>,
    ours: RefCell<Vec<Child>>,
    secret: Option<PathBuf>,
    /// Those that may be connected to: all but one that was killed, until the others know it again.
    pub(crate) ready: RefCell<Vec<bool>>,
}

/// What the processes of the servers, and this one, had used at a moment.
#[derive(Clone, Copy, Default)]
pub(crate) struct Usage {
    pub(crate) resident_kib: Option<u64>,
    pub(crate) server_cpu: Option<f64>,
    pub(crate) own_cpu: Option<f64>,
}

impl Servers {
    /// Starts the servers, or finds the processes that listen at the addresses.
    pub(crate) async fn find(flags: &Flags) -> anyhow::Result<Self> {
        let addresses = flags.servers();
        let pid = |address: &SocketAddr| flags.pid.or_else(|| listening_process(*address));
        let mut servers = Self {
            pids: RefCell::new(addresses.iter().map(pid).collect()),
            ours: RefCell::default(),
            secret: None,
            ready: RefCell::new(vec![true; addresses.len()]),
            addresses,
        };
        if flags.start {
            if servers.addresses.len() > 1 {
                servers.secret = Some(write_secret()?);
            }
            for at in 0..servers.addresses.len() {
                let child = servers.spawn(at)?;
                servers.pids.borrow_mut()[at] = Some(child.id());
                servers.ours.borrow_mut().push(child);
            }
        }
        if servers.addresses.len() > 1 {
            servers.until_all_know_all().await?;
        } else if flags.start {
            servers.until_listening(0).await?;
        }
        Ok(servers)
    }

    /// Where client `number` connects, as far as they may be connected to. They take turns in each of so many rooms, so that what is said in a
    /// room goes from server to server.
    pub(crate) fn address_for(&self, number: usize, rooms: usize) -> SocketAddr {
        let ready = self.ready.borrow();
        let open: Vec<SocketAddr> = (0..ready.len())
            .filter(|at| ready[*at])
            .map(|at| self.addresses[at])
            .collect();
        open.get((number / rooms + number % rooms) % open.len().max(1))
            .copied()
            .unwrap_or(self.addresses[0])
    }

    fn spawn(&self, at: usize) -> anyhow::Result<Child> {
        let here = std::env::current_exe().context("this program does not know where it lies")?;
        let program = here.with_file_name("chat");
        anyhow::ensure!(
            program.exists(),
            "{} is missing: cargo build --release --example chat builds it",
            program.display()
        );
        let mut command = Command::new(&program);
        command.args(["--irc", &self.addresses[at].to_string(), "--http", "off"]);
        if let Some(secret) = &self.secret {
            // Out of the way of the ports beside it.
            let node = |at: usize| {
                let address = self.addresses[at];
                SocketAddr::new(address.ip(), address.port().saturating_add(1000)).to_string()
            };
            command
                .args(["--name", &format!("s{at}.load"), "--node", &node(at), "--secret-file"])
                .arg(secret);
            for other in 0..self.addresses.len() {
                command.args(["--join", &node(other)]);
            }
        }
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn();
        child.with_context(|| format!("{} cannot be started", program.display()))
    }

    async fn until_listening(&self, at: usize) -> anyhow::Result<()> {
        let begun = Instant::now();
        while tokio::net::TcpStream::connect(self.addresses[at]).await.is_err() {
            let ended = self
                .ours
                .borrow_mut()
                .get_mut(at)
                .and_then(|child| child.try_wait().ok().flatten());
            if let Some(status) = ended {
                anyhow::bail!("the chat server ended at once ({status}); its own words are above");
            }
            anyhow::ensure!(
                begun.elapsed() < START_MAX,
                "no chat server listens at {} after {START_MAX:?}",
                self.addresses[at]
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// Waits until each server lists all others: from then on what is said at one is heard at all.
    async fn until_all_know_all(&self) -> anyhow::Result<()> {
        for (at, address) in self.addresses.iter().enumerate() {
            self.until_listening(at).await?;
            let begun = Instant::now();
            while clients::servers_known_at(*address).await.unwrap_or(0) < self.addresses.len() {
                anyhow::ensure!(
                    begun.elapsed() < START_MAX,
                    "the server at {address} does not know all others after {START_MAX:?}: are they one network?"
                );
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        Ok(())
    }

    /// Kills one of the processes, starts it again, and lets clients in when all others know it.
    pub(crate) async fn kill(&self, at: usize) -> anyhow::Result<()> {
        self.ready.borrow_mut()[at] = false;
        if let Some(child) = self.ours.borrow_mut().get_mut(at) {
            child.kill()?;
            child.wait()?;
        }
        let child = self.spawn(at)?;
        self.pids.borrow_mut()[at] = Some(child.id());
        self.ours.borrow_mut()[at] = child;
        self.until_all_know_all().await?;
        self.ready.borrow_mut()[at] = true;
        Ok(())
    }

    pub(crate) fn usage(&self) -> Usage {
        let pids = self.pids.borrow();
        let sum = |of: fn(u32) -> Option<f64>| pids.iter().map(|pid| pid.and_then(of)).sum::<Option<f64>>();
        Usage {
            resident_kib: sum(|pid| resident_kib(pid).map(|kib| kib as f64)).map(|kib| kib as u64),
            server_cpu: sum(|pid| cpu_seconds(&pid.to_string())),
            own_cpu: cpu_seconds("self"),
        }
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        for child in self.ours.get_mut() {
            let _ = child.kill();
            let _ = child.wait();
        }
        if let Some(secret) = &self.secret {
            let _ = fs::remove_file(secret);
        }
    }
}

/// A secret for the servers of this run, for its owner's eyes alone.
fn write_secret() -> anyhow::Result<PathBuf> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    let file = std::env::temp_dir().join(format!("chat_load-{}.secret", std::process::id()));
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let written = options
        .open(&file)
        .and_then(|mut opened| opened.write_all(text.as_bytes()));
    written.with_context(|| file.display().to_string())?;
    Ok(file)
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
