//! Two processes, one handle: an actor of another node is looked up, told, asked and watched over mutual TLS.
//!
//! `cargo run --release --example two_nodes`, or each role by hand: `-- --help`

use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::time::{Duration, Instant};

use actor_core::prelude::*;
use actor_net::transport::{Tls, TlsFiles, development_certificates};
use actor_net::{NetConfig, Node, Security};
use anyhow::{Context as _, anyhow, bail};
use clap::{Parser, Subcommand};
use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::mpsc;

/// What is said between the two. Any enum of serde can be: it is registered nowhere.
#[derive(Serialize, Deserialize)]
enum Echo {
    Hear(u64),
    /// How many were heard, if they came in order.
    Heard(Reply<Option<u64>>),
    /// A handle leads back to its actor from wherever it is.
    Greet(Handle<Words>),
}

#[derive(Serialize, Deserialize)]
struct Words(String);

/// At the one node.
#[derive(Default)]
struct Listener {
    heard: u64,
    is_disordered: bool,
}

impl Actor for Listener {
    type Msg = Echo;

    async fn handle(&mut self, msg: Echo, _ctx: &mut Context<Echo>) -> ActorResult {
        match msg {
            Echo::Hear(number) => {
                self.is_disordered |= number != self.heard;
                self.heard += 1;
            }
            Echo::Heard(reply) => reply.send((!self.is_disordered).then_some(self.heard)),
            Echo::Greet(guest) => guest.tell(Words(format!("welcome, {}", guest.path()))).await?,
        }
        Ok(())
    }
}

/// At the other node: somebody who is greeted.
struct Guest(mpsc::UnboundedSender<String>);

impl Actor for Guest {
    type Msg = Words;

    async fn handle(&mut self, Words(words): Words, _ctx: &mut Context<Words>) -> ActorResult {
        self.0.send(words)?;
        Ok(())
    }
}

/// Two nodes that talk over mutual TLS. Without a role both run here, each as a process of its own.
#[derive(Parser)]
struct Flags {
    #[command(subcommand)]
    role: Option<Role>,
}

#[derive(Subcommand)]
enum Role {
    /// Makes an authority and certificates for nodes of these names, good for development alone
    Keygen {
        /// Where they go; each node needs authority.pem and its own NAME.pem and NAME.key
        folder: PathBuf,
        #[arg(required = true, value_name = "NAME")]
        names: Vec<String>,
    },
    /// The node that is called
    Answer {
        #[command(flatten)]
        own: Own,
        /// Where it takes connections; port 0 lets the system choose
        #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:0")]
        listen: String,
    },
    /// The node that calls, and ends when the other does
    Call {
        #[command(flatten)]
        own: Own,
        /// Where the other node is
        #[arg(long, value_name = "HOST:PORT")]
        at: String,
        /// What the other node is called
        #[arg(long, value_name = "NAME", default_value = "b")]
        other: String,
        /// Messages that are told [1 to 1000000000]
        #[arg(long, value_name = "COUNT", default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
        tells: u64,
        /// Questions that are asked, one after the other [1 to 1000000000]
        #[arg(long, value_name = "COUNT", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
        asks: u64,
    },
}

#[derive(clap::Args)]
struct Own {
    /// What this node is called: its certificate has to say so
    #[arg(long)]
    name: String,
    /// A folder that `keygen` has made
    #[arg(long, value_name = "FOLDER")]
    certificates: PathBuf,
    /// For how many seconds the other may be silent before it counts as lost [1 to 3600]
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3600))]
    silence: u64,
}

impl Own {
    fn security(&self) -> anyhow::Result<Security> {
        let files = TlsFiles {
            certificate: self.certificates.join(format!("{}.pem", self.name)),
            key: self.certificates.join(format!("{}.key", self.name)),
            authorities: self.certificates.join("authority.pem"),
        };
        let tls = Tls::new(files, self.config().heartbeat_timeout);
        Ok(Security::tls(tls.context("`two_nodes keygen` makes certificates")?))
    }

    fn config(&self) -> NetConfig {
        let heartbeat_timeout = Duration::from_secs(self.silence);
        NetConfig {
            heartbeat_timeout,
            heartbeat_interval: heartbeat_timeout / 10,
            ..NetConfig::default()
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let to_stderr = tracing_subscriber::fmt().with_writer(std::io::stderr);
    to_stderr
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .init();
    let done = match Flags::parse().role {
        None => tokio::select! {
            done = both() => done,
            // Its folder and its processes go with it.
            _ = tokio::signal::ctrl_c() => Err(anyhow!("interrupted")),
        },
        Some(Role::Keygen { folder, names }) => keygen(&folder, &names),
        Some(Role::Answer { own, listen }) => answer(&own, &listen).await,
        Some(Role::Call {
            own,
            at,
            other,
            tells,
            asks,
        }) => call(&own, &at, &other, tells, asks).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("two_nodes: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn keygen(folder: &Path, names: &[String]) -> anyhow::Result<()> {
    if folder.join("authority.pem").exists() {
        // Its key was not kept, so that nobody could certify one more node by it.
        bail!("{} has an authority already: choose an empty folder", folder.display());
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let made = development_certificates(folder, &names);
    let made = made.with_context(|| format!("cannot make certificates in {}", folder.display()))?;
    for files in made {
        println!("{}", files.certificate.display());
    }
    Ok(())
}

/// What the one who calls waits for before it goes on: the address stands behind it.
const LISTENING: &str = "takes connections at ";

/// What the one who is to end the other waits for.
const WATCHING: &str = "watches it until it ends: end the other process now";

async fn answer(own: &Own, listen: &str) -> anyhow::Result<()> {
    let system = System::new("demo");
    let node = Node::builder(&system).name(&own.name).listen(listen);
    let node = node.security(own.security()?).config(own.config()).start().await?;
    node.expose("echo", &system.spawn("echo", Listener::default)?)?;
    println!("{LISTENING}{}", node.address().unwrap_or_default());
    system.shutdown_on_ctrl_c().await;
    node.leave().await;
    Ok(())
}

async fn call(own: &Own, at: &str, other: &str, tells: u64, asks: u64) -> anyhow::Result<()> {
    let system = System::new("demo");
    let node = Node::builder(&system).name(&own.name).peer(other, at);
    let node = node.security(own.security()?).config(own.config()).start().await?;
    let echo = node.lookup::<Echo>(&format!("echo@{other}")).await?;
    println!("found {} over TLS", echo.path());

    let before = echo.ask(Echo::Heard).await?.context("somebody else disturbed it")?;
    let begun = Instant::now();
    for number in before..before + tells {
        echo.tell(Echo::Hear(number)).await?;
    }
    let heard = echo.ask(Echo::Heard).await?;
    let took = begun.elapsed();
    if heard != Some(before + tells) {
        bail!("told {tells} messages, and it heard {heard:?}");
    }
    let rate = tells as f64 / took.as_secs_f64();
    println!("told it {tells} messages, which came in order: {rate:.0} a second");

    let mut micros = Histogram::<u64>::new(3)?;
    for _ in 0..asks {
        let begun = Instant::now();
        echo.ask(Echo::Heard).await?;
        micros.record(begun.elapsed().as_micros() as u64)?;
    }
    let (half, most) = (micros.value_at_quantile(0.5), micros.value_at_quantile(0.99));
    println!("asked it {asks} times, one after the other: round trip {half} µs at p50, {most} µs at p99");

    let (sender, mut greetings) = mpsc::unbounded_channel();
    let guest = system.spawn("guest", move || Guest(sender.clone()))?;
    echo.tell(Echo::Greet(guest)).await?;
    let greeting = greetings.recv().await.context("nobody greets")?;
    println!("gave it a handle in a message, through which it says: {greeting}");

    let watch = echo.watch();
    println!("{WATCHING}");
    let down = watch.await;
    println!("the watch fires: {} {}", down.path, down.reason);
    system.shutdown().await;
    Ok(())
}

/// Both roles, each in a process of its own: one calls, the other is killed in the end.
async fn both() -> anyhow::Result<()> {
    let folder = Scratch(std::env::temp_dir().join(format!("two_nodes-{}", std::process::id())));
    development_certificates(&folder.0, &["a", "b"])?;

    let (mut b, mut said) = start(&folder.0, &["answer", "--name", "b"])?;
    let mut address = None;
    while address.is_none()
        && let Some(line) = said.next_line().await?
    {
        println!("b {line}");
        address = line.strip_prefix(LISTENING).map(str::to_owned);
    }
    let address = address.context("node b ended at once")?;

    let (mut a, mut said) = start(&folder.0, &["call", "--name", "a", "--at", &address])?;
    let mut killed = None;
    while let Some(line) = said.next_line().await? {
        println!("a {line}");
        if line == WATCHING {
            b.kill().await?;
            killed = Some(Instant::now());
        }
    }
    let status = a.wait().await?;
    let killed = killed.context("node a ended too early")?;
    if !status.success() {
        bail!("node a ended with {status}");
    }
    println!(
        "node a ended {} ms after node b was killed",
        killed.elapsed().as_millis()
    );
    Ok(())
}

/// Starts this program in a role.
fn start(certificates: &Path, role: &[&str]) -> anyhow::Result<(Child, Lines<BufReader<ChildStdout>>)> {
    let mut command = Command::new(std::env::current_exe()?);
    let command = command.args(role).arg("--certificates").arg(certificates);
    let mut child = command.stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
    let stdout = child.stdout.take().context("its output is a pipe")?;
    Ok((child, BufReader::new(stdout).lines()))
}

/// A folder that goes when this does.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
