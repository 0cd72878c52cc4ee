//! Puppets on strings: starts them, hears what they tell, and sends them signals.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use actor_core::prelude::*;
use actor_net::{NetConfig, Node, NodeBuilder, Secret, Security};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// Far more than anything here takes, on a machine that is busy with something else.
const LIMIT: Duration = Duration::from_secs(60);

pub(super) const SECRET: &str = "a secret that is long enough";

/// Waits for something, and fails if it never comes.
pub(super) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    let done = tokio::time::timeout(LIMIT, future).await;
    done.unwrap_or_else(|_| panic!("{what} has not come within {LIMIT:?}"))
}

pub(super) struct Puppet {
    child: Child,
    orders: ChildStdin,
    tells: Lines<BufReader<ChildStdout>>,
    /// What it told and nobody asked for yet.
    told: Vec<String>,
    pub(super) address: String,
}

impl Puppet {
    /// One that is called b and takes connections.
    pub(super) async fn start(flags: &[&str]) -> Self {
        Self::of(command(flags)).await
    }

    /// One that is a member of a cluster.
    pub(super) async fn member(flags: &[String]) -> Self {
        Self::of(program(env!("CARGO_BIN_EXE_member"), flags)).await
    }

    async fn of(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).spawn().expect("it was built");
        let stdout = child.stdout.take().expect("it is a pipe");
        let mut puppet = Self {
            orders: child.stdin.take().expect("it is a pipe"),
            child,
            tells: BufReader::new(stdout).lines(),
            told: Vec::new(),
            address: String::new(),
        };
        puppet.address = puppet.tells("ready ").await;
        puppet
    }

    /// What it told or tells behind these words, in the first line that begins so and was not asked for.
    pub(super) async fn tells(&mut self, begin: &str) -> String {
        let telling = async {
            loop {
                if let Some(at) = self.told.iter().position(|line| line.starts_with(begin)) {
                    return Some(self.told.remove(at).split_off(begin.len()));
                }
                self.told.push(self.tells.next_line().await.expect("it writes text")?);
            }
        };
        let told = tokio::time::timeout(LIMIT, telling).await.ok().flatten();
        told.unwrap_or_else(|| panic!("it never told `{begin}…`, but {:#?}", self.told))
    }

    /// Waits until what it knows is this: asks it once, and goes by what it tells from then on.
    pub(super) async fn comes_to(&mut self, view: &str) {
        self.order("look").await;
        let mut now = self.tells("looked ").await;
        self.told.retain(|line| !line.starts_with("now "));
        while now != view {
            now = self.tells("now ").await;
        }
    }

    /// Has it say things until one reaches so many other nodes: that one is known to be there does not mean that it was found already.
    pub(super) async fn says_to(&mut self, others: usize) {
        let reached = format!(" to {others}");
        within(&reached, async {
            loop {
                self.order("say").await;
                if self.tells("said ").await.ends_with(&reached) {
                    return;
                }
            }
        })
        .await;
    }

    /// Whether it has told such a thing, as far as that was read.
    pub(super) fn has_told(&self, begin: &str) -> bool {
        self.told.iter().any(|line| line.starts_with(begin))
    }

    pub(super) async fn order(&mut self, order: &str) {
        let line = format!("{order}\n");
        self.orders.write_all(line.as_bytes()).await.expect("it lives");
    }

    /// Sends it a signal, as STOP or CONT.
    pub(super) async fn signal(&self, signal: &str) {
        let pid = self.child.id().expect("it was not waited for");
        let kill = format!("kill -{signal} {pid}");
        let sent = Command::new("sh").args(["-c", &kill]).status().await;
        assert!(sent.expect("there is a shell").success(), "{kill}");
    }

    /// Kills it, as `kill -9` does, and waits until it is gone.
    pub(super) async fn kill(&mut self) {
        self.child.kill().await.expect("it lives");
    }
}

fn command(flags: &[&str]) -> Command {
    program(env!("CARGO_BIN_EXE_puppet"), &[&["name=b"], flags].concat())
}

fn program(path: &str, flags: &[impl AsRef<std::ffi::OsStr>]) -> Command {
    let mut command = Command::new(path);
    command.args(flags);
    command.stdout(Stdio::piped()).kill_on_drop(true);
    // In a group of its own: the kernel continues whoever is stopped in a group whose last tie to its session ends.
    command.process_group(0);
    command
}

/// What one says that cannot start.
pub(super) async fn fails_to_start(flags: &[&str]) -> String {
    let output = command(flags).stdin(Stdio::null()).stderr(Stdio::piped()).output();
    let output = within("its end", output).await.expect("it was built");
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A node in this process, called a, which knows where the puppet is.
pub(super) fn node(system: &System, puppet: &Puppet, security: Security) -> NodeBuilder {
    let node = Node::builder(system).name("a").security(security);
    node.peer("b", &puppet.address)
}

pub(super) fn by_secret(secret: &str) -> Security {
    Security::secret(Secret::new(secret.as_bytes()).expect("it is long enough"))
}

/// Settings under which a node that is silent for so long is lost.
pub(super) fn silence(heartbeat_timeout: Duration) -> NetConfig {
    NetConfig {
        heartbeat_timeout,
        heartbeat_interval: heartbeat_timeout / 20,
        ..NetConfig::default()
    }
}

/// A folder that goes when this does.
pub(super) struct Scratch(pub(super) PathBuf);

impl Scratch {
    pub(super) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("puppets-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("there is room for it");
        Self(folder)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
